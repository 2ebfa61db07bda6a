"""What requests of a path have to carry beside it, in which order such routes are tried, and which of them overlap.

Only the dialect of Higress gives ordinary Ingresses conditions. A request has to be tried against the route that asks
for more before it meets one that asks for less; between two that ask for as much, Higress goes by age.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.diagnostics import Note
from compiler.ir.traffic import Match
from compiler.lower import codes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from compiler.diagnostics import Diagnostics
    from compiler.ir.traffic import ValueMatch
    from compiler.lower.ingress_paths import RoutePath


def match_of(path: RoutePath) -> Match:
    """All that an ordinary rule asks of requests."""
    said = path.ingress.annotations
    wanted, matching = said.conditions, said.path_matching
    if wanted is not None:
        return Match(path.match, wanted.headers, wanted.query, (), wanted.methods, wanted.origin)
    return Match(path.match) if matching is None else Match(path.match, origin=matching.origin)


def refined(match: Match, canary: Match) -> Match:
    """What a conditional canary asks for: all that its base does, and more."""
    return Match(
        match.path,
        match.headers + canary.headers,
        match.query + canary.query,
        match.cookies + canary.cookies,
        match.methods,
        match.origin,
    )


def demands(match: Match) -> int:
    """How much a match asks for beside the path."""
    return len(match.headers) + len(match.query) + len(match.cookies) + bool(match.methods)


def are_disjoint(a: Match, b: Match) -> bool:
    """Whether plainly no request can meet both."""
    if a.methods and b.methods and not set(a.methods) & set(b.methods):
        return True
    return any(
        _exclude(one, other)
        for mine, theirs in ((a.headers, b.headers), (a.query, b.query), (a.cookies, b.cookies))
        for one in mine
        for other in theirs
        if one.name == other.name
    )


def _exclude(one: ValueMatch, other: ValueMatch) -> bool:
    """Whether no value meets both conditions, as far as two plain texts show that."""
    if one.kind == "regex" or other.kind == "regex":
        return False
    if one.kind == other.kind == "exact":
        return one.value != other.value
    if one.kind == "exact":
        return not one.value.startswith(other.value)
    if other.kind == "exact":
        return not other.value.startswith(one.value)
    return not (one.value.startswith(other.value) or other.value.startswith(one.value))


def tell_overlaps(paths: Iterable[RoutePath], findings: Diagnostics) -> None:
    """Report routes of a host between which Higress would decide by age; `paths` in the order in which they are tried.

    Each is told once: of a thousand that overlap, there would be half a million pairs.
    """
    paths = list(paths)
    if not any(p.ingress.annotations.conditions or p.ingress.annotations.path_matching for p in paths):
        return
    groups: dict[tuple[str, str, int], list[tuple[RoutePath, Match]]] = {}
    for path in paths:
        match = match_of(path)
        key = (match.path.kind, match.path.value.casefold(), demands(match))
        groups.setdefault(key, []).append((path, match))
    for group in groups.values():
        for index, (path, match) in enumerate(group):
            for earlier, other in group[:index]:
                if _meet(match, other):
                    _report(path, match, earlier, other, findings)
                    break


def _meet(a: Match, b: Match) -> bool:
    """Whether a request may meet both: their paths differ in letter case at most."""
    is_same_path = a.path.value == b.path.value or a.path.ignore_case or b.path.ignore_case
    return is_same_path and not are_disjoint(a, b)


def _report(path: RoutePath, match: Match, earlier: RoutePath, other: Match, findings: Diagnostics) -> None:
    findings.add(
        codes.OVERLAPPING_CONDITIONS,
        match.origin if match.origin.file else path.place,
        f"{path.host}{path.written}",
        f"a request may match this route of {path.ingress.name} and that of {earlier.ingress.name}, which ask for as "
        f"much; {earlier.ingress.name} is tried first, by priority, namespace and name",
        "use the same header, query parameter or method with different values, or ask for more in one of them; or "
        "decide with the annotation fleetgate.dev/priority and accept this finding",
        (Note(other.origin if other.origin.file else earlier.place, "the route that is tried first"),),
    )
