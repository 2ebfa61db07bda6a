"""Laws of the text format. Its layout is exact: the museum of bad input and people's scripts rely on it."""

from __future__ import annotations

import pytest

from compiler.cli.formats.text import LONGEST, closing, finding_text, render
from compiler.cli.report import Place, PlacedNote
from compiler.cli.terminal import Style
from compiler.diagnostics import Severity
from tests.unit.cli.reports import report, shadow, weight

PLAIN = Style()


def test_layout_of_a_finding_with_everything() -> None:
    assert finding_text(weight(), PLAIN) == (
        "apps/shop/ingress.yaml:14:48: error[annotation-value]: "
        "nginx.ingress.kubernetes.io/canary-weight: '120': it is above 100\n"
        '  14 |     nginx.ingress.kubernetes.io/canary-weight: "120"\n'
        "     |                                                ^\n"
        "  fix: write a number from 0 to 100\n"
        "  also: apps/shop/base.yaml:9:5: the base is here\n"
    )


def test_layout_of_a_finding_with_no_more_than_it_must() -> None:
    assert finding_text(shadow(), PLAIN) == "apps/shop/b.yaml:3: warning[shadowed-route]: no request reaches it\n"


def test_a_finding_about_no_file_starts_with_its_severity() -> None:
    assert finding_text(weight(place=Place("", 0, 0), excerpt="", notes=()), PLAIN).startswith(
        "error[annotation-value]: "
    )


def test_an_empty_line_stands_between_two_findings_and_the_count_closes() -> None:
    both = report(weight(), shadow())
    assert render(both, PLAIN) == f"{finding_text(weight(), PLAIN)}\n{finding_text(shadow(), PLAIN)}"
    assert closing(both, PLAIN) == "1 error, 1 warning in 2 files\n"


@pytest.mark.parametrize(
    ("findings", "line"),
    [
        ((), ""),
        ((shadow(),), "1 warning in 1 file\n"),
        ((weight(), weight()), "2 errors in 1 file\n"),
        ((weight(place=Place("", 0, 0)),), "1 error\n"),
    ],
)
def test_the_closing_line_counts(findings: tuple[object, ...], line: str) -> None:
    assert closing(report(*findings), PLAIN) == line  # type: ignore[arg-type] # findings, as parametrize sees them


def test_text_from_the_repo_is_escaped_everywhere() -> None:
    """Value, reason, fix, source line, file names and notes may all hold what an attacker wrote."""
    evil = "\x1b]0;owned\x07\n"
    bad = weight(
        value=evil,
        why=evil,
        fix=evil,
        excerpt=evil,
        place=Place(evil, 1, 1),
        notes=(PlacedNote(Place(evil, 1, 1), evil),),
    )
    shown = finding_text(bad, PLAIN)
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert shown.count("\n") == 5


def test_the_caret_stands_below_the_column_after_wide_and_escaped_characters() -> None:
    shown = finding_text(weight(excerpt="漢\tx", place=Place("a.yaml", 7, 3), notes=(), fix=""), PLAIN).splitlines()
    assert shown[1:] == ["  7 | 漢\\tx", "    |     ^"]


@pytest.mark.parametrize("column", [1, 5_000, 100_000])
def test_of_a_long_line_the_part_around_the_finding_is_shown(column: int) -> None:
    line = "".join(chr(ord("a") + i % 26) for i in range(100_000))
    source, caret = finding_text(weight(excerpt=line, place=Place("a.yaml", 1, column)), PLAIN).splitlines()[1:3]
    assert len(source) <= LONGEST + len("  1 | ......")
    assert source[caret.index("^")] == line[column - 1]


def test_colour_changes_nothing_but_colour() -> None:
    import re  # noqa: PLC0415 - one use

    coloured = render(report(weight(), shadow()), Style(coloured=True))
    assert "\x1b[1;31merror[annotation-value]:\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render(report(weight(), shadow()), PLAIN)


def test_strict_warnings_are_shown_as_errors() -> None:
    strict = weight(severity=Severity.ERROR, code=shadow().code)
    assert "error[shadowed-route]" in finding_text(strict, PLAIN)
