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
    everything: Route | None = None
    prefixes: list[Route] = []
    for route in routes:
        path, is_regex = route.match.path, route.match.path.kind == "regex"
        taker = everything
        if taker is None and is_regex:
            taker = next((e for e in prefixes if _is_below(e.match.path.value, path.value)), None)
        if taker is not None:
            findings.add(
                SHADOWED_ROUTE,
                route.origin,
                path.value,
                f"{taker.match.path.kind} path {taker.match.path.value} of the same host is tried first and takes "
                "every request that this could match",
                "make the paths disjoint, or delete this one",
                (Note(taker.origin, "the route that is tried first"),),
            )
        elif not _has_conditions(route.match):
            if path.kind == "prefix":
                prefixes.append(route)
            elif is_regex and _ALL.fullmatch(path.value):
                everything = route


def _has_conditions(match: Match) -> bool:
    return bool(match.headers or match.query or match.cookies or match.methods)


def _is_below(path: str, pattern: str) -> bool:
    """Whether everything that a pattern matches lies under the prefix `path`."""
    stem = path.rstrip("/")
    if literal_prefix(pattern).startswith(f"{stem}/"):
        return True
    # the common way to keep the rest of a path: what follows the prefix is a slash or nothing
    common = f"{stem}(/|$)"
    is_literal = literal_prefix(stem) == stem
    return is_literal and pattern.startswith(common) and "|" not in pattern.removeprefix(common)
