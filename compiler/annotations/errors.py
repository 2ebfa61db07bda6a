"""Custom errors: statuses of a backend after which the gateway asks the fallback Service instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from compiler.annotations import values
from compiler.annotations.family import Annotation, Family
from compiler.ir import features
from compiler.ir.traffic import CustomErrors

if TYPE_CHECKING:
    from compiler.annotations.family import Reader

ANNOTATIONS = (
    Annotation(
        "custom-http-errors",
        ("nginx", "mse"),
        "csv",
        "ingress",
        "Statuses (400 to 599, between commas) of the backend after which the gateway repeats the request, once, to "
        "default-backend: with the path `/` and the Host of the request, whatever its method.",
        requires=("default-backend",),
        example="502,503",
    ),
)

_STATUS = re.compile(r"[45][0-9]{2}")


def parse(reader: Reader) -> CustomErrors | None:
    """The statuses; None where there are none, or one is bad."""
    value = reader.get("custom-http-errors")
    items = None if value is None else values.csv(reader, value)
    if value is None or items is None:
        return None
    for item in items:
        if not _STATUS.fullmatch(item):
            why = f"{item!r} is no status from 400 to 599, and MSE would pass over it"
            reader.bad(values.ANNOTATION_VALUE, value, why, "write statuses between commas, such as 502,503")
            return None
    return CustomErrors(tuple(sorted(map(int, items))), value.origin)


FAMILY = Family("errors", ANNOTATIONS, parse, (features.ERRORS,))
