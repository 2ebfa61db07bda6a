"""Hints that need the names of the whole fleet: a cell knows only what belongs to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from compiler.model.app import App
from compiler.model.kubernetes import Service

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from compiler.diagnostics import Diagnostic
    from compiler.pipeline.sources import Sources

ABOUT_SERVICES = frozenset({"missing-backend", "policy-service"})
"""Codes of Services that do not exist; their value is `<namespace>/<name>`."""


def with_hints(findings: Iterable[Diagnostic], sources: Sources) -> list[Diagnostic]:
    """The findings; where a Service does not exist, the fix names the one that may be meant."""
    names: list[str] | None = None
    told = []
    for finding in findings:
        if finding.code.name in ABOUT_SERVICES:
            names = sorted(set(_services(sources))) if names is None else names
            hint = _hint(finding.value, names)
            told.append(msgspec.structs.replace(finding, fix=f"{finding.fix} ({hint})") if hint else finding)
        else:
            told.append(finding)
    return told


def _services(sources: Sources) -> Iterator[str]:
    """Services that documents provide, as far as their names say so."""
    for app in sources.of(App):
        metadata, spec = app.value.metadata, app.value.spec
        if spec.image is not None and spec.ports:
            yield f"{metadata.namespace}/{metadata.name}"
            yield from (f"{metadata.namespace}/{metadata.name}-{version.name}" for version in spec.versions)
    for service in sources.of(Service):
        yield f"{service.value.metadata.namespace}/{service.value.metadata.name}"


def _hint(missing: str, names: list[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only for findings

    near = get_close_matches(missing, names, n=1, cutoff=0.75)
    if near:
        return f"did you mean {near[0]}?"
    namespace = missing.partition("/")[0] + "/"
    here = [name.removeprefix(namespace) for name in names if name.startswith(namespace)]
    return f"there are {', '.join(here[:8])}{', ...' if len(here) > 8 else ''}" if here else ""
