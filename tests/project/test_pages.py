"""Pages for people: links lead somewhere, generated pages hold everything, and no text becomes markup by accident."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from compiler.annotations.catalog import all_families, catalog
from compiler.annotations.types import TYPES
from compiler.cli.formats import FORMATS
from compiler.diagnostics import Severity
from compiler.model.kinds import KINDS
from compiler.model.reference import reference
from compiler.pipeline.codes import CODES
from compiler.targets.catalog import TARGETS
from tests.real_tools import ROOT
from tools.pages import commands, findings, kinds, known_annotations, limits, readme, targets, traps
from tools.pages.excerpts import cut
from tools.pages.markdown import anchor, cell, code, prose, table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from markdown_it.token import Token

PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/*.md", ".github/*.md", "fleet-repo-example/*.md", "tests/benchmarks/*.md")
    for path in ROOT.glob(pattern)
)
MARKDOWN = MarkdownIt("commonmark").enable("table")


def parts(text: str) -> Iterator[Token]:
    """Everything in a page, outermost first."""
    for token in MARKDOWN.parse(text):
        yield token
        yield from token.children or ()


def headings(text: str) -> list[str]:
    tokens = MARKDOWN.parse(text)
    return [after.content for token, after in pairwise(tokens) if token.type == "heading_open"]


@cache
def anchors(page: Path) -> list[str]:
    """What can be linked to in a page."""
    return [anchor(heading) for heading in headings(page.read_text("utf-8"))]


def read(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file_and_a_heading_that_exist(page: str) -> None:
    broken = []
    for token in parts(read(page)):
        link = str(token.attrGet("href") or "")
        if not link or re.match(r"https?://", link):
            continue
        path, _, fragment = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        if not target.exists() or (fragment and fragment not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", ["README.md", findings.PAGE, known_annotations.PAGE, kinds.PAGE, targets.PAGE])
def test_headings_of_a_page_have_anchors_of_their_own(page: str) -> None:
    found = anchors(ROOT / page)
    assert sorted(set(found)) == sorted(found)


@pytest.mark.parametrize("page", [findings.PAGE, known_annotations.PAGE, kinds.PAGE, targets.PAGE])
def test_no_text_becomes_markup_by_accident(page: str) -> None:
    """`*.yaml, *.yml` is no emphasis, `<name>` no tag; and a `|` in a cell makes no column."""
    tokens = list(parts(read(page)))
    assert not [token.content for token in tokens if token.type in {"em_open", "html_inline"}]
    tables: list[list[int]] = []
    for token in tokens:
        if token.type == "table_open":
            tables.append([])
        elif token.type == "tr_open":
            tables[-1].append(0)
        elif token.type in {"th_open", "td_open"}:
            tables[-1][-1] += 1
    assert all(len(set(columns)) == 1 for columns in tables)


@pytest.mark.parametrize(
    "text",
    ["*.yaml, *.yml", "<<: *base", "a_b and _c_", "[x](y)", "C:\\path", "`a|b` or a|b", "__init__", "<b>", "`<name>`"],
)
def test_prose_reads_back_as_it_was(text: str) -> None:
    assert plain(prose(text)) == text.replace("`", "")
    assert plain(table(("head",), [(cell(text),)])) == f"head{text.replace('`', '')}"


def plain(text: str) -> str:
    """What a reader of the page sees."""
    return "".join(token.content for token in parts(text) if token.type in {"text", "code_inline", "html_inline"})


def test_code_may_hold_backticks() -> None:
    assert plain(code("a`b")) == "a`b"
    assert code("") == ""


def test_findings_page_explains_every_code() -> None:
    page = read(findings.PAGE)
    assert headings(page)[1:] == sorted(found.name for found in CODES)
    text = " ".join(plain(page).split())
    for found in CODES:
        assert f"{found.severity.value}: {found.summary.replace('`', '')}" in text


def test_annotations_page_has_every_annotation_once() -> None:
    page = read(known_annotations.PAGE)
    built = [each.name for family in all_families() for each in family.annotations]
    listed = re.findall(r"^\| `[^`]*/([^`/]*)`.* \|$", page, re.MULTILINE)
    assert [heading for heading in headings(page) if heading in catalog()] == built
    assert sorted(built + listed) == list(catalog())


def test_every_type_of_an_annotation_is_explained() -> None:
    types = {each.type for family in all_families() for each in family.annotations}
    assert set(TYPES) >= types


def test_kinds_page_has_every_field_of_every_kind() -> None:
    sections = dict(re.findall(r"^## (\w+)$(.*?)(?=^## |\Z)", read(kinds.PAGE), re.DOTALL | re.MULTILINE))
    assert list(sections) == [*(kind for _, kind, _ in KINDS), "Types"]
    for _, kind, _ in KINDS:
        listed = re.findall(r"^\| `([^`]+)` \| .* \|$", sections[kind], re.MULTILINE)
        assert listed == [each.path for each in reference(kind).fields if each.path not in {"apiVersion", "kind"}]


def test_every_trap_of_mse_has_exhibits_that_name_both_places() -> None:
    known = {found.name for found in CODES}
    for trap in (trap for topic in traps.TRAPS.values() for trap in topic):
        assert trap.exhibits
        for exhibit in trap.exhibits:
            assert exhibit.partition(".")[0] in known
            told = (ROOT / "tests/bad" / exhibit / "expected.txt").read_text("utf-8")
            assert trap.places == 1 or "\n  also: " in told, exhibit


def test_decisions_name_only_findings_that_exist() -> None:
    known = {found.name for found in CODES}
    named = {name for decision in traps.DECISIONS for name in re.findall(r"\(([a-z-]+)\)", decision.decided)}
    assert named
    assert named <= known


def test_targets_name_only_findings_that_exist() -> None:
    known = {found.name for found in CODES}
    assert {name for target in TARGETS for each in target.expresses for name in each.codes} <= known
    assert {name for _, _, name in limits.LIMITS} <= known


def test_counts_add_up() -> None:
    counted = read(known_annotations.PAGE).partition("| class |")[2].partition("\n\n")[0]
    rows = [[each.strip() for each in row.split("|")] for row in counted.splitlines()[2:]]
    *classes, total = [(row[1], int(row[3]), int(row[4] or 0)) for row in rows]
    assert total[1:] == (sum(known for _, known, _ in classes), sum(built for _, _, built in classes))
    errors = sum(found.severity is Severity.ERROR for found in CODES)
    assert f"{len(CODES)} codes: {errors} errors, {len(CODES) - errors} warnings." in read("README.md")


def test_commands_and_formats_are_all_told() -> None:
    assert set(commands.AUDIENCES) == set(FORMATS)
    assert "`--stop-after source\\|model\\|ir`" in commands.options()
    assert "`explain WORD`" in commands.commands()
    assert "`schema [KIND]`" in commands.commands()


def test_generated_blocks_of_the_readme_are_those_in_it() -> None:
    names = re.findall(r"^<!-- generated: ([a-z-]+) -->$", read("README.md"), re.MULTILINE)
    assert names == [name for name, _ in readme.BLOCKS]


TEXT = """\
top:
  first:
    a: 1
  second:
    a: 2
    b: 3
"""


def test_excerpt_marks_what_is_left_out_between_its_parts() -> None:
    assert cut("file", TEXT, [("first:", "a: 1"), ("a: 2", "a: 2")]) == "first:\n  a: 1\n  # ...\n  a: 2\n"


def test_excerpt_of_adjacent_parts_is_one() -> None:
    assert cut("file", TEXT, [("a: 2", "a: 2"), ("b: 3", "b: 3")]) == "a: 2\nb: 3\n"


def test_excerpt_that_is_no_longer_there_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"file has no lines 'a: 1' … 'a: 1' below line 4"):
        cut("file", TEXT, [("second:", "second:"), ("a: 1", "a: 1")])
