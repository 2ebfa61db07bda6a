"""What a kind is and which fields it has; what one field means."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from compiler.cli.table import fill, table
from compiler.model.kinds import KINDS
from compiler.model.reference import reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from compiler.cli.terminal import Style
    from compiler.model.reference import Field, Reference

_ENTRY = re.compile(r"\[[^]]*\]|\.\*")
"""The step into a list or a mapping with free keys; people may leave it out."""


def kind_words() -> Iterable[str]:
    """All kinds, and all fields behind their kind."""
    for _, kind, _ in KINDS:
        yield kind
        yield from (f"{kind}.{_bare(field.path)}" for field in reference(kind).fields)


def explain_kind(word: str, style: Style) -> str:
    """A kind with its fields and an example, or a field with those below it. Case does not matter."""
    kind, _, path = word.partition(".")
    if kind.lower() not in {name.lower() for _, name, _ in KINDS}:
        return ""
    whole = reference(kind)
    if not path:
        return _kind(whole, style)
    found = _find(whole, _bare(path).lower())
    return _field(whole, *found, style) if found else ""


def _find(whole: Reference, wanted: str) -> tuple[str, Field] | None:
    """The field at a bare path in lower case, with its path as it is written.

    A field whose fields are listed elsewhere (`livenessProbe` has those of `readinessProbe`) leads on to there.
    """
    for field in whole.fields:
        bare = _bare(field.path)
        if bare.lower() == wanted:
            return bare, field
        below = wanted.removeprefix(f"{bare.lower()}.")
        if below != wanted and below.partition(".")[0] in {name.lower() for name in field.shared}:
            there = _bare(field.fields_as)
            found = _find(whole, f"{there.lower()}.{below}")
            return found and (bare + found[0].removeprefix(there), found[1])
    return None


def _kind(whole: Reference, style: Style) -> str:
    outer = [f for f in whole.fields if f.path not in {"apiVersion", "kind", "spec"} and "." not in f.path]
    rows = [(_bare(field.path), field) for field in (*outer, *_below(whole, "spec"))]
    head = f"{style('strong', whole.kind)} ({whole.api_version})\n\n{fill(whole.description, '  ')}\n"
    example = textwrap.indent(whole.example, "  ")
    return f"{head}{_table(whole, rows, '', style)}\n{style('faint', 'for example')}\n\n{example}"


def _field(whole: Reference, path: str, field: Field, style: Style) -> str:
    rule = "; required" if field.required else f"; default {field.default}" if field.default else ""
    name = style("strong", f"{whole.kind}.{path}")
    head = f"{name}\n\n{fill(field.description, '  ')}\n{fill(field.type + rule, '  ')}"
    shared = (each for each in _below(whole, field.fields_as) if _name(each) in field.shared)
    rows = [(_name(each), each) for each in (*_below(whole, field.path), *shared)]
    return f"{head}\n{_table(whole, rows, f'{path}.', style)}" if rows else head


def _below(whole: Reference, path: str) -> list[Field]:
    """The fields directly below a path; steps into lists and mappings do not count."""
    start = f"{_bare(path)}."
    return [
        field
        for field in whole.fields
        if _bare(field.path).startswith(start) and "." not in _bare(field.path).removeprefix(start)
    ]


def _table(whole: Reference, named: Sequence[tuple[str, Field]], above: str, style: Style) -> str:
    """One row per field; `+` marks those that have fields of their own."""
    rows = []
    deep = []
    for name, field in named:
        has_more = bool(field.shared) or bool(_below(whole, field.path))
        if has_more:
            deep.append(f"{whole.kind}.{above}{name}")
        rule = "required" if field.required else f"= {field.default}" if field.default else ""
        opening = field.description.partition("\n\n")[0]  # a row is one line; the whole stands at the field itself
        rows.append((f"{name} +" if has_more else name, rule, opening))
    hint = f"\n  + has fields of its own: fleetgate explain {deep[-1]}\n" if deep else ""
    return table(("FIELD", "DEFAULT", "WHAT IT SAYS"), rows, style, most=len(rows)) + hint


def _name(field: Field) -> str:
    return _bare(field.path).rpartition(".")[2]


def _bare(path: str) -> str:
    return _ENTRY.sub("", path)
