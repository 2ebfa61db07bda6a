"""Origins to lines and columns. Only findings pay for this: values on the way through the compiler carry paths."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from compiler.source import slow

if TYPE_CHECKING:
    from compiler.diagnostics import Origin, PathStep
    from compiler.source.nodes import Node

_MERGE = "<<"


def locate(text: bytes | str, origin: Origin) -> tuple[int, int]:
    """Line and column of an origin in the text of its file, both from 1, columns in code points.

    A path that does not exist (a field that is missing) gives the place of its nearest ancestor that does; a file
    without such a document, or that is not text, gives line 1, column 1. Never raises.
    """
    if origin.line:
        return origin.line, origin.column or 1
    tree = _tree(origin.file, _as_text(text))
    if origin.document >= len(tree.roots):
        return 1, 1
    place = node = tree.roots[origin.document]
    for index, step in enumerate(origin.path):
        # What an alias stands for is told at the anchor, where it would have to be changed.
        entry = tree.entry(node.target or node, step)
        if entry is None:
            break
        key, node = entry
        is_last = index == len(origin.path) - 1
        place = key if key is not None and is_last and origin.part == "key" else node
        if place.kind == "scalar" and not place.text and key is not None and place.is_plain:
            # A value that is not there has no place of its own; the parser puts it wherever it looked next.
            place = key
    return place.line, place.column


def excerpt(text: bytes | str, line: int) -> str:
    """The text of a line (from 1) as it was written, without its end; "" where there is no such line."""
    lines = _lines(_as_text(text))
    return lines[line - 1].removesuffix("\r") if 0 < line <= len(lines) else ""


@functools.lru_cache(maxsize=4)
def _lines(text: str) -> list[str]:
    """A file may have thousands of findings: its lines are told apart once."""
    return text.split("\n")


_Entry = tuple["Node | None", "Node"]
"""A key (none in lists) and its value."""


class _Tree:
    """The nodes of a file, with what was looked up in them: a mapping may have thousands of findings."""

    def __init__(self, roots: list[Node]) -> None:
        self.roots = roots
        self._mappings: dict[int, tuple[dict[str, _Entry], list[Node]]] = {}
        """By the identity of a node, which lives as long as this tree: entries by key, and what is merged."""

    def entry(self, node: Node, step: PathStep) -> _Entry | None:
        """The key and value that a step leads to."""
        if node.kind == "list":
            is_there = isinstance(step, int) and 0 <= step < len(node.children)
            return (None, node.children[step]) if is_there and isinstance(step, int) else None
        if node.kind != "mapping" or not isinstance(step, str):
            return None
        known = self._mappings.get(id(node))
        if known is None:
            known = self._mappings[id(node)] = _entries(node)
        entries, merges = known
        return entries.get(step) or self._merged_entry(merges, step)

    def _merged_entry(self, merges: list[Node], step: PathStep) -> _Entry | None:
        for merge in merges:
            source = merge.target or merge
            for mapping in source.children if source.kind == "list" else [source]:
                entry = self.entry(mapping.target or mapping, step)
                if entry is not None:
                    return entry
        return None


@functools.lru_cache(maxsize=32)
def _tree(file: str, text: str) -> _Tree:
    """Findings come sorted by file, so that a few files remembered are enough."""
    return _Tree(slow.roots(file, text))


def _entries(node: Node) -> tuple[dict[str, _Entry], list[Node]]:
    entries: dict[str, _Entry] = {}
    merges: list[Node] = []
    pairs = iter(node.children)
    for key, value in zip(pairs, pairs, strict=True):
        name = key.target or key
        if name.kind == "scalar":
            entries[name.text] = key, value  # of a key that is written twice the last one counts
        if name.is_plain and name.text == _MERGE:
            merges.append(value)
    return entries, merges


@functools.lru_cache(maxsize=4)
def _as_text(text: bytes | str) -> str:
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    return text.replace("\r\n", "\n")
