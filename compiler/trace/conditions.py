"""Whether a request meets the conditions of a route, and which it does not."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from compiler.ir.traffic import Match, PathMatch, ValueMatch
    from compiler.trace.request import Request


class Facts(Struct, frozen=True, gc=False):
    """What conditions look at."""

    request: Request
    path: str
    """Normal, without query."""

    def header(self, name: str) -> tuple[str, ...]:
        """Values of a header, or of a pseudo-header of HTTP/2."""
        request = self.request
        if name in (":authority", "host"):
            return (request.host,)
        if name == ":path":
            return (self.path if request.query is None else f"{self.path}?{request.query}",)
        if name == ":method":
            return (request.method,)
        if name == ":scheme":
            return (request.scheme,)
        return request.values(name)

    def parameter(self, name: str) -> tuple[str, ...]:
        """The value of a query parameter, not decoded: the first one where there are several."""
        for part in (self.request.query or "").split("&"):
            key, _, value = part.partition("=")
            if key == name:
                return (value,)
        return ()

    def cookie(self, name: str) -> tuple[str, ...]:
        """Values of a cookie (RFC 6265, section 4.2)."""
        pairs = (pair.strip(" \t") for line in self.request.values("cookie") for pair in line.split(";"))
        return tuple(value for key, equals, value in (pair.partition("=") for pair in pairs) if equals and key == name)


class Miss(Struct, frozen=True, gc=False):
    """A condition that does not hold."""

    part: Literal["path", "method", "header", "query", "cookie"]
    name: str
    """Of the header, parameter or cookie; "" otherwise."""
    kind: Literal["exact", "prefix", "regex"]
    wanted: str
    got: tuple[str, ...]
    """Values in the request; empty = it has none."""


def misses(match: Match, facts: Facts) -> Iterator[Miss]:
    """The conditions that do not hold; none = the request matches."""
    path = match.path
    if not path_matches(path, facts.path):
        yield Miss("path", "", path.kind, path.value, (facts.path,))
    if match.methods and facts.request.method not in match.methods:
        yield Miss("method", "", "exact", ", ".join(match.methods), (facts.request.method,))
    yield from _value_misses("header", match.headers, facts.header)
    yield from _value_misses("query", match.query, facts.parameter)
    yield from _value_misses("cookie", match.cookies, facts.cookie)


def _value_misses(
    part: Literal["header", "query", "cookie"], conditions: Sequence[ValueMatch], values: Any
) -> Iterator[Miss]:
    for condition in conditions:
        got = values(condition.name)
        if not any(_value_matches(condition, value) for value in got):
            yield Miss(part, condition.name, condition.kind, condition.value, got)


def path_matches(match: PathMatch, path: str) -> bool:
    """Whether a normal path meets a condition."""
    if match.kind == "regex":
        return pattern(match.value).fullmatch(path) is not None
    wanted = match.value
    if match.ignore_case:
        wanted, path = wanted.lower(), path.lower()
    if match.kind == "exact":
        return path == wanted
    stem = wanted.rstrip("/")
    return path.startswith(stem) and path[len(stem) :][:1] in ("", "/")


def _value_matches(condition: ValueMatch, value: str) -> bool:
    if condition.kind == "regex":
        return pattern(condition.value).fullmatch(value) is not None
    return value == condition.value if condition.kind == "exact" else value.startswith(condition.value)


@functools.lru_cache(maxsize=1024)
def pattern(text: str) -> Any:
    """A compiled RE2 pattern; the program holds good ones alone."""
    import re2  # noqa: PLC0415 - an extension module that many fleets never need

    return re2.compile(text)
