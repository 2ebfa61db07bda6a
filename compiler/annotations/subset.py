"""Service subset: which pods of the Service are meant, by labels; the cluster's label pins to a cluster."""

from __future__ import annotations

from msgspec import Struct

from compiler.diagnostics import Origin
from compiler.ir.traffic import Subset

CLUSTER_LABEL = "topology.istio.io/cluster"


class SubsetChoice(Struct, frozen=True, gc=False):
    """A cluster, some pods, or some pods of a cluster. Where nothing fits, all pods of the Service are used."""

    cluster: str | None = None
    """Id of the cluster that is pinned (value of the label `topology.istio.io/cluster`), not its name."""
    subset: Subset | None = None
    """The other labels; None = there are none."""
    origin: Origin = Origin("")
    """Where `subset-labels` stands, or else `service-subset`."""
