"""What is said of a drill that missed its budgets."""

from __future__ import annotations

from compiler.drill.faults import Fault
from compiler.drill.measure import Budget, Numbers, ShareSeen
from compiler.drill.run import _problems
from compiler.solver.losses import NO_LOSS

BUDGET = Budget(0, 100, 200, "fleet.yaml")


def seen(**other: object) -> Numbers:
    """A drill in which all is well, but for `other`."""
    well: dict[str, object] = {
        "requests": 100,
        "failed": 0,
        "failed_routes": {},
        "control_p999": 10.0,
        "p999": 11.0,
        "slowest": 12.0,
        "shift": 0.0,
        "came_back": 0.0,
        "posts": 10,
        "posts_failed": 0,
        "posts_twice": 0,
        "shares": (),
    }
    return Numbers(**{**well, **other})  # type: ignore[arg-type]  # fields by name


def told(**other: object) -> list[str]:
    """The problems of a cluster that was killed."""
    return _problems(Fault("kill", NO_LOSS), seen(**other), BUDGET)


def test_a_missed_budget_names_the_field_that_sets_it() -> None:
    assert told() == []
    assert told(failed=2, failed_routes={"GET h/ 503": 2}) == [
        "2 of 100 requests failed (budget: 0, spec.drill.budgets.failed in fleet.yaml): GET h/ 503 (2)"
    ]
    assert told(p999=200.0) == [
        "p99.9 was 190 ms above that without fault (budget: 100 ms, spec.drill.budgets.p999 in fleet.yaml)"
    ]
    assert told(shift=300.0) == [
        "traffic took 300 ms to leave what was lost (budget: 200 ms, spec.drill.budgets.shift in fleet.yaml)"
    ]


def test_shares_that_were_seen_stand_beside_those_that_were_solved() -> None:
    """All of a route, also those that were met: together they say where the difference went."""
    shares = (ShareSeen("GET h/", "a", 0.5, 900, 1000), ShareSeen("GET h/", "b", 0.5, 100, 1000))
    assert told(shares=shares) == [
        "GET h/: shares of 1000 requests were a 90.0%, b 10.0%; solved: a 50.0%, b 50.0% (`simulate` shows why)"
    ]
