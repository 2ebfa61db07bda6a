"""The fields of a kind as plain data, for `fleetgate explain KIND` and the documentation. Printing is not done here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from msgspec import Struct

from compiler.model.descriptions import description
from compiler.model.kinds import KINDS
from compiler.model.schemas import example_text, schema, structs
from compiler.model.shape import branches
from compiler.model.words import wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compiler.model.schemas import Schema


class Field(Struct, frozen=True):
    """One field of a kind."""

    path: str
    """`spec.ports[].port`; `[]` stands for the entries of a list, `.*` for the values of a mapping with free keys."""
    type: str
    """What it holds, in words."""
    required: bool
    """Whether what it belongs to can't be without it."""
    default: str
    """What it is when it is left out, as it could be written; "" where that is no value."""
    description: str
    """What it says."""
    fields_as: str = ""
    """The path whose fields it has too, where they are listed already; "" where all of its fields follow."""
    shared: tuple[str, ...] = ()
    """The names of those fields, which may be some of them only."""


class Reference(Struct, frozen=True):
    """A kind, explained."""

    api_version: str
    kind: str
    description: str
    fields: tuple[Field, ...]
    """All fields, each before what is below it."""
    example: str
    """Good documents, as YAML."""


def reference(kind: str) -> Reference:
    """The reference of a kind; the case of its letters does not matter. KeyError: there is no such kind."""
    for api_version, name, struct in KINDS:
        if name.lower() == kind.lower():
            whole = schema(name)
            fields = tuple(_Reader(whole["$defs"]).fields("", whole))
            return Reference(api_version, name, description(struct), fields, example_text(name))
    raise KeyError(kind)


class _Reader:
    """Lists fields; those of one struct are listed where it is first met, also when another struct inherits them."""

    def __init__(self, definitions: dict[str, Schema]) -> None:
        self._definitions = definitions
        self._structs = structs()
        self._listed: dict[type[Struct], str] = {}

    def fields(self, prefix: str, part: Schema) -> Iterator[Field]:
        """The fields of an object and everything below them."""
        for name, field in part.get("properties", {}).items():
            yield from self._field(f"{prefix}.{name}" if prefix else name, name, field, part)

    def _field(self, path: str, name: str, field: Schema, parent: Schema) -> Iterator[Field]:
        below: list[Field] = []
        fields_as = ""
        shared: tuple[str, ...] = ()
        for inner, definition in self._definitions_in(path, field):
            named = (self._structs.get(base.__name__) for base in self._structs[definition].__mro__)
            bases = [base for base in named if base is not None and base.__struct_fields__]
            listed = next((base for base in bases if base in self._listed), None)
            known: tuple[str, ...] = ()
            if listed is not None:
                fields_as, known = self._listed[listed], listed.__struct_encode_fields__
                shared = known
            for base in bases:
                self._listed.setdefault(base, inner)
            part = self._definitions[definition]
            own = {key: value for key, value in part["properties"].items() if key not in known}
            below += self.fields(inner, {**part, "properties": own})
        default = field.get("default")
        yield Field(
            path=path,
            type=wanted(self._resolved(field)),
            required=name in parent["required"],
            default="" if default in (None, [], {}) else json.dumps(default, ensure_ascii=False),
            description=field["description"],
            fields_as=fields_as,
            shared=shared,
        )
        yield from below

    def _definitions_in(self, path: str, part: Schema) -> Iterator[tuple[str, str]]:
        """(path, name) of every struct that stands in a field: itself, in a list, or in a mapping."""
        for branch in branches(part):
            if "$ref" in branch:
                yield path, branch["$ref"].removeprefix("#/$defs/")
            for key, sign in (("items", "[]"), ("additionalProperties", ".*")):
                if isinstance(branch.get(key), dict):
                    yield from self._definitions_in(path + sign, branch[key])

    def _resolved(self, part: Schema) -> Schema:
        """A field without references in what its type says."""
        found = [
            self._definitions[branch["$ref"].removeprefix("#/$defs/")] if "$ref" in branch else branch
            for branch in branches(part)
        ]
        return {"anyOf": [{**b, "items": self._resolved(b["items"])} if "items" in b else b for b in found]}
