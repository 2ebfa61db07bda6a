"""What takes over when a Service has no pod, and when it answers with an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.drill.load import Ask
from compiler.drill.stub.spec import Behaviour
from tests.envoy.compiled import seen
from tests.envoy.effects.case import Case, Effects, service_of

if TYPE_CHECKING:
    from tests.envoy.effects.case import Side


def _when_gone(side: Side) -> tuple[str, set[tuple[int, str]]]:
    before = side.service()
    side.behave(Behaviour(state="down"))
    return before, {(each.status, service_of(each)) for each in side.ask(*[Ask()] * 10)}


def _after_error(side: Side) -> list[tuple[int, str, str]]:
    """Status, Service and path, for an answer that is fine, one that is listed, and one that is not."""
    answers = [side.get("/cart?x=1", x_stub_status=status) for status in ("200", "503", "500")]
    assert {dict(seen(each).headers)["host"] for each in answers} == {side.host}
    return [(each.status, service_of(each), seen(each).path) for each in answers]


def _error_to_post(side: Side) -> tuple[int, str]:
    (answer,) = side.ask(Ask(method="POST", body=b"x", headers=(("x-stub-status", "503"),)))
    return answer.status, service_of(answer)


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
            "custom-http-errors",
            {"custom-http-errors": "503,404"},
            _after_error,
            seen=[(200, "one", "/cart?x=1"), (200, "two", "/"), (500, "one", "/cart?x=1")],
            otherwise=[(200, "one", "/cart?x=1"), (503, "one", "/cart?x=1"), (500, "one", "/cart?x=1")],
            beside={"default-backend": "two"},
            findings=("errors-replay",),
        ),
    ),
)
