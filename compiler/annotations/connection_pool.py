"""Connection pool: how many connections the gateway opens to a Service, and how long it uses each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.annotations import values
from compiler.annotations.family import Annotation, Family
from compiler.ir import features
from compiler.ir.traffic import ConnectionPool

if TYPE_CHECKING:
    from compiler.annotations.family import Reader

_TOTAL = "connection-policy-tcp-max-connection"
_EACH = "connection-policy-tcp-max-connection-per-endpoint"
_REQUESTS = "connection-policy-http-max-request-per-connection"

ANNOTATIONS = (
    Annotation(
        _TOTAL,
        ("mse",),
        "int",
        "service",
        "Most connections that one replica of the gateway opens to all pods of the Service together.",
        support="exclusive",
        example="1024",
        low=1,
    ),
    Annotation(
        _EACH,
        ("mse",),
        "int",
        "service",
        "Most connections that one replica of the gateway opens to one pod of the Service.",
        support="exclusive",
        example="128",
        low=1,
    ),
    Annotation(
        _REQUESTS,
        ("mse",),
        "int",
        "service",
        "Requests after which a connection to a pod is closed.",
        support="exclusive",
        example="1000",
        low=1,
    ),
)


def parse(reader: Reader) -> ConnectionPool | None:
    """The bounds; None where there are none, or a value is bad."""
    written = [reader.get(name) for name in (_TOTAL, _EACH, _REQUESTS)]
    first = next((value for value in written if value is not None), None)
    total, each, requests = (None if value is None else values.integer(reader, value, 1) for value in written)
    is_read = [number for number in (total, each, requests) if number is not None]
    if first is None or len(is_read) < sum(value is not None for value in written):
        return None
    return ConnectionPool(total, each, requests, first.origin)


FAMILY = Family("pool", ANNOTATIONS, parse, (features.BALANCE,))
