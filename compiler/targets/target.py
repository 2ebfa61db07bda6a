"""What every target has in common: it declares what it can express, and emits files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

EDITS = "Edits are lost: the next build writes this file anew."
HEAD = f"Compiled by fleetgate. {EDITS}"
"""First line of an emitted file, as a comment."""


class ObjectId(Struct, frozen=True, gc=False, order=True):
    """Identity of an emitted Kubernetes object."""

    api_version: str
    kind: str
    namespace: str
    """Empty for a cluster-scoped object."""
    name: str


class Emission(Struct, frozen=True, gc=False):
    """One file of the output tree."""

    path: str
    """Below the output folder, with forward slashes."""
    pieces: tuple[str, ...]
    """Its text in pieces: many files of an app share most of theirs, so that a fleet's texts take little memory."""
    scope: tuple[Literal["cluster", "gateway", "argocd"], str, str]
    """(what it is for, name of that cluster or gateway, namespace): what a delivery groups files by."""
    objects: tuple[ObjectId, ...]
    """Objects in the file, in order; shared between placements where equal."""
    known_size: int = -1
    """Bytes of its text, where whoever made it has counted; -1 = nobody has."""

    @property
    def text(self) -> str:
        """What stands in the file; made anew each time."""
        return "".join(self.pieces)

    @property
    def size(self) -> int:
        """Bytes of the text in UTF-8."""
        return size_of(self.pieces) if self.known_size < 0 else self.known_size


def size_of(pieces: Iterable[str]) -> int:
    """Bytes of a text in UTF-8."""
    return sum([len(piece) if piece.isascii() else len(piece.encode()) for piece in pieces])
