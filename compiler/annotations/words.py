"""The nearest known word to one that is not known: only ever asked for when something is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(word: str, known: Iterable[str], cutoff: float = 0.7) -> str | None:
    """The known word that looks most like `word`, or None when nothing comes close.

    `cutoff` is the least likeness, 0 to 1 (ratio of `difflib`).
    """
    import difflib  # noqa: PLC0415 - not needed while everything is spelled right

    close = difflib.get_close_matches(word[:128], sorted(known), n=1, cutoff=cutoff)
    return close[0] if close else None
