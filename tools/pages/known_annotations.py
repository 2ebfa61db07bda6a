"""Annotations: `docs/annotations.md` and the links in the README, from the catalog of all known annotations."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from compiler.annotations.catalog import all_families, catalog
from compiler.annotations.names import ANNOTATION_NOOP, ANNOTATION_UNSUPPORTED
from compiler.annotations.types import TYPES
from compiler.cli.explain.annotations import SCOPES, SUPPORT, bounds, expressed, related
from compiler.targets.catalog import TARGETS
from tools.pages.markdown import HEAD, anchor, cell, code, codes, paragraphs, prose, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compiler.annotations.family import Annotation, Family
    from compiler.diagnostics import Code

PAGE = "docs/annotations.md"

_INTRO = """\
# Annotations

The annotations that fleetgate knows: what ingress-nginx has, what MSE has, and our own. They are read as MSE reads
them: under `nginx.ingress.kubernetes.io/` first, and under `mse.ingress.kubernetes.io/` where that says nothing; those
that only MSE has under `mse.ingress.kubernetes.io/` alone; our own under `fleetgate.dev/`; those that only Higress has
under `higress.io/`, in Fleets that name this dialect (`spec.dialects`). `fleetgate explain NAME` prints what stands
here.

MSE passes over a value or a name that it does not understand. fleetgate reports it: a bad value is an error, an unknown
name under one of these prefixes is an error with the nearest name, and a setting that loses to another one is a
warning. Annotations under other prefixes belong to other tools and pass through untouched.
"""

_NOT_COMPILED: tuple[tuple[str, frozenset[str], Code, str], ...] = (
    (
        "Needless with MSE",
        frozenset({"noop"}),
        ANNOTATION_NOOP,
        (
            "They tune something inside nginx that an Envoy-based gateway does by itself. Their values are not used. "
            "`proxy-body-size` bounds what a Service has to take, and nothing here does: `annotation-guard` tells it."
        ),
    ),
    (
        "Not read by MSE yet",
        frozenset({"planned"}),
        ANNOTATION_UNSUPPORTED,
        "They mean something to ingress-nginx, and MSE passes over them: traffic would not do what they say.",
    ),
    (
        "Never read by MSE",
        frozenset({"unsupported"}),
        ANNOTATION_UNSUPPORTED,
        "Raw nginx text. There is nothing in another gateway that it could become.",
    ),
    (
        "Of Higress, and not expressed",
        frozenset({"higress"}),
        ANNOTATION_UNSUPPORTED,
        "No target can express them. They are looked at in Fleets that name the dialect higress alone.",
    ),
)
"""(heading, MSE's classes, what is reported, why)."""


def page() -> str:
    """The whole page: types, one section per family that is compiled, then all others by class."""
    built = "".join(_family(family) for family in all_families())
    gateways = codes(target.name for target in TARGETS if target.serves == "gateways" and target.is_built)
    compiled = (
        "## Compiled\n\n"
        f"Compiled for target {gateways}. What one of them can't express in some combination is a finding: see\n"
        "[targets](targets.md).\n\n"
        f"{table(('type', 'is'), ((code(name), cell(each.meaning)) for name, each in TYPES.items()))}"
    )
    return f"{HEAD}{_INTRO}\n{_counted()}\n{compiled}{built}{''.join(_others())}"


def families_block() -> str:
    """Links to the families that are compiled, one a line."""
    return ",\n".join(f"[{family.name}]({PAGE}#{anchor(heading(family))})" for family in all_families())


def _counted() -> str:
    known = catalog().values()
    compiled = Counter(each.support for each in known if each.annotation)
    other = Counter(each.support for each in known if not each.annotation)
    rows = [
        (
            support,
            cell(meaning),
            str(compiled[support] + other[support]),
            str(compiled[support]) if compiled[support] else "",
            _reported(support) if other[support] else "",
        )
        for support, meaning in SUPPORT.items()
    ]
    total = (
        "all",
        "",
        str(len(known)),
        str(compiled.total()),
        "",
    )
    return table(("class", "what it means", "known", "compiled", "the others are reported as"), [*rows, total])


def _reported(support: str) -> str:
    (reported,) = (finding for _, classes, finding, _ in _NOT_COMPILED if support in classes)
    return f"{reported.severity.value} `{reported.name}`"


def heading(family: Family) -> str:
    """The heading of a family's section."""
    return f"Family {family.name}"


def _family(family: Family) -> str:
    features = "".join(f"- {prose(line)}\n" for line in _expressed(family))
    told = f"\nWhat it becomes, by target:\n\n{features}" if features else ""
    return f"\n### {heading(family)}\n{told}" + "".join(map(_annotation, family.annotations))


def _expressed(family: Family) -> Iterator[str]:
    of = ""
    for target, how in expressed(catalog()[family.annotations[0].name]):
        of = target or of
        yield f"`{of}`: {how}"


def _annotation(annotation: Annotation) -> str:
    facts = "".join(f"- {label}: {text}\n" for label, text in _facts(annotation))
    return f"\n#### {annotation.name}\n\n{paragraphs(annotation.doc)}\n\n{facts}\n{_example(annotation)}"


def _facts(annotation: Annotation) -> Iterator[tuple[str, str]]:
    yield "written", " or ".join(map(code, annotation.keys)) + f", on an object of kind {annotation.kind}"
    listed = f": {codes(annotation.values)}" if annotation.values else ""
    yield "type", f"{code(annotation.type)}{listed}{bounds(annotation)}"
    if annotation.default:
        yield "default", code(annotation.default)
    yield "governs", SCOPES[annotation.scope]
    for label, others in related(annotation):
        yield label, ", ".join(" or ".join(map(code, other.split(" | "))) for other in others)
    if annotation.since:
        yield "since", f"version {'.'.join(map(str, annotation.since))} of the MSE gateway"
    yield "class", f"{annotation.support}: {prose(SUPPORT[annotation.support])}"


def _example(annotation: Annotation) -> str:
    key = annotation.keys[0]
    lines = annotation.example.split("\n")
    text = f'{key}: "{lines[0]}"' if len(lines) == 1 else "\n  ".join([f"{key}: |", *lines])
    return f"```yaml\n{text}\n```\n"


def _others() -> Iterator[str]:
    """One table for each way in which annotations are not compiled."""
    for heading, classes, reported, why in _NOT_COMPILED:
        rows = (
            (" or ".join(map(code, known.keys)), known.family, cell(known.instead or "delete it"))
            for known in catalog().values()
            if known.annotation is None and known.support in classes
        )
        listed = table(("annotation", "family", "instead"), rows)
        told = f"Reported as {reported.severity.value} [`{reported.name}`](findings.md#{reported.name})."
        yield f"\n## {heading}\n\n{why} {told}\n\n{listed}"
