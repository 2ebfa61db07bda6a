"""Limits of routes: requests in a time, and requests at a time. What one rule counts together: `test_limits.py`."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from compiler.drill.load import Ask
from tests.envoy.compiled import header
from tests.envoy.effects.case import Case, Effects

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from compiler.drill.load import Sample
    from tests.envoy.effects.case import Side

Answer = tuple[int, str, str, str]
"""Status, kind of body, body, place of a redirect."""


def _passed(number: int) -> Callable[[Side], tuple[int, set[int]]]:
    """How many of so many requests in a row pass, and with what the others are answered."""

    def see(side: Side) -> tuple[int, set[int]]:
        statuses = [each.status for each in side.ask(*[Ask()] * number)]
        return statuses.count(200), {status for status in statuses if status != 200}

    return see


def _burst_and_refill(side: Side) -> list[bool]:
    """Whether five requests pass and one a second after them, while twelve are sent in a moment (on a busy machine: in
    two seconds), and again two seconds later.
    """
    first, _ = _passed(12)(side)
    time.sleep(2)
    second, _ = _passed(12)(side)
    return [5 <= first <= 7, 2 <= second <= 4]


def _at_once(side: Side) -> list[Sample]:
    """Six requests at once, which take a while."""
    with ThreadPoolExecutor(6) as threads:
        asked = [threads.submit(side.get, "/", x_stub_delay_ms="800") for _ in range(6)]
        return [each.result() for each in asked]


def _in_flight(side: Side) -> list[int]:
    return sorted(each.status for each in _at_once(side))


def _boiled(answer: Sample) -> Answer:
    kind, place = ("".join(header(answer, name)) for name in ("content-type", "location"))
    return answer.status, kind, answer.body.decode(), place


def _leads_to(answer: Sample) -> tuple[int, str]:
    """Status, and place of a redirect, whose scheme is that of the request, said or not."""
    status, _, _, place = _boiled(answer)
    return status, place.removeprefix("http:").removesuffix("/")


def _beyond_rate(side: Side) -> Answer:
    """The answer to a request beyond a rate of one."""
    return _boiled(next(each for each in side.ask(*[Ask()] * 6) if not each.answered_by))


def _beyond_concurrency(side: Side) -> Answer:
    return _boiled(next(each for each in _at_once(side) if not each.answered_by))


DEFAULT: Answer = (429, "text/plain", "sentinel rate limited", "")


def _answers(limit: str, see: Callable[[Side], Answer]) -> tuple[Case, ...]:
    """The answers beyond a limit of one request."""
    stem = f"{limit}-fallback"

    def case(name: str, proves: Mapping[str, str], seen: Answer, otherwise: Answer = DEFAULT, **more: str) -> Case:
        written = {f"{stem}-{key.replace('_', '-')}": value for key, value in more.items()}
        stated = {f"{stem}-{key}": value for key, value in proves.items()}
        return Case(f"{limit}-{name}", stated, see, seen, otherwise, beside={limit: "1", **written})

    body = "custom-response-body"
    return (
        case("code", {"custom-response-code": "503"}, (503, *DEFAULT[1:])),
        case("body", {body: "come later"}, (429, "text/plain", "come later", "")),
        case(
            "type",
            {"custom-response-body-type": "json"},
            (429, "application/json", '{"later": true}', ""),
            (429, "text/plain", '{"later": true}', ""),
            custom_response_body='{"later": true}',
        ),
        case(
            "redirect",
            {"redirect-url": "https://sorry.org/busy?a=b"},
            (302, "text/plain", "", "https://sorry.org/busy?a=b"),
        ),
        Case(
            f"{limit}-none",
            {limit: "0", f"{stem}-custom-response-code": "503", f"{stem}-custom-response-body-type": "json"},
            lambda side: _boiled(side.get()),
            (503, "application/json", DEFAULT[2], ""),
            (429, *DEFAULT[1:]),
            beside={limit: "0"},
        ),
        Case(
            f"{limit}-none-redirect",
            {f"{stem}-redirect-url": "sorry.org"},
            lambda side: _leads_to(side.get("/a")),
            (302, "//sorry.org"),
            (429, ""),
            beside={limit: "0"},
        ),
        case("redirect-plain", {"redirect-url": "sorry.org/busy"}, (302, "text/plain", "", "//sorry.org/busy")),
    )


LOCAL = Effects(
    "limit per replica",
    (
        Case(
            "minute",
            {"route-limit-rpm": "2"},
            _passed(14),
            seen=(10, {429}),
            otherwise=(14, set()),
            findings=("limit-per-replica",),
        ),
        Case(
            "burst",
            {"route-limit-burst-multiplier": "3"},
            _passed(14),
            seen=(6, {429}),
            otherwise=(10, {429}),
            beside={"route-limit-rpm": "2"},
        ),
        Case(
            "second",
            {"route-limit-rps": "1"},
            _burst_and_refill,
            seen=[True, True],
            otherwise=[False, False],
            findings=("limit-per-replica",),
        ),
    ),
)
GLOBAL = Effects(
    "limit of the gateway",
    (
        Case(
            "rate",
            {"rate-limit": "2"},
            lambda side: 2 <= _passed(20)(side)[0] < 6,
            seen=True,
            otherwise=False,
        ),
        *_answers("rate-limit", _beyond_rate),
    ),
)
CONCURRENCY = Effects(
    "requests in flight",
    (
        Case(
            "concurrency",
            {"concurrency-limit": "2"},
            _in_flight,
            seen=[200, 200, 429, 429, 429, 429],
            otherwise=[200] * 6,
        ),
        *_answers("concurrency-limit", _beyond_concurrency),
        Case(
            "both",
            {"concurrency-limit-fallback-custom-response-body": "too many"},
            _beyond_concurrency,
            seen=(429, "text/plain", "too many", ""),
            otherwise=DEFAULT,
            beside={
                "concurrency-limit": "1",
                "rate-limit": "1000",
                "rate-limit-fallback-custom-response-body": "too often",
            },
        ),
    ),
)
