"""What is said of a drill that missed its budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from compiler.drill.asks import targets
from compiler.drill.faults import Fault
from compiler.drill.fleet import drill_fleet
from compiler.drill.measure import Budget, Numbers, ShareSeen
from compiler.drill.run import _problems
from compiler.pipeline.options import Options
from compiler.pipeline.programs import read_programs
from compiler.solver.losses import NO_LOSS, lose
from tests.small_fleet import app, fleet, ingress, path, policy, rule, tiers

if TYPE_CHECKING:
    from pathlib import Path

    from compiler.drill.faults import Kind

BUDGET = Budget(0, 100, 120, 200, "fleet.yaml")


def seen(**other: object) -> Numbers:
    """A drill in which all is well, but for `other`."""
    well: dict[str, object] = {
        "requests": 100,
        "failed": 0,
        "failed_routes": {},
        "control_p999": 10.0,
        "p999": 11.0,
        "slowest": 12.0,
        "slowest_route": "GET shop.example.com/cart",
        "shift": 0.0,
        "came_back": 0.0,
        "posts": 10,
        "posts_failed": 0,
        "posts_hung": 0,
        "posts_slowest": 12.0,
        "posts_twice": 0,
        "shares": (),
        "intruders": {},
    }
    return Numbers(**{**well, **other})  # type: ignore[arg-type]  # fields by name


def told(**other: object) -> list[str]:
    """The problems of a cluster that was killed."""
    return _problems(Fault("kill", NO_LOSS), seen(**other), BUDGET, ())


def test_a_missed_budget_names_the_field_that_sets_it() -> None:
    assert told() == []
    assert told(failed=2, failed_routes={"GET h/ 503": 2}) == [
        "2 of 100 requests failed (budget: 0, spec.drill.budgets.failed in fleet.yaml): GET h/ 503 (2)"
    ]
    assert told(p999=200.0) == [
        "p99.9 was 190 ms above that without fault (budget: 100 ms, spec.drill.budgets.p999 in fleet.yaml)"
    ]
    assert told(shift=300.0) == [
        "traffic took 300 ms to go where it should (budget: 200 ms, spec.drill.budgets.shift in fleet.yaml)"
    ]


def test_an_answer_of_an_excluded_cluster_is_told() -> None:
    assert told(intruders={"GET h/: c": 2}) == ["GET h/: c answered 2 requests, and may never serve it"]


def test_shares_that_were_seen_stand_beside_those_that_were_solved() -> None:
    """All of a route, also those that were met: together they say where the difference went."""
    shares = (ShareSeen("GET h/", "a", 0.5, 900, 1000), ShareSeen("GET h/", "b", 0.5, 100, 1000))
    assert told(shares=shares) == [
        "GET h/: shares of 1000 requests were a 90.0%, b 10.0%; solved: a 50.0%, b 50.0% (`simulate` shows why)"
    ]


@pytest.fixture
def frozen(tmp_path: Path) -> dict[Kind, list[str]]:
    """Kind of fault -> what is told when the primary of a Service with a hedge delay of 150 ms is lost."""
    spread = policy("cart", tiers(["a"], ["b"]), hedge={"delay": "150ms"})
    documents = [app("cart", "a", "b", replicas=2), spread, ingress("web", rule(path("cart")))]
    (tmp_path / "all.yaml").write_text(
        yaml.safe_dump_all([*fleet("a", "b", gateway={"targets": ["envoy"]}), *documents])
    )
    programs = read_programs(Options(root=str(tmp_path)), lambda *_: None)
    local = drill_fleet(programs.traffic, programs.traffic.gateways[0], tmp_path / "drill")
    held, _ = targets(local.gateway)
    slow = seen(p999=320.0)
    kinds: tuple[Kind, ...] = ("freeze", "kill")
    loss = lose("cluster", "a", programs.traffic.clusters)
    return {kind: _problems(Fault(kind, loss), slow, BUDGET, held) for kind in kinds}


def test_a_hedge_delay_longer_than_the_budget_allows_is_named_with_one_that_fits(
    frozen: dict[Kind, list[str]],
) -> None:
    """Two delays pass before the secondary is asked: 310 ms above are 300 ms and 10; 2 x 55 ms and 10 would be 120."""
    budget = "budget: 120 ms, spec.drill.budgets.frozen in fleet.yaml"
    why = (
        "shop/cart declares hedge.delay: 150ms, and a request waits that long for each frozen pod, two of the primary "
        "tier at least before the next tier is asked: 2 x 150 ms = 300 ms of it; declare 55ms at most, or raise the "
        "budget"
    )
    assert frozen["freeze"] == [f"p99.9 was 310 ms above that without fault ({budget}); {why}"]


def test_a_hedge_delay_is_no_reason_where_nothing_froze(frozen: dict[Kind, list[str]]) -> None:
    assert frozen["kill"] == [
        "p99.9 was 310 ms above that without fault (budget: 100 ms, spec.drill.budgets.p999 in fleet.yaml)"
    ]
