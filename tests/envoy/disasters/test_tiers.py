"""Primary and secondaries under load: the next takes over when nothing of one is left, and only then."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from compiler.drill.stub.spec import Behaviour
from tests.envoy.disasters.stage import Stage, by_cluster, of_cart
from tests.envoy.disasters.test_losses import pods_of
from tests.small_fleet import tiers

if TYPE_CHECKING:
    from pathlib import Path


def test_three_tiers_take_over_in_order_and_give_back(tmp_path: Path, loopback: str) -> None:
    """100 % to the first that lives, at each step; 0 failed GET."""
    documents = of_cart(tiers(["a"], ["b"], ["c"]), dict.fromkeys("abc", 2))
    with Stage(documents, pods_of(loopback, a=2, b=2, c=2), tmp_path) as stage:
        first = stage.strike(lambda: stage.kill("a"), control_s=1, fault_s=2)
        second = stage.strike(lambda: stage.kill("b"), lambda: stage.start("a", "b"), control_s=1, fault_s=2)
        back = stage.count(requests=2000)
    assert [by_cluster(s) for s in (first.control, first.during())] == [
        {"a": len(first.control)},
        {"b": len(first.during())},
    ]
    assert [by_cluster(s) for s in (second.control, second.during())] == [
        {"b": len(second.control)},
        {"c": len(second.during())},
    ]
    assert by_cluster(back) == {"a": 2000}
    assert [s.error or s.status for s in (*first.failed, *second.failed)] == []
    assert max(first.above_control_ms, second.above_control_ms) <= 100


@pytest.mark.parametrize(("below", "serves"), [(0, "a"), (70, "b")], ids=["undeclared", "declared"])
def test_a_third_of_a_primary_lost_spills_only_where_that_is_declared(
    tmp_path: Path, loopback: str, below: int, serves: str
) -> None:
    """Two of six pods die: not one request leaves the primary, or all do where less than 70 % is to spill. And back."""
    spread: dict[str, Any] = tiers(["a"], ["b"])
    spread["primarySecondary"]["spillover"] = {"belowHealthyPercent": below}
    pods = pods_of(loopback, a=6, b=6)
    third = pods.endpoints[:2]
    with Stage(of_cart(spread, {"a": 6, "b": 6}), pods, tmp_path) as stage:
        seen = stage.strike(
            lambda: stage.backends.behave(Behaviour(state="down"), third),
            lambda: stage.backends.behave(Behaviour(), third),
            control_s=1,
            fault_s=4,
        )
        back = stage.count(requests=2000)
        solved = stage.solved(a=Fraction(2, 3))
    assert solved == {serves: 1}
    assert [s.error or s.status for s in seen.failed] == []
    assert by_cluster(seen.control) == {"a": len(seen.control)}
    # how many are left is told by checks, a second apart, of which two have to fail, or by five requests that failed
    late = seen.during(after_s=0 if serves == "a" else 2.5)
    assert by_cluster(late) == {serves: len(late)}
    assert by_cluster(back) == {"a": 2000}
