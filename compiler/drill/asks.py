"""A request for each route, found by its conditions and proved by the evaluator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from compiler.drill.client.plan import Ask
from compiler.ir.regex import literal_prefix
from compiler.ir.traffic import Forward
from compiler.trace.evaluate import trace
from compiler.trace.request import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compiler.ir.traffic import Gateway, Match, Route, ValueMatch, VirtualHost


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
            for request in _guesses(host, route.match):
                result = trace(gateway, request).winner
                if result is not None and result.route is route:
                    path = request.path if request.query is None else f"{request.path}?{request.query}"
                    ask = Ask(path=path, host=request.host, method=request.method, headers=request.headers)
                    found.append(Target(host, route, ask))
                    break
            else:
                missed.append(route)
    return found, missed


def _guesses(host: VirtualHost, match: Match) -> Iterator[Request]:
    """Requests that may meet the conditions."""
    name = host.host.replace("*", "drill", 1) if host.host != "*" else "drill.example"
    headers = tuple((condition.name, _value(condition)) for condition in match.headers)
    cookie = "; ".join(f"{condition.name}={_value(condition)}" for condition in match.cookies)
    if cookie:
        headers += (("cookie", cookie),)
    query = "&".join(f"{condition.name}={_value(condition)}" for condition in match.query) or None
    method = match.methods[0] if match.methods else "GET"
    value = match.path.value
    paths = [value, f"{value.rstrip('/')}/drill"]
    if match.path.kind == "regex":
        start = literal_prefix(value)
        paths = [start or "/", f"{start}drill", f"{start}1", f"{start}/drill/1"]
    for path in paths:
        if path.startswith("/"):
            yield Request(method, "http", name, path, query, headers)


def _value(condition: ValueMatch) -> str:
    return (
        literal_prefix(condition.value.removeprefix("^")) or "drill" if condition.kind == "regex" else condition.value
    )
