"""Conditions (dialect higress): methods, headers, query parameters and pseudo-headers that a request has to carry.

The name of a header or parameter is the end of the annotation's name. All conditions of an Ingress hold together.
Facts: what the Higress project says of these annotations (issues 161 and 503).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from compiler.annotations import values
from compiler.annotations.family import Annotation, Family
from compiler.annotations.patterns import check_pattern
from compiler.annotations.relations import ANNOTATION_CONFLICT
from compiler.annotations.words import nearest
from compiler.diagnostics import Note, Origin
from compiler.ir import features
from compiler.ir.traffic import ValueMatch

if TYPE_CHECKING:
    from compiler.annotations.family import Reader, Value

Kind = Literal["exact", "prefix", "regex"]
Part = Literal["header", "query", "pseudo-header"]

METHODS = ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE")
PSEUDO_HEADERS = ("authority", "method", "path", "scheme")
"""Those of requests (RFC 9113)."""

_SUBJECTS: dict[Part, str] = {
    "header": "header NAME",
    "query": "query parameter NAME",
    "pseudo-header": f"pseudo-header :NAME (one of {', '.join(PSEUDO_HEADERS)})",
}
_MEANINGS: dict[Kind, str] = {
    "exact": "is this value",
    "prefix": "begins with this value",
    "regex": "is covered as a whole by this RE2 pattern",
}
_EXAMPLES: dict[Kind, str] = {"exact": "trial", "prefix": "tr", "regex": "trial|beta"}


def _declare(part: Part, kind: Kind) -> Annotation:
    return Annotation(
        f"{kind}-match-{part}-*",
        ("higress",),
        "regex" if kind == "regex" else "string",
        "ingress",
        f"The routes are for requests whose {_SUBJECTS[part]} {_MEANINGS[kind]}; NAME stands in place of the star.",
        support="higress",
        example=_EXAMPLES[kind],
    )


ANNOTATIONS = (
    Annotation(
        "match-method",
        ("higress",),
        "words",
        "ingress",
        "The routes are for requests with one of these methods, between blanks.",
        values=METHODS,
        support="higress",
        example="GET HEAD",
    ),
    *(_declare(part, kind) for part in _SUBJECTS for kind in _MEANINGS),
)


class Conditions(Struct, frozen=True, gc=False):
    """What requests of the routes have to carry beside host and path: all of it."""

    headers: tuple[ValueMatch, ...] = ()
    """Sorted by name, each once, in lower case; pseudo-headers with their colon."""
    query: tuple[ValueMatch, ...] = ()
    """Sorted by name, each once."""
    methods: tuple[str, ...] = ()
    """Sorted; empty = all."""
    origin: Origin = Origin("")
    """Of the first of the annotations, by key."""


def parse(reader: Reader) -> Conditions | None:
    """The conditions; None where there are none, or one is bad. All are read, so that no mistake hides another."""
    written = reader.get("match-method")
    methods = () if written is None else _methods(reader, written)
    headers, query, pseudo = (_matches(reader, part) for part in _SUBJECTS)
    if methods is None or headers is None or pseudo is None or query is None:
        return None
    stems = tuple(annotation.name.rstrip("*") for annotation in ANNOTATIONS)
    first = min((v for name, v in reader.values.items() if name.startswith(stems)), key=lambda value: value.key)
    return Conditions(pseudo + headers, query, methods, first.origin)


def _methods(reader: Reader, value: Value) -> tuple[str, ...] | None:
    methods = value.text.split()
    for method in methods:
        if method not in METHODS:
            near = nearest(method.upper(), METHODS)
            fix = f"write {near}" if near else "write methods between blanks, such as GET HEAD"
            reader.bad(values.ANNOTATION_VALUE, value, f"{method!r} is no HTTP method", fix)
            return None
    return tuple(sorted(set(methods)))


def _matches(reader: Reader, part: Part) -> tuple[ValueMatch, ...] | None:
    """The conditions on headers or parameters, sorted; None where one is bad. Two on one name contradict each other."""
    found: dict[str, tuple[ValueMatch, Value]] = {}
    is_whole = True
    for kind in _MEANINGS:
        stem = f"{kind}-match-{part}-"
        for full in sorted(each for each in reader.values if each.startswith(stem)):
            value = reader.values[full]
            name = _name(reader, value, part, full.removeprefix(stem))
            if name is None or (kind == "regex" and not _is_pattern(reader, value)):
                is_whole = False
            elif name in found:
                _report_twice(reader, value, found[name][1], name)
                is_whole = False
            else:
                found[name] = (ValueMatch(name, kind, value.text.strip()), value)
    return tuple(found[name][0] for name in sorted(found)) if is_whole else None


def _name(reader: Reader, value: Value, part: Part, written: str) -> str | None:
    """Whom the condition is about. What may stand in the name of an annotation may also name headers and parameters."""
    if part == "query":
        return written
    if part == "header":
        return written.lower()
    if written in PSEUDO_HEADERS:
        return f":{written}"
    fix = f"write one of {', '.join(PSEUDO_HEADERS)} behind match-pseudo-header-"
    reader.bad(values.ANNOTATION_VALUE, value, f"requests have no pseudo-header :{written}", fix)
    return None


def _is_pattern(reader: Reader, value: Value) -> bool:
    shown = f"{value.key}: {value.text!r}"
    limited = reader.has_default_limit
    program = check_pattern(value.text.strip(), value.origin, shown, reader.findings, has_default_limit=limited)
    return program is not None


def _report_twice(reader: Reader, value: Value, other: Value, name: str) -> None:
    reader.findings.add(
        ANNOTATION_CONFLICT,
        value.origin,
        value.key,
        f"{other.key} is a condition on {name} too, and Higress keeps one of the two",
        "say both in one pattern, or delete one of the two",
        (Note(other.origin, f"{other.key} stands here"),),
    )


FAMILY = Family("conditions", ANNOTATIONS, parse, (features.CONDITIONS, features.METHODS))
