"""Multi-service: weighted Services that replace the backend of every rule of the Ingress."""

from __future__ import annotations

from msgspec import Struct

from compiler.annotations.family import ServiceRef
from compiler.diagnostics import Origin


class Target(Struct, frozen=True, gc=False):
    """One of the Services and its share."""

    service: ServiceRef
    weight: int
    """Percent; those of a destination add up to 100."""


class Destination(Struct, frozen=True, gc=False):
    """What replaces the backend of every rule. Each Service stands in it once."""

    targets: tuple[Target, ...]
    origin: Origin = Origin("")
