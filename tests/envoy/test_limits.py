"""Limits: whatever a rule became, its requests are counted together."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from compiler.drill.load import Ask
from tests.envoy.compiled import ENVOY, Gateway, Pods
from tests.envoy.effects.case import service_of
from tests.small_fleet import MSE, canary, fleet, ingress, path, rule, service

if TYPE_CHECKING:
    from pathlib import Path

METHODS = ("GET", "PUT", "POST", "HEAD", "DELETE", "OPTIONS", "PATCH")
BY_HEADER = (("x-stage", "always"),)
BY_COOKIE = (("cookie", "stage=always"),)
KINDS = ((), BY_HEADER, BY_COOKIE)
"""Headers: those of the base and its canary by weight, and of two canaries with conditions."""


def running(folder: Path, loopback: str, **annotations: str) -> Gateway:
    """A rule with a limit: a base, and canaries by weight, header and cookie to three other Services."""
    keyed = {MSE + name.replace("_", "-"): value for name, value in annotations.items()}
    pods = Pods(loopback)
    names = ("cart", "heavy", "headed", "cooked")
    for name in names:
        pods.add(name, "a", 2)
    documents = [
        *fleet("a", gateway=ENVOY),
        *(service(name, "a") for name in names),
        ingress("cart", rule(path("cart"), path("cart", "/other")), annotations=keyed),
        canary("heavy", rule(path("heavy")), weight="50"),
        canary("headed", rule(path("headed")), by_header="x-stage"),
        canary("cooked", rule(path("cooked")), by_cookie="stage"),
    ]
    return Gateway(documents, pods, folder)


def mixed(rounds: int) -> list[Ask]:
    """Every method, through the base and each of its canaries."""
    return [Ask(path="/cart/x", method=method, headers=kind) for method in METHODS for kind in KINDS] * rounds


@pytest.mark.parametrize(
    ("annotations", "most"),
    [
        # what comes back in a minute is less than one
        ({"route_limit_rpm": "10", "route_limit_burst_multiplier": "1"}, (10, 11)),
        ({"route_limit_rps": "4", "route_limit_burst_multiplier": "2"}, (8, 12)),
        ({"rate_limit": "7"}, (7, 14)),
    ],
)
def test_mixed_methods_and_canaries_of_a_rule_stay_within_its_limit(
    annotations: dict[str, str], most: tuple[int, int], loopback: str, tmp_path: Path
) -> None:
    with running(tmp_path, loopback, **annotations) as gateway:
        first = gateway.ask(*mixed(2))
        passed = [each for each in first if each.status == 200]
        assert most[0] <= len(passed) <= most[1]
        assert {each.status for each in first} == {200, 429}
        assert len({service_of(each) for each in passed}) >= 3
        # the limit of one rule is not that of another
        assert gateway.get("/other").status == 200


def test_requests_in_flight_of_a_rule_stay_within_its_limit(loopback: str, tmp_path: Path) -> None:
    """Of the base and its canaries together, whatever their methods."""
    late = ("x-stub-delay-ms", "1500")
    with running(tmp_path, loopback, concurrency_limit="8") as gateway, ThreadPoolExecutor(42) as threads:
        asks = [Ask(path="/cart", method=method, headers=(*kind, late)) for method in METHODS for kind in KINDS] * 2
        answers = list(threads.map(lambda each: gateway.ask(each)[0], asks))
        assert Counter(each.status for each in answers) == {200: 8, 429: len(asks) - 8}
        assert {each.body for each in answers if each.status == 429} == {b"sentinel rate limited", b""}  # HEAD
