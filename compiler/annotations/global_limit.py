"""Global rate limit: requests per second of a route over all replicas of the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.annotations import rejection, values
from compiler.annotations.family import Annotation, Family
from compiler.ir import features
from compiler.ir.traffic import GlobalLimit

if TYPE_CHECKING:
    from compiler.annotations.family import Reader

ANNOTATIONS = (
    Annotation(
        "rate-limit",
        ("mse",),
        "int",
        "ingress",
        "Requests per second that each route lets pass, counted over the whole gateway; what is too much gets 429, or "
        "what the fallback annotations say.",
        since=rejection.SINCE,
        support="exclusive",
        example="100",
        low=0,
    ),
    *rejection.declare("rate-limit"),
)


def parse(reader: Reader) -> GlobalLimit | None:
    """The limit and its answer; None where there is none, or a value is bad."""
    value = reader.get("rate-limit")
    if value is None:
        return None
    limit, answer = values.integer(reader, value, 0), rejection.rejection(reader, "rate-limit")
    return None if limit is None or answer is None else GlobalLimit(limit, answer, value.origin)


FAMILY = Family("global_limit", ANNOTATIONS, parse, (features.GLOBAL_LIMITS,))
