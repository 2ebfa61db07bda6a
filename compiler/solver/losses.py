"""What may be lost: sets of clusters, and what is left of each cluster."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from compiler.ir.traffic import Cluster

    LossKind = Literal["cluster", "zone", "region"]

EXHAUSTIVE_UP_TO = 5
"""Clusters up to which every set of losses is looked at; beyond, single clusters, zones and regions."""


class Loss(Struct, frozen=True, gc=False, order=True):
    """Something that is lost, and what it leaves of the clusters that it hits."""

    name: str
    """For people: `zone cn-hangzhou-h`."""
    left: tuple[tuple[str, Fraction], ...]
    """(cluster, what is left of its pods: 0 to less than 1), sorted; all others are whole."""
    kind: LossKind | None = None
    """What it is one of; None = nothing, or several at once, which nobody is asked to survive."""

    @property
    def health(self) -> dict[str, Fraction]:
        """What is left of the clusters that it hits."""
        return dict(self.left)

    @property
    def lost(self) -> tuple[str, ...]:
        """The clusters of which nothing is left, sorted."""
        return tuple(cluster for cluster, left in self.left if not left)


NO_LOSS = Loss("nothing", ())


def lose(kind: LossKind, name: str, clusters: Iterable[Cluster]) -> Loss:
    """The loss of one cluster, zone or region.

    A lost zone takes the clusters that have no other zone, and of the others its part: pods are spread evenly over the
    zones of a cluster.
    """
    return replace(together(((kind, name),), clusters), kind=kind)


def together(lost: Sequence[tuple[LossKind, str]], clusters: Iterable[Cluster]) -> Loss:
    """Several clusters, zones and regions at once; a cluster of which every zone is lost is gone."""
    left: dict[str, Fraction] = {}
    for cluster in clusters:
        if ("cluster", cluster.name) in lost or ("region", cluster.region) in lost:
            left[cluster.name] = Fraction(0)
        elif gone := [zone for zone in cluster.zones if ("zone", zone) in lost]:
            left[cluster.name] = 1 - Fraction(len(gone), len(cluster.zones))
    names = dict.fromkeys(f"{kind} {name}" for kind, name in lost)
    return Loss(" and ".join(names) or NO_LOSS.name, tuple(sorted(left.items())))


def single_losses(clusters: Sequence[Cluster], kinds: Iterable[LossKind]) -> tuple[Loss, ...]:
    """Each one cluster, zone or region that may be lost, by kind and name."""
    found = []
    for kind in kinds:
        names: set[str] = set()
        for cluster in clusters:
            names.update({"cluster": (cluster.name,), "zone": cluster.zones, "region": (cluster.region,)}[kind])
        found += [lose(kind, name, clusters) for name in sorted(names)]
    return tuple(found)


def loss_sets(clusters: Sequence[Cluster]) -> tuple[Loss, ...]:
    """Every set of lost clusters up to `EXHAUSTIVE_UP_TO` of them; beyond, each cluster, zone and region by itself.

    Zones that leave a part of a cluster are among them in both cases.
    """
    singles = single_losses(clusters, ("cluster", "zone", "region"))
    if len(clusters) > EXHAUSTIVE_UP_TO:
        return singles
    names = sorted(cluster.name for cluster in clusters)
    sets = [
        together([("cluster", name) for name in chosen], clusters)
        for size in range(2, len(names) + 1)
        for chosen in combinations(names, size)
    ]
    partial = [loss for loss in singles if any(left for _, left in loss.left)]
    return (*(loss for loss in singles if loss.kind == "cluster"), *sets, *partial)


def whole(clusters: Iterable[str], health: Mapping[str, Fraction]) -> tuple[str, ...]:
    """Those of `clusters` of which something is left, in their order."""
    return tuple(cluster for cluster in clusters if health.get(cluster, Fraction(1)))
