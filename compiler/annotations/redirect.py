"""Redirect: answer with another address instead of a backend; plain HTTP to HTTPS; the start page of a host."""

from __future__ import annotations

from msgspec import Struct

from compiler.ir.traffic import Redirect


class Redirects(Struct, frozen=True, gc=False):
    """What an Ingress answers without its backends."""

    target: Redirect | None = None
    """To every request of its routes: an absolute URL; "" as path keeps the path of the request."""
    https: Redirect | None = None
    """To requests without TLS, where there is no `target`: the same address with https."""
    app_root: Redirect | None = None
    """To requests for exactly `/` on the hosts of the Ingress, unless an Exact rule for `/` exists."""
