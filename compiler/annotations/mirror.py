"""Mirror: a copy of some requests goes to a second Service; its answers are thrown away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from compiler.annotations import values
from compiler.annotations.family import Annotation, Family, ServiceRef
from compiler.ir import features

if TYPE_CHECKING:
    from compiler.annotations.family import Reader

ANNOTATIONS = (
    Annotation(
        "mirror-target-service",
        ("mse",),
        "service-ref",
        "ingress",
        "Copies requests to `[namespace/]name[:port]`; the answers are thrown away. The copy's Host ends in -shadow.",
        support="exclusive",
        example="shop/cart-shadow:80",
    ),
    Annotation(
        "mirror-percentage",
        ("mse",),
        "percent",
        "ingress",
        "Share of the requests that is copied, 0 to 100.",
        default="100",
        requires=("mirror-target-service",),
        since=(1, 2, 32),
        support="exclusive",
        example="10",
        low=0,
        high=100,
    ),
)


class MirrorTo(Struct, frozen=True, gc=False):
    """Where copies go, and of how many requests."""

    service: ServiceRef
    """Its origin is that of the mirroring."""
    percent: int
    """0 to 100."""


def parse(reader: Reader) -> MirrorTo | None:
    """Where copies go; None = nowhere, or where a value is bad."""
    target, share = reader.get("mirror-target-service"), reader.get("mirror-percentage")
    if target is None:
        return None
    service = values.service_ref(reader, target, with_port=True)
    percent = 100 if share is None else values.percent(reader, share)
    return None if service is None or percent is None else MirrorTo(service, percent)


FAMILY = Family("mirror", ANNOTATIONS, parse, (features.MIRROR,))
