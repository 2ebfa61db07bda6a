"""Declared shares are kept: 20,000 requests through a real Envoy, counted where they arrive."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import msgspec
import pytest

from compiler.drill.load import Ask, Load, Plan
from tests.envoy.compiled import ENVOY, Gateway, Pods
from tests.envoy.effects.case import service_of
from tests.small_fleet import HOST, MSE, canary, fleet, ingress, path, pin, policy, rule, service, tiers, weights

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from compiler.drill.load import Sample
    from tests.small_fleet import Document

REQUESTS = 20_000
SIGMAS = 5

Pod = tuple[str, str, int]
"""Service, cluster, number."""
PODS: tuple[Pod, ...] = (("cart", "a", 2), ("next", "a", 1))


class Shared(msgspec.Struct, frozen=True):
    """Documents, and what becomes of requests for `/cart` of the host."""

    documents: tuple[Document, ...]
    shares: Mapping[tuple[str, str], float]
    """(Service, cluster) -> its share of all requests, 0 to 1; what is not named gets none."""
    pods: tuple[Pod, ...] = PODS
    methods: tuple[str, ...] = ("GET",)


def base(**annotations: str) -> Document:
    keyed = {MSE + name.replace("_", "-"): value for name, value in annotations.items()}
    return ingress("base", rule(path("cart")), annotations=keyed)


def destination(**shares: int) -> str:
    return "\n".join(f"{share}% {name}.shop.svc.cluster.local:80" for name, share in shares.items())


def by_name(**shares: float) -> dict[tuple[str, str], float]:
    """Shares of Services in cluster a."""
    return {(name, "a"): share for name, share in shares.items()}


def by_cluster(**shares: float) -> dict[tuple[str, str], float]:
    """Shares of clusters of the Service cart."""
    return {("cart", name): share for name, share in shares.items()}


NEXT = rule(path("next"))
SPREAD_PODS = (("cart", "a", 1), ("cart", "b", 3), ("cart", "c", 2))
"""Unlike the weights: how many pods there are says nothing where weights are declared."""

QUICK: dict[str, Shared] = {
    "canary 20 %": Shared(
        (base(), canary("next", NEXT, weight="20")), by_name(cart=0.8, next=0.2), methods=("GET", "POST")
    ),
    "canary 0 %": Shared((base(), canary("next", NEXT, weight="0")), by_name(cart=1)),
    "canary 100 %": Shared((base(), canary("next", NEXT, weight="100")), by_name(next=1)),
    "destination": Shared((base(destination=destination(cart=60, next=40)),), by_name(cart=0.6, next=0.4)),
    "weights of clusters": Shared(
        (base(), policy("cart", weights(a=60, b=30, c=10))), by_cluster(a=0.6, b=0.3, c=0.1), SPREAD_PODS
    ),
    "plain subset split": Shared(
        (
            ingress("base", rule(path("cart")), annotations=pin("a")),
            canary("b", rule(path("cart")), weight="30", **pin("b")),
        ),
        by_cluster(a=0.7, b=0.3),
        SPREAD_PODS,
    ),
}
MORE: dict[str, Shared] = {
    "canary 7 of 1000": Shared(
        (base(), canary("next", NEXT, weight="7", weight_total="1000")), by_name(cart=0.993, next=0.007)
    ),
    "two canaries": Shared(
        (base(), canary("next", NEXT, weight="5"), canary("last", rule(path("last")), weight="30")),
        by_name(cart=0.65, next=0.05, last=0.3),
        (("cart", "a", 2), ("next", "a", 1), ("last", "a", 4)),
    ),
    "destination 0 % and 100 %": Shared((base(destination=destination(cart=0, next=100)),), by_name(next=1)),
    "destination of three": Shared(
        (base(destination=destination(cart=1, next=33, last=66)),),
        by_name(cart=0.01, next=0.33, last=0.66),
        (("cart", "a", 2), ("next", "a", 1), ("last", "a", 1)),
    ),
    "clusters 100 and 0": Shared((base(), policy("cart", weights(a=100, b=0))), by_cluster(a=1), SPREAD_PODS[:2]),
    "tiers": Shared((base(), policy("cart", tiers(["b"], ["a", "c"]))), by_cluster(b=1), SPREAD_PODS),
    "pods": Shared((base(),), by_cluster(a=1 / 6, b=3 / 6, c=2 / 6), SPREAD_PODS),
    "canary beside weights of clusters": Shared(
        (base(), canary("next", NEXT, weight="25"), policy("cart", weights(a=80, b=20))),
        {("cart", "a"): 0.6, ("cart", "b"): 0.15, ("next", "a"): 0.25},
        (*SPREAD_PODS[:2], ("next", "a", 1)),
        methods=("GET", "PUT"),
    ),
    "hashed over weights of clusters": Shared(
        (base(upstream_hash_by="$http_x-drill-id"), policy("cart", weights(a=60, b=30, c=10))),
        by_cluster(a=0.6, b=0.3, c=0.1),
        (("cart", "a", 2), ("cart", "b", 2), ("cart", "c", 2)),
    ),
}


@pytest.mark.parametrize("shared", QUICK.values(), ids=QUICK)
def test_declared_shares_are_kept(shared: Shared, tmp_path: Path, loopback: str) -> None:
    """20,000 requests, within five standard deviations of what chance alone would give; none and all exact."""
    check(shared, tmp_path, loopback)


@pytest.mark.slow
@pytest.mark.parametrize("shared", MORE.values(), ids=MORE)
def test_more_declared_shares_are_kept(shared: Shared, tmp_path: Path, loopback: str) -> None:
    """Shares in all ways in which they can be declared: 20,000 requests each, within five standard deviations."""
    check(shared, tmp_path, loopback)


@pytest.mark.slow
def test_the_declared_share_is_copied(tmp_path: Path, loopback: str) -> None:
    """20,000 requests, 30 % of them mirrored, within five standard deviations."""
    written = base(mirror_target_service="next", mirror_percentage="30")
    with gateway_of((written,), PODS, loopback, tmp_path) as gateway:
        assert {s.status for s in load(gateway, ("GET",), tmp_path)} == {200}
        copies = {each.place for each in gateway.backends.endpoints("a") if each.service == "shop/next"}
        count = sum(n for place, n in gateway.backends.requests("a").items() if place in copies)
    assert abs(count - 0.3 * REQUESTS) <= SIGMAS * math.sqrt(0.3 * 0.7 * REQUESTS)


def check(shared: Shared, folder: Path, loopback: str) -> None:
    with gateway_of(shared.documents, shared.pods, loopback, folder) as gateway:
        samples = load(gateway, shared.methods, folder)
    assert {s.status for s in samples} == {200}
    counts = Counter((service_of(s), s.cluster) for s in samples)
    assert set(counts) <= set(shared.shares)
    for which, share in shared.shares.items():
        deviation = math.sqrt(REQUESTS * share * (1 - share))
        assert abs(counts[which] - REQUESTS * share) <= SIGMAS * deviation, counts


def gateway_of(documents: Iterable[Document], there: Iterable[Pod], loopback: str, folder: Path) -> Gateway:
    """A gateway before these pods, which belong to plain Services."""
    pods = Pods(loopback)
    clusters: dict[str, list[str]] = {}
    for name, where, count in there:
        pods.add(name, where, count)
        clusters.setdefault(name, []).append(where)
    services = [service(name, *found) for name, found in clusters.items()]
    return Gateway([*fleet("a", "b", "c", gateway=ENVOY), *services, *documents], pods, folder)


def load(gateway: Gateway, methods: Iterable[str], folder: Path) -> list[Sample]:
    """What becomes of the requests."""
    host, port = gateway.envoy.address("http")
    asks = tuple(Ask(path="/cart", host=HOST, method=method) for method in methods)
    plan = Plan(targets=(f"{host}:{port}",), asks=asks, count=REQUESTS)
    with Load(plan, folder) as sent:
        return sent.wait()
