"""Backends that freeze, and packets that are dropped, with a declared hedge delay of 100 ms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from compiler.drill.stub.spec import Behaviour
from tests.envoy.disasters.stage import Stage, by_cluster, is_share, of_cart
from tests.envoy.disasters.test_losses import pods_of
from tests.small_fleet import tiers, weights

if TYPE_CHECKING:
    from pathlib import Path

HEDGE = {"hedge": {"delay": "100ms"}}
SPREADS: dict[str, dict[str, Any]] = {
    "1:1": weights(a=50, b=50),
    "9:1": weights(a=90, b=10),
    "tiers": tiers(["a"], ["b"]),
}


def check(stage: Stage, fault: str, rate: float = 400) -> None:
    """0 failed GET, the slowest within 500 ms, and from one second after the fault on none above 150 ms."""
    a = stage.backends.endpoints("a")

    def act() -> None:
        if fault == "freeze":
            stage.backends.freeze("a")
        else:
            stage.backends.behave(Behaviour(state="unreachable"), a)

    def mend() -> None:
        if fault == "freeze":
            stage.backends.thaw("a")
        else:
            stage.backends.behave(Behaviour(), a)

    seen = stage.strike(act, mend, fault_s=5, rate=rate)
    assert [s.error or s.status for s in seen.failed] == []
    assert seen.later_than(500, seen.gets) == []
    assert seen.later_than(150, seen.during(after_s=1)) == []
    late = seen.during(after_s=1)
    assert by_cluster(late) == {"b": len(late)}


@pytest.mark.parametrize("fault", ["freeze", "drop"])
@pytest.mark.parametrize("spread", ["1:1", "tiers"])
def test_what_says_nothing_is_passed_by(tmp_path: Path, loopback: str, spread: str, fault: str) -> None:
    """0 failed GET, slowest at most 500 ms, and none above 150 ms later than 1 s after the fault."""
    documents = of_cart(SPREADS[spread], {"a": 2, "b": 2}, **HEDGE)
    with Stage(documents, pods_of(loopback, a=2, b=2), tmp_path) as stage:
        check(stage, fault)


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["freeze", "drop"])
@pytest.mark.parametrize(("spread", "pods"), [("9:1", 2), ("9:1", 6), ("9:1", 12), ("tiers", 6), ("1:1", 12)])
def test_what_says_nothing_is_passed_by_however_much_it_is(
    tmp_path: Path, loopback: str, spread: str, pods: int, fault: str
) -> None:
    """Frozen and dropped with many pods: 0 failed GET, slowest at most 500 ms, none above 150 ms after 1 s.

    At 30 requests per second and pod: with fewer than some 20 Envoy has too little to go by within a second, and it is
    the health check that finds what is frozen.
    """
    documents = of_cart(SPREADS[spread], {"a": pods, "b": pods}, **HEDGE)
    with Stage(documents, pods_of(loopback, a=pods, b=pods), tmp_path) as stage:
        check(stage, fault, rate=max(400, 60 * pods))


def test_a_service_that_is_slow_at_times_keeps_its_shares(tmp_path: Path, loopback: str) -> None:
    """Of 20,000 requests 5 % take 200 ms, twice the delay of the hedge: shares within 5 sigma of 60/30/10."""
    documents = of_cart(weights(a=60, b=30, c=10), dict.fromkeys("abc", 2), **HEDGE)
    pods = pods_of(loopback, a=2, b=2, c=2)
    with Stage(documents, pods, tmp_path) as stage:
        stage.backends.behave(Behaviour(delay_ms=200, delay_percent=5), pods.endpoints)
        seen = stage.count(workers=48)
        left_out = stage.left_out()
    assert [s.error or s.status for s in seen if s.failed] == []
    assert is_share({"a": 0.6, "b": 0.3, "c": 0.1}, seen), by_cluster(seen)
    assert left_out == {}
