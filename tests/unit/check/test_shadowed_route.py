"""Routes that no request can reach, because one before them takes them all."""

from __future__ import annotations

import pytest

from compiler.check.shadowed_route import check_shadowed_routes
from compiler.diagnostics import Diagnostics
from compiler.ir.regex import literal_prefix
from compiler.ir.traffic import (
    Backend,
    Forward,
    Gateway,
    Match,
    ObjectName,
    PathMatch,
    Route,
    Share,
    Split,
    Spread,
    Traffic,
    ValueMatch,
    VirtualHost,
)

NAME = ObjectName("shop", "web")
ACTION = Forward(Split((Share(Backend(NAME, 80, Spread((), by_replicas=True)), 1, NAME),)))


def shadowed(*matches: Match) -> list[str]:
    """Paths of the routes that are reported, of routes in this order."""
    routes = tuple(Route(match, ACTION, NAME) for match in matches)
    findings = Diagnostics()
    gateway = Gateway("public", "hz", (), (), (VirtualHost("shop.example.com", routes),))
    check_shadowed_routes(Traffic((gateway,), (), ()), findings)
    return [found.value for found in findings]


def prefix(path: str) -> Match:
    return Match(PathMatch("prefix", path))


def regex(path: str) -> Match:
    return Match(PathMatch("regex", path))


@pytest.mark.parametrize(
    ("first", "second", "is_shadowed"),
    [
        (prefix("/a"), regex("/a/[0-9]+.*"), True),
        (prefix("/a"), regex("/a[0-9]+.*"), False),
        (prefix("/a"), regex("/a.*"), False),
        (prefix("/a"), regex("/a/?b.*"), False),
        (prefix("/a"), regex("/a/x|/b.*"), False),
        (prefix("/a"), regex("/a(/|$)(.*).*"), True),
        (prefix("/a"), regex("/a(/|$)(.*)|/b.*"), False),
        (prefix("/a.b"), regex("/a.b(/|$)(.*).*"), False),
        (regex("/.*"), prefix("/"), True),
        (regex("/(.*)"), prefix("/"), True),
        (regex("/(.*).*"), prefix("/"), True),
        (regex("/a.*"), prefix("/"), False),
        (Match(PathMatch("regex", "/.*"), headers=(ValueMatch("x", "exact", "1"),)), prefix("/"), False),
    ],
)
def test_a_route_is_shadowed_where_an_earlier_one_takes_every_request(
    first: Match, second: Match, *, is_shadowed: bool
) -> None:
    assert shadowed(first, second) == ([second.path.value] if is_shadowed else [])


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("/shop/cart", "/shop/cart"),
        ("/shop/[a-z]", "/shop/"),
        ("/shops?", "/shop"),
        ("/shops*", "/shop"),
        ("/shops+", "/shops"),
        ("/shop{2}", "/sho"),
        ("/a|/b", ""),
        ("(/a)", ""),
        (r"/a\.b", "/a"),
        ("", ""),
    ],
)
def test_the_literal_prefix_of_a_pattern_begins_everything_that_it_matches(pattern: str, expected: str) -> None:
    assert literal_prefix(pattern) == expected
