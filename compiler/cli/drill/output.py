"""Drills for people, for scripts, and for the test report of a CI server."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from compiler.cli.formats.text import plural
from compiler.cli.table import table
from compiler.cli.terminal import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from compiler.cli.terminal import Style
    from compiler.drill.run import Outcome, Untried

    Found = Sequence[Outcome | Untried]

VERSION = 1
"""Of the JSON form; raised when a field is removed or changes its meaning."""
_MOST = 200
_MOST_LEFT_OUT = 5
_HEADER = (
    *("GATEWAY", "FAULT", "REQUESTS", "FAILED", "P99.9", "SLOWEST", "SHIFT", "BACK"),
    *("POST FAILED", "HUNG", "TWICE", "BUDGETS"),
)
_LEGEND = """\
  REQUESTS to SHIFT are about GETs. P99.9: above what it is without the fault. SHIFT: until none failed, was late or
  went where none should go. BACK: until shares were as before. POST FAILED, HUNG, TWICE: POSTs without an answer or
  with 5xx; without an answer for a second or until the fault ended; executed more than once. A POST that a pod has may
  have been executed: it is sent to no other, and fails or hangs with its pod; budgets bound only TWICE, by 0.
  Times depend on the machine; budgets: spec.drill.budgets of the Fleet.
