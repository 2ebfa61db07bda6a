"""Conditions of ordinary Ingresses (dialect higress): order of routes, canaries, and overlaps that are told."""

from __future__ import annotations

from typing import Any

import pytest

from compiler.ir.traffic import Match, PathMatch, Rewrite, ValueMatch
from compiler.lower.conditions import are_disjoint
from tests.small_fleet import NGINX, Compiled, Document, Found, canary, compiled, fleet, ingress, path, rule, service

CLUSTERS = ("hz-a", "hz-b")
FLEET = [*fleet(*CLUSTERS, dialects=["higress"]), *(service(name, *CLUSTERS) for name in ("cart", "next"))]
PATH = PathMatch("prefix", "/cart")


def named(name: str, said: dict[str, str], *paths: dict[str, Any]) -> Document:
    """An Ingress with annotations of Higress."""
    return ingress(name, rule(*(paths or (path("cart"),))), annotations={f"higress.io/{k}": v for k, v in said.items()})


def compiled_with(*documents: Document) -> Compiled:
    return compiled([*FLEET, *documents])


def owners(result: Compiled) -> list[str]:
    return [route.owner.name for route in result.routes]


def overlaps(result: Compiled) -> list[Found]:
    return [found for found in result.found if found[0] == "overlapping-conditions"]


def test_conditions_are_those_of_every_route_of_the_ingress() -> None:
    said = {"match-method": "GET", "exact-match-header-x-stage": "one", "prefix-match-query-q": "a"}
    result = compiled_with(named("web", said, path("cart"), path("next", "/next", "Exact")))
    headers, query = (ValueMatch("x-stage", "exact", "one"),), (ValueMatch("q", "prefix", "a"),)
    assert [route.match for route in result.routes] == [
        Match(PathMatch("exact", "/next"), headers, query, (), ("GET",)),
        Match(PATH, headers, query, (), ("GET",)),
    ]


def test_the_route_that_asks_for_more_is_tried_first() -> None:
    result = compiled_with(
        named("a-plain", {}),
        named("b-one", {"match-method": "GET"}),
        named("c-two", {"match-method": "GET", "exact-match-header-a": "1"}),
    )
    assert owners(result) == ["c-two", "b-one", "a-plain"]


def test_a_longer_path_comes_before_more_conditions() -> None:
    result = compiled_with(named("a", {"match-method": "GET"}), named("b", {}, path("cart", "/cart/new")))
    assert owners(result) == ["b", "a"]


def test_the_same_conditions_are_the_same_route() -> None:
    result = compiled_with(named("a", {"match-method": "GET HEAD"}), named("b", {"match-method": "HEAD  GET"}))
    assert owners(result) == ["a"]
    assert "duplicate-route" in result.codes


def test_a_canary_refines_the_route_with_the_same_conditions() -> None:
    special = {"higress.io/exact-match-header-a": "1", f"{NGINX}canary-by-header": "b"}
    result = compiled_with(
        named("web", {}), named("web-a", {"exact-match-header-a": "1"}), canary("x", rule(path("next")), **special)
    )
    assert owners(result) == ["x", "web-a", "web"]
    wanted = (ValueMatch("a", "exact", "1"), ValueMatch("b", "exact", "always"))
    assert result.routes[0].match == Match(PATH, wanted)


