"""The way in: from the annotations of an object to typed policies, each family asked only when it is there."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct, structs

from compiler.annotations.catalog import FAMILIES, SERVICE_FAMILIES
from compiler.annotations.family import Annotation, Family, Reader, Value
from compiler.annotations.ingress import IngressAnnotations, ServiceAnnotations
from compiler.annotations.names import examine
from compiler.annotations.relations import settle
from compiler.annotations.values import ANNOTATION_VALUE, is_qualified_name, text_problem
from compiler.diagnostics import Note, Origin, Severity, error, warning

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from compiler.diagnostics import Diagnostics

ANNOTATION_EMPTY = warning(
    "annotation-empty",
    "an annotation without a value",
    """\
To MSE an empty annotation is one that is not set, so it does nothing. (`service-subset` is the exception: an empty
text means the base there.) Templates whose variable was not filled in often leave one behind.

Delete the annotation, or give it a value.""",
)

ANNOTATION_BOTH_PREFIXES = warning(
    "annotation-both-prefixes",
    "an annotation stands under both prefixes, with different values",
    """\
MSE reads an annotation under nginx.ingress.kubernetes.io/ first, and looks under mse.ingress.kubernetes.io/ only where
that says nothing. So of two different values the one under mse. is lost.

Keep one of the two.""",
)

ANNOTATION_TOO_NEW = error(
    "annotation-too-new",
    "an annotation that the gateway's version does not know yet",
    """\
The Fleet states the version of the running MSE gateway (`spec.gateways[].mse.version`), and this annotation came with a
later one: the gateway would pass over it.

Upgrade the gateway and state its new version, or delete the annotation.""",
)

ANNOTATIONS_TOO_LARGE = error(
    "annotations-too-large",
    "the annotations of an object are larger than Kubernetes allows",
    """\
An API server refuses an object whose annotations, keys and values together, are larger than 262,144 bytes.

