"""Which clusters an App, a version or an override means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.diagnostics import Code, error
from compiler.lower.fleet import nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from compiler.diagnostics import Diagnostics, Origin
    from compiler.lower.world import Sourced
    from compiler.model.app import Placement, Where
    from compiler.model.base import LabelSelector
    from compiler.model.fleet import Cluster

UNKNOWN_CLUSTER = error(
    "unknown-cluster",
    "a placement or override names a cluster that does not exist",
    "Clusters are known by the names of the Cluster documents in the root. A misspelt name would place nothing, or "
    "leave an override without effect.",
)
EMPTY_PLACEMENT = error(
    "empty-placement",
    "a placement chooses no cluster",
    "An App or version has to run somewhere: name clusters in `placement.clusters`, or match the labels of Cluster "
    "documents with `placement.clusterSelector.matchLabels` (every pair has to be there).",
)
CODES: tuple[Code, ...] = (UNKNOWN_CLUSTER, EMPTY_PLACEMENT)


def select(
    placement: Placement, clusters: Mapping[str, Sourced[Cluster]], origin: Origin, findings: Diagnostics
) -> tuple[str, ...]:
    """Names of the chosen clusters, sorted; `origin` is the place of the placement."""
    selector = placement.cluster_selector
    if not placement.clusters and selector is None:
        fix = f"name the clusters to run in ({nearest('', clusters)})" if clusters else "add Cluster documents first"
        findings.add(EMPTY_PLACEMENT, origin, "", "neither clusters nor a clusterSelector is given", fix)
        return ()
    chosen = _chosen(placement, clusters, origin, findings)
    if not chosen and not placement.clusters and selector is not None:
        findings.add(
            EMPTY_PLACEMENT,
            origin.at("clusterSelector", "matchLabels"),
            _words(selector),
            "no Cluster carries these labels",
            f"mend the labels, or add them to a Cluster ({_offers(selector, clusters)})",
        )
    return chosen


def matching(
    where: Where, clusters: Mapping[str, Sourced[Cluster]], origin: Origin, findings: Diagnostics
) -> tuple[str, ...]:
    """Names of the clusters that an override means, sorted; names and labels both have to match."""
    return _chosen(where, clusters, origin, findings)


def _chosen(
    where: Placement | Where, clusters: Mapping[str, Sourced[Cluster]], origin: Origin, findings: Diagnostics
) -> tuple[str, ...]:
    chosen = tuple(clusters)
    if where.clusters:
        for index, name in enumerate(where.clusters):
            if name not in clusters:
                findings.add(
                    UNKNOWN_CLUSTER,
                    origin.at("clusters", index),
                    name,
                    "no Cluster document has this name",
                    _instead(name, where.clusters, clusters),
                )
        chosen = tuple(sorted({name for name in where.clusters if name in clusters}))
    if where.cluster_selector is not None:
        wanted = where.cluster_selector.match_labels.items()
        chosen = tuple(name for name in chosen if wanted <= clusters[name].value.metadata.labels.items())
    return chosen


def _instead(name: str, named: Collection[str], clusters: Collection[str]) -> str:
    """A Cluster that the list does not name yet."""
    if not clusters:
        return "add Cluster documents first"
    return (
        nearest(name, [each for each in clusters if each not in named]) or "delete it: every Cluster is named already"
    )


def _words(selector: LabelSelector) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(selector.match_labels.items()))


def _offers(selector: LabelSelector, clusters: Mapping[str, Sourced[Cluster]]) -> str:
    """What the clusters carry under the keys that were asked for."""
    offers = sorted(
        {
            f"{key}={value}"
            for key in selector.match_labels
            for cluster in clusters.values()
            if (value := cluster.value.metadata.labels.get(key)) is not None
        }
    )
    return f"there are {', '.join(offers[:8])}" if offers else "no Cluster has a label of these keys"
