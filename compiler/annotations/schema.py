"""What editors know of annotations: parts of the JSON Schema of an object of one kind, from the catalog.

A schema says less than the readers: each value by itself, by its type. It lets through whatever they accept. Names
that we know are offered for completion; under our prefixes all others are refused, other prefixes are free.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from compiler.annotations.catalog import catalog
from compiler.annotations.family import MSE, NGINX, OWN
from compiler.annotations.types import TYPES, pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compiler.annotations.catalog import Known
    from compiler.annotations.family import Annotation

Schema = dict[str, Any]

_LEGACY_CLASS: Schema = {
    "description": "The class of an Ingress is its field spec.ingressClassName.",
    "not": {},
    "errorMessage": "must be left out: write spec.ingressClassName",
    "deprecated": True,
    "doNotSuggest": True,
}


def _begin(*texts: str) -> str:
    """The pattern of what begins with one of some texts."""
    return f"^({'|'.join(text.replace('.', '[.]') for text in texts)})"


def annotations_schema(kind: Literal["Ingress", "Service"]) -> Schema:
    """Properties, and the condition on names, for `metadata.annotations` of an object of this kind."""
    written = dict(sorted(_properties(kind)))
    properties = {key: part for key, part in written.items() if not key.endswith("*")}
    by_pattern = {_begin(key[:-1]): part for key, part in written.items() if key.endswith("*")}
    known = [key for key in properties if key.startswith((OWN, MSE, NGINX))]
    return {
        "properties": properties,
        **({"patternProperties": by_pattern} if by_pattern else {}),
        "propertyNames": {
            "anyOf": [{"enum": known}, {"not": {"pattern": _begin(OWN, MSE, NGINX)}}],
            "errorMessage": f"must be a known name under {NGINX}, {MSE} or {OWN}, or a name under another prefix",
        },
    }


def _properties(kind: str) -> Iterator[tuple[str, Schema]]:
    for known in catalog().values():
        if known.support == "higress":
            if known.annotation is not None and kind == "Ingress":
                yield known.keys[0], _of_higress(known.annotation)
        elif known.annotation is not None:
            if known.annotation.kind == kind:
                part = _read(known.annotation)
                yield from ((key, part) for key in known.keys)
        elif kind == "Ingress" and known.support == "noop":
            # a warning under either prefix
            yield from ((prefix + known.name, _needless(known)) for prefix in (NGINX, MSE))
        elif kind == "Ingress":
            yield from ((key, _refused(known)) for key in known.keys)
    if kind == "Ingress":
        yield "kubernetes.io/ingress.class", _LEGACY_CLASS


def _read(annotation: Annotation) -> Schema:
    """An annotation that a family of ours reads."""
    listed = annotation.type == "enum" and all("<" not in word for word in annotation.values)
    meaning = f"one of {', '.join(annotation.values)}" if listed else TYPES[annotation.type].meaning
    examples = ["true", "false"] if annotation.type == "bool" else annotation.values if listed else [annotation.example]
    return {
        "description": " ".join([annotation.doc, *_more(annotation)]),
        "type": "string",
        "pattern": pattern(annotation),
        "errorMessage": f"must be {meaning}".replace("`", ""),
        "examples": list(examples),
    }


def _of_higress(annotation: Annotation) -> Schema:
    """One that only some Fleets read: to others its value is any text."""
    return {
        "description": " ".join([annotation.doc, *_more(annotation), "Read where spec.dialects of the Fleet says so."]),
        "type": "string",
        "examples": ["true", "false"] if annotation.type == "bool" else [annotation.example],
    }


def _more(annotation: Annotation) -> Iterator[str]:
    if annotation.default:
        yield f"Default: {annotation.default}."
    if annotation.low is not None and annotation.high is not None:
        yield f"From {annotation.low} to {annotation.high}."
    elif annotation.low is not None:
        yield f"At least {annotation.low}."
    for label, names in (
        ("Needs", [each.replace(" | ", " or ") for each in annotation.requires]),
        ("Hides", annotation.overrides),
        ("Not with", annotation.excludes),
    ):
        if names:
            yield f"{label} {', '.join(names)}."
    if annotation.since:
        yield f"Since version {'.'.join(map(str, annotation.since))} of the MSE gateway."


def _needless(known: Known) -> Schema:
    """What MSE does not need: to be marked, and not offered."""
    advice = f"The gateway does by itself what this tunes in nginx: {known.instead or 'delete it'}."
    return {
        "description": advice,
        "type": "string",
        "deprecated": True,
        "deprecationMessage": advice,
        "doNotSuggest": True,
    }


def _refused(known: Known) -> Schema:
    """What would be an error, whatever its value."""
    if known.support in ("planned", "unsupported"):
        why = "MSE does not read it, so traffic would behave differently from what it says"
        advice = known.instead or "delete it"
    else:
        why, advice = "This version of fleetgate does not compile it", "delete it, or use a version that does"
    return {
        "description": f"{why}: {advice}.",
        "not": {},
        "errorMessage": f"must be left out: {advice}",
        "deprecated": True,
        "doNotSuggest": True,
    }
