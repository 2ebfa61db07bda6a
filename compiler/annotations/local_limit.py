"""Local rate limit: a token bucket per route in every replica of the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from compiler.annotations import values
from compiler.annotations.family import Annotation, Family
from compiler.ir import features
from compiler.ir.traffic import LocalLimit

if TYPE_CHECKING:
    from compiler.annotations.family import Reader

_SHARED = "Each replica of the gateway counts by itself; what is too much gets 429 (503 before MSE 1.2.23)."

ANNOTATIONS = (
    Annotation(
        "route-limit-rpm",
        ("mse",),
        "int",
        "ingress",
        f"Requests per minute that each route lets pass. {_SHARED} MSE announces its end: rate-limit counts over the "
        "whole gateway.",
        overrides=("route-limit-rps",),
        support="exclusive",
        example="600",
        low=0,
    ),
    Annotation(
        "route-limit-rps",
        ("mse",),
        "int",
        "ingress",
        f"Requests per second that each route lets pass, where route-limit-rpm is absent. {_SHARED} MSE announces its "
        "end: rate-limit counts over the whole gateway.",
        support="exclusive",
        example="10",
        low=0,
    ),
    Annotation(
        "route-limit-burst-multiplier",
        ("mse",),
        "int",
        "ingress",
        "Size of the bucket, as a multiple of the limit: how many requests may pass at once.",
        default="5",
        requires=("route-limit-rpm | route-limit-rps",),
        support="exclusive",
        example="2",
        low=1,
    ),
)

BURST = 5
"""Multiple of the limit that the bucket holds (MSE annotation reference)."""


def parse(reader: Reader) -> LocalLimit | None:
    """The bucket; None where there is no limit, or a value is bad."""
    per_minute, multiplier = reader.get("route-limit-rpm"), reader.get("route-limit-burst-multiplier")
    limit = reader.get("route-limit-rps") if per_minute is None else per_minute
    unit: Literal[1, 60] = 1 if per_minute is None else 60
    if limit is None:
        return None
    requests = values.integer(reader, limit, 0)
    factor = BURST if multiplier is None else values.integer(reader, multiplier, 1)
    if requests is None or factor is None:
        return None
    if requests * factor > values.INT32:
        larger = limit if multiplier is None else multiplier
        why = f"{factor} times {requests} requests do not fit into a bucket, which holds {values.INT32} at most"
        reader.bad(values.ANNOTATION_VALUE, larger, why, "write a smaller limit or multiplier")
        return None
    return LocalLimit(requests, unit, requests * factor, limit.origin)


FAMILY = Family("local_limit", ANNOTATIONS, parse, (features.LOCAL_LIMIT,))
