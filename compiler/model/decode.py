"""A YAML document -> the struct of its kind, or everything that is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import ValidationError, convert, msgpack, structs

from compiler.diagnostics import Diagnostics
from compiler.model.app import App, Override
from compiler.model.exported import LAST_APPLIED, without_server_fields
from compiler.model.kinds import KINDS
from compiler.model.known import LISTS, Known
from compiler.model.validate import validate

if TYPE_CHECKING:
    from compiler.model import base as model
    from compiler.source.documents import Document

STRUCTS: dict[tuple[str, str], type[model.Document]] = {(version, kind): struct for version, kind, struct in KINDS}
"""The struct of each (apiVersion, kind) that is read."""


def decode(document: Document, findings: Diagnostics) -> model.Document | None:
    """The struct of a document, and everything that is wrong with this one document.

    None for a document that is none of ours, after mistakes in its fields, and where something is missing without
    which nothing can be done with it. What breaks another rule of its kind is reported and decoded all the same.
    """
    data = document.data
    try:
        struct = STRUCTS[data["apiVersion"], data["kind"]]
    except (KeyError, TypeError):  # TypeError: no mapping, or a list as apiVersion or kind
        from compiler.model.recognize import report_unknown  # noqa: PLC0415 - documents of our kinds don't need it

        report_unknown(data, document.origin, findings)
        return None
    try:
        decoded = _app(data) if struct is App else convert(data, struct)
    except ValidationError:
        return _explain(document, struct, findings)
    annotations = data["metadata"].get("annotations")
    if annotations and LAST_APPLIED in annotations:
        return _explain(document, struct, findings)
    return decoded if validate(decoded, document.origin, findings) else None


def _explain(document: Document, struct: type[model.Document], findings: Diagnostics) -> model.Document | None:
    """The struct after all, where only server fields were in the way; else None, after every mistake was reported."""
    # only documents with findings need these
    from compiler.model.mend import independent, mended  # noqa: PLC0415
    from compiler.model.problems import problems  # noqa: PLC0415

    origin = document.origin
    data = without_server_fields(document.data, origin, findings)
    try:
        decoded = convert(data, struct)
    except ValidationError as refusal:
        mistakes = problems(data, struct, str(refusal))
    else:
        return decoded if validate(decoded, origin, findings) else None
    for mistake in mistakes:
        if mistake.is_follow_on:
            continue
        place = origin.key(*mistake.path) if mistake.is_key else origin.at(*mistake.path)
        findings.add(mistake.code, place, mistake.value, mistake.why, mistake.fix)
    rest = mended(data, struct, mistakes)
    if rest is not None:
        more = Diagnostics()
        validate(rest, origin, more)
        findings.extend(independent(more, mistakes))
    return None


_OVERRIDES: Final = 1 << 12
"""Bound of their memory; a full one is emptied and fills again."""
_overrides: dict[bytes, Override] = {}
"""By their data, encoded: unlike dicts, bytes tell 1 from 1.0 and from true."""
_lists: dict[bytes, tuple[Override, ...]] = {}
"""The overrides of whole Apps, in the same way."""
_same = Known[tuple[Override, ...]](LISTS)
"""The same by their data itself, which is one object where the reader knew the text."""
_encode = msgpack.Encoder().encode


def _app(data: dict[str, Any]) -> App:
    """The struct of an App. Equal overrides in a fleet become one object, and equal lists of them too: each is
    converted and looked at once.

    Raises ValidationError, with the path of a mistake in an override missing the first steps.
    """
    spec = data.get("spec")
    if not isinstance(spec, dict) or not isinstance(overrides := spec.get("overrides"), list):
        return convert(data, App)
    nodes = _same.get(overrides)
    if nodes is None:
        try:
            key = _encode(overrides)
        except (OverflowError, TypeError):  # an integer beyond 64 bits, a key that is no text: told later
            return convert(data, App)
        nodes = _lists.get(key)
        if nodes is None:
            nodes = tuple([_override(each) for each in overrides])
            if len(_lists) >= LISTS:
                _lists.clear()
            _lists[key] = nodes
        _same.put(overrides, nodes)
    app = convert({**data, "spec": {**spec, "overrides": []}}, App)
    return structs.replace(app, spec=structs.replace(app.spec, overrides=nodes))


def _override(data: Any) -> Override:
    key = _encode(data)
    override = _overrides.get(key)
    if override is None:
        if len(_overrides) >= _OVERRIDES:
            _overrides.clear()
        override = _overrides[key] = convert(data, Override)
    return override
