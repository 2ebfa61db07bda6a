"""A route that no request can reach, because one before it takes them all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from compiler.diagnostics import Note, warning
from compiler.ir.regex import literal_prefix

if TYPE_CHECKING:
    from compiler.diagnostics import Diagnostics
    from compiler.ir.traffic import Match, Route, Traffic

SHADOWED_ROUTE = warning(
    "shadowed-route",
    "a route that no request can reach",
    "Routes of a host are tried in order: Exact paths, then Prefix paths (longer first), then regular expressions "
    "(longer first), then the prefix /. A regular expression whose paths all lie under a Prefix of the same host is "
    "never tried; so is everything behind a regular expression that matches every path. Both places are named.",
)
_ALL = re.compile(r"/?(?:\((?:\?:)?\.\*\)|\.\*)+")
"""A pattern that every path matches."""


def check_shadowed_routes(traffic: Traffic, findings: Diagnostics) -> None:
    """Report regex routes under an earlier prefix, and routes behind one that matches everything."""
    for gateway in traffic.gateways:
        for host in gateway.hosts:
            if any(r.match.path.kind == "regex" for r in host.routes):
                _check_host(host.routes, findings)


def _check_host(routes: tuple[Route, ...], findings: Diagnostics) -> None:
    earlier: list[Route] = []
    for route in routes:
        taker = next((e for e in earlier if _takes_all(e.match, route.match)), None)
        if taker is not None:
            findings.add(
                SHADOWED_ROUTE,
                route.origin,
                route.match.path.value,
                f"{taker.match.path.kind} path {taker.match.path.value} of the same host is tried first and takes "
                "every request that this could match",
                "make the paths disjoint, or delete this one",
                (Note(taker.origin, "the route that is tried first"),),
            )
        elif not (route.match.headers or route.match.query or route.match.cookies or route.match.methods):
            earlier.append(route)


def _takes_all(first: Match, second: Match) -> bool:
    if first.path.kind == "regex" and _ALL.fullmatch(first.path.value):
        return True
    if first.path.kind == "prefix" and second.path.kind == "regex":
        prefix = first.path.value.rstrip("/")
        # the common way to keep the rest of a path: what follows the prefix is a slash or nothing
        return second.path.value.startswith(f"{prefix}(/|$)") or literal_prefix(second.path.value).startswith(
            f"{prefix}/"
        )
    return False
