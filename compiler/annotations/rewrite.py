"""Rewrite: the path and the host that the backend sees."""

from __future__ import annotations

from msgspec import Struct

from compiler.diagnostics import Origin


class Rewriting(Struct, frozen=True, gc=False):
    """What is written on the Ingress; `compiler.annotations.paths` makes IR of it, per path of a rule."""

    target: str = ""
    """The new path, `$1`…`$9` for groups; "" = the path stays."""
    host: str = ""
    """The Host that the backend sees; "" = that of the request."""
    target_origin: Origin = Origin("")
    host_origin: Origin = Origin("")
