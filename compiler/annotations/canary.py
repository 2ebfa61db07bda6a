"""Canary: an Ingress that refines the Ingress with the same host, path and path type."""

from __future__ import annotations

from msgspec import Struct

from compiler.diagnostics import Origin
from compiler.ir.traffic import ValueMatch


class Canary(Struct, frozen=True, gc=False):
    """What makes an Ingress a canary: conditions, or else a weight; never both."""

    headers: tuple[ValueMatch, ...] = ()
    """At most one; together with `query` both have to match. Header names in lower case."""
    query: tuple[ValueMatch, ...] = ()
    cookies: tuple[ValueMatch, ...] = ()
    weight: int = 0
    """Share out of `total`, 0 to `total`; always 0 for a conditional canary."""
    total: int | None = None
    """What the weight counts against; None = not written, which means 100."""
    origin: Origin = Origin("")
    """Where the deciding annotation stands: the header's, the query's, the cookie's, the weight's."""

    @property
    def is_conditional(self) -> bool:
        """Whether requests are chosen by what they carry, and not by chance."""
        return bool(self.headers or self.query or self.cookies)
