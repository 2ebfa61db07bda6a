"""The JSON Schema of a kind, straight from its struct: what explains a document that msgspec refused.

It is made in memory where it is needed and says exactly what the decoder enforces, no more: no descriptions, every
reference replaced by what it refers to (no kind contains itself), patterns as Python reads them.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msgspec import Struct

Schema = dict[str, Any]

DEFINITIONS = "#/$defs/"


@functools.cache
def shape(struct: type[Struct]) -> Schema:
    """JSON Schema (Draft 2020-12) of a struct, without references."""
    import msgspec  # noqa: PLC0415 - the schema machinery is for documents with findings only

    _, components = msgspec.json.schema_components((struct,), ref_template=DEFINITIONS + "{name}")
    done: dict[str, Schema] = {}

    def resolved(part: Any) -> Any:
        if isinstance(part, list):
            return [resolved(item) for item in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            name = part["$ref"].removeprefix(DEFINITIONS)
            if name not in done:
                done[name] = resolved(components[name])
            return done[name]
        return {key: resolved(value) for key, value in part.items()}

    found: Schema = resolved(components[struct.__name__])
    return found


def branches(schema: Schema) -> list[Schema]:
    """The alternatives of a union without null; a schema that is no union is its only one."""
    return [branch for branch in schema.get("anyOf", (schema,)) if branch.get("type") != "null"]


def types(schema: Schema) -> frozenset[str]:
    """The JSON types that a schema lets through."""
    if "anyOf" in schema:
        return frozenset().union(*(types(branch) for branch in schema["anyOf"]))
    if "enum" in schema:
        return frozenset(("string",))
    if "type" in schema:
        return frozenset((schema["type"],))
    return frozenset(("null", "boolean", "integer", "number", "string", "array", "object"))


def fields(schema: Schema) -> Iterator[tuple[tuple[str, ...], Schema]]:
    """Every field below a schema with the names that lead to it, lists and maps passed through; outer ones first."""
    level: list[tuple[tuple[str, ...], Schema]] = [((), schema)]
    while level:
        below: list[tuple[tuple[str, ...], Schema]] = []
        for path, part in level:
            for branch in branches(part):
                for name, field in branch.get("properties", {}).items():
                    yield (*path, name), field
                    below.append(((*path, name), field))
                nested = (branch.get("items"), branch.get("additionalProperties"))
                below += ((path, part) for part in nested if isinstance(part, dict))
        level = below


def sample(schema: Schema) -> Any:
    """A small value that the schema accepts: what stands in for a wrong one while the rest is checked."""
    schema = branches(schema)[0]
    if "examples" in schema:
        return schema["examples"][0]
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "string":
            value: Any = "x" * schema.get("minLength", 1)
        case "integer" | "number":
            value = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
        case "boolean":
            value = False
        case "array":
            value = [sample(schema["items"]) for _ in range(schema.get("minItems", 0))]
        case _:
            value = {name: sample(schema["properties"][name]) for name in schema.get("required", ())}
            if schema.get("minProperties"):
                value = {
                    sample({"type": "string"} | schema.get("propertyNames", {})): sample(schema["additionalProperties"])
                }
    return value
