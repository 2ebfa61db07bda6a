"""What one build leaves to the next, so that an edit costs its cell and no edit costs nothing.

Memory only spares work: the law "incremental = clean build, byte for byte" is a test. It is kept only after a build
without errors, in `compiler.output.cache`.
"""

from __future__ import annotations

import msgspec

from compiler.diagnostics import Diagnostic  # noqa: TC001 - msgspec reads the annotations
from compiler.pipeline.facts import Facts  # noqa: TC001 - the same
from compiler.targets.envoy.fragments import Fragment  # noqa: TC001 - the same


class CellMemory(msgspec.Struct, array_like=True, gc=False):
    """One cell."""

    files: list[str]
    """Input files with documents."""
    outputs: list[str]
    """Paths of its files in the output tree."""
    facts: Facts
    fragments: list[Fragment]
    """What it adds to the Envoy configurations of gateways."""


class _Fragments(msgspec.Struct, array_like=True, gc=False):
    """A `CellMemory` of which the fragments alone are wanted."""

    files: msgspec.Raw
    outputs: msgspec.Raw
    facts: msgspec.Raw
    fragments: list[Fragment]


class FleetMemory(msgspec.Struct, array_like=True, gc=False):
    """What cells share."""

    keys: dict[str, str]
    """Key -> the cell that it belongs to."""
    world: list[str]
    """Files that every cell depends on."""
    patterns: list[tuple[str, str]]
    """(folder, glob) of everything that Apps claim."""
    nested: list[str]
    """Folders of nested roots, with a slash at the end."""
    facts: Facts
    """The sum of all cells."""
    of_files: dict[str, tuple[Diagnostic, ...]]
    """Findings of reading, by file."""
    of_cells: dict[str, tuple[Diagnostic, ...]]
    """Findings of compiling, by cell."""
    delivered: dict[str, bytes]
    """Files of the output tree that belong to no cell: path -> digest."""


pack = msgspec.msgpack.Encoder().encode


# Functions and not decoders: each would look at its types now.
def unpack_cell(packed: bytes) -> CellMemory:
    """What `pack` made of a cell."""
    return msgspec.msgpack.decode(packed, type=CellMemory)


def unpack_fragments(packed: bytes) -> list[Fragment]:
    """The fragments in what `pack` made of a cell."""
    return msgspec.msgpack.decode(packed, type=_Fragments).fragments


def unpack_fleet(packed: memoryview) -> FleetMemory:
    """What `pack` made of what cells share."""
    return msgspec.msgpack.decode(packed, type=FleetMemory)
