"""What a route asks of requests, and of their paths, that MSE has no words for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from compiler.targets.mse.codes import MSE_CONDITIONS, MSE_REWRITE

if TYPE_CHECKING:
    from compiler.diagnostics import Code, Origin
    from compiler.ir.traffic import Match, Route

_OTHER_TARGET = "use target envoy"


class Problem(Struct, frozen=True, gc=False):
    """Why MSE can't express a route."""

    code: Code
    origin: Origin
    why: str
    fix: str


def problem_of(route: Route) -> Problem | None:
    """Why MSE can't match the requests of a route, or rewrite their paths; None where it can."""
    match, rewrite = route.match, route.policies.rewrite
    why = _unmatched(match)
    if why:
        origin = match.origin if match.origin.file else route.origin
        return Problem(MSE_CONDITIONS, origin, why, f"delete the annotation, or {_OTHER_TARGET}")
    if rewrite is not None and rewrite.path and match.path.kind != "regex":
        why = f"MSE can't replace what the {match.path.kind} path {match.path.value} matches by {rewrite.path}"
        fix = f"write rewrite-target, with a pattern as path, or {_OTHER_TARGET}"
        return Problem(MSE_REWRITE, rewrite.origin, why, fix)
    return None


def _unmatched(match: Match) -> str:
    path = match.path
    if match.methods:
        return f"MSE can't match by method, and this route is for {', '.join(match.methods)} alone"
    if path.ignore_case:
        return f"to MSE letter case counts, and the path {path.value} is to be matched in any"
    if path.kind == "regex" and (not path.value.endswith(".*") or path.value.endswith(r"\.*")):
        return f"in MSE a path may go on behind a pattern, and {path.value} is to cover it whole"
    is_of_rule = bool(match.origin.file)
    if is_of_rule and (match.headers or match.query):
        return "MSE matches headers and query parameters for canaries alone, and here an ordinary rule asks for them"
    return ""
