"""Regex: every path of the Ingress is a pattern."""

from __future__ import annotations

from msgspec import Struct

from compiler.diagnostics import Origin


class PathRegex(Struct, frozen=True, gc=False):
    """Every path of the Ingress is read as an RE2 pattern, whatever its path type."""

    origin: Origin = Origin("")
