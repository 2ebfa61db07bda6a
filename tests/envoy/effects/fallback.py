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
    answers = []
    for method, status in (("GET", 200), ("GET", 503), ("POST", 503), ("GET", 500)):
        side.behave(Behaviour(status=status))
        answers += side.ask(Ask(path=CART, method=method))
    assert {dict(seen(each).headers)["host"] for each in answers} == {side.host}
    return [(each.status, service_of(each), seen(each).path) for each in answers]


def _page(side: Side) -> tuple[str, dict[str, list[str]], list[str], str]:
    """Who answers after an error; some headers as a client sees them, in their order; what the pod sees of two."""
    side.behave(Behaviour(status=404))
    asked = (
        *(("accept", "text/html"), ("x-two", "1"), ("x-two", "2"), ("origin", "https://a.org")),
        *(
            ("x-stub-header", "set-cookie: a=1"),
            ("x-stub-header", "set-cookie: b=2"),
            ("x-stub-header", "x-old: theirs"),
        ),
    )
    (answer,) = side.ask(Ask(headers=asked))
    wanted = ("set-cookie", "x-old", "x-new", "access-control-allow-origin")
    headers = {name: [value for key, value in answer.headers if key == name] for name in wanted}
    told = seen(answer).headers
    return service_of(answer), headers, [value for key, value in told if key == "x-two"], dict(told)["accept"]


def _without_page(side: Side) -> tuple[int, str]:
    side.behave(Behaviour(status=404))
    side.behave(Behaviour(state="down"), side.pods("two"))
    answer = side.get()
    return answer.status, service_of(answer)


_CHANGED = {
    "set-cookie": ["a=1", "b=2"],
    "x-old": [],
    "x-new": ["mine"],
    "access-control-allow-origin": ["https://a.org"],
}
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
        Case(
            "the-page-is-an-answer-like-others",
            {"custom-http-errors": "404"},
            _page,
            seen=("two", _CHANGED, ["1", "2"], "text/html"),
            otherwise=("one", _CHANGED, ["1", "2"], "text/html"),
            beside={
                "default-backend": "two",
                "enable-cors": "true",
                "response-header-control-update": "x-new mine",
                "response-header-control-remove": "x-old",
            },
            findings=("errors-replay",),
        ),
        # the Service's own answer says more than that its page is gone
        Case(
            "the-page-is-gone",
            {"custom-http-errors": "404"},
            _without_page,
            seen=(404, "one"),
            otherwise=(404, "one"),
            beside={"default-backend": "two"},
            findings=("errors-replay",),
        ),
    ),
)
