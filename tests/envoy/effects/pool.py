"""Bounds of the connections to a Service, counted at its pods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.drill.load import Ask, Plan, exchange
from tests.envoy.compiled import seen
from tests.envoy.effects.case import Case, Effects, Group

if TYPE_CHECKING:
    from tests.envoy.effects.case import Side

AT_ONCE = 8


def _connections(side: Side) -> dict[str, int]:
    """How many connections each pod gets, by its number, when 8 requests come at once; all are answered."""
    host, port = side.gateway.envoy.address("http")
    late = Ask(host=side.host, headers=(("x-stub-delay-ms", "100"),))
    plan = Plan(targets=(f"{host}:{port}",), asks=(late,), count=AT_ONCE, workers=AT_ONCE, keeps_answers=True)
    samples = exchange(plan)
    assert {each.status for each in samples} == {200}
    used = {(each.place, seen(each).connection) for each in samples}
    return {f"pod {number}": sum(place == pod.place for place, _ in used) for number, pod in enumerate(side.pods(), 1)}


def _connections_in_a_row(side: Side) -> int:
    """How many connections are used for nine requests, one after the other."""
    return len({seen(each).connection for each in side.ask(*[Ask()] * 9)})


EFFECTS = Effects(
    "connection pool",
    (
        Case(
            "all",
            {"connection-policy-tcp-max-connection": "2"},
            _connections,
            seen={"pod 1": 1, "pod 2": 1},
            otherwise={"pod 1": 4, "pod 2": 4},
            findings=("envoy-connections",),  # with two workers there would be four
        ),
        Case(
            "each",
            {"connection-policy-tcp-max-connection-per-endpoint": "2"},
            _connections,
            seen={"pod 1": 2, "pod 2": 2},
            otherwise={"pod 1": 4, "pod 2": 4},
        ),
        Case(
            "requests",
            {"connection-policy-http-max-request-per-connection": "3"},
            _connections_in_a_row,
            seen=3,
            otherwise=1,
            groups=(Group(count=1),),
        ),
    ),
)