def test_a_canary_without_the_conditions_of_its_base_has_no_base() -> None:
    result = compiled_with(named("web", {"match-method": "GET"}), canary("x", rule(path("next")), weight="20"))
    (finding,) = [f for f in result.findings if f.code.name == "canary-without-base"]
    assert finding.why == "shop/web has this host and path, but not the same conditions"
    assert finding.fix == "give canary and base the same annotations under higress.io/"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"exact-match-header-a": "1"}, {"exact-match-query-a": "1"}),
        ({"exact-match-header-a": "1"}, {"regex-match-header-a": "2"}),
        ({"exact-match-header-a": "12"}, {"prefix-match-header-a": "1"}),
        ({"prefix-match-header-a": "1"}, {"prefix-match-header-a": "12"}),
        ({"match-method": "GET HEAD"}, {"match-method": "GET"}),
        ({"match-method": "GET"}, {"exact-match-header-a": "1"}),
    ],
)
def test_two_routes_that_ask_for_as_much_and_may_meet_are_told(one: dict[str, str], other: dict[str, str]) -> None:
    """At the one that is tried later; both places are named."""
    result = compiled_with(named("a", one), named("b", other))
    assert owners(result) == ["a", "b"]
    ((_, place, value),) = overlaps(result)
    assert place == f"ingress-b:metadata.annotations.higress.io/{next(iter(other))}"
    assert value == "shop.example.com/cart"
    (finding,) = [f for f in result.findings if f.code.name == "overlapping-conditions"]
    assert finding.notes[0].origin.path[-1] == f"higress.io/{next(iter(one))}"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"exact-match-header-a": "1"}, {"exact-match-header-A": "2"}),
        ({"exact-match-header-a": "1"}, {"prefix-match-header-a": "2"}),
        ({"prefix-match-header-a": "1"}, {"exact-match-header-a": "2"}),
        ({"prefix-match-query-a": "1"}, {"prefix-match-query-a": "2"}),
        ({"match-method": "GET HEAD"}, {"match-method": "POST"}),
        ({"match-method": "GET"}, {"match-method": "GET", "exact-match-header-a": "1"}),
        ({"match-method": "GET"}, {}),
    ],
)
def test_routes_that_never_meet_or_ask_for_more_are_not_told(one: dict[str, str], other: dict[str, str]) -> None:
    assert overlaps(compiled_with(named("a", one), named("b", other))) == []


def test_priority_decides_between_routes_that_overlap() -> None:
    second = named("b", {"exact-match-query-a": "1"})
    second["metadata"]["annotations"]["fleetgate.dev/priority"] = "5"
    result = compiled_with(named("a", {"match-method": "GET"}), second)
    assert owners(result) == ["b", "a"]
    assert len(overlaps(result)) == 1


def test_paths_that_differ_in_letter_case_alone_meet_where_it_does_not_count() -> None:
    result = compiled_with(named("a", {"ignore-path-case": "true"}), named("b", {}, path("next", "/Cart")))
    assert len(overlaps(result)) == 1
    assert overlaps(compiled_with(named("a", {}), named("b", {}, path("next", "/Cart")))) == []


def test_each_overlap_is_told_once() -> None:
    many = [named(f"web-{n}", {f"exact-match-header-{n}": "1"}) for n in range(5)]
    assert len(overlaps(compiled_with(*many))) == 4


def test_what_a_path_matches_is_replaced() -> None:
    result = compiled_with(named("web", {"rewrite-path": "/v2"}, path("cart"), path("next", "/next", "Exact")))
    rewrites = [route.policies.rewrite for route in result.routes]
    assert rewrites == [Rewrite("full", "/v2"), Rewrite("prefix", "/v2")]


def test_a_rewrite_of_a_canary_is_that_of_its_base() -> None:
    annotations = {"higress.io/rewrite-path": "/v2", f"{NGINX}canary-weight": "20"}
    result = compiled_with(named("web", {}), canary("x", rule(path("next")), **annotations))
    assert ("canary-setting", "ingress-x:metadata.annotations.higress.io/rewrite-path", "path_rewrite") in result.found


def test_without_the_dialect_annotations_of_higress_say_nothing() -> None:
    result = compiled([*fleet(*CLUSTERS), *FLEET[3:], named("web", {"match-method": "GET"})])
    assert result.found == []
    assert result.routes[0].match == Match(PATH)


def test_patterns_may_always_meet() -> None:
    """What two of them have in common nobody computes."""
    one, other = (Match(PATH, (ValueMatch("a", "regex", text),)) for text in ("1", "2"))
    assert not are_disjoint(one, other)
