"""Laws of .fleetgateignore."""

from __future__ import annotations

import pytest

from compiler.diagnostics import Diagnostics
from compiler.source.ignore import Ignore, parse


def rules(text: str) -> Ignore:
    found = Diagnostics()
    parsed = parse(text.encode(), found)
    assert len(found) == 0
    return parsed


@pytest.mark.parametrize(
    ("text", "path", "is_folder", "left_out"),
    [
        ("", "a.yaml", False, False),
        ("# a.yaml\n\n   \n", "a.yaml", False, False),
        ("a.yaml", "a.yaml", False, True),
        ("a.yaml", "b/c/a.yaml", False, True),
        ("a.yaml", "xa.yaml", False, False),
        ("/a.yaml", "a.yaml", False, True),
        ("/a.yaml", "b/a.yaml", False, False),
        ("b/a.yaml", "b/a.yaml", False, True),
        ("b/a.yaml", "c/b/a.yaml", False, False),
        ("charts/", "charts", True, True),
        ("charts/", "x/charts", True, True),
        ("charts/", "charts", False, False),
        ("/charts/", "x/charts", True, False),
        ("x/charts/", "x/charts", True, True),
        ("*.tmpl.yaml", "a/b.tmpl.yaml", False, True),
        ("a/*/c", "a/b/c", False, True),
        ("a/*/c", "a/b/d/c", False, False),
        ("a/**/c", "a/b/d/c", False, True),
        ("a/**/c", "a/c", False, True),
        ("**/c", "a/c", False, True),
        ("a/**", "a/b/c", False, True),
        ("a/**", "a", True, False),
        ("?.yaml", "a.yaml", False, True),
        ("*.yaml\n!a.yaml", "a.yaml", False, False),
        ("*.yaml\n!a.yaml", "b.yaml", False, True),
        ("!a.yaml\n*.yaml", "a.yaml", False, True),
        ("a.yaml  \r\n", "a.yaml", False, True),
        ("{a}.yaml", "{a}.yaml", False, True),
        ("/", "a", True, False),
        ("!", "a", True, False),
    ],
)
def test_the_last_pattern_that_matches_decides(
    text: str,
    path: str,
    is_folder: bool,  # noqa: FBT001 - a parameter of a test
    left_out: bool,  # noqa: FBT001 - a parameter of a test
) -> None:
    assert rules(text).leaves_out(path, is_folder=is_folder) is left_out


@pytest.mark.parametrize("pattern", ["[ab].yaml", "a\\ b", "../a", "a/../b", "a**b", "**.yaml", "!a/b**"])
def test_what_is_not_understood_is_told_and_matches_nothing(pattern: str) -> None:
    found = Diagnostics()
    parsed = parse(f"# first\n  {pattern}\n".encode(), found)
    (finding,) = found
    assert (finding.code.name, finding.value) == ("ignore-pattern", pattern)
    assert (finding.origin.file, finding.origin.line) == (".fleetgateignore", 2)
    assert parsed.rules == ()


def test_the_number_of_patterns_is_bounded() -> None:
    found = Diagnostics()
    assert len(parse(b"a\n" * 5000, found).rules) == 1000
    (finding,) = found
    assert finding.origin.line == 1001


def test_any_bytes_can_be_read() -> None:
    assert parse(b"\xff\0\n*.yaml\n", Diagnostics()).leaves_out("a.yaml", is_folder=False)
