"""Timeout: a limit for the whole exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.annotations import values
from compiler.annotations.family import Annotation, Family
from compiler.ir import features
from compiler.ir.traffic import Timeout

if TYPE_CHECKING:
    from compiler.annotations.family import Reader

ANNOTATIONS = (
    Annotation(
        "timeout",
        ("mse",),
        "duration-seconds",
        "ingress",
        "Limit for the whole exchange of a request, in seconds; beyond it the answer is 504. 0 = no limit.",
        default="0",
        support="exclusive",
        example="30",
        low=0,
    ),
)


def parse(reader: Reader) -> Timeout | None:
    """The limit; None = none, or where the value is bad."""
    value = reader.get("timeout")
    limit = None if value is None else values.seconds(reader, value)
    return Timeout(limit, value.origin) if value is not None and limit else None


FAMILY = Family("timeout", ANNOTATIONS, parse, (features.TIMEOUT,))
