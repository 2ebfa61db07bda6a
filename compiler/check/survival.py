"""Every spread survives the losses that are demanded of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.diagnostics import error, warning
from compiler.ir.traffic import Forward
from compiler.ir.walk import routes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from compiler.diagnostics import Diagnostics
    from compiler.ir.traffic import Backend, Cluster, Gateway, Loss, ObjectName, Route, Traffic

SURVIVAL = error(
    "survival",
    "a spread does not survive a loss that the fleet demands to survive",
    "The Fleet's `survive` (or a TrafficPolicy's) lists losses: any one Cluster, any one Zone (every cluster that has "
    "no other zone), any one Region. After each of them some cluster of the spread has to be left. Place the app in "
    "another failure domain too, or opt out with a TrafficPolicy that says `survive: {losses: [...], reason: ...}`.",
)
SINGLE_CLUSTER = warning(
    "single-cluster",
    "a Service that is served by one cluster alone",
    "When this cluster is lost the Service answers nothing. The Fleet demands no survival (`spec.survive`), so this is "
    "a warning: place the app in a second cluster, or accept the finding in the Fleet with a reason.",
)

EMPTY_SHARE = warning(
    "empty-share",
    "a cluster with a share of a Service that runs no pod of it",
    "Weights and tiers say how much of the traffic a cluster gets. One that runs no pod (replicas: 0) can't serve its "
    "share: the gateway sends it elsewhere, and what was declared never happens. It counts for no survival either.",
)


def check_survival(traffic: Traffic, findings: Diagnostics) -> None:
    """Report each spread of a gateway that leaves nothing after a demanded loss; once per Service and place."""
    seen: set[tuple[str, ObjectName, tuple[str, ...]]] = set()
    clusters = {c.name: c for c in traffic.clusters}
    empty = {s.name: frozenset(m.cluster for m in s.members if m.replicas == 0) for s in traffic.services}
    for gateway, route in routes(traffic):
        for backend in _must_survive(route):
            if not backend.spread.tiers:
                continue
            key = (gateway.name, backend.service, backend.spread.clusters)
            if key not in seen:
                seen.add(key)
                _check(gateway, backend, clusters, empty.get(backend.service, frozenset()), findings)


def _must_survive(route: Route) -> Iterator[Backend]:
    """Backends that nothing stands in for: a canary falls back to its base."""
    if route.base is None and isinstance(route.action, Forward):
        for share in route.action.split.shares:
            if share.owner == route.owner:
                yield share.backend


def _check(
    gateway: Gateway,
    backend: Backend,
    clusters: dict[str, Cluster],
    empty: frozenset[str],
    findings: Diagnostics,
) -> None:
    """`empty`: clusters that run no pod of the Service, and so carry nothing, whatever share they are given."""
    serving = [cluster for cluster in backend.spread.clusters if cluster not in empty]
    where = ", ".join(serving) or "none"
    for cluster in sorted(_served_by(backend) & empty):
        findings.add(
            EMPTY_SHARE,
            backend.spread.origin,
            str(backend.service),
            f"cluster {cluster} has a share of it, and runs no pod (replicas: 0)",
            f"give it replicas there, or take {cluster} out of the spread: weight 0, a later tier, or `excluded`",
        )
    for loss in backend.spread.survive or ():
        name = fatal(loss, serving or gateway.clusters[:1], clusters)
        if name is not None:
            kind = loss.lower()
            is_all = fatal(loss, gateway.clusters, clusters) is not None
            mend = f"give gateway {gateway.name} a member" if is_all else "place it"
            findings.add(
                SURVIVAL,
                backend.spread.origin,
                str(backend.service),
                f"{kind} {name} lost: no cluster is left (it is served by {where})",
                f"{mend} outside this {kind} too, or opt out in a TrafficPolicy: survive with a reason",
            )
            return
    if backend.spread.survive is None and len(serving) <= 1 and len(gateway.clusters) > 1:
        findings.add(
            SINGLE_CLUSTER,
            backend.spread.origin,
            str(backend.service),
            f"it is served by {where} alone",
            "place it in a second cluster, or accept this finding in the Fleet with a reason",
        )


def _served_by(backend: Backend) -> frozenset[str]:
    """Clusters that are meant to serve while nothing is lost."""
    return frozenset(member.cluster for member in backend.spread.tiers[0].members)


def fatal(loss: Loss, serving: Sequence[str], clusters: Mapping[str, Cluster]) -> str | None:
    """The one cluster, zone or region whose loss leaves none of these clusters; None where there is none.

    A lost zone takes the clusters that have no other zone, so a cluster in two zones survives both losses.
    """
    if loss == "Cluster":
        return serving[0] if len(serving) == 1 else None
    first = clusters[serving[0]]
    if loss == "Zone":
        same = len(first.zones) == 1 and all(clusters[name].zones == first.zones for name in serving)
        return first.zones[0] if same else None
    return first.region if all(clusters[name].region == first.region for name in serving) else None
