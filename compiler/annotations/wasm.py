"""Wasm plug-in: a program that the gateway runs on requests. Known from a migration guide alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from compiler.annotations import values
from compiler.annotations.family import Annotation, Family
from compiler.ir import features
from compiler.ir.traffic import WasmPlugin

if TYPE_CHECKING:
    from compiler.annotations.family import Reader

ANNOTATIONS = (
    Annotation(
        "wasmplugin",
        ("mse",),
        "json",
        "ingress",
        "JSON object that binds a Wasm plug-in to the routes. A guide of Alibaba for moves from ingress-nginx tells of "
        "it, and no reference: its fields are passed on as they are.",
        support="exclusive",
        example='{"url": "oci://registry.example.com/plugins/audit:1.0.0"}',
    ),
)


def parse(reader: Reader) -> WasmPlugin | None:
    """The object as written; None where there is none, or it is not JSON."""
    value = reader.get("wasmplugin")
    if value is None:
        return None
    text = value.text.strip()
    problem = _problem(text)
    if problem is None:
        return WasmPlugin(text, value.origin)
    reader.bad(values.ANNOTATION_VALUE, value, problem, 'write a JSON object, such as {"url": "oci://..."}')
    return None


def _problem(text: str) -> str | None:
    """Why `text` is no JSON object (RFC 8259), or None where it is one."""
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as problem:
        return f"it is not JSON: {problem}"
    return None if isinstance(found, dict) else "it is JSON, and not an object between { and }"


FAMILY = Family("wasm", ANNOTATIONS, parse, (features.WASM,))
