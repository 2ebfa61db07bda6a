"""Examples are requests that their route wins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings

from compiler.ir.traffic import Redirect, Tls, ValueMatch
from compiler.trace.evaluate import trace
from compiler.trace.examples import example
from tests.property.gateways import gateways
from tests.unit.trace.programs import SECURE, gateway, host, matching, route

if TYPE_CHECKING:
    from compiler.ir.traffic import Gateway, Match


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(gateways())
def test_a_route_wins_its_example(program: Gateway) -> None:
    for each in program.hosts:
        for of in each.routes:
            request = example(program, each, of)
            winner = trace(program, request).winner if request is not None else None
            assert request is None or (winner is not None and winner.route is of)


@pytest.mark.parametrize(
    "match",
    [
        matching("/"),
        matching("/foo", methods=("POST", "PUT")),
        matching("/foo/", "exact"),
        matching("/v1/catalog/(.*).*", "regex"),
        matching("/(foo|bar)(/|$)(.*).*", "regex"),
        matching("/api/v[0-9]+/x.*", "regex"),
        matching(headers=(ValueMatch("x-stage", "regex", ".*(?:^trial).*|always"),)),
        matching(query=(ValueMatch("q", "exact", "a"),), cookies=(ValueMatch("c", "prefix", "b"),)),
    ],
)
def test_an_example_is_found_for_what_people_write(match: Match) -> None:
    of = route("it", match)
    only = host(of)
    if match.path.value == "/api/v[0-9]+/x.*":
        assert example(gateway(only), only, of) is None  # classes are not guessed
    else:
        assert example(gateway(only), only, of) is not None


def test_a_route_behind_another_has_none() -> None:
    behind = route("behind", matching("/foo"))
    both = host(route("first"), behind)
    assert example(gateway(both), both, behind) is None


def test_a_prefix_whose_very_path_is_taken_has_one_below() -> None:
    wide = route("wide")
    both = host(route("root", matching("/", "exact")), wide)
    found = example(gateway(both), both, wide)
    assert found is not None
    assert found.path == "/x"


def test_wildcards_are_asked_by_a_name_that_nobody_else_has() -> None:
    wild = host(route("wild"), called="*.example.com")
    program = gateway(host(route("www"), called="www.example.com"), wild)
    found = example(program, wild, wild.routes[0])
    assert found is not None
    assert found.host == "any.example.com"


def test_what_plain_http_does_not_reach_is_asked_with_tls() -> None:
    secure = host(route("it", https=Redirect(308, "https")), tls=Tls("shop", "cert"))
    found = example(gateway(secure), secure, secure.routes[0])
    assert found is not None
    assert found.scheme == "https"
    only = host(route("it"), tls=Tls("shop", "cert"))
    found = example(gateway(only, listeners=(SECURE,)), only, only.routes[0])
    assert found is not None
    assert found.scheme == "https"
