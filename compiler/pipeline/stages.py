"""A stage as stable YAML, for `--stop-after` and bug reports."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec

from compiler.diagnostics import Origin
from compiler.manifests import render_all

if TYPE_CHECKING:
    from compiler.pipeline.compile import Cells
    from compiler.pipeline.options import Stage


def show(compiled: Cells, stage: Stage) -> str:
    """The documents as read (`source`), as typed (`model`), or the programs of all cells (`ir`)."""
    if stage == "ir":
        return render_all([_plain(cell.program) for cell in compiled.cells])
    documents = [d for file in compiled.sources.files.values() for d in file.documents]
    if stage == "source":
        return render_all(
            [{"file": d.origin.file, "document": d.origin.document, "kind": d.value.kind} for d in documents]
        )
    return render_all([_plain(d.value) for d in documents], comment=None)


def _plain(value: Any) -> Any:
    """A node as plain data: fields in order, empty ones left out, origins as file and path."""
    if isinstance(value, Origin):
        return f"{value.file}#{value.document}:{'/'.join(str(step) for step in value.path)}" if value.file else None
    if isinstance(value, msgspec.Struct):
        names = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
        fields = ((encoded, _plain(getattr(value, name))) for encoded, name in names)
        return {encoded: plain for encoded, plain in fields if plain not in (None, [], {}, "", False)}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # it has its finding, and no manifest can hold it as a number
    return value
