"""The JSON Schemas as people get them: what the model says of each kind, and what is known of annotations.

`fleetgate schema` prints them, `schemas/` of the repo holds the same texts.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from compiler.annotations.schema import annotations_schema
from compiler.model import schemas
from compiler.model.kinds import KINDS

if TYPE_CHECKING:
    from typing import Literal

    from compiler.model.schemas import Schema

_KINDS: tuple[tuple[str, Literal["Ingress", "Service"]], ...] = (
    ("IngressMetadata", "Ingress"),
    ("ServiceMetadata", "Service"),
)
"""Definitions of metadata with annotations that we read, and their kind."""


def generate() -> dict[str, str]:
    """The text of every schema, by file name: one per kind, and one for all of them."""
    texts = {f"{schemas.ALL}.json": text(schema())}
    return texts | {f"{kind.lower()}.json": text(schema(kind)) for _, kind, _ in KINDS}


def schema(kind: str | None = None) -> Schema:
    """The schema of a kind, or that of all kinds together. KeyError: there is no such kind."""
    found = schemas.schema(kind)
    for definition, of in _KINDS:
        if definition in found["$defs"]:
            written = found["$defs"][definition]["properties"]["annotations"]
            more = annotations_schema(of)
            names = {**written["propertyNames"], **more["propertyNames"]}
            written.update(more, propertyNames=names)
    return found


def text(document: Schema) -> str:
    """A schema as it stands in a file."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
