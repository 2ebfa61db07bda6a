"""CORS: which other origins may call, and how; the gateway answers preflights."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from compiler.annotations import values
from compiler.annotations.family import Annotation, Family
from compiler.annotations.words import nearest
from compiler.ir import features
from compiler.ir.delivery import CORS_DEFAULTS
from compiler.ir.traffic import Cors

if TYPE_CHECKING:
    from collections.abc import Callable

    from compiler.annotations.family import Reader

ORIGINS = ",".join(CORS_DEFAULTS.origins)
METHODS = ", ".join(CORS_DEFAULTS.methods)
HEADERS = ",".join(CORS_DEFAULTS.headers)
MAX_AGE = CORS_DEFAULTS.max_age_s

_REQUIRES = ("enable-cors",)
ANNOTATIONS = (
    Annotation(
        "enable-cors",
        ("nginx", "mse"),
        "bool",
        "ingress",
        "Switches CORS on for the routes: the gateway answers preflights and names the allowed origin in responses.",
        default="false",
        example="true",
    ),
    Annotation(
        "cors-allow-origin",
        ("nginx", "mse"),
        "csv",
        "ingress",
        "Origins that may call: `https://shop.example.com`, `https://*.example.com` (any host below), or `*` for all.",
        default=ORIGINS,
        requires=_REQUIRES,
        example="https://shop.example.com,https://*.example.org",
    ),
    Annotation(
        "cors-allow-methods",
        ("nginx", "mse"),
        "csv",
        "ingress",
        "Methods that preflights announce; `*` for all.",
        default=METHODS,
        requires=_REQUIRES,
        example="GET, POST",
    ),
    Annotation(
        "cors-allow-headers",
        ("nginx", "mse"),
        "csv",
        "ingress",
        "Request headers that preflights announce; `*` for all.",
        default=HEADERS,
        requires=_REQUIRES,
        example="Content-Type,X-Stage",
    ),
    Annotation(
        "cors-expose-headers",
        ("nginx", "mse"),
        "csv",
        "ingress",
        "Response headers that a script in a browser may read; `*` for all.",
        requires=_REQUIRES,
        example="X-Request-Id",
    ),
    Annotation(
        "cors-allow-credentials",
        ("nginx", "mse"),
        "bool",
        "ingress",
        "Whether browsers may send cookies and credentials.",
        default="true",
        requires=_REQUIRES,
        example="false",
    ),
    Annotation(
        "cors-max-age",
        ("nginx", "mse"),
        "duration-seconds",
        "ingress",
        "How long a browser may remember the answer to a preflight, in seconds; -1 = not at all.",
        default=str(MAX_AGE),
        requires=_REQUIRES,
        example="600",
        low=-1,
    ),
)

_KNOWN_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(\*\.)?([^/:*]+)(?::([0-9]+))?")


def parse(reader: Reader) -> Cors | None:
    """The rules; None where CORS is off, or a value is bad."""
    switch = reader.get("enable-cors")
    if switch is None or not values.boolean(reader, switch):
        return None
    origins = _list(reader, "cors-allow-origin", ORIGINS, _origin_problem)
    methods = _list(reader, "cors-allow-methods", METHODS, _method_problem)
    headers = _list(reader, "cors-allow-headers", HEADERS, values.header_name_problem)
    exposed = _list(reader, "cors-expose-headers", "", values.header_name_problem)
    allowed = reader.get("cors-allow-credentials")
    credentials = True if allowed is None else values.boolean(reader, allowed)
    age = reader.get("cors-max-age")
    max_age = MAX_AGE if age is None else values.seconds(reader, age, -1)
    if origins is None or methods is None or headers is None or exposed is None:
        return None
    if credentials is None or max_age is None:
        return None
    lower = tuple(dict.fromkeys(origin.lower() for origin in origins))
    listed = reader.get("cors-allow-origin") or switch
    return Cors(lower, methods, headers, exposed, credentials, max_age, switch.origin, listed.origin)


def _list(reader: Reader, name: str, default: str, problem_of: Callable[[str], str | None]) -> tuple[str, ...] | None:
    """The items of a list annotation, or of its default. In MSE one `*` swallows all other items."""
    value = reader.get(name)
    if value is None:
        return _items(default)
    items = values.csv(reader, value)
    if items is None:
        return None
    if "*" in items:
        problem = None if len(items) == 1 else "* allows everything, so the other items are lost"
    else:
        problem = next(filter(None, map(problem_of, items)), None)
    if problem is None:
        return items
    reader.bad(values.ANNOTATION_VALUE, value, problem, "write * alone, or a list of items between commas")
    return None


@functools.cache
def _items(default: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in default.split(",") if item)


def _origin_problem(item: str) -> str | None:
    """Why a browser would never send this origin, or MSE drop it."""
    parts = _ORIGIN.fullmatch(item.lower())
    if parts is None or values.hostname_problem(parts[2]) is not None:
        return f"{item!r} is no origin: scheme://host, scheme://host:port or scheme://*.host, without a path"
    if parts[3] is not None and values.port_number(parts[3]) is None:
        return f"{item!r} has no port from 1 to 65535"
    return None


def _method_problem(item: str) -> str | None:
    if item in _KNOWN_METHODS:
        return None
    near = item.upper() if item.upper() in _KNOWN_METHODS else nearest(item.upper(), _KNOWN_METHODS)
    hint = f", did you mean {near}?" if near else ""
    return f"{item!r} is no HTTP method{hint}"


FAMILY = Family("cors", ANNOTATIONS, parse, (features.CORS,))
