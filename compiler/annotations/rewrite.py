"""Rewrite: the path and the host that the backend sees."""

from __future__ import annotations

import re
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
        "rewrite-target",
        ("nginx", "mse"),
        "path",
        "ingress",
        "The path that the backend sees, with $1 to $9 for groups of the rule's path; the query stays. It makes every "
        "path of the Ingress a pattern, as use-regex does, and replaces the whole path, not only what matched.",
        example="/$1",
    ),
    Annotation(
        "upstream-vhost",
        ("nginx", "mse"),
        "hostname",
        "ingress",
        "The Host that the backend sees.",
        example="cart.internal.example.com",
    ),
)

_GROUP = re.compile(r"\$[1-9]")
"""A `$` that is followed by anything else means nothing to MSE."""


class Rewriting(Struct, frozen=True, gc=False):
    """What is written on the Ingress; `compiler.annotations.paths` makes IR of it, per path of a rule."""

    target: str = ""
    """The new path, `$1`…`$9` for groups; "" = the path stays."""
    host: str = ""
    """The Host that the backend sees; "" = that of the request."""
    target_origin: Origin = Origin("")
    host_origin: Origin = Origin("")


def parse(reader: Reader) -> Rewriting | None:
    """What the backend sees in place of path and host; None = both as they are, or where a value is bad."""
    target, host = reader.get("rewrite-target"), reader.get("upstream-vhost")
    path = "" if target is None else _target(reader)
    name = "" if host is None else values.hostname(reader, host)
    if not path and not name:
        return None
    return Rewriting(
        path or "",
        name or "",
        reader.origin if target is None else target.origin,
        reader.origin if host is None else host.origin,
    )


def _target(reader: Reader) -> str | None:
    """A path in which `$1` to `$9` may stand anywhere."""
    value = reader.values["rewrite-target"]
    text = value.text.strip()
    fix = "write the new path with $1 to $9 for groups of the rule's path, such as /$1"
    # Groups may stand at the very beginning: `$1` with the group `(/.*)` is a path.
    plain = _GROUP.sub("x", text)
    problem = values.path_problem(plain if text.startswith("/") or not _GROUP.match(text) else f"/{plain}")
    if problem is None and "$" in plain:
        problem = "a $ is followed by no digit from 1 to 9"
    if problem is None:
        return text
    reader.bad(values.ANNOTATION_VALUE, value, problem, fix)
    return None


FAMILY = Family("rewrite", ANNOTATIONS, parse, (features.REWRITE,))
