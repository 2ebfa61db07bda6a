"""A trace for people: what happens first, then where that is written, then why not otherwise.

Whoever reads it may have been woken up for it: the answer is the second line, and nothing needs scrolling to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.cli.report import Place
from compiler.cli.table import table
from compiler.cli.terminal import escape, width
from compiler.cli.trace import words
from compiler.trace.outcome import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction

    from compiler.cli.terminal import Role, Style
    from compiler.diagnostics import Origin
    from compiler.pipeline import Compilation
    from compiler.trace.conditions import Miss
    from compiler.trace.outcome import Candidate, Forwarding, Part, Trace

_MOST = 30
"""Rows of losers."""

_REASONS = {
    "bad-request": "refused before any route is looked at",
    "no-listener": "nobody listens",
    "no-certificate": "the connection is closed",
    "escaped-slashes": "sent to the plain path",
    "no-host": "no host of the gateway answers to this name",
    "no-route": "no route of the host matches",
    "https": "plain HTTP is sent to HTTPS",
    "preflight": "answered by the gateway",
    "access": "refused by a list of addresses",
    "auth": "asked for credentials",
    "limit": "refused by a limit that lets nobody pass",
    "redirect": "redirected",
    "direct": "answered by the gateway",
}


def render_text(traces: Sequence[Trace], compilation: Compilation, near: str, style: Style) -> str:
    """All traces, with an empty line between two. `near`: a host that may have been meant; "" = none comes near."""
    return "\n".join("".join(_trace(each, compilation, near, style)) for each in traces)


def _trace(found: Trace, compilation: Compilation, near: str, style: Style) -> Iterator[str]:
    request = found.request
    where = f"gateway {found.gateway}" + (f", host {found.tried[0].host}" if found.tried else "")
    yield f"{style('strong', escape(f'{request.method} {request.url}'))}  {style('faint', f'({escape(where)})')}\n"
    if isinstance(found.result, Answer):
        yield from _answer(found.result, style)
        if not found.tried and near:
            yield f"  did you mean {escape(near)}?\n"
    else:
        yield from _forwarding(found.result, found, style)
    yield from (f"  {style('faint', 'if')} {escape(each)}\n" for each in found.assumed)
    yield from _said(found, compilation, style)
    yield from _losers(found, compilation, style)


def _answer(answer: Answer, style: Style) -> Iterator[str]:
    role: Role = "good" if answer.status is not None and answer.status < 400 else "error"
    head = str(answer.status) if answer.status is not None else "no answer"
    told = _REASONS[answer.reason] + (f": {answer.says}" if answer.says else "")
    yield f"  {style(role, head)}  {escape(told)}\n"
    if answer.location:
        yield f"  {' ' * len(head)}  {escape(answer.location)}\n"


def _forwarding(result: Forwarding, found: Trace, style: Style) -> Iterator[str]:
    if all(part.is_lost for part in result.parts):
        yield f"  {style('error', '503')}  nothing healthy is left: every pod is tried, in vain (504 where they hang)\n"
    rows: list[tuple[str, str]] = []
    for part in result.parts:
        name = words.backend(part.backend) + ("  canary" if part.is_canary else "")
        rows.append((name, percent(part.share)))
        if part.is_lost:
            rows.append(("    nothing healthy is left", "503"))
            continue
        if part.served_by.service != part.backend.service:
            rows.append((f"    nothing of it is left; {words.backend(part.served_by)} takes over", ""))
        rows += [(f"    {each.cluster}", percent(each.share)) for each in part.clusters]
        rows += [(f"    {', '.join(tier)}", "stands by") for tier in part.standby]
        if not part.clusters:
            rows.append(("    no cluster", "503"))
    left = max(width(escape(name)) for name, _ in rows)
    for name, share in rows:
        shown = escape(name)
        role: Role = "error" if share == "503" else "faint" if name.startswith(" ") else "good"
        yield f"  {style(role, shown)}{' ' * (left - width(shown))}  {share:>8}\n"
    if result.fallback is not None:
        yield f"  when none of its pods is left: {escape(words.backend(result.fallback))}\n"
    if (result.path, result.host) != (found.path + _query(found), found.request.host):
        yield f"  seen by the backend as {escape(f'{result.host}{result.path}')}\n"


def _query(found: Trace) -> str:
    return "" if found.request.query is None else f"?{found.request.query}"


def _said(found: Trace, compilation: Compilation, style: Style) -> Iterator[str]:
    """Where all that is written."""
    winner = found.winner
    if winner is None:
        return
    route = winner.route
    rows = [("route", _named(winner, is_of_host=True), route.origin)]
    if not isinstance(found.result, Answer):
        rows += [row for part in found.result.parts for row in _of_part(part, found)]
    elif found.result.origin is not None and found.result.reason in ("redirect", "direct"):
        rows.append((found.result.reason, str(found.result.status), found.result.origin))
    rows += words.policies(found)
    yield "\n"
    yield table(
        ("WHAT", "", "WRITTEN IN"), [(name, told, place_of(origin, compilation)) for name, told, origin in rows], style
    )


def _named(candidate: Candidate, *, is_of_host: bool) -> str:
    conditions = words.conditions_of(candidate.route.match)
    of_host = f" of host {candidate.host}" if is_of_host else ""
    return f"{words.path_of(candidate.route.match)}{of_host}" + (f", {conditions}" if conditions else "")


def _worth_saying(candidate: Candidate) -> tuple[Miss, ...]:
    """Of a route for another path nobody asks for the rest."""
    return candidate.misses[:1] if candidate.misses and candidate.misses[0].part == "path" else candidate.misses


def _of_part(part: Part, found: Trace) -> Iterator[tuple[str, str, Origin]]:
    if part.is_canary and found.winner is not None and part.owner != found.winner.route.owner:
        yield "canary", f"{part.owner}, {percent(part.share)}", part.origin
    if part.backend.spread.origin.file:
        yield "spread", str(part.backend.service), part.backend.spread.origin
    if part.headers is not None:
        yield from (("header", each, part.headers.origin) for each in words.header_changes(part.headers))


def _losers(found: Trace, compilation: Compilation, style: Style) -> Iterator[str]:
    """Every other route of the hosts that were tried: first those that came near, in the order of the gateway."""
    others = [each for each in found.candidates if each.verdict != "wins"]
    if not others:
        return
    near = [each for each in others if not each.misses or each.misses[0].part != "path"]
    far = [each for each in others if each not in near]
    has_hosts = len(found.tried) > 1
    rows = [
        (
            _named(each, is_of_host=has_hosts),
            str(each.route.owner),
            "; ".join(words.miss(missed) for missed in _worth_saying(each)) or "matches too, tried later",
            place_of(each.route.origin, compilation),
        )
        for each in (*near, *far)
    ]
    yield "\n"
    yield table(("ROUTE THAT LOST", "OF", "WHY", "WRITTEN IN"), rows, style, _MOST)


def place_of(origin: Origin, compilation: Compilation) -> str:
    """`apps/shop/ingress.yaml:14:13`."""
    return str(Place(origin.file, *compilation.place(origin))) if origin.file else ""


def percent(share: Fraction) -> str:
    """A share for people: two decimals at most."""
    return f"{float(share) * 100:.2f}".rstrip("0").rstrip(".") + " %"
