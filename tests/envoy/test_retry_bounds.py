"""The bound of repeats at once: where Envoy counts it, and that a dying cluster never meets it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from compiler.drill.load import Ask, Load, Plan, summarize
from compiler.targets.envoy.listeners import SILENCE_S
from tests.envoy.compiled import ENVOY, Gateway, Pods
from tests.small_fleet import HOST, app, fleet, ingress, path, policy, rule, weights

if TYPE_CHECKING:
    from pathlib import Path


def gateway(folder: Path, loopback: str, peak: int) -> Gateway:
    """Half of the traffic goes to each of two clusters; nothing is checked or hedged."""
    pods = Pods(loopback)
    pods.add("cart", "a", 3)
    pods.add("cart", "b", 3)
    declared = policy("cart", weights(a=50, b=50))
    declared["spec"]["targetRefs"][0]["demand"] = {"requestsPerSecond": peak}
    documents = [*fleet("a", "b", gateway=ENVOY), app("cart", "a", "b"), declared, ingress("cart", rule(path("cart")))]
    return Gateway(documents, pods, folder)


def failures_when_a_cluster_dies(found: Gateway, folder: Path) -> tuple[int, int]:
    """(requests, failed ones) under a load of 400 per second, of which cluster a dies."""
    with found:
        address = found.envoy.address("http")
        asked = Ask(path="/cart", host=HOST)
        plan = Plan(targets=(f"{address[0]}:{address[1]}",), asks=(asked,), rate=400, workers=32, seconds=3)
        with Load(plan, folder) as load:
            time.sleep(1)
            found.backends.kill("a")
            told = summarize(load.wait())
        return told.requests, told.failed


@pytest.mark.parametrize("shut", ["nothing", "pools", "composite"])
def test_repeats_are_counted_at_the_composite_and_the_declared_peak_leaves_room_for_all(
    tmp_path: Path, loopback: str, shut: str
) -> None:
    found = gateway(tmp_path, loopback, 400)
    bounds: dict[str, int] = {}
    for cluster in found.bootstrap["static_resources"]["clusters"]:
        if cluster["name"].startswith("shop/cart"):
            kind = "composite" if "cluster_type" in cluster else "pools"
            (threshold,) = cluster["circuit_breakers"]["thresholds"]
            bounds.setdefault(kind, threshold["max_retries"])
            if kind == shut:
                threshold["max_retries"] = 0
    assert bounds == {"composite": 400 * SILENCE_S, "pools": 1_000_000}
    requests, failed = failures_when_a_cluster_dies(found, tmp_path)
    assert requests > 1000
    assert bool(failed) is (shut == "composite")