"""


def render_text(every: Found, style: Style) -> str:
    """A line per fault, then what went wrong."""
    found, untried = _apart(every)
    if not every:
        return "nothing was drilled: no loss hits the gateway and leaves some of it\n"
    if not found:
        return f"{_not_drilled(untried)}\nnothing was drilled\n"
    rows = [
        (
            each.gateway,
            each.fault,
            each.numbers.requests,
            each.numbers.failed,
            _ms(each.numbers.p999 - each.numbers.control_p999, signed=True),
            _ms(each.numbers.slowest),
            _ms(each.numbers.shift),
            "not yet" if each.numbers.came_back is None else _ms(each.numbers.came_back),
            each.numbers.posts_failed,
            each.numbers.posts_hung,
            each.numbers.posts_twice,
            "missed" if each.problems else "kept",
        )
        for each in found
    ]
    text = table(_HEADER, rows, style, _MOST)
    for each in found:
        text += "".join(f"  {style('error', escape(each.fault))}: {escape(line)}\n" for line in each.problems)
    text += style("faint", _LEGEND)
    text += _left_out(found)
    outside = sorted({what for each in found for what in each.not_tried})
    if outside:
        text += f"  not tried, as only the world outside has it: {escape(', '.join(outside))}\n"
    text += _not_drilled(untried)
    missed = sum(bool(each.problems) for each in found)
    total = sum(each.numbers.requests for each in found)
    verdict = style("error", f"{missed} of {plural(len(found), 'fault')} missed a budget")
    kept = style("good", f"{plural(len(found), 'fault')} survived, {_routes(found)}, within budgets")
    return f"{text}\n{verdict if missed else kept}: {total:,} requests, {sum(e.numbers.failed for e in found)} failed\n"


def _apart(every: Found) -> tuple[list[Outcome], list[Untried]]:
    """What was drilled, and what was not."""
    from compiler.drill.run import Outcome, Untried  # noqa: PLC0415 - needs packages of an extra

    found = [each for each in every if isinstance(each, Outcome)]
    return found, [each for each in every if isinstance(each, Untried)]


def _not_drilled(untried: Sequence[Untried]) -> str:
    return "".join(
        f"  not drilled at {escape(each.gateway)}: {escape(each.fault)}, as {each.why}\n" for each in untried
    )


def _left_out(found: Sequence[Outcome]) -> str:
    """The routes that were left out, why, and of how many faults."""
    counts = Counter(line for each in found for line in dict.fromkeys(each.skipped))
    if not counts:
        return ""
    lines = [f"{line} (left out of {count} of {plural(len(found), 'fault')})" for line, count in sorted(counts.items())]
    text = f"  {plural(len(lines), 'route')} left out:\n"
    text += "".join(f"    {escape(line)}\n" for line in lines[:_MOST_LEFT_OUT])
    rest = len(lines) - _MOST_LEFT_OUT
    return text + (f"    and {rest} more: --format json names all\n" if rest > 0 else "")


def _routes(found: Sequence[Outcome]) -> str:
    """How many of the routes were tried: `on 5 of 6 routes`; with faults that differ in that also how they do."""
    counts = sorted({(each.routes_tried, each.routes) for each in found})
    parts = [(tried, routes) for tried, routes in counts if tried < routes]
    if not parts:
        return "on all routes"
    tried, routes = parts[0]
    if len(counts) == 1:
        return f"on {tried} of {plural(routes, 'route')}"
    some = sum(each.routes_tried < each.routes for each in found)
    return f"{some} of them not on all routes (at least on {tried} of {routes})"


def _ms(value: float, *, signed: bool = False) -> str:
    return f"{value:+,.0f} ms" if signed else f"{value:,.0f} ms"


def render_json(every: Found, style: Style) -> str:  # noqa: ARG001 - the form of every printer
    """Everything, as one JSON object; times in milliseconds."""
    found, untried = _apart(every)
    drills: list[Any] = [
        {
            "gateway": each.gateway,
            "fault": each.fault,
            "kept": not each.problems,
            "problems": list(each.problems),
            "leftOut": list(each.skipped),
            "notTried": list(each.not_tried),
            "routesTried": each.routes_tried,
            "routes": each.routes,
            "seconds": round(each.seconds, 3),
            "numbers": {
                **{k: v for k, v in msgspec.to_builtins(each.numbers).items() if k != "shares"},
                "shares": [{**msgspec.to_builtins(share), "met": share.is_met} for share in each.numbers.shares],
            },
        }
        for each in found
    ]
    not_drilled = msgspec.to_builtins(untried)
    return json.dumps({"version": VERSION, "drills": drills, "notDrilled": not_drilled}, indent=2) + "\n"


def render_junit(every: Found, style: Style) -> str:  # noqa: ARG001 - the form of every printer
    """A test case per fault (JUnit XML, as CI servers read it)."""
    from xml.sax.saxutils import escape as xml  # noqa: PLC0415 - one of three formats
    from xml.sax.saxutils import quoteattr  # noqa: PLC0415 - as above

    found, untried = _apart(every)
    cases = ""
    for each in found:
        told = xml("\n".join(each.problems))
        body = f"<failure message={quoteattr(each.problems[0])}>{told}</failure>" if each.problems else ""
        body += f"<system-out>{xml(_summary(each))}</system-out>"
        name, suite = quoteattr(each.fault), quoteattr(f"drill.{each.gateway}")
        cases += f'  <testcase classname={suite} name={name} time="{each.seconds:.3f}">{body}</testcase>\n'
    for one in untried:
        name, suite = quoteattr(one.fault), quoteattr(f"drill.{one.gateway}")
        cases += (
            f'  <testcase classname={suite} name={name} time="0"><skipped message={quoteattr(one.why)}/></testcase>\n'
        )
    failures = sum(bool(each.problems) for each in found)
    seconds = sum(each.seconds for each in found)
    counts = f'tests="{len(every)}" failures="{failures}" errors="0" skipped="{len(untried)}" time="{seconds:.3f}"'
    head = f'<testsuite name="fleetgate drill" {counts}>'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}\n{cases}</testsuite>\n'


def _summary(outcome: Outcome) -> str:
    """The numbers of the table, in words."""
    seen = outcome.numbers
    return (
        f"{plural(seen.requests, 'request')}, {seen.failed} failed, "
        f"p99.9 {_ms(seen.p999 - seen.control_p999, signed=True)}, on {outcome.routes_tried} of "
        f"{plural(outcome.routes, 'route')}; {plural(seen.posts, 'POST')}: {seen.posts_failed} failed, "
        f"{seen.posts_hung} hung (the slowest took {_ms(seen.posts_slowest)}), {seen.posts_twice} executed twice"
    )


FORMATS: dict[str, Callable[[Found, Style], str]] = {
    "text": render_text,
    "json": render_json,
    "junit": render_junit,
}
