"""What an annotation means, and what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.annotations.catalog import catalog, features_of, named, that_name
from compiler.annotations.family import PREFIXES
from compiler.cli.table import fill
from compiler.targets.catalog import TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from compiler.annotations.catalog import Known
    from compiler.annotations.family import Annotation, Support
    from compiler.cli.terminal import Style

SUPPORT: dict[Support, str] = {
    "compatible": "MSE calls it compatible with ingress-nginx",
    "partial": "MSE reads it, not in all ways that ingress-nginx does",
    "exclusive": "of MSE alone; ingress-nginx does not know it",
    "noop": "MSE needs no such setting and ignores it; so does fleetgate, with a warning",
    "planned": "MSE does not read it yet; fleetgate refuses it, so that nobody believes it works",
    "unsupported": "MSE never reads it; fleetgate refuses it, so that nobody believes it works",
    "own": "of fleetgate; it never reaches a gateway",
    "higress": "of Higress alone; read where `spec.dialects` of the Fleet names higress",
}

EXPRESSED = {"full": "yes", "partial": "partly", "none": "no"}

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
    known = named(name)
    if known is None or word.lower() not in {name, *(key.replace(known.name, name) for key in known.keys)}:
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
    if known.annotation:
        yield from expressed(known)
    if known.annotation and known.annotation.example:
        yield from _example(known.keys[0], known.annotation.example)


def _declared(annotation: Annotation) -> Iterator[tuple[str, str]]:
    listed = f": {', '.join(annotation.values)}" if annotation.values else ""
    yield "type", f"{annotation.type}{listed}{bounds(annotation)}"
    if annotation.default:
        yield "default", annotation.default
    yield "governs", SCOPES[annotation.scope]
    for label, others in related(annotation):
        yield label, ", ".join(other.replace(" | ", " or ") for other in others)
    if annotation.since:
        yield "since", f"version {'.'.join(map(str, annotation.since))} of the MSE gateway"


def bounds(annotation: Annotation) -> str:
    """The bounds of a number, to be put behind its type."""
    if annotation.low is None:
        return ""
    return f", at least {annotation.low}" if annotation.high is None else f", {annotation.low} to {annotation.high}"


def related(annotation: Annotation) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What an annotation has to do with others, and which; nothing where it has nothing to do with any."""
    excluded = dict.fromkeys((*annotation.excludes, *that_name(annotation.name, "excludes")))
    for label, others in (
        ("needs", annotation.requires),
        ("hides", annotation.overrides),
        ("hidden by", that_name(annotation.name, "overrides")),
        ("not with", tuple(excluded)),
    ):
        if others:
            yield label, others


def expressed(known: Known) -> Iterator[tuple[str, str]]:
    """How far each gateway target gets with an annotation: (target, feature and how much of it)."""
    for target in TARGETS:
        told = target.name
        for capability in target.expresses:
            if capability.feature in features_of(known.family):
                note = f" ({capability.note})" if capability.note else ""
                yield told, f"{capability.feature}: {EXPRESSED[capability.support]}{note}"
                told = ""


def _example(key: str, example: str) -> Iterator[tuple[str, str]]:
    """As it stands in YAML: several lines as a block."""
    if "\n" not in example:
        yield "example", f'{key}: "{example}"'
        return
    yield "example", f"{key}: |"
    for line in example.splitlines():
        yield "", f"  {line}"
