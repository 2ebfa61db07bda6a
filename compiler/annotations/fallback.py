"""Fallback: the Service that takes over when the one of the rule has no usable endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.annotations import values
from compiler.annotations.family import Annotation, Family
from compiler.ir import features

if TYPE_CHECKING:
    from compiler.annotations.family import Reader, ServiceRef

ANNOTATIONS = (
    Annotation(
        "default-backend",
        ("nginx", "mse"),
        "service-ref",
        "ingress",
        "Service (`[namespace/]name`, first port) that gets the traffic when the Service of the rule has no usable "
        "endpoint.",
        example="sorry-page",
    ),
)


def parse(reader: Reader) -> ServiceRef | None:
    """The Service that takes over, without a port; None where there is none, or the value is bad."""
    value = reader.get("default-backend")
    return None if value is None else values.service_ref(reader, value, with_port=False)


FAMILY = Family("fallback", ANNOTATIONS, parse, (features.FALLBACK,))
