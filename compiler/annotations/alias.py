"""Alias: further names under which the hosts of an Ingress answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from compiler.annotations import values
from compiler.annotations.family import Annotation, Family
from compiler.diagnostics import Origin
from compiler.ir import features

if TYPE_CHECKING:
    from compiler.annotations.family import Reader

ANNOTATIONS = (
    Annotation(
        "server-alias",
        ("nginx", "mse"),
        "csv",
        "domain",
        "Further host names, exact or `*.` and a domain, between commas: they share certificate, routes and policies "
        "of the host of the Ingress. Regular expressions, which ingress-nginx knows, are not read.",
        since=(1, 2, 30),
        support="partial",
        example="www.example.com,*.shop.example.com",
    ),
)


class Aliases(Struct, frozen=True, gc=False):
    """Further names of the hosts of an Ingress."""

    names: tuple[str, ...]
    """In lower case, sorted, each once; at least one."""
    origin: Origin = Origin("")


def parse(reader: Reader) -> Aliases | None:
    """The names; None where there are none, or one is bad."""
    value = reader.get("server-alias")
    items = None if value is None else values.csv(reader, value)
    if value is None or items is None:
        return None
    names = [item.lower() for item in items]
    for name in names:
        problem = _problem(name)
        if problem is not None:
            fix = "write host names between commas, such as www.example.com or *.example.com"
            reader.bad(values.ANNOTATION_VALUE, value, problem, fix)
            return None
    return Aliases(tuple(sorted(set(names))), value.origin)


def _problem(name: str) -> str | None:
    """Why a name cannot be an alias, or None where it can."""
    if name.startswith("~") or any(mark in name for mark in "^$()[]{}|\\+?"):
        return f"{name!r} is a regular expression, and MSE knows exact names and wildcards only"
    if name == "*":
        return "* is every host: a rule without a host says that"
    return values.hostname_problem(name.removeprefix("*."))


FAMILY = Family("aliases", ANNOTATIONS, parse, (features.ALIASES,))
