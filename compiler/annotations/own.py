"""Annotations of our own: those under `fleetgate.dev/`."""

from __future__ import annotations

from msgspec import Struct

from compiler.diagnostics import Origin


class Priority(Struct, frozen=True, gc=False):
    """Rank of an Ingress where two claim the same route: the higher value wins."""

    value: int
    origin: Origin = Origin("")
