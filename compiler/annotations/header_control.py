"""Header control: headers that are added, replaced or removed on the way to the backend and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from compiler.annotations import values
from compiler.annotations.family import Annotation, Family
from compiler.diagnostics import Note
from compiler.ir import features
from compiler.ir.traffic import HeaderControl

if TYPE_CHECKING:
    from compiler.annotations.family import Reader, Value


def _declare(side: Literal["request", "response"], act: Literal["add", "update", "remove"]) -> Annotation:
    to = "the request to the backend" if side == "request" else "the response to the client"
    docs = {
        "add": f"Adds headers to {to}, one `name value` per line; to a header that is there, the value is appended.",
        "update": f"Sets headers of {to}, one `name value` per line; values that are there are replaced.",
        "remove": f"Removes the named headers from {to}; names between commas.",
    }
    return Annotation(
        f"{side}-header-control-{act}",
        ("mse",),
        "csv" if act == "remove" else "header-lines",
        "ingress",
        docs[act],
        support="exclusive",
        example="x-stage,x-debug" if act == "remove" else "x-stage trial\nx-note two words",
        multiline=act != "remove",
    )


ANNOTATIONS = (
    _declare("request", "add"),
    _declare("request", "update"),
    _declare("request", "remove"),
    _declare("response", "add"),
    _declare("response", "update"),
    _declare("response", "remove"),
)

_PER_CONNECTION = frozenset(("proxy-connection", "upgrade"))
"""Seen in Envoy: they reach the backend, where they mean something else than was asked for, and never the client."""
_TO_ENVOY = ("request-header-control-add", "request-header-control-update")
"""Seen in Envoy: `x-envoy-retry-on: 5xx` that a route adds repeats a POST, whatever its retry policy says."""
_FRAMING = frozenset(("connection", "content-length", "transfer-encoding"))
"""Say where a message ends: whoever changes them lets others smuggle requests."""


def parse(reader: Reader) -> HeaderControl | None:
    """The changes; None where there are none, or a value is bad."""
    written = [reader.get(annotation.name) for annotation in ANNOTATIONS]
    request, response = _side(reader, *written[:3]), _side(reader, *written[3:])
    first = next(filter(None, written), None)
    if request is None or response is None or first is None:
        return None
    return HeaderControl(*request, *response, first.origin)


_Pairs = tuple[tuple[str, str], ...]


def _side(
    reader: Reader, added: Value | None, updated: Value | None, removed: Value | None
) -> tuple[_Pairs, _Pairs, tuple[str, ...]] | None:
    """What is added, set and removed; None where something is wrong."""
    if added is None and updated is None and removed is None:
        return (), (), ()
    add = () if added is None else values.header_lines(reader, added)
    update = () if updated is None else values.header_lines(reader, updated)
    remove = () if removed is None else _names(reader, removed)
    if add is None or update is None or remove is None:
        return None
    changes = (
        *((name, added) for name, _ in add),
        *((name, updated) for name, _ in update),
        *((name, removed) for name in remove),
    )
    return (add, update, remove) if _are_allowed(reader, changes) else None


def _names(reader: Reader, value: Value) -> tuple[str, ...] | None:
    """Names of headers, in order, each once whatever its letter case."""
    names = values.csv(reader, value)
    if names is None:
        return None
    for name in names:
        problem = values.header_name_problem(name)
        if problem is not None:
            reader.bad(values.ANNOTATION_VALUE, value, problem, "write names of headers between commas")
            return None
    unique: dict[str, str] = {}
    for name in names:
        unique.setdefault(name.lower(), name)
    return tuple(unique.values())


def _are_allowed(reader: Reader, changes: tuple[tuple[str, Value | None], ...]) -> bool:
    """Whether each header is changed in one way only, and is one that may be changed at all."""
    seen: dict[str, Value] = {}
    for name, value in changes:
        assert value is not None, "a header comes from an annotation that is there"
        header = name.lower()
        if problem := _problem(name, value.key):
            reader.bad(values.ANNOTATION_VALUE, value, *problem)
            return False
        if header in seen:
            other = seen[header]
            reader.findings.add(
                values.ANNOTATION_VALUE,
                value.origin,
                f"{value.key}: {value.text!r}",
                f"{name} is changed by {other.key} too, and no documentation says in which order",
                "change each header in one way only",
                (Note(other.origin, f"{other.key} stands here"),),
            )
            return False
        seen[header] = value
    return True


def _problem(name: str, key: str) -> tuple[str, str] | None:
    """Why the annotation `key` may not change a header at all, and the fix; None where it may."""
    header = name.lower()
    fix = f"delete {name} from it"
    if header == "host":
        return "Envoy refuses to change the header host this way", "use upstream-vhost for the backend's host"
    if header in _FRAMING:
        return f"{name} frames the message, and changing it lets others smuggle requests", fix
    if header in _PER_CONNECTION:
        return f"{name} belongs to one connection, and the gateway decides on it for each of its own", fix
    if header.startswith("x-envoy-") and key.endswith(_TO_ENVOY):
        why = f"Envoy obeys {name}, which could make it repeat what a backend has executed already"
        return why, f"{fix}; what is tried again and for how long is said by proxy-next-upstream and its relatives"
    if header == "date" and key.endswith("response-header-control-remove"):
        return "an answer has a Date (RFC 9110): Envoy adds one where there is none", fix
    return None


FAMILY = Family("headers", ANNOTATIONS, parse, (features.HEADERS,))
