"""Path rewrite (dialect higress): another path in place of the one that a rule matches.

Facts: what the Higress project says of these annotations (pull request 801, console pull request 189).
"""

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
        "rewrite-path",
        ("higress",),
        "path",
        "ingress",
        "Replaces what the path of a rule matches: the whole path of an Exact rule, the beginning of a Prefix rule, "
        "whose rest stays. rewrite-target makes patterns of the paths and replaces all of them.",
        excludes=("rewrite-target", "use-regex", "full-path-regex"),
        support="higress",
        example="/v2",
    ),
)


class PathRewrite(Struct, frozen=True, gc=False):
    """What replaces the path that a rule matches."""

    path: str
    origin: Origin = Origin("")


def parse(reader: Reader) -> PathRewrite | None:
    """The replacement; None = paths stay, or where the value is bad."""
    value = reader.get("rewrite-path")
    path = None if value is None else values.path(reader, value)
    if value is not None and path is not None and "$" in path:
        why = "it holds a $, and only rewrite-target knows groups of a pattern"
        reader.bad(values.ANNOTATION_VALUE, value, why, "write rewrite-target, or a path without a $")
        return None
    return None if value is None or path is None else PathRewrite(path, value.origin)


FAMILY = Family("path_rewrite", ANNOTATIONS, parse, (features.REWRITE,))
