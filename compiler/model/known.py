"""What was looked at already: overrides of a fleet repeat, and `compiler.model.decode` makes equal ones one object."""

from __future__ import annotations

from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")

_ENTRIES: Final = 1 << 12
LISTS: Final = 1 << 8
"""Enough for all overrides of an app: where apps repeat such lists, there are few different ones."""


class Known(Generic[T]):
    """What was found out about frozen objects, by their identity. It keeps them, so that no other takes their place."""

    __slots__ = ("_bound", "_found")

    def __init__(self, bound: int = _ENTRIES) -> None:
        """`bound`: of the number of objects; a full memory is emptied and fills again."""
        self._bound = bound
        self._found: dict[int, tuple[Any, T]] = {}

    def get(self, node: object) -> T | None:
        """What is known of an object; None where that is nothing."""
        entry = self._found.get(id(node))
        return None if entry is None else entry[1]

    def put(self, node: object, found: T) -> T:
        """Remember what was found out."""
        if len(self._found) >= self._bound:
            self._found.clear()
        self._found[id(node)] = (node, found)
        return found
