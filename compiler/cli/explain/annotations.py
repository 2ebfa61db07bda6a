"""What an annotation means, and what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.annotations.catalog import catalog
from compiler.annotations.family import PREFIXES
from compiler.cli.table import fill

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from compiler.annotations.catalog import Known
    from compiler.annotations.family import Annotation, Support
    from compiler.cli.terminal import Style

SUPPORT: dict[Support, str] = {
    "compatible": "MSE reads it as ingress-nginx does",
    "partial": "MSE reads it, not in all ways that ingress-nginx does",
    "exclusive": "of MSE alone; ingress-nginx does not know it",
    "noop": "MSE needs no such setting and ignores it; so does fleetgate, with a warning",
    "planned": "MSE does not read it yet; fleetgate refuses it, so that nobody believes it works",
    "unsupported": "MSE never reads it; fleetgate refuses it, so that nobody believes it works",
    "own": "of fleetgate; it never reaches a gateway",
    "higress": "of Higress alone; read where `spec.dialects` of the Fleet names higress",
}

SCOPES = {
    "ingress": "the routes of its Ingress",
    "domain": "every Ingress with the same host",
    "service": "every Ingress that uses the same Service",
}


def annotation_words() -> Iterable[str]:
    """Short names and whole keys of all annotations."""
    return (word for known in catalog().values() for word in (known.name, *known.keys))


def explain_annotation(word: str, style: Style) -> str:
    """Meaning, type, default, scope, relations to others, support, example."""
    name = word.lower()
    for prefix in PREFIXES.values():
        name = name.removeprefix(prefix)
    known = catalog().get(name)
    if known is None or word.lower() not in {known.name, *known.keys}:
        return ""
    said = known.annotation.doc if known.annotation else _refused(known)
    lines = "".join(f"  {style('faint', f'{label:<9}')} {value}\n" for label, value in _facts(known))
    kind = known.annotation.kind if known.annotation else "Ingress"
    return f"{style('strong', known.name)}, an annotation of {kind}\n\n{fill(said, '  ')}\n{lines}"


def _refused(known: Known) -> str:
    """What is to be said of an annotation that no family reads."""
    return f"{SUPPORT[known.support]}.{f' Instead: {known.instead}.' if known.instead else ''}"


def _facts(known: Known) -> Iterator[tuple[str, str]]:
    yield "written", " or ".join(known.keys)
    if known.annotation:
        yield from _declared(known.annotation)
        yield "support", SUPPORT[known.support]
    yield "family", known.family
    if known.annotation and known.annotation.example:
        yield from _example(known.keys[0], known.annotation.example)


def _declared(annotation: Annotation) -> Iterator[tuple[str, str]]:
    yield "type", annotation.type + (f": {', '.join(annotation.values)}" if annotation.values else "")
    if annotation.default:
        yield "default", annotation.default
    yield "governs", SCOPES[annotation.scope]
    for label, others in (
        ("needs", [other.replace(" | ", " or ") for other in annotation.requires]),
        ("hides", list(annotation.overrides)),
        ("not with", list(annotation.excludes)),
    ):
        if others:
            yield label, ", ".join(others)
    if annotation.since:
        yield "since", f"version {'.'.join(map(str, annotation.since))} of the MSE gateway"


def _example(key: str, example: str) -> Iterator[tuple[str, str]]:
    """As it stands in YAML: several lines as a block."""
    if "\n" not in example:
        yield "example", f'{key}: "{example}"'
        return
    yield "example", f"{key}: |"
    for line in example.splitlines():
        yield "", f"  {line}"
