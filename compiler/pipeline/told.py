"""What one build told, for a next one without changes: that needs nothing else of `compiler.pipeline.memory`."""

from __future__ import annotations

import msgspec

from compiler.diagnostics import Diagnostic  # noqa: TC001 - msgspec reads the annotations
from compiler.pipeline.options import Summary  # noqa: TC001 - the same


class Told(msgspec.Struct, array_like=True, gc=False):
    """What the last build told."""

    findings: tuple[Diagnostic, ...]
    accepted: tuple[Diagnostic, ...]
    summary: Summary
    fleet: memoryview
    """A packed `FleetMemory`."""


def unpack_told(packed: memoryview) -> Told:
    """`Cache.shared`."""
    return msgspec.msgpack.decode(packed, type=Told)
