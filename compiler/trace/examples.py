"""Requests that a route is for: to show what a gateway does, and to try it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from compiler.ir.regex import literal_prefix
from compiler.trace.conditions import pattern
from compiler.trace.evaluate import trace
from compiler.trace.request import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compiler.ir.traffic import Gateway, PathMatch, Route, ValueMatch, VirtualHost
    from compiler.trace.request import Scheme

_ENDS = ("", "/x", "/", "x", "1", "/1", "/x/y")
_WORDS = ("always", "x", "1", "true", "a", "")
_EXTRA = re.compile(r"\(\?[a-zA-Z:]*|[()^$*+?]|\.\*|\\[a-zA-Z]|\[[^\]]*\]")
"""What a pattern has beside text, roughly."""


def example(gateway: Gateway, host: VirtualHost, route: Route) -> Request | None:
    """A request that this route wins; None = none was found (a pattern that is not guessed, a route behind others)."""
    scheme: Scheme = "http" if any(listener.protocol == "HTTP" for listener in gateway.listeners) else "https"
    if route.policies.https is not None and host.tls is not None:
        scheme = "https"
    for name in _names(host):
        for path in _paths(route.match.path):
            request = _request(route, scheme, name, path)
            if request is None:
                return None
            winner = trace(gateway, request).winner
            if winner is not None and winner.route is route:
                return request
    return None


def _names(host: VirtualHost) -> Iterator[str]:
    """Names by which a host answers, until one is free of more exact hosts."""
    if not host.host.startswith("*"):
        yield host.host
        return
    suffix = host.host[1:] or ".example.net"
    for label in ("www", "any", "other"):
        yield f"{label}{suffix}"


def _paths(match: PathMatch) -> Iterator[str]:
    if match.kind == "exact":
        yield match.value
        return
    if match.kind == "prefix":
        stem = match.value.rstrip("/")
        yield stem or "/"
        yield f"{stem}/x"
        return
    yield from (guess for guess in _guesses(match.value, _ENDS) if guess.startswith("/"))


def _guesses(text: str, ends: tuple[str, ...]) -> Iterator[str]:
    """Texts that a pattern covers, found by trying."""
    known = pattern(text)
    plain = _EXTRA.sub("", text.partition("|")[0]).replace("\\", "")
    for start in dict.fromkeys((literal_prefix(text), plain, plain.rstrip("/"))):
        for end in ends:
            if known.fullmatch(start + end):
                yield start + end


def _request(route: Route, scheme: Scheme, host: str, path: str) -> Request | None:
    """A request that meets the conditions of a route; None = a pattern is not guessed."""
    match = route.match
    headers = [(condition.name, _value(condition)) for condition in match.headers]
    cookies = [(condition.name, _value(condition)) for condition in match.cookies]
    query = [(condition.name, _value(condition)) for condition in match.query]
    if any(value is None for _, value in (*headers, *cookies, *query)):
        return None
    sent = tuple((name, value) for name, value in headers if value is not None and not name.startswith(":"))
    if cookies:
        sent += (("cookie", "; ".join(f"{name}={value}" for name, value in cookies)),)
    written = "&".join(f"{name}={value}" for name, value in query)
    return Request(match.methods[0] if match.methods else "GET", scheme, host, path, written or None, sent)


def _value(condition: ValueMatch) -> str | None:
    if condition.kind != "regex":
        return condition.value
    return next(_guesses(condition.value, _WORDS), None)
