"""Clusters that die under load: the shares of those that are left, and no failed request."""

from __future__ import annotations

import time
from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from tests.envoy.compiled import Pods
from tests.envoy.disasters.stage import REQUESTS, Stage, by_cluster, is_share, of_cart
from tests.small_fleet import weights

if TYPE_CHECKING:
    from pathlib import Path

SETS = [set_ for size in (1, 2) for set_ in combinations("abc", size)]


def pods_of(loopback: str, **counts: int) -> Pods:
    """Pods of cart in clusters."""
    pods = Pods(loopback)
    for cluster, count in counts.items():
        pods.add("cart", cluster, count)
    return pods


def test_of_two_active_clusters_one_dies_and_the_other_takes_everything(tmp_path: Path, loopback: str) -> None:
    """50/50 before and after; 0 failed GET; p99.9 at most 100 ms above that of the stretch before."""
    documents = of_cart(weights(a=50, b=50), {"a": 2, "b": 2})
    with Stage(documents, pods_of(loopback, a=2, b=2), tmp_path) as stage:
        before = stage.count()
        seen = stage.strike(lambda: stage.kill("a"), lambda: stage.start("a"))
        after = stage.count()
    assert is_share({"a": 0.5, "b": 0.5}, before), by_cluster(before)
    assert [s.error or s.status for s in seen.failed] == []
    assert by_cluster(seen.during()) == {"b": len(seen.during())}
    assert seen.above_control_ms <= 100
    assert is_share({"a": 0.5, "b": 0.5}, after), by_cluster(after)


@pytest.mark.parametrize("lost", SETS, ids="+".join)
def test_weighted_clusters_keep_their_shares_among_those_that_are_left(
    tmp_path: Path, loopback: str, lost: tuple[str, ...]
) -> None:
    """70/20/10: 20,000 requests after the loss of each one and each two, killed while they come; 0 failed."""
    documents = of_cart(weights(a=70, b=20, c=10), dict.fromkeys("abc", 3))
    with Stage(documents, pods_of(loopback, a=3, b=3, c=3), tmp_path) as stage:
        with stage.load(count=REQUESTS + 4000) as load:
            time.sleep(0.5)
            stage.kill(*lost)
            struck = time.monotonic()
            samples = load.wait()
        solved = stage.solved(**dict.fromkeys(lost, Fraction(0)))
    after = [s for s in samples if s.due > struck][-REQUESTS:]
    assert [s.error or s.status for s in samples if s.failed] == []
    assert len(after) > REQUESTS * 0.8, "the machine was too slow to kill anything in time"
    assert is_share(solved, after), (by_cluster(after), solved)
