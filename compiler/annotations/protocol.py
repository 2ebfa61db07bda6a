"""Backend protocol: what the gateway speaks to the pods of a Service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from compiler.annotations import values
from compiler.annotations.family import Annotation, Family
from compiler.annotations.words import nearest
from compiler.diagnostics import Origin
from compiler.ir import features

if TYPE_CHECKING:
    from compiler.annotations.family import Reader, Value

NAME = "backend-protocol"
Protocol = Literal["HTTP", "HTTP2", "HTTPS", "GRPC", "GRPCS"]
PROTOCOLS: tuple[Protocol, ...] = ("HTTP", "HTTP2", "HTTPS", "GRPC", "GRPCS")
WITH_TLS = frozenset(("HTTPS", "GRPCS"))
_OF_NGINX_ALONE = {
    "AJP": "put an HTTP server in front of the application",
    "FCGI": "put an HTTP server in front of the application",
    "AUTO_HTTP": "write HTTP, or HTTPS where the pods have TLS",
}

ANNOTATIONS = (
    Annotation(
        NAME,
        ("nginx", "mse"),
        "enum",
        "service",
        "Protocol that the gateway speaks to the Service; letter case does not matter. HTTP2, GRPC and GRPCS are "
        "HTTP/2, HTTPS and GRPCS have TLS. A Service port whose name begins with grpc or http2 selects GRPC or HTTP2 "
        "without the annotation.",
        default="HTTP",
        values=PROTOCOLS,
        any_case=True,
        support="partial",
        example="GRPC",
    ),
)


class BackendProtocol(Struct, frozen=True, gc=False):
    """The protocol that an Ingress asks for."""

    name: Protocol
    origin: Origin = Origin("")


def parse(reader: Reader) -> BackendProtocol | None:
    """The protocol; None where none is named, or it does not exist."""
    value = reader.get(NAME)
    if value is None:
        return None
    word = named(value)
    if word in PROTOCOLS:
        return BackendProtocol(word, value.origin)
    near = nearest(word, PROTOCOLS)
    fix = _OF_NGINX_ALONE.get(word) or (f"write {near}" if near else f"write one of {', '.join(PROTOCOLS)}")
    why = f"{value.text.strip()!r} is not one of {', '.join(PROTOCOLS)}, and MSE would speak HTTP"
    reader.bad(values.ANNOTATION_VALUE, value, why, fix)
    return None


def named(value: Value) -> str:
    """The word for a protocol in one spelling, be it a known one or not."""
    word = value.text.strip()
    return word.upper() if word.isascii() else word


def is_doubtful(reader: Reader) -> bool:
    """Whether a protocol is written that nobody knows: what depends on it is not told as well."""
    value = reader.get(NAME)
    return NAME in reader.refused or (value is not None and named(value) not in PROTOCOLS)


FAMILY = Family("protocol", ANNOTATIONS, parse, (features.PROTOCOL,))
