"""Regex: every path of the Ingress is a pattern."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from compiler.annotations import values
from compiler.annotations.family import Annotation, Family
from compiler.diagnostics import Origin
from compiler.ir import features

if TYPE_CHECKING:
    from compiler.annotations.family import Reader

ANNOTATIONS = (
    Annotation(
        "use-regex",
        ("nginx", "mse"),
        "bool",
        "ingress",
        "Reads every path of the Ingress as an RE2 pattern, whatever its path type. A request matches when the "
        "pattern, followed by anything, covers its whole path.",
        default="false",
        example="true",
    ),
)


class PathRegex(Struct, frozen=True, gc=False):
    """Every path of the Ingress is read as an RE2 pattern, whatever its path type."""

    origin: Origin = Origin("")


def parse(reader: Reader) -> PathRegex | None:
    """Whether paths are patterns; None = they are not, or the value is bad."""
    value = reader.get("use-regex")
    return PathRegex(value.origin) if value is not None and values.boolean(reader, value) else None


FAMILY = Family("regex", ANNOTATIONS, parse, (features.PATHS,))
