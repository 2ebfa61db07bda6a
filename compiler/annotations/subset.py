"""Service subset: which pods of the Service are meant, by labels; the cluster's label pins to a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from compiler.annotations import values
from compiler.annotations.family import Annotation, Family
from compiler.diagnostics import Origin
from compiler.ir import features
from compiler.ir.traffic import Subset

if TYPE_CHECKING:
    from compiler.annotations.family import Reader

CLUSTER_LABEL = "topology.istio.io/cluster"
VERSION_LABEL = "opensergo.io/canary"
"""Pods of a version x carry `opensergo.io/canary-x: x`; those of the base carry no such label."""
BASE = "base"

ANNOTATIONS = (
    Annotation(
        "service-subset",
        ("mse",),
        "string",
        "ingress",
        "Limits the routes to some pods of their Services. With subset-labels it is a free name; without, `x` means "
        "the pods with the label `opensergo.io/canary-x: x`, and `base` or an empty text the pods without such a "
        "label. Where no pod fits, all are used.",
        excludes=("destination",),
        since=(1, 2, 25),
        support="exclusive",
        example="next",
        empty=True,
    ),
    Annotation(
        "subset-labels",
        ("mse",),
        "label",
        "ingress",
        "The labels that make up the subset: one `key value` per line. The label topology.istio.io/cluster pins to "
        "the cluster of that id.",
        requires=("service-subset",),
        since=(1, 2, 25),
        support="exclusive",
        example="topology.istio.io/cluster c-one",
        multiline=True,
    ),
)


class SubsetChoice(Struct, frozen=True, gc=False):
    """A cluster, some pods, or some pods of a cluster. Where nothing fits, all pods of the Service are used."""

    cluster: str | None = None
    """Id of the cluster that is pinned (value of the label `topology.istio.io/cluster`), not its name."""
    subset: Subset | None = None
    """The other labels; None = there are none."""
    origin: Origin = Origin("")
    """Where `subset-labels` stands, or else `service-subset`."""


def parse(reader: Reader) -> SubsetChoice | None:
    """The pods that the routes are limited to; None = all of them, or where a value is bad."""
    named = reader.values.get("service-subset")
    if named is None:
        return None
    name = named.text.strip()
    if name and not (values.is_label_value(name) and values.is_qualified_name(f"{VERSION_LABEL}-{name}")):
        why = "it is no name of a subset: letters, digits, -, _ and . only, and not too long for a label"
        reader.bad(values.ANNOTATION_VALUE, named, why, "write a short name, such as next")
        return None
    written = reader.get("subset-labels")
    if written is None:
        return SubsetChoice(None, _version(name), named.origin)
    pairs = values.labels(reader, written)
    if pairs is None:
        return None
    cluster = next((text for key, text in pairs if key == CLUSTER_LABEL), None)
    others = tuple(sorted(pair for pair in pairs if pair[0] != CLUSTER_LABEL))
    return SubsetChoice(cluster, Subset(name or BASE, others) if others else None, written.origin)


def _version(name: str) -> Subset:
    """What a subset name means by itself."""
    if name in ("", BASE):
        return Subset(BASE, (), VERSION_LABEL)
    return Subset(name, ((f"{VERSION_LABEL}-{name}", name),))


FAMILY = Family("subset", ANNOTATIONS, parse, (features.SPLIT, features.BY_WEIGHTS, features.TIERS))
