"""JSON Schemas (Draft 2020-12) of the kinds for editors and CI: what the decoder enforces, described, with examples.

They are made in memory from the structs. `fleetgate schema` adds what is known of annotations, and `schemas/` of the
repo holds the texts for everybody who has no fleetgate at hand. In a YAML file, the first line
`# yaml-language-server: $schema=.../fleetgate.json` makes editors complete and check it: that schema serves documents
of all kinds.
"""

from __future__ import annotations

import os.path
import sys
from typing import Any

import msgspec

from compiler.model.descriptions import field_descriptions
from compiler.model.kinds import KINDS

Schema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
ALL = "fleetgate"
"""Name of the schema for documents of all kinds."""
OWN_GROUP = "fleetgate.dev"


def schema(kind: str | None = None) -> Schema:
    """The schema of a kind, or that of all kinds together. KeyError: there is no such kind."""
    definitions = _definitions()
    if kind is None:
        return _of_all(definitions)
    versions = {name: version for version, name, _ in KINDS}
    top = definitions[kind] if kind in versions else {}
    if not top:
        raise KeyError(kind)
    used = _reachable(top, definitions)
    return {
        "$schema": DRAFT,
        **top,
        "title": f"{kind} ({versions[kind]})",
        "examples": example_documents(kind),
        "$defs": {name: definitions[name] for name in sorted(used)},
    }


def example_text(kind: str) -> str:
    """Good documents of a kind, as YAML with comments."""
    path = os.path.join(os.path.dirname(__file__), "examples", f"{kind.lower()}.yaml")  # noqa: PTH118, PTH120 - as light as can be
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - as above
        return file.read()


def example_documents(kind: str) -> list[Any]:
    """The same documents as data."""
    import yaml  # noqa: PLC0415 - schemas are made for people, not for compilations

    return list(yaml.safe_load_all(example_text(kind)))


def _of_all(definitions: dict[str, Schema]) -> Schema:
    own = sorted({version for version, _, _ in KINDS if version.startswith(f"{OWN_GROUP}/")})
    return {
        "$schema": DRAFT,
        "title": "fleetgate",
        "description": "A document of a kind that fleetgate reads; its apiVersion and kind say which fields it has.",
        "type": "object",
        "properties": {
            "apiVersion": {
                "description": "Group and version of the kind.",
                "type": "string",
                "examples": list(dict.fromkeys(version for version, _, _ in KINDS)),
            },
            "kind": {
                "description": "Name of the kind.",
                "type": "string",
                "examples": [kind for _, kind, _ in KINDS],
            },
        },
        "required": ["apiVersion", "kind"],
        "allOf": [
            {
                "if": {
                    "properties": {"apiVersion": {"pattern": rf"^{OWN_GROUP.replace('.', '[.]')}/"}},
                    "required": ["apiVersion"],
                },
                "then": {
                    "properties": {
                        "apiVersion": {"enum": own},
                        "kind": {"enum": [kind for version, kind, _ in KINDS if version in own]},
                    }
                },
            },
            *(
                {
                    "if": {
                        "properties": {"apiVersion": {"const": version}, "kind": {"const": kind}},
                        "required": ["apiVersion", "kind"],
                    },
                    "then": {"$ref": f"#/$defs/{kind}"},
                }
                for version, kind, _ in KINDS
            ),
        ],
        "$defs": {name: definitions[name] for name in sorted(definitions)},
    }


def _definitions() -> dict[str, Schema]:
    """The schema of every struct, by its name."""
    _, components = msgspec.json.schema_components([struct for _, _, struct in KINDS], ref_template="#/$defs/{name}")
    classes = structs()
    return {name: _described(component, classes[name]) for name, component in components.items()}


def structs() -> dict[str, type[msgspec.Struct]]:
    """Every struct of the model, by the name of its definition."""
    modules = dict.fromkeys(base.__module__ for _, _, struct in KINDS for base in struct.__mro__)
    return {
        name: value
        for module in modules
        for name, value in vars(sys.modules[module]).items()
        if isinstance(value, type) and issubclass(value, msgspec.Struct)
    }


def _described(component: Schema, struct: type[msgspec.Struct]) -> Schema:
    """A component with the descriptions and defaults of its fields, in the order in which they are declared."""
    words = field_descriptions(struct)
    defaults = _defaults(struct)
    properties = {}
    for name, written in component["properties"].items():
        field = _portable(written)
        field.pop("default", None)
        if name in defaults:
            field["default"] = defaults[name]
        properties[name] = {"description": words[name], **field} if name in words else field
    return {**component, "properties": properties}


def _defaults(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """What a field is when it is left out, where that is a value."""
    found = {}
    for field in msgspec.structs.fields(struct):
        value = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        if value is not msgspec.NODEFAULT and value is not None:
            found[field.encode_name] = msgspec.json.decode(msgspec.json.encode(value))
    return found


def _portable(part: Any) -> Any:
    """Patterns as ECMA-262 writes them: there `$` is the very end, for which Python has its own sign."""
    if isinstance(part, dict):
        return {
            k: v.replace(r"\Z", "$") if k == "pattern" and isinstance(v, str) else _portable(v) for k, v in part.items()
        }
    return [_portable(item) for item in part] if isinstance(part, list) else part


def _reachable(top: Schema, definitions: dict[str, Schema]) -> set[str]:
    found: set[str] = set()
    parts: list[Any] = [top]
    while parts:
        part = parts.pop()
        if isinstance(part, list):
            parts += part
        elif isinstance(part, dict):
            name = str(part.get("$ref", "")).removeprefix("#/$defs/")
            if name and name not in found:
                found.add(name)
                parts.append(definitions[name])
            parts += part.values()
    return found
