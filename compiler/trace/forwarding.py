"""Where a forwarded request goes, and what the backend sees of it."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from compiler.solver.flows import flow
from compiler.trace.conditions import pattern
from compiler.trace.outcome import ClusterShare, Forwarding, Part

if TYPE_CHECKING:
    from compiler.ir.traffic import Forward, PathMatch, Rewrite, Route, Share, VirtualHost
    from compiler.solver.flows import Part as Flow
    from compiler.solver.flows import Pods
    from compiler.trace.conditions import Facts

_GROUP = re.compile(r"\\([0-9])")


def forwarding(route: Route, host: VirtualHost, action: Forward, facts: Facts, pods: Pods) -> Forwarding:
    """The backends with their shares while `pods` are left, and the request as they see it."""
    total = sum(share.weight for share in action.split.shares)
    flows = flow(route, host, pods)
    parts = tuple(
        _part(share, Fraction(share.weight, total), route, [part for part in flows if part.number == number], pods)
        for number, share in enumerate(action.split.shares)
    )
    rewrite = route.policies.rewrite
    path = facts.path if rewrite is None else rewritten(rewrite, route.match.path, facts.path)
    query = facts.request.query
    return Forwarding(
        parts,
        path if query is None else f"{path}?{query}",
        rewrite.host if rewrite is not None and rewrite.host else facts.request.host,
        action.fallback,
    )


def _part(share: Share, of_all: Fraction, route: Route, flows: list[Flow], pods: Pods) -> Part:
    is_canary = route.base is not None or share.owner != route.owner
    return Part(
        share.backend,
        of_all,
        share.owner,
        is_canary,
        tuple(ClusterShare(part.cluster, part.share) for part in flows),
        pods.standby(share.backend),
        share.headers if share.headers is not None or share.owner != route.owner else route.policies.headers,
        share.origin,
        flows[0].backend if flows else share.backend,
        any(part.via == "last-resort" for part in flows),
    )


def rewritten(rewrite: Rewrite, match: PathMatch, path: str) -> str:
    """The path that the backend sees; the query is not part of it."""
    if rewrite.kind == "full":
        return rewrite.path
    if rewrite.kind == "prefix":
        return _with_prefix(rewrite.path, match, path)
    if rewrite.kind == "regex":
        found = pattern(match.value).fullmatch(path)
        return _GROUP.sub(lambda group: found[int(group[1])] or "", rewrite.path)
    return path


def _with_prefix(target: str, match: PathMatch, path: str) -> str:
    """The matched prefix replaced, whole segments by whole segments: one slash stands between it and the rest."""
    if match.kind == "exact":
        return target
    rest = path[len(match.value.rstrip("/")) :]
    return target.removesuffix("/") + rest if rest else target
