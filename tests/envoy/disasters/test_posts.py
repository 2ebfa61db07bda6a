"""Requests that may not be executed twice, while the backends behind them die or freeze."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.envoy.disasters.stage import GET, POST, Stage, of_cart
from tests.envoy.disasters.test_losses import pods_of
from tests.small_fleet import NGINX, weights

if TYPE_CHECKING:
    from pathlib import Path

SOON_S = 0.1
"""In which Envoy has learned of connections that were cut."""
PROTOCOLS = pytest.mark.parametrize(
    ("client", "backend"), [("HTTP/1.1", "HTTP"), ("HTTP/2", "GRPC")], ids=["HTTP/1.1", "HTTP/2"]
)


def documents(backend: str) -> list[Any]:
    spread = weights(a=50, b=50)
    return of_cart(
        spread, {"a": 2, "b": 2}, annotations={NGINX + "backend-protocol": backend}, hedge={"delay": "100ms"}
    )


@PROTOCOLS
def test_of_posts_that_a_kill_meets_none_is_executed_twice_and_only_those_in_flight_fail(
    tmp_path: Path, loopback: str, client: str, backend: str
) -> None:
    """Counted at the backends; a POST that failed was sent before the connections of the dead cluster were gone."""
    with Stage(documents(backend), pods_of(loopback, a=2, b=2), tmp_path) as stage:
        asks = (GET, POST, POST)
        seen = stage.strike(lambda: stage.kill("a"), None, *asks, control_s=1, fault_s=2, rate=600, protocol=client)
    posts = seen.of("POST")
    failed = [s for s in posts if s.failed]
    assert seen.executed_twice == []
    assert [s.error or s.status for s in seen.failed] == []
    assert [s.due - seen.struck for s in failed if s.due > seen.struck + SOON_S] == []
    assert [s.ms for s in failed if s.due + s.ms / 1000 < seen.fault] == []
    assert len(failed) < len(posts) / 50
    executed = {identity for (identity, method, _), _ in seen.executions.items() if method == "POST"}
    assert len(executed) >= len([s for s in posts if not s.failed])


@PROTOCOLS
def test_posts_wait_for_what_is_frozen_and_none_is_executed_twice(
    tmp_path: Path, loopback: str, client: str, backend: str
) -> None:
    """A hedge would execute them twice: so they wait until the backends go on. Later ones go elsewhere."""
    with Stage(documents(backend), pods_of(loopback, a=2, b=2), tmp_path) as stage:
        act, mend = (lambda: stage.backends.freeze("a")), (lambda: stage.backends.thaw("a"))
        # not one by one in turn: pods are taken in turn too, and one would get POSTs alone, which have no hedge
        seen = stage.strike(act, mend, GET, GET, POST, control_s=1, fault_s=3, protocol=client)
    posts = seen.of("POST")
    assert seen.executed_twice == []
    assert [s.error or s.status for s in seen.failed] == []
    assert [s.error or s.status for s in posts if s.failed] == []
    held_up = [s for s in posts if s.due < seen.mended and s.ms > 1000]
    assert {s.cluster for s in held_up} == {"a"}
    assert seen.later_than(150, [s for s in posts if seen.struck + 1 <= s.due < seen.mended]) == []
