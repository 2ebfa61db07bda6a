"""The declared peak, scaled: what is sent, what pods carry, and what is told of it."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from compiler.drill.asks import targets
from compiler.drill.backends import Backends
from compiler.drill.client.plan import Sample
from compiler.drill.fleet import DrillFleet, drill_fleet
from compiler.drill.peak import Peak, capacities, peak
from compiler.pipeline.options import Options
from compiler.pipeline.programs import read_programs
from compiler.solver.losses import NO_LOSS, lose
from tests.small_fleet import app, fleet, ingress, path, policy, rule, weights

if TYPE_CHECKING:
    from pathlib import Path

    from compiler.solver.losses import Loss


def declared(name: str, replicas: int, rate: int) -> list[Any]:
    """An App in a and b, 100 requests per second a pod, and its demand."""
    spread = policy(name, weights(a=50, b=50))
    spread["spec"]["targetRefs"][0]["demand"] = {"requestsPerSecond": rate}
    return [app(name, "a", "b", replicas=replicas, capacity={"requestsPerSecond": 100}), spread]


@pytest.fixture
def local(tmp_path: Path) -> DrillFleet:
    """900 requests per second for six pods in each of two clusters; 300 for another Service with as many."""
    rules = [ingress(name, rule(path(name, f"/{name}"))) for name in ("cart", "other", "plain")]
    documents = [*declared("cart", 6, 900), *declared("other", 6, 300), app("plain", "a", "b", replicas=1), *rules]
    (tmp_path / "all.yaml").write_text(
        yaml.safe_dump_all([*fleet("a", "b", gateway={"targets": ["envoy"]}), *documents])
    )
    programs = read_programs(Options(root=str(tmp_path)), lambda *_: None)
    return drill_fleet(programs.traffic, programs.traffic.gateways[0], tmp_path / "drill")


def at_peak(local: DrillFleet, loss: Loss) -> Peak:
    found = peak(local, targets(local.gateway)[0], loss, 300)
    assert found is not None
    return found


def test_services_with_a_demand_are_asked_in_proportion_and_all_by_one_factor(
    local: DrillFleet, tmp_path: Path
) -> None:
    found = at_peak(local, NO_LOSS)
    assert [str(service) for service in found.services] == ["shop/other", "shop/cart"]
    assert found.turns == (50, 150)
    assert found.factor == Fraction(1, 4)
    backends = Backends(local.endpoints, tmp_path)
    carried: dict[tuple[str, str], float] = {}
    for end, behaviour in capacities(local, found.factor, backends):
        key = (end.service, end.cluster)
        carried[key] = carried.get(key, 0) + behaviour.requests_per_second
    assert carried == pytest.approx({(f"shop/{name}", c): 150 for name in ("cart", "other") for c in "ab"})


def test_what_the_proof_says_of_a_loss_is_compared_with_what_was_seen(local: DrillFleet) -> None:
    """cart: a alone would need 900 and carries 600; other: 300 of 600."""
    assert at_peak(local, NO_LOSS).predicted == {}
    found = at_peak(local, lose("cluster", "b", local.traffic.clusters))
    assert {str(s): why for s, why in found.predicted.items()} == {
        "shop/cart": "a needs 900 requests per second, can carry 600"
    }

    def told(cart_ms: float, other_ms: float) -> list[str]:
        samples = [Sample(n, 0, (other_ms, cart_ms)[n % 2], 200, "a shop/x - 127.0.0.1:1") for n in range(200)]
        return list(found.problems(samples, 10, (0, 1)))

    (problem,) = told(900, 5)
    assert problem.startswith("shop/cart was overloaded, as the capacity proof says: a needs 900 requests per second, ")
    assert problem.endswith("; 100 of 100 requests")
    assert told(5, 5)[0].startswith("the capacity proof says that shop/cart is overloaded, and it was not")
    assert told(900, 900)[0] == "shop/other was overloaded, and the capacity proof says that it is not: 100 of 100"


def test_without_a_declared_demand_there_is_no_peak(tmp_path: Path) -> None:
    documents = [app("cart", "a", "b", replicas=1), ingress("cart", rule(path("cart")))]
    (tmp_path / "all.yaml").write_text(
        yaml.safe_dump_all([*fleet("a", "b", gateway={"targets": ["envoy"]}), *documents])
    )
    programs = read_programs(Options(root=str(tmp_path)), lambda *_: None)
    local = drill_fleet(programs.traffic, programs.traffic.gateways[0], tmp_path / "drill")
    assert peak(local, targets(local.gateway)[0], NO_LOSS, 300) is None
