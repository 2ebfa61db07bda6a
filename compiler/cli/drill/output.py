"""Drills for people, for scripts, and for the test report of a CI server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from compiler.cli.formats.text import plural
from compiler.cli.table import table
from compiler.cli.terminal import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from compiler.cli.terminal import Style
    from compiler.drill.run import Outcome

VERSION = 1
"""Of the JSON form; raised when a field is removed or changes its meaning."""
_MOST = 200
_LEGEND = """\
  P99.9: above what it is without the fault. SHIFT: until nothing went to what was lost. BACK: until shares were as
  before. POST TWICE: executed more than once. Times depend on the machine; budgets: spec.drill.budgets of the Fleet.
"""


def render_text(found: Sequence[Outcome], style: Style) -> str:
    """A line per fault, then what went wrong."""
    if not found:
        return "nothing was drilled: no loss hits the gateway and leaves some of it, or no route is held to the fault\n"
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
            each.numbers.posts_twice,
            "missed" if each.problems else "kept",
        )
        for each in found
    ]
    header = ("GATEWAY", "FAULT", "REQUESTS", "FAILED", "P99.9", "SLOWEST", "SHIFT", "BACK", "POST TWICE", "BUDGETS")
    text = table(header, rows, style, _MOST)
    for each in found:
        text += "".join(f"  {style('error', escape(each.fault))}: {escape(line)}\n" for line in each.problems)
    text += style("faint", _LEGEND)
    skipped = sorted({line for each in found for line in each.skipped})
    if skipped:
        text += (
            f"  {plural(len(skipped), 'route')} left out: {escape(skipped[0])}{' and so on' if skipped[1:] else ''}\n"
        )
    untried = sorted({what for each in found for what in each.not_tried})
    if untried:
        text += f"  not tried, as only the world outside has it: {escape(', '.join(untried))}\n"
    missed = sum(bool(each.problems) for each in found)
    total = sum(each.numbers.requests for each in found)
    verdict = style("error", f"{missed} of {plural(len(found), 'fault')} missed a budget")
    kept = style("good", f"{plural(len(found), 'fault')} survived, within budgets")
    return f"{text}\n{verdict if missed else kept}: {total:,} requests, {sum(e.numbers.failed for e in found)} failed\n"


def _ms(value: float, *, signed: bool = False) -> str:
    return f"{value:+,.0f} ms" if signed else f"{value:,.0f} ms"


def render_json(found: Sequence[Outcome], style: Style) -> str:  # noqa: ARG001 - the form of every printer
    """Everything, as one JSON object; times in milliseconds."""
    drills: list[Any] = [
        {
            "gateway": each.gateway,
            "fault": each.fault,
            "kept": not each.problems,
            "problems": list(each.problems),
            "leftOut": list(each.skipped),
            "notTried": list(each.not_tried),
            "numbers": {
                **{k: v for k, v in msgspec.to_builtins(each.numbers).items() if k != "shares"},
                "shares": [{**msgspec.to_builtins(share), "met": share.is_met} for share in each.numbers.shares],
            },
        }
        for each in found
    ]
    return json.dumps({"version": VERSION, "drills": drills}, indent=2) + "\n"


def render_junit(found: Sequence[Outcome], style: Style) -> str:  # noqa: ARG001 - the form of every printer
    """A test case per fault (JUnit XML, as CI servers read it)."""
    from xml.sax.saxutils import escape as xml  # noqa: PLC0415 - one of three formats
    from xml.sax.saxutils import quoteattr  # noqa: PLC0415 - as above

    cases = ""
    for each in found:
        told = xml("\n".join(each.problems))
        body = f"<failure message={quoteattr(each.problems[0])}>{told}</failure>" if each.problems else ""
        name, suite = quoteattr(each.fault), quoteattr(f"drill.{each.gateway}")
        cases += f'  <testcase classname={suite} name={name} time="0">{body}</testcase>\n'
    failures = sum(bool(each.problems) for each in found)
    head = f'<testsuite name="fleetgate drill" tests="{len(found)}" failures="{failures}" errors="0">'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}\n{cases}</testsuite>\n'


FORMATS: dict[str, Callable[[Sequence[Outcome], Style], str]] = {
    "text": render_text,
    "json": render_json,
    "junit": render_junit,
}
