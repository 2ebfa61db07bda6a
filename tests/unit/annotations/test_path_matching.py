"""Path matching (dialect higress): letter case, patterns of the whole path."""

from __future__ import annotations

import pytest

from compiler.annotations.path_matching import PathMatching
from compiler.annotations.paths import route_path
from compiler.diagnostics import Diagnostics, Origin
from compiler.ir.traffic import PathMatch
from tests.unit.annotations.reading import read

DIALECT = ("higress",)
IGNORE, WHOLE = "higress.io/ignore-path-case", "higress.io/full-path-regex"
NGINX = "nginx.ingress.kubernetes.io/"


def match_of(path: str, path_type: str, annotations: dict[str, str]) -> PathMatch:
    """What a path matches."""
    said, findings = read(annotations, dialects=DIALECT)
    assert findings == ()
    later = Diagnostics()
    found = route_path(path, path_type, said, Origin("f"), later)  # type: ignore[arg-type] # a type of the model
    assert found is not None
    assert not len(later)
    return found[0]


@pytest.mark.parametrize(("path_type", "kind"), [("Exact", "exact"), ("Prefix", "prefix")])
def test_letter_case_may_not_count(path_type: str, kind: str) -> None:
    """Of exact paths and of prefixes."""
    assert match_of("/Cart", path_type, {IGNORE: "true"}) == PathMatch(kind, "/Cart", ignore_case=True)  # type: ignore[arg-type]
    assert match_of("/Cart", path_type, {IGNORE: "false"}) == PathMatch(kind, "/Cart")  # type: ignore[arg-type]


def test_a_pattern_may_have_to_cover_the_whole_path() -> None:
    """With use-regex a path may go on behind it."""
    assert match_of("/a[0-9]+", "Prefix", {WHOLE: "true"}) == PathMatch("regex", "/a[0-9]+")
    assert match_of("/a[0-9]+", "Prefix", {f"{NGINX}use-regex": "true"}) == PathMatch("regex", "/a[0-9]+.*")
    assert match_of("/a", "Exact", {WHOLE: "false"}) == PathMatch("exact", "/a")


def test_a_pattern_of_the_whole_path_may_be_rewritten_with_its_groups() -> None:
    """And nothing is lost of the path, as nothing goes on behind the pattern."""
    said, findings = read({WHOLE: "true", f"{NGINX}rewrite-target": "/b"}, dialects=DIALECT)
    assert findings == ()
    later = Diagnostics()
    assert route_path("/a", "Prefix", said, Origin("f"), later) is not None
    assert not len(later)


@pytest.mark.parametrize("other", [WHOLE, f"{NGINX}use-regex", f"{NGINX}rewrite-target"])
def test_patterns_say_themselves_whether_letter_case_counts(other: str) -> None:
    """`(?i)`; the gateway would pass over the annotation."""
    _, (finding,) = read({IGNORE: "true", other: "/b" if "rewrite" in other else "true"}, dialects=DIALECT)
    assert finding.code.name == "annotation-conflict"


def test_two_kinds_of_patterns_contradict_each_other() -> None:
    """Of the whole path, or of its beginning."""
    _, (finding,) = read({WHOLE: "true", f"{NGINX}use-regex": "true"}, dialects=DIALECT)
    assert finding.code.name == "annotation-conflict"


def test_a_bad_switch_is_an_error() -> None:
    """As everywhere."""
    said, (finding,) = read({IGNORE: "yes"}, dialects=DIALECT)
    assert finding.code.name == "annotation-value"
    assert said.path_matching is None
    assert read({WHOLE: "true"}, dialects=DIALECT)[0].path_matching == PathMatching(is_whole_regex=True)
