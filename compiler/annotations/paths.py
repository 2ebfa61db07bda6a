"""What the path of an Ingress rule matches, and what the backend sees: use-regex and rewrite-target together.

Sources disagree. In ingress-nginx and in the MSE-lineage code of 2022 any rewrite-target turns every path of the
Ingress into a pattern, and replaces the whole path: `/test` with target `/dev` makes `/dev` of `/test/abc`. Higress
today does so only where path or target hold characters of a pattern, and else replaces what matched: `/dev/abc`. MSE's
reference calls the annotation compatible with ingress-nginx, so the first reading is ours; where a rule would come out
differently under the second, that is a warning. The IR, and with it every target, says which of the two is meant.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from compiler.annotations.patterns import check_within, closed
from compiler.diagnostics import Note, error, warning
from compiler.ir.traffic import PathMatch, Rewrite

if TYPE_CHECKING:
    from compiler.annotations.ingress import IngressAnnotations
    from compiler.annotations.patterns import Program
    from compiler.annotations.rewrite import Rewriting
    from compiler.diagnostics import Diagnostics, Origin

REWRITE_DROPS_REST = warning(
    "rewrite-drops-rest",
    "a rewrite drops the rest of the path",
    """\
With rewrite-target every path of the Ingress is a pattern, and the target replaces the whole path of the request: for
the rule `/shop` and the target `/`, a request for `/shop/cart` reaches the backend as `/`, and `/shopping` matches
too. ingress-nginx works like that, and MSE calls itself compatible with it; newer Higress gateways would keep the
rest of the path instead.

To keep the rest, write the path as `/shop(/|$)(.*)` and the target as `/$2`. To say that the whole path is meant to be
replaced, write use-regex: "true" beside the target.""",
)

REWRITE_GROUP = error(
    "rewrite-group",
    "a rewrite refers to a group that the path does not have",
    """\
`$1` to `$9` in rewrite-target stand for the groups of the rule's path, counted by their opening parentheses. A group
that is not there cannot be filled in; Envoy refuses such a rewrite, and with it the whole route table.

Add the group to the path, or correct the number.""",
)

PathType = Literal["Exact", "Prefix", "ImplementationSpecific"]

_SPECIAL = re.compile(r"[.*+?^$()\[\]{}|\\]")
"""What makes a path a pattern for Higress; a dot counts."""
_GROUP = re.compile(r"\$([1-9])")


def route_path(
    path: str, path_type: PathType, read: IngressAnnotations, origin: Origin, findings: Diagnostics
) -> tuple[PathMatch, Rewrite | None] | None:
    """What a rule's path matches, and the rewrite of its requests; None after something was reported.

    `path` is absolute ("/" where the rule has none), `origin` its place. ImplementationSpecific means Prefix. A
    `spec.defaultBackend` has no path, so nothing to rewrite: it is not for this function.
    """
    rewriting, matching = read.rewrite, read.path_matching
    rewrite = None if rewriting is None else _rewrite(rewriting)
    is_whole = matching is not None and matching.is_whole_regex
    if read.regex is None and not is_whole and (rewriting is None or not rewriting.target):
        kind: Literal["exact", "prefix"] = "exact" if path_type == "Exact" else "prefix"
        ignores_case = matching is not None and matching.ignores_case
        return PathMatch(kind, path, ignores_case), _replaced(read, rewrite, kind)
    pattern = path if is_whole else f"{closed(path)}.*"
    program = check_within(path, pattern, origin, path, findings, has_default_limit=read.has_default_limit)
    if program is None:
        return None
    if rewriting is not None and read.canary is None:  # what is rewritten for a canary, its base says
        if not _has_groups(rewriting, program, path, origin, findings):
            return None
        if read.regex is None and not is_whole and not _SPECIAL.search(path) and "$" not in rewriting.target:
            _warn_of_lost_rest(rewriting, path, path_type, origin, findings)
    return PathMatch("regex", pattern), rewrite


def _replaced(read: IngressAnnotations, host: Rewrite | None, kind: Literal["exact", "prefix"]) -> Rewrite | None:
    """The rewrite of a path that is no pattern: what it matches is replaced (dialect higress), or nothing is."""
    replacing = read.path_rewrite
    if replacing is None:
        return host
    how: Literal["full", "prefix"] = "full" if kind == "exact" else "prefix"
    return Rewrite(how, replacing.path, "" if host is None else host.host, replacing.origin)


def _rewrite(rewriting: Rewriting) -> Rewrite:
    if not rewriting.target:
        return Rewrite(host=rewriting.host, origin=rewriting.host_origin)
    kind: Literal["full", "regex"] = "regex" if "$" in rewriting.target else "full"
    path = _GROUP.sub(r"\\\1", rewriting.target)
    return Rewrite(kind, path, rewriting.host, rewriting.target_origin)


def _has_groups(rewriting: Rewriting, program: Program, path: str, origin: Origin, findings: Diagnostics) -> bool:
    highest = max((int(digit) for digit in _GROUP.findall(rewriting.target)), default=0)
    if highest <= program.groups:
        return True
    there = "no group" if program.groups == 0 else f"{program.groups} group{'s' * (program.groups > 1)}"
    findings.add(
        REWRITE_GROUP,
        rewriting.target_origin,
        rewriting.target,
        f"it refers to ${highest}, and the path {path!r} has {there}",
        "add parentheses to the path, such as /shop(/|$)(.*), or correct the number",
        (Note(origin, "the path stands here"),),
    )
    return False


def _warn_of_lost_rest(
    rewriting: Rewriting, path: str, path_type: PathType, origin: Origin, findings: Diagnostics
) -> None:
    stem, new = path.rstrip("/"), rewriting.target.rstrip("/")
    if path_type == "Exact":
        fix = f"write {path}$ to match that path alone"
    elif stem:
        fix = f"write {stem}(/|$)(.*) and the target {new}/$2 to keep the rest"
    else:
        fix = f"write /(.*) and the target {new}/$1 to keep the rest"
    findings.add(
        REWRITE_DROPS_REST,
        origin,
        path,
        f"every request whose path begins with {path} reaches the backend as {rewriting.target}, without the rest",
        f'{fix}, or add use-regex: "true" to say that the whole path is meant',
        (Note(rewriting.target_origin, "the target stands here"),),
    )
