"""What takes over when a Service has no pod, and when it answers with an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.drill.load import Ask
from compiler.drill.stub.spec import Behaviour
from tests.envoy.compiled import seen
from tests.envoy.effects.case import Case, Effects, Group, service_of

if TYPE_CHECKING:
    from tests.envoy.effects.case import Side


def _when_gone(side: Side) -> tuple[str, set[tuple[int, str]]]:
    before = side.service()
    side.behave(Behaviour(state="down"))
    return before, {(each.status, service_of(each)) for each in side.ask(*[Ask()] * 10)}


def _after_error(side: Side) -> list[tuple[int, str, str]]:
    """Status, Service and path: for an answer that is fine, one that is listed, the same to a POST, one that is not."""
    asked = (("GET", "200"), ("GET", "503"), ("POST", "503"), ("GET", "500"))
    answers = side.ask(
        *[Ask(path=CART, method=method, headers=(("x-stub-status", status),)) for method, status in asked]
    )
    assert {dict(seen(each).headers)["host"] for each in answers} == {side.host}
    return [(each.status, service_of(each), seen(each).path) for each in answers]


CART = "/cart?x=1"
OK = (200, "one", CART)

EFFECTS = Effects(
    "fallback",
    (
        Case(
            "default-backend",
            {"default-backend": "two"},
            _when_gone,
            seen=("one", {(200, "two")}),
            otherwise=("one", {(503, "")}),
        ),
        Case(
            "default-backend-elsewhere",
            {"default-backend": "NAMESPACE/two"},
            _when_gone,
            seen=("one", {(200, "two")}),
            otherwise=("one", {(503, "")}),
        ),
        Case(
            "default-backend-without-pods",
            {"default-backend": "two"},
            lambda side: {(each.status, service_of(each)) for each in side.ask(*[Ask()] * 10)},
            seen={(200, "two")},
            otherwise={(503, "")},
            groups=(Group(count=0), Group("two", count=1)),
        ),
        Case(
            "custom-http-errors",
            {"custom-http-errors": "503,404"},
            _after_error,
            # a POST is not executed a second time: the matrix says so, and the finding
            seen=[OK, (200, "two", "/"), (503, "one", CART), (500, "one", CART)],
            otherwise=[OK, (503, "one", CART), (503, "one", CART), (500, "one", CART)],
            beside={"default-backend": "two"},
            findings=("errors-replay",),
        ),
    ),
)
