"""Golden cases: a folder each, that hides nothing. `input/` is a root, `expected/` the whole output tree that it
compiles to, `findings.txt` the whole list of findings, as `fleetgate check` prints them.

`pytest --update-golden tests/test_cases.py` rewrites what is expected. Read the difference before you commit it.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from compiler import pipeline
from compiler.cli.formats import render
from compiler.cli.report import Report, findings_of
from compiler.cli.terminal import Style
from tests.trees import read_tree, replace_tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from compiler.pipeline import Compilation
    from tests.trees import Tree

HERE = Path(__file__).parent / "cases"
CASES = sorted(path.name for path in HERE.iterdir())

SHOWS_FINDINGS = frozenset(
    {
        "address-lists",
        "host-settings",
        "ignored-files",
        "priority",
        "service-settings",
        "session-affinity",
        "single-cluster",
        "tls",
        "upstream-tls",
        "weighted-clusters-policy",
    }
)
"""Cases whose law is about a warning; all others are silent."""


def findings_text(compilation: Compilation) -> str:
    """The findings as `fleetgate check` prints them."""
    findings = findings_of(compilation, compilation.findings, strict=False)
    return render("text", Report("", findings, (), compilation.summary), Style())


@pytest.mark.parametrize("name", CASES)
def test_a_case_compiles_to_exactly_what_is_expected(
    name: str, tmp_path: Path, silent: Callable[[str, int, int], None], *, updates_golden: bool
) -> None:
    case = HERE / name
    root, output = tmp_path / "input", tmp_path / "output"
    shutil.copytree(case / "input", root)
    built = pipeline.build(pipeline.Options(root=str(root)), str(output), verify=False, progress=silent)
    found: Tree = {f"expected/{path}": content for path, content in read_tree(output).items()}
    found["findings.txt"] = findings_text(built).encode()
    if updates_golden:
        replace_tree(case / "expected", read_tree(output))
        (case / "findings.txt").write_bytes(found["findings.txt"])
    expected = {path: content for path, content in read_tree(case).items() if not path.startswith("input/")}
    assert found == expected


@pytest.mark.parametrize("name", CASES)
def test_a_good_case_is_silent(name: str) -> None:
    assert bool((HERE / name / "findings.txt").read_text()) == (name in SHOWS_FINDINGS)


@pytest.mark.parametrize("name", CASES)
def test_a_case_says_its_law_on_top_of_one_input(name: str) -> None:
    laws = [
        path
        for path, content in read_tree(HERE / name / "input").items()
        if path.endswith(".yaml") and content.startswith(b"# ")
    ]
    assert len(laws) == 1
