"""Traces as JSON: everything, ASCII only; `docs/trace.md` describes it.

`version` is raised when a field is removed or changes its meaning; fields may be added without.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from compiler.diagnostics import Origin
from compiler.ir.traffic import ObjectName, SecretRef
from compiler.trace.outcome import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compiler.pipeline import Compilation
    from compiler.trace.outcome import Candidate, Forwarding, Part, Trace

VERSION = 1


def render_json(traces: Sequence[Trace], compilation: Compilation) -> str:
    """All traces of one request as one JSON object."""
    request = traces[0].request if traces else None
    data = {
        "version": VERSION,
        "request": None
        if request is None
        else {"method": request.method, "url": request.url, "headers": request.headers, "clientIP": request.client},
        "gateways": [_Writer(compilation).trace(each) for each in traces],
    }
    return json.dumps(data, indent=2) + "\n"


class _Writer:
    """Nodes as plain data, with lines and columns."""

    def __init__(self, compilation: Compilation) -> None:
        self._compilation = compilation

    def trace(self, found: Trace) -> dict[str, Any]:
        winner = found.winner
        is_answer = isinstance(found.result, Answer)
        return {
            "gateway": found.gateway,
            "path": found.path,
            "hosts": [each.host for each in found.tried],
            "answer": self._answer(found.result) if isinstance(found.result, Answer) else None,
            "forward": None if is_answer else self._forwarding(found.result),  # type: ignore[arg-type]  # just asked
            "assumed": list(found.assumed),
            "route": None if winner is None else self._candidate(winner),
            "policies": None if found.policies is None else self.plain(found.policies),
            "access": self.plain(found.access),
            "tls": self.plain(found.tls),
            "lost": [self._candidate(each) for each in found.candidates if each is not winner],
        }

    def _answer(self, answer: Answer) -> dict[str, Any]:
        return {
            "reason": answer.reason,
            "status": answer.status,
            "location": answer.location,
            "body": answer.body,
            "why": answer.says,
            "place": self.plain(answer.origin),
        }

    def _forwarding(self, result: Forwarding) -> dict[str, Any]:
        return {
            "path": result.path,
            "host": result.host,
            "backends": [self._part(part) for part in result.parts],
            "fallback": None if result.fallback is None else self._backend(result.fallback),
        }

    def _part(self, part: Part) -> dict[str, Any]:
        return {
            **self._backend(part.backend),
            "share": float(part.share),
            "ingress": str(part.owner),
            "canary": part.is_canary,
            "clusters": {each.cluster: float(each.share) for each in part.clusters},
            "servedBy": None if part.is_lost else self._backend(part.served_by),
            "standby": [list(tier) for tier in part.standby],
            "excluded": list(part.backend.spread.excluded),
            "headers": self.plain(part.headers),
            "place": self.plain(part.origin),
            "spread": self.plain(part.backend.spread.origin),
        }

    def _backend(self, backend: Any) -> dict[str, Any]:
        return {
            "service": str(backend.service),
            "port": backend.port,
            "subset": None if backend.subset is None else backend.subset.name,
        }

    def _candidate(self, candidate: Candidate) -> dict[str, Any]:
        route = candidate.route
        return {
            "host": candidate.host,
            "ingress": str(route.owner),
            "base": None if route.base is None else str(route.base),
            "match": self.plain(route.match),
            "verdict": candidate.verdict,
            "misses": [self.plain(missed) for missed in candidate.misses],
            "place": self.plain(route.origin),
        }

    def plain(self, value: Any) -> Any:
        """Any node of the program; origins become places, and what is not set is left out."""
        if isinstance(value, Origin):
            return self._place(value)
        if isinstance(value, (ObjectName, SecretRef)):
            return str(value)
        if isinstance(value, msgspec.Struct):
            names = value.__struct_fields__
            found = {_camel(name): self.plain(getattr(value, name)) for name in names}
            return {name: each for name, each in found.items() if each not in (None, [], "")}
        if isinstance(value, (list, tuple)):
            return [self.plain(each) for each in value]
        return value

    def _place(self, origin: Origin) -> dict[str, Any] | None:
        if not origin.file:
            return None
        line, column = self._compilation.place(origin)
        return {"file": origin.file, "line": line, "column": column}


def _camel(name: str) -> str:
    """`max_age_s` -> `maxAgeS`; `origin` is called `place` in what is printed."""
    if name == "origin":
        return "place"
    first, *others = name.split("_")
    return first + "".join(each.capitalize() for each in others)
