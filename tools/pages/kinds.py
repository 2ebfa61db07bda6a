"""Kinds: `docs/kinds.md` and the links in the README, from the structs that decode what people write."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from compiler.model.kinds import KINDS
from compiler.model.reference import reference
from tools.pages.markdown import HEAD, anchor, cell, code, codes, paragraphs, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from compiler.model.reference import Field, Reference

PAGE = "docs/kinds.md"

_ALTERNATIVE = re.compile(r" or (?=an? |the )")

_INTRO = """\
# Kinds

What people write: one YAML document is one object, and its `apiVersion` and `kind` decide what it is, not its path.
Names, labels and fields follow Kubernetes. An unknown field is an error that names the nearest one.
`fleetgate explain KIND` and `fleetgate explain KIND.FIELD` print what stands here; `fleetgate schema KIND` prints the
JSON Schema (also in [`schemas/`](../schemas)).

For completion and checks while typing, in editors with a YAML language server, the first line of a file names the
schema:

```yaml
# yaml-language-server: $schema=<path or URL of this repo>/schemas/fleetgate.json
```

In the tables `[]` stands for the entries of a list, `.*` for the values of a mapping with free keys; `apiVersion` and
`kind` are left out. The words for types are explained [at the end](#types).
"""


def page() -> str:
    """The whole page: one section per kind, then the types."""
    kinds = [reference(kind) for _, kind, _ in KINDS]
    types = _types(kinds)
    listed = "## Types\n\n" + table(("type", "is"), ((cell(name), cell(text)) for name, text in types.items()))
    return HEAD + "\n".join([_INTRO, _table(kinds), *(_section(kind, types) for kind in kinds), listed])


def block() -> str:
    """Links to the fields of each kind, one a line."""
    return ",\n".join(_link(kind, PAGE) for _, kind, _ in KINDS)


def _table(kinds: Iterable[Reference]) -> str:
    return table(
        ("kind", "apiVersion", "says"),
        ((_link(each.kind, ""), code(each.api_version), cell(_opening(each.description))) for each in kinds),
    )


def _link(kind: str, page: str) -> str:
    return f"[{kind}]({page}#{anchor(kind)})"


def _opening(description: str) -> str:
    return description.partition("\n\n")[0]


def _section(kind: Reference, types: Mapping[str, str]) -> str:
    rows = (
        (code(field.path), cell(_short(field.type, types)), _default(field), cell(_says(field)))
        for field in kind.fields
        if field.path not in {"apiVersion", "kind"}
    )
    fields = table(("field", "type", "default", "says"), rows)
    return (
        f"## {kind.kind}\n\n`{kind.api_version}`\n\n{paragraphs(kind.description)}\n\n{fields}\n"
        f"```yaml\n{kind.example.strip()}\n```\n"
    )


def _default(field: Field) -> str:
    return "required" if field.required else code(field.default)


def _says(field: Field) -> str:
    return f"{field.description} Its fields are {_fields(field)}." if field.shared else field.description


def _fields(field: Field) -> str:
    """The shared fields by their names, where they are few."""
    there = f"those of `{field.fields_as}`"
    return f"{codes(field.shared)}, as {there}" if len(field.shared) <= 3 else there


def _short(words: str, types: Mapping[str, str]) -> str:
    """The type without its explanation, where that stands at the end of the page."""
    short = words.partition(": ")[0]
    return short if _term(short) in types else words


def _types(kinds: Iterable[Reference]) -> dict[str, str]:
    """The explanation of every type that has one, and only one, by its name."""
    words = (field.type.partition(": ") for kind in kinds for field in kind.fields)
    found: dict[str, set[str]] = {}
    for short, colon, explanation in words:
        if colon:
            found.setdefault(_term(short), set()).add(explanation)
    return {name: min(explanations) for name, explanations in sorted(found.items()) if len(explanations) == 1}


def _term(short: str) -> str:
    """The last alternative: what the explanation is about."""
    return _ALTERNATIVE.split(short)[-1]
