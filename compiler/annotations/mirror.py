"""Mirror: a copy of some requests goes to a second Service; its answers are thrown away."""

from __future__ import annotations

from msgspec import Struct

from compiler.annotations.family import ServiceRef


class MirrorTo(Struct, frozen=True, gc=False):
    """Where copies go, and of how many requests."""

    service: ServiceRef
    """Its origin is that of the mirroring."""
    percent: int
    """0 to 100."""