Move large values elsewhere, into a ConfigMap for example.""",
)

SIZE_LIMIT = 262_144
"""Bytes of keys and values together (Kubernetes `TotalAnnotationSizeLimitB`)."""

NOTHING = IngressAnnotations()

Version = tuple[int, int, int]


class _Entry(Struct, frozen=True, gc=False):
    """What an annotation key leads to."""

    annotation: Annotation
    bit: int
    """Of the family, in the mask of families to ask."""
    is_related: bool
    """Whether it needs, overrides or excludes another one."""
    is_timeless: bool
    """Whether every version of the gateway knows it."""


class _Table(Struct, frozen=True):
    """What is read from objects of one kind."""

    kind: str
    families: tuple[tuple[int, Family], ...]
    """With their bits, in order."""
    entries: dict[str, _Entry]
    """By whole key."""
    annotations: dict[str, Annotation]
    """By short name."""
    stems: tuple[tuple[str, _Entry], ...]
    """Of annotations whose names end as their author chooses: how their keys begin."""


def _table(kind: str, families: tuple[Family, ...]) -> _Table:
    numbered = tuple((1 << index, family) for index, family in enumerate(families))
    entries = {
        key: _Entry(
            annotation,
            bit,
            is_related=bool(annotation.requires or annotation.overrides or annotation.excludes),
            is_timeless=annotation.since is None,
        )
        for bit, family in numbered
        for annotation in family.annotations
        for key in annotation.keys
    }
    by_name = {entry.annotation.name: entry.annotation for entry in entries.values()}
    stems = tuple((key[:-1], entries.pop(key)) for key in list(entries) if key.endswith("*"))
    return _Table(kind, numbered, entries, by_name, stems)


_INGRESS = _table("Ingress", FAMILIES)
_SERVICE = _table("Service", SERVICE_FAMILIES)


@cache
def _with_higress() -> _Table:
    from compiler.annotations import higress  # noqa: PLC0415 - few fleets ask for the dialect

    return _table("Ingress", (*FAMILIES, *higress.FAMILIES))


def read_annotations(
    annotations: Mapping[str, str],
    metadata: Origin,
    namespace: str,
    version: Version | None,
    dialects: Collection[str],
    findings: Diagnostics,
    *,
    has_default_limit: bool = True,
) -> IngressAnnotations:
    """What the annotations of an Ingress say.

    `metadata` is the place of the mapping that holds `annotations`; `namespace` that of the Ingress; `version` what
    its MSE gateway states, None where it states none; `dialects` those of the Fleet; `has_default_limit` whether its
    gateway limits the size of patterns as Envoy does by default.
    """
    if not annotations:
        return NOTHING
    table = _with_higress() if "higress" in dialects else _INGRESS
    fields = _read(
        table, annotations, metadata, namespace, version, dialects, findings, has_default_limit=has_default_limit
    )
    return IngressAnnotations(**fields, has_default_limit=has_default_limit)


def read_service_annotations(
    annotations: Mapping[str, str], metadata: Origin, namespace: str, findings: Diagnostics
) -> ServiceAnnotations:
    """What the annotations of a plain Service say; `metadata` is the place of the mapping that holds them."""
    return ServiceAnnotations(**_read(_SERVICE, annotations, metadata, namespace, None, (), findings))


def pass_annotations(
    kind: str, annotations: Mapping[str, str], metadata: Origin, findings: Diagnostics
) -> tuple[tuple[str, str], ...]:
    """The annotations of an object of a kind that has none of ours, sorted by key; ours are reported."""
    passed: tuple[tuple[str, str], ...]
    passed = _read(_table(kind, ()), annotations, metadata, "", None, (), findings)["passthrough"]
    return passed


def _read(  # noqa: PLR0913 - what stands around annotations, each by its name
    table: _Table,
    annotations: Mapping[str, str],
    metadata: Origin,
    namespace: str,
    version: Version | None,
    dialects: Collection[str],
    findings: Diagnostics,
    *,
    has_default_limit: bool = True,
) -> dict[str, Any]:
    """The fields of the result: what each family made of its annotations, and what belongs to others."""
    before = len(findings)
    fields: dict[str, Any] = {}
    values: dict[str, Value] = {}
    passed: list[tuple[str, str]] = []
    broken: set[str] = set()
    named: dict[str, Annotation] = {}
    mask = size = related = 0
    file, document, path = metadata.file, metadata.document, (*metadata.path, "annotations")
    for key, text in annotations.items():
        size += len(key) + len(text)
        entry = table.entries.get(key) or _named_by_author(table, key, named)
        if entry is None:
            meant = examine(key, text, metadata, table.kind, dialects, findings)
            if meant is None:
                passed.append((key, text))
            else:
                broken.add(meant)
            continue
        value = Value(text, key, Origin(file, document, (*path, key)))
        name = entry.annotation.name
        if _is_plain(entry, value, version) or _is_usable(entry.annotation, value, version, broken, findings):
            values[name] = _first(entry.annotation, values[name], value, findings) if name in values else value
            mask |= entry.bit
            related |= entry.is_related
    if size > SIZE_LIMIT // 4:  # as many characters at least; a character has at most 4 bytes
        _check_size(annotations, metadata, findings)
    if related:
        settle({**table.annotations, **named}, values, broken, findings)
    if values:
        reader = Reader(values, findings, namespace, metadata, broken, has_default_limit)
        for bit, family in table.families:
            if mask & bit:
                fields[family.name] = family.parse(reader)
    fields["passthrough"] = tuple(sorted(passed))
    fields["is_broken"] = len(findings) > before and any(
        found.code.severity is Severity.ERROR for found in list(findings)[before:]
    )
    return fields


def _named_by_author(table: _Table, key: str, named: dict[str, Annotation]) -> _Entry | None:
    """What a key leads to whose end its author chose; its declaration is added to `named`."""
    for stem, entry in table.stems:
        name = key.removeprefix(stem)
        if name not in (key, "") and is_qualified_name(key.lower()):
            stands_for = structs.replace(entry.annotation, name=entry.annotation.name[:-1] + name)
            named[stands_for.name] = stands_for
            return structs.replace(entry, annotation=stands_for)
    return None


def _is_plain(entry: _Entry, value: Value, version: Version | None) -> bool:
    """Whether nothing can be wrong with the text before its type is known: the common case, decided fast."""
    text = value.text
    return text.isprintable() and text.strip() != "" and (version is None or entry.is_timeless)


def _is_usable(
    annotation: Annotation, value: Value, version: Version | None, broken: set[str], findings: Diagnostics
) -> bool:
    """Whether the text says something that this gateway can read; if not, that is reported."""
    if not value.text.strip() and not annotation.empty and text_problem(value.text, multiline=True) is None:
        why = "it has no value, and an empty annotation means that it is not set"
        findings.add(ANNOTATION_EMPTY, value.origin, value.key, why, "delete it, or give it a value")
        return False
    problem = text_problem(value.text, multiline=annotation.multiline)
    if problem is not None:
        fix = "write the text without it" if annotation.multiline else "write the text without it, on one line"
        findings.add(ANNOTATION_VALUE, value.origin, f"{value.key}: {value.text!r}", problem, fix)
    elif annotation.since is not None and version is not None and version < annotation.since:
        since, stated = (".".join(map(str, each)) for each in (annotation.since, version))
        why = f"it came with MSE gateway {since}, and this gateway states {stated}"
        fix = f"upgrade the gateway to {since} or later, or delete the annotation"
        findings.add(ANNOTATION_TOO_NEW, value.origin, value.key, why, fix)
    else:
        return True
    broken.add(annotation.name)
    return False


def _first(annotation: Annotation, one: Value, other: Value, findings: Diagnostics) -> Value:
    """Of the values under two prefixes the one that MSE reads first."""
    order = annotation.keys
    first, second = (one, other) if order.index(one.key) < order.index(other.key) else (other, one)
    if first.text.strip() != second.text.strip():
        findings.add(
            ANNOTATION_BOTH_PREFIXES,
            second.origin,
            f"{second.key}: {second.text!r}",
            f"it is lost: {first.key} is read first, and says {first.text!r}",
            "keep one of the two",
            (Note(first.origin, "this one decides"),),
        )
    return first


def _check_size(annotations: Mapping[str, str], metadata: Origin, findings: Diagnostics) -> None:
    size = sum(len(text.encode("utf-8", "surrogatepass")) for pair in annotations.items() for text in pair)
    if size > SIZE_LIMIT:
        findings.add(
            ANNOTATIONS_TOO_LARGE,
            metadata.at("annotations"),
            f"{size} bytes",
            f"Kubernetes allows {SIZE_LIMIT} bytes for all annotations of an object, keys and values together",
            "move large values elsewhere, into a ConfigMap for example",
        )
