"""What ends a request early, and what is tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.drill.load import Ask
from compiler.drill.stub.spec import Behaviour
from tests.envoy.effects.case import Case, Effects, Group, Refusal
from tests.small_fleet import path, policy, weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.envoy.effects.case import Side
    from tests.small_fleet import Document


def _tries(status: int, method: str = "GET") -> Callable[[Side], int]:
    """How often a request that is answered with a status reaches pods."""

    def see(side: Side) -> int:
        (answer,) = side.ask(Ask(method=method, headers=(("x-stub-status", str(status)),)))
        assert answer.status == status
        return side.requests()

    return see


def _executions_when_cut(side: Side) -> int:
    """How often a GET is executed whose connection is cut each time."""
    side.behave(Behaviour(cut_percent=100))
    assert side.get().status == 503
    return side.requests()


def _waits_for_slow_pod(side: Side) -> bool:
    """Whether requests wait for the answers of a pod that takes two seconds."""
    side.behave(Behaviour(delay_ms=2000), side.pods()[:1])
    answers = side.ask(*[Ask()] * 3)
    assert {each.status for each in answers} == {200}
    return max(each.ms for each in answers) > 1900


def _base_and_canary(side: Side) -> list[Document]:
    """The annotations of the case on the base alone."""
    canary = {"canary": "true", "canary-by-header": "x-stage"}
    return [side.ingress("base"), side.ingress("canary", paths=[path("two", "/")], annotations=canary)]


def _hedged(side: Side) -> list[Document]:
    """A Service whose requests are sent to another pod too when they have no answer after 100 ms."""
    hedge = {"delay": "100ms"}
    return [side.ingress(), side.here(policy("one", weights(a=60, b=40), hedge=hedge))]


def _slow_posts(side: Side) -> tuple[list[int], int]:
    """Statuses of two POSTs to pods that take two seconds, and how often they are executed."""
    side.behave(Behaviour(delay_ms=2000))
    answers = side.ask(Ask(method="POST"), Ask(method="POST", body=b"x" * 100_000))
    return [each.status for each in answers], side.requests()


FIVE = (Group(count=5),)

EFFECTS = Effects(
    "timeout and retry",
    (
        Case(
            "timeout",
            {"timeout": "1"},
            lambda side: side.get(x_stub_delay_ms="1500").status,
            seen=504,
            otherwise=200,
        ),
        Case(
            "timeout-of-canary",
            {"timeout": "1"},
            lambda side: side.get(x_stage="always", x_stub_delay_ms="1500").status,
            seen=504,
            otherwise=200,
            documents=_base_and_canary,
        ),
        Case("status", {"proxy-next-upstream": "http_503"}, _tries(503), seen=4, otherwise=1, groups=FIVE),
        # what a backend may have executed is not repeated, unless somebody says that it may be
        Case("status-post", {"proxy-next-upstream": "http_503"}, _tries(503, "POST"), 1, 1, groups=FIVE),
        *(
            Case(
                f"on-{word.replace('_', '-')}",
                {"proxy-next-upstream": word},
                _tries(500),
                seen=4,
                otherwise=1,
                groups=FIVE,
            )
            for word in ("error", "timeout", "invalid_header")
        ),
        Case(
            "never",
            {"proxy-next-upstream-tries": "0"},
            _executions_when_cut,
            seen=1,
            otherwise=6,
            groups=(Group(count=8),),
        ),
        Case(
            "post",
            {"proxy-next-upstream": "http_503,non_idempotent"},
            _tries(503, "POST"),
            seen=4,
            otherwise=1,
            groups=FIVE,
        ),
        Case(
            "off",
            {"proxy-next-upstream": "off"},
            _executions_when_cut,
            seen=1,
            otherwise=6,
            groups=(Group(count=8),),
        ),
        Case(
            "tries",
            {"proxy-next-upstream-tries": "1"},
            _tries(503),
            seen=2,
            otherwise=4,
            beside={"proxy-next-upstream": "http_503"},
            groups=FIVE,
        ),
        Case(
            "tries-alone",
            {"proxy-next-upstream-tries": "2"},
            _tries(502),
            seen=3,
            otherwise=1,
            groups=FIVE,
        ),
        Case(
            "try-timeout-post",
            {"proxy-next-upstream-timeout": "1"},
            _slow_posts,
            seen=([504, 504], 2),
            otherwise=([200, 200], 2),
            groups=FIVE,
        ),
        Case(
            "try-timeout",
            {"proxy-next-upstream-timeout": "1"},
            _waits_for_slow_pod,
            seen=False,
            otherwise=True,
        ),
    ),
    (
        Refusal(
            "try-timeout-beside-hedge",
            {"proxy-next-upstream-timeout": "1"},
            "envoy-hedge",
            documents=_hedged,
            groups=(Group(), Group(cluster="b")),
        ),
        Refusal(
            "too-few-tries",
            {"proxy-next-upstream-tries": "1"},
            "envoy-few-tries",
            groups=(Group(count=4), Group(cluster="b", count=4)),
        ),
    ),
)
