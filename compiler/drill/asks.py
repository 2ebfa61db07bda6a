"""A request for each route that forwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from compiler.drill.client.plan import Ask
from compiler.ir.traffic import Forward
from compiler.trace.examples import example

if TYPE_CHECKING:
    from compiler.ir.traffic import Gateway, Route, VirtualHost


class Target(Struct, frozen=True):
    """A route that forwards, and a request that takes it."""

    host: VirtualHost
    route: Route
    ask: Ask

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.ask.method} {self.ask.host}{self.ask.path}" + "".join(
            f" ({name}: {value})" for name, value in self.ask.headers
        )


def targets(gateway: Gateway) -> tuple[list[Target], list[Route]]:
    """A target for each route that forwards, in order; and the routes for which no request was found."""
    found, missed = [], []
    for host in gateway.hosts:
        for route in host.routes:
            if not isinstance(route.action, Forward):
                continue
            request = example(gateway, host, route)
            if request is None:
                missed.append(route)
                continue
            path = request.path if request.query is None else f"{request.path}?{request.query}"
            ask = Ask(path=path, host=request.host, method=request.method, headers=request.headers)
            found.append(Target(host, route, ask))
    return found, missed
