"""One mistake, one finding: what only seems to be missing because its document could not be read is not reported."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from compiler.diagnostics import Diagnostic
    from compiler.model.app import App

_OFFERS = frozenset({"App", "Service"})
ABSENCE = {
    "missing-backend": _OFFERS,
    "missing-port": _OFFERS,
    "policy-service": _OFFERS,
    "endpoint-slice": _OFFERS | {"Cluster"},
    "unknown-cluster": frozenset({"Cluster"}),
    "unknown-cluster-id": frozenset({"Cluster"}),
    "spread-cluster": _OFFERS | {"Cluster"},
    "canary-without-base": frozenset({"Ingress"}),
    "tls-settings-unused": frozenset({"Ingress"}),
    "client-ca": frozenset({"Ingress"}),
    "survival": frozenset({"TrafficPolicy"}),
    "single-cluster": frozenset({"TrafficPolicy"}),
}
"""Codes that say that something does not exist, with the kinds that would provide it; their value is its name."""
UNPLACED = frozenset({"unknown-cluster", "empty-placement"})
"""Codes after which nobody knows where the Services of an App run."""
UNOFFERED = frozenset({"no-such-manifest", "path-escape", "bad-manifest", "bad-service", "own-kind-in-manifest"})
"""Codes after which nobody knows which Services the manifests of an App hold; so do all that are in other files."""
OF_PLACES = frozenset(
    {
        "endpoint-slice",
        "missing-backend",
        "policy-service",
        "single-cluster",
        "survival",
        "unreachable-backend",
        "pin-not-placed",
        "spread-cluster",
        "spread-empty",
        "spread-incomplete",
    }
)
"""Codes that follow from where a Service runs, or whether it exists."""


class Broken(Struct, frozen=True, gc=False):
    """Something that could not be read or decoded: what it mentions may exist after all."""

    kind: str
    """Of a document that could not be decoded; "" = nobody knows, as of a file that could not be read."""
    text: str
    """"" = nobody saw it, so that it may mention anything."""


def without_follow_ons(
    findings: Iterable[Diagnostic], broken: Sequence[Broken], doubtful: Collection[str] = ()
) -> list[Diagnostic]:
    """Findings without those about names that something broken mentions which may provide them, and without those that
    follow from what is wrong with the App of a doubtful Service.
    """
    return [
        f
        for f in findings
        if not (broken and _may_be_there(f, broken))
        and not (doubtful and f.code.name in OF_PLACES and any(_speaks_of(f, name) for name in doubtful))
    ]


def _may_be_there(finding: Diagnostic, broken: Iterable[Broken]) -> bool:
    """Whether something broken may hold what a finding calls missing."""
    if finding.code.name == "empty-placement":
        return any(b.kind in ("", "Cluster") for b in broken)  # its labels may be those that were asked for
    kinds = ABSENCE.get(finding.code.name)
    if kinds is None:
        return False
    return _is_mentioned(finding.value, [b.text for b in broken if not b.kind or b.kind in kinds])


def doubtful_services(app: App, file: str, found: Iterable[Diagnostic], broken: Iterable[Broken] = ()) -> list[str]:
    """Services of an App of which, after these findings about it, nobody knows where they run or whether they exist:
    `<namespace>/<name>`, or `<namespace>/` for all of a namespace. `file`: that of the App.
    """
    doubts: list[str] = []
    namespace, name = app.metadata.namespace, app.metadata.name
    own = [f"{namespace}/{name}", *(f"{namespace}/{name}-{v.name}" for v in app.spec.versions)]
    chooses = any(p and p.cluster_selector for p in (app.spec.placement, *(v.placement for v in app.spec.versions)))
    if chooses and any(b.kind in ("", "Cluster") for b in broken):
        doubts += own
    for finding in found:
        if finding.code.name in UNPLACED:
            doubts += own
        elif app.spec.image is None and (finding.code.name in UNOFFERED or finding.origin.file != file):
            doubts.append(f"{namespace}/")
    return doubts


def _speaks_of(finding: Diagnostic, name: str) -> bool:
    """Whether a finding is about a Service, or about one of a namespace."""
    if name.endswith("/"):
        return (
            finding.value.startswith(name)
            or f"Service {name}" in finding.why
            or f"namespace {name[:-1]}" in finding.why
        )
    return finding.value == name or f"Service {name} " in finding.why


def _is_mentioned(value: str, broken: Sequence[str]) -> bool:
    name = re.split(r"[/:]", value)[-1] or value
    host = value.split("/", 1)[0]
    return any(not text or _mentions(text, name) or ("." in host and host in text) for text in broken)


def _mentions(text: str, name: str) -> bool:
    """Whether the text names it, or an app and a version that together make the name."""
    if re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", text):
        return True
    parts = name.split("-")
    return any(
        re.search(rf"(?<![\w.-]){re.escape('-'.join(parts[:cut]))}(?![\w.-])", text)
        and re.search(rf"(?<![\w.-]){re.escape('-'.join(parts[cut:]))}(?![\w.-])", text)
        for cut in range(1, len(parts))
    )
