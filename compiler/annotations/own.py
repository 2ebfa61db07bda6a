"""Annotations of our own: those under `fleetgate.dev/`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from compiler.annotations import values
from compiler.annotations.family import Annotation, Family
from compiler.diagnostics import Origin

if TYPE_CHECKING:
    from compiler.annotations.family import Reader

_LIMIT = 1_000_000

PRIORITY = Annotation(
    "priority",
    ("own",),
    "int",
    "ingress",
    "Rank of the Ingress where several claim the same route, setting or canary place: the higher number wins; among "
    "equals namespace and name decide. MSE goes by age instead, which Git does not know.",
    default="0",
    support="own",
    example="10",
    empty=True,
    low=-_LIMIT,
    high=_LIMIT,
)
CLUSTERS = Annotation(
    "clusters",
    ("own",),
    "csv",
    "service",
    "On a plain Service that another tool deploys: the Clusters (by name) in which it exists.",
    support="own",
    example="hz-a,hz-b",
    empty=True,
    kind="Service",
)


class Priority(Struct, frozen=True, gc=False):
    """Rank of an Ingress where several claim the same: the higher value wins."""

    value: int
    origin: Origin = Origin("")


class Clusters(Struct, frozen=True, gc=False):
    """Where a plain Service exists."""

    names: tuple[str, ...]
    """Names of Clusters, sorted, at least one."""
    origin: Origin = Origin("")


def _priority(reader: Reader) -> Priority | None:
    value = reader.values[PRIORITY.name]
    number = values.integer(reader, value, -_LIMIT, _LIMIT)
    return None if number is None else Priority(number, value.origin)


def _clusters(reader: Reader) -> Clusters | None:
    value = reader.values[CLUSTERS.name]
    names = values.csv(reader, value)
    if names is None:
        return None
    for name in names:
        if values.hostname_problem(name) is not None:
            why = f"{name!r} is no name of a Cluster"
            reader.bad(values.ANNOTATION_VALUE, value, why, "write names of Clusters between commas")
            return None
    return Clusters(tuple(sorted(names)), value.origin)


PRIORITY_FAMILY = Family("priority", (PRIORITY,), _priority)
CLUSTERS_FAMILY = Family("clusters", (CLUSTERS,), _clusters)
