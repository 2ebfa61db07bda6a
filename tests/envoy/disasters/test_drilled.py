"""Drills with what `fleetgate drill` knows beside single faults: two gateways, lost packets, the declared peak."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from tests.envoy.test_drill import WEB, drill, root_of
from tests.small_fleet import app, ingress, path, policy, rule, weights

if TYPE_CHECKING:
    from pathlib import Path

SPREAD = weights(hz_a=50, hz_b=50)


def test_one_of_two_gateways_is_lost_without_a_failed_get(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Clients go to the other one; no POST is executed twice, and shares stay what they were."""
    root = root_of(tmp_path, app("cart", "hz-a", "hz-b", replicas=2), policy("cart", SPREAD), WEB)
    status, (found,) = drill(capsys, root, "--fault", "gateway")
    assert (status, found["fault"], found["problems"]) == (0, "one of two gateways killed", [])
    numbers = found["numbers"]
    assert (numbers["failed"], numbers["posts_twice"]) == (0, 0)
    assert {share["cluster"]: share["met"] for share in numbers["shares"]} == {"hz-a": True, "hz-b": True}


def test_a_cluster_without_a_packet_is_survived_where_a_hedge_is_declared(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    spread = policy("cart", SPREAD, hedge={"delay": "100ms"})
    root = root_of(tmp_path, app("cart", "hz-a", "hz-b", replicas=2), spread, WEB)
    status, (found,) = drill(capsys, root, "--lose", "cluster=hz-a", "--fault", "drop")
    assert (status, found["problems"], found["numbers"]["failed"]) == (0, [], 0)


@pytest.mark.parametrize("replicas", [10, 6], ids=["sound", "hole"])
def test_a_drill_at_the_peak_sees_overload_where_the_proof_predicts_it_and_nowhere_else(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, replicas: int
) -> None:
    """900 requests per second, 100 per pod: ten pods in each cluster carry them alone, six do not. Another Service has
    room in both cases.
    """

    def of(name: str, count: int, rate: int) -> list[Any]:
        spread = policy(name, SPREAD)
        spread["spec"]["targetRefs"][0]["demand"] = {"requestsPerSecond": rate}
        return [app(name, "hz-a", "hz-b", replicas=count, capacity={"requestsPerSecond": 100}), spread]

    other = ingress("other", rule(path("other", "/other")))
    root = root_of(tmp_path, *of("cart", replicas, 900), *of("other", 6, 400), WEB, other)
    status, (found,) = drill(capsys, root, "--lose", "cluster=hz-a", "--fault", "peak", "--seconds", "4")
    problems = "\n".join(found["problems"])
    if replicas == 10:
        assert (status, problems) == (0, "")
        return
    assert status == 1
    assert found["numbers"]["failed"] > 0
    assert "shop/cart was overloaded, as the capacity proof says" in problems
    assert "hz-b needs 900 requests per second, can carry 600" in problems
    assert "shop/other" not in problems


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_drills_agree_with_the_proof(capsys: pytest.CaptureFixture[str], tmp_path: Path, seed: int) -> None:
    """Fleets by chance: three clusters, weights, pods, demands; what the proof says is overloaded, alone.

    Loads between 90 and 115 % of what is carried are left out: some seconds do not tell them from a full house.
    """
    chance = random.Random(seed)
    while True:
        replicas = chance.randint(2, 8)
        share = {name: chance.randint(1, 9) for name in ("hz_a", "hz_b", "hz_c")}
        demand = 10 * chance.randint(10, 120)
        left = {name: weight for name, weight in share.items() if name != "hz_a"}
        whole, after = (
            max(demand * weight / sum(shares.values()) for weight in shares.values()) / (50 * replicas)
            for shares in (share, left)
        )
        if 0.3 < whole < 0.9 and not 0.9 < after < 1.15:
            break
    spread = policy("cart", weights(**share))
    spread["spec"]["targetRefs"][0]["demand"] = {"requestsPerSecond": demand}
    cart = app("cart", "hz-a", "hz-b", "hz-c", replicas=replicas, capacity={"requestsPerSecond": 50})
    root = root_of(tmp_path, cart, spread, WEB)
    status, (found,) = drill(capsys, root, "--lose", "cluster=hz-a", "--fault", "peak", "--seconds", "4")
    assert (status, bool(found["problems"])) == ((1, True) if after > 1 else (0, False)), found["problems"]
    if after > 1:
        assert all("as the capacity proof says" in problem for problem in found["problems"])
