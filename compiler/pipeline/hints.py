"""Hints that need the names of the whole fleet: a cell knows only what belongs to it."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from compiler.diagnostics import Diagnostic
    from compiler.ir.traffic import ObjectName

_COMPARED = 300
ABOUT_SERVICES = frozenset({"missing-backend", "policy-service"})
"""Codes of Services that do not exist; their value is `<namespace>/<name>`."""


def with_hints(findings: Iterable[Diagnostic], services: Iterable[ObjectName]) -> list[Diagnostic]:
    """The findings; where a Service does not exist, the fix names the one of `services` that may be meant."""
    found = list(findings)
    if not any(finding.code.name in ABOUT_SERVICES for finding in found):
        return found
    names = sorted({str(name) for name in services})
    told = []
    for finding in found:
        hint = _hint(finding.value, names) if finding.code.name in ABOUT_SERVICES else ""
        told.append(msgspec.structs.replace(finding, fix=f"{finding.fix} ({hint})") if hint else finding)
    return told


def _around(word: str, names: list[str]) -> list[str]:
    """The names that are worth a comparison, which takes 10 us: in a large fleet those that begin like the word."""
    at = bisect_left(names, word)
    return names[max(0, at - _COMPARED // 2) : at + _COMPARED // 2]


def _hint(missing: str, names: list[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only for findings

    near = get_close_matches(missing, _around(missing, names), n=1, cutoff=0.75)
    space, _, wanted = missing.partition("/")
    namespace = f"{space}/"
    same = [name for name in names if name.endswith(f"/{wanted}")]
    if same and not (near and near[0].startswith(namespace)):
        return f"did you mean {same[0]}? A name alone means a Service of the document's own namespace, here {space}"
    if near:
        return f"did you mean {near[0]}?"
    here = [name.removeprefix(namespace) for name in names if name.startswith(namespace)]
    return f"there are {', '.join(here[:8])}{', ...' if len(here) > 8 else ''}" if here else ""
