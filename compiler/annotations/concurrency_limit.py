"""Concurrency limit: requests of a route that are in flight at once, over all replicas of the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.annotations import rejection, values
from compiler.annotations.family import Annotation, Family
from compiler.ir import features
from compiler.ir.traffic import ConcurrencyLimit

if TYPE_CHECKING:
    from compiler.annotations.family import Reader

ANNOTATIONS = (
    Annotation(
        "concurrency-limit",
        ("mse",),
        "int",
        "ingress",
        "Requests of each route that may be in flight at once, counted over the whole gateway; what is too much gets "
        "429, or what the fallback annotations say.",
        since=rejection.SINCE,
        support="exclusive",
        example="50",
        low=0,
    ),
    *rejection.declare("concurrency-limit"),
)


def parse(reader: Reader) -> ConcurrencyLimit | None:
    """The limit and its answer; None where there is none, or a value is bad."""
    value = reader.get("concurrency-limit")
    if value is None:
        return None
    limit, answer = values.integer(reader, value, 0), rejection.rejection(reader, "concurrency-limit")
    return None if limit is None or answer is None else ConcurrencyLimit(limit, answer, value.origin)


FAMILY = Family("concurrency", ANNOTATIONS, parse, (features.GLOBAL_LIMITS,))
