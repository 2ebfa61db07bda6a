"""What the limits of a whole gateway answer beyond the limit: four annotations behind the name of each limit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from compiler.annotations import values
from compiler.annotations.family import Annotation
from compiler.ir.traffic import Rejection

if TYPE_CHECKING:
    from compiler.annotations.family import Reader, Value

SINCE = (1, 2, 25)
DEFAULT = Rejection()

_TYPES: dict[str, Literal["text/plain", "application/json"]] = {"text": "text/plain", "json": "application/json"}
_URL = re.compile(r"(?:https?://)?([^/?#]*)([^?#]*)(\?[^#]*)?", re.IGNORECASE)
_QUERY = re.compile(r"\?[!$&'()*+,./0-9:;=?@A-Z_a-z~%-]*")


def declare(limit: str) -> tuple[Annotation, ...]:
    """The annotations that shape the answer of `limit`. Answer and redirect exclude each other."""
    stem = f"{limit}-fallback"
    custom = tuple(f"{stem}-custom-response-{part}" for part in ("code", "body-type", "body"))
    code, kind, body = custom
    redirect = f"{stem}-redirect-url"
    return (
        Annotation(
            code,
            ("mse",),
            "status-code",
            "ingress",
            f"Status, 200 to 599, of the answer to requests beyond {limit}.",
            default=str(DEFAULT.status),
            requires=(limit,),
            excludes=(redirect,),
            since=SINCE,
            support="exclusive",
            example="503",
            low=200,
            high=599,
        ),
        Annotation(
            kind,
            ("mse",),
            "enum",
            "ingress",
            f"Kind of the body of the answer to requests beyond {limit}: `text` = text/plain, `json` = "
            "application/json.",
            default="text",
            values=tuple(_TYPES),
            requires=(limit,),
            excludes=(redirect,),
            since=SINCE,
            support="exclusive",
            example="json",
        ),
        Annotation(
            body,
            ("mse",),
            "string",
            "ingress",
            f"Body of the answer to requests beyond {limit}.",
            default=DEFAULT.body,
            requires=(limit,),
            excludes=(redirect,),
            since=SINCE,
            support="exclusive",
            example='{"error": "too many requests"}',
        ),
        Annotation(
            redirect,
            ("mse",),
            "address",
            "ingress",
            f"Redirects requests beyond {limit} to this address, in place of an answer. The reference writes it "
            "without a scheme; one may stand before it.",
            requires=(limit,),
            excludes=custom,
            since=SINCE,
            support="exclusive",
            example="sorry.example.com/busy",
        ),
    )


def rejection(reader: Reader, limit: str) -> Rejection | None:
    """What requests beyond `limit` get; None where a value is bad. All are read, so that no mistake hides another."""
    stem = f"{limit}-fallback"
    code, kind, body = (reader.get(f"{stem}-custom-response-{part}") for part in ("code", "body-type", "body"))
    target = reader.get(f"{stem}-redirect-url")
    status = DEFAULT.status if code is None else values.integer(reader, code, 200, 599)
    word = "text" if kind is None else values.word(reader, kind, tuple(_TYPES))
    url = "" if target is None else _address(reader, target)
    if status is None or word is None or url is None:
        return None
    text = DEFAULT.body if body is None else body.text.strip()
    return Rejection(status, _TYPES[word], text, url)


def _address(reader: Reader, value: Value) -> str | None:
    """An address with or without http:// or https://: host, port, path and query."""
    text = value.text.strip()
    problem = _problem(text)
    if problem is None:
        return text
    fix = "write host and path, such as sorry.example.com/busy, with or without https:// before them"
    reader.bad(values.ANNOTATION_VALUE, value, problem, fix)
    return None


def _problem(text: str) -> str | None:
    """Why nobody could be redirected to `text`, or None where that works."""
    parts = _URL.fullmatch(text)
    if parts is None:
        return "a fragment is never sent to a server"
    host, colon, port = parts[1].partition(":")
    if colon and values.port_number(port) is None:
        return f"{port!r} is no port number from 1 to 65535"
    if problem := values.hostname_problem(host.lower()):
        return problem
    if parts[2] and (problem := values.path_problem(parts[2])):
        return problem
    if parts[3] and not _QUERY.fullmatch(parts[3]):
        return "its query holds a character that has to be percent-encoded"
    return None
