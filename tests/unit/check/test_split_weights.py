"""Weights of a split: none below zero, and not all zero."""

from __future__ import annotations

import pytest

from compiler.check.split_weights import check_split_weights
from compiler.diagnostics import Diagnostics, Origin
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
    VirtualHost,
)


def reported(*weights: int) -> list[str]:
    """What is said of a base and canaries with these weights, on two paths of one Ingress."""
    shares = tuple(
        Share(Backend(ObjectName("shop", "cart"), 80, Spread((), by_replicas=True)), weight, ObjectName("shop", name))
        for name, weight in zip("abcd", weights, strict=False)
    )
    action = Forward(Split(shares))
    routes = tuple(
        Route(Match(PathMatch("prefix", p)), action, ObjectName("shop", "a"), origin=Origin("web.yaml", path=(p,)))
        for p in ("/a", "/b")
    )
    findings = Diagnostics()
    check_split_weights(Traffic((Gateway("g", "", (), (), (VirtualHost("h", routes),)),), (), ()), findings)
    return [found.why for found in findings]


@pytest.mark.parametrize("weights", [(100,), (80, 20), (0, 60, 40), (100, 0)])
def test_what_canaries_leave_is_what_the_base_gets(weights: tuple[int, ...]) -> None:
    assert reported(*weights) == []


def test_canaries_that_take_more_than_there_is_are_told_once() -> None:
    assert reported(-20, 70, 50) == ["the canaries of this base add up to 120, more than the total 100"]


def test_a_split_that_sends_nothing_anywhere_is_told_once() -> None:
    assert reported(0, 0) == ["all weights are zero, so that no backend would get a request"]
