"""Clusters that are partly dead, that come and go, that are slow: traffic goes where the solver says, and stays."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import TYPE_CHECKING

from compiler.drill.stub.spec import Behaviour
from tests.envoy.disasters.stage import Stage, by_cluster, changes, is_on, is_share, of_cart
from tests.envoy.disasters.test_losses import pods_of
from tests.small_fleet import weights

if TYPE_CHECKING:
    from pathlib import Path

FLAPS = 4


def test_a_cluster_that_is_partly_dead_has_the_share_that_envoys_rule_leaves_it(tmp_path: Path, loopback: str) -> None:
    """One pod of three: 20,000 requests within 5 sigma of the solved shares (58.3/31.3/10.4 of 60/30/10)."""
    pods = pods_of(loopback, a=3, b=3, c=3)
    with Stage(of_cart(weights(a=60, b=30, c=10), dict.fromkeys("abc", 3)), pods, tmp_path) as stage:
        seen = stage.strike(lambda: stage.backends.behave(Behaviour(state="down"), pods.endpoints[:1]), fault_s=2)
        counted = stage.count()
        solved = stage.solved(a=Fraction(2, 3))
    assert [s.error or s.status for s in (*seen.failed, *counted) if s.failed] == []
    assert round(solved["a"], 4) == 0.5833
    assert is_share(solved, counted), (by_cluster(counted), solved)
    assert changes(is_on(seen.during(), "a", solved["a"])) == 0


def test_a_cluster_that_comes_and_goes_is_left_once_each_time(tmp_path: Path, loopback: str) -> None:
    """No oscillation: down for 0.7 s four times, up for as long, it loses its share at most once each time and gets it
    back at most once each time (on a slow machine it may stay away between two of them); afterwards it gets it back
    once, for good. 0 failed GET.

    A change is counted between windows of 0.25 s, from more than 3/4 of its share to less than 1/4 or back (`is_on`).
    """
    pods = pods_of(loopback, a=2, b=2)
    a = pods.endpoints[:2]
    with Stage(of_cart(weights(a=50, b=50), {"a": 2, "b": 2}), pods, tmp_path) as stage:

        def flap() -> None:
            for _ in range(FLAPS):
                stage.backends.behave(Behaviour(state="down"), a)
                time.sleep(0.7)
                stage.backends.behave(Behaviour(), a)
                time.sleep(0.7)

        seen = stage.strike(flap, lambda: None, fault_s=0, back_s=3)
        after = stage.count()
    assert [s.error or s.status for s in seen.failed] == []
    assert 1 <= changes(is_on([s for s in seen.gets if s.due < seen.struck], "a", 0.5)) <= 2 * FLAPS
    assert changes(is_on([s for s in seen.gets if s.due >= seen.struck], "a", 0.5)) <= 1
    assert is_share({"a": 0.5, "b": 0.5}, after), by_cluster(after)


def test_a_slow_cluster_keeps_its_share(tmp_path: Path, loopback: str) -> None:
    """It answers 50 ms late, within the delay of the hedge: it is not lost, so its share stays, in every window too."""
    pods = pods_of(loopback, a=2, b=2)
    documents = of_cart(weights(a=70, b=30), {"a": 2, "b": 2}, hedge={"delay": "100ms"})
    with Stage(documents, pods, tmp_path) as stage:
        seen = stage.strike(lambda: stage.backends.behave(Behaviour(delay_ms=50), pods.endpoints[:2]), fault_s=3)
        counted = stage.count(workers=128)
    assert [s.error or s.status for s in (*seen.failed, *counted) if s.failed] == []
    assert changes(is_on(seen.gets, "a", 0.7)) == 0
    assert is_share({"a": 0.7, "b": 0.3}, counted), by_cluster(counted)
