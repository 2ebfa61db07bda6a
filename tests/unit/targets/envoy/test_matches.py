"""Which requests match, in Envoy's words."""

from __future__ import annotations

from typing import Any

import pytest
import re2

from compiler.ir.traffic import Match, PathMatch, ValueMatch
from compiler.targets.envoy.matches import cookie, route_match


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (PathMatch("exact", "/a"), {"path": "/a"}),
        (PathMatch("prefix", "/a"), {"path_separated_prefix": "/a"}),
        (PathMatch("prefix", "/a/"), {"path_separated_prefix": "/a"}),
        (PathMatch("prefix", "/"), {"prefix": "/"}),
        (PathMatch("regex", "/a.*"), {"safe_regex": {"regex": "/a.*"}}),
        (PathMatch("exact", "/a", ignore_case=True), {"path": "/a", "case_sensitive": False}),
    ],
)
def test_a_path_is_matched_by_whole_segments(path: PathMatch, expected: dict[str, Any]) -> None:
    assert route_match(Match(path)) == expected


def test_all_conditions_stand_in_one_match() -> None:
    match = Match(
        PathMatch("exact", "/a"),
        (ValueMatch("x-a", "exact", "1"), ValueMatch(":authority", "regex", ".*")),
        (ValueMatch("q", "prefix", "z"),),
        (ValueMatch("c", "exact", "v"),),
        ("GET", "PUT"),
    )
    found = route_match(match)
    assert [h["name"] for h in found["headers"]] == ["x-a", ":authority", "cookie", ":method"]
    assert found["query_parameters"] == [{"name": "q", "string_match": {"prefix": "z"}}]
    assert found["headers"][-1]["string_match"] == {"safe_regex": {"regex": "GET|PUT"}}
    assert route_match(match, ("GET",))["headers"][-1]["string_match"] == {"exact": "GET"}


@pytest.mark.parametrize(
    ("sent", "matches"),
    [
        ("stage=b.", True),
        ("x=1; stage=b.", True),
        ("stage=b.; x=1", True),
        ("x=1;stage=b.;y=2", True),
        ("stage=bc", False),
        ("mystage=b.", False),
        ("x=stage=b.", False),
        ("stage=b.x; y=1", False),
        ("", False),
    ],
)
def test_a_cookie_is_found_among_others_and_taken_literally(sent: str, matches: bool) -> None:  # noqa: FBT001 - a column
    pattern = cookie(ValueMatch("stage", "exact", "b."))["string_match"]["safe_regex"]["regex"]
    assert bool(re2.fullmatch(pattern, sent)) is matches
