"""Path matching (dialect higress): whether letter case counts, and whether a pattern has to cover the whole path.

Facts: what the Higress project says of these annotations (issues 163 and 264).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from compiler.annotations import values
from compiler.annotations.family import Annotation, Family
from compiler.diagnostics import Origin
from compiler.ir import features

if TYPE_CHECKING:
    from compiler.annotations.family import Reader, Value

ANNOTATIONS = (
    Annotation(
        "ignore-path-case",
        ("higress",),
        "bool",
        "ingress",
        "Letter case of the paths does not count. Patterns say `(?i)` themselves.",
        default="false",
        excludes=("use-regex", "full-path-regex", "rewrite-target"),
        support="higress",
        example="true",
    ),
    Annotation(
        "full-path-regex",
        ("higress",),
        "bool",
        "ingress",
        "Reads every path of the Ingress as an RE2 pattern that has to cover the whole path; with use-regex a path may "
        "go on behind it.",
        default="false",
        excludes=("use-regex",),
        support="higress",
        example="true",
    ),
)


class PathMatching(Struct, frozen=True, gc=False):
    """How the paths of an Ingress are matched."""

    ignores_case: bool = False
    is_whole_regex: bool = False
    """Whether they are patterns of the whole path."""
    origin: Origin = Origin("")
    """Of the annotation that says so."""


def parse(reader: Reader) -> PathMatching | None:
    """How paths are matched; None = as everywhere, or where a value is bad."""
    case, whole = reader.get("ignore-path-case"), reader.get("full-path-regex")
    ignores_case, is_whole_regex = _switch(reader, case), _switch(reader, whole)
    if ignores_case and case is not None:
        return PathMatching(ignores_case=True, origin=case.origin)
    if is_whole_regex and whole is not None:
        return PathMatching(is_whole_regex=True, origin=whole.origin)
    return None


def _switch(reader: Reader, value: Value | None) -> bool:
    return value is not None and bool(values.boolean(reader, value))


FAMILY = Family("path_matching", ANNOTATIONS, parse, (features.PATHS_AS_A_WHOLE,))
