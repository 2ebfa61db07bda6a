"""Reading by sections: what whole apps have in common is built once.

A section is a key at the top of a document or in a mapping there (`spec:` and then `  overrides:`), with all that
stands deeper below it. What it says depends on nothing around it, just as what a line says, so equal sections are read
once, and their value is shared: documents are never changed. Files in one document without literal blocks are read this
way; the others, and those whose sections don't fit together, line by line.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from compiler.source.lines import BLANK, NOTHING, OPEN_PAIR, PAIR

if TYPE_CHECKING:
    from compiler.source.lines import Line, Lines

_BREAKS: Final = re.compile(r"\n(?=(?:  )?[^ #\n-])")
"""Line breaks before a section. A dash belongs to the key above it, and a comment too."""
_ENTRIES: Final = 1 << 11
_CHARACTERS: Final = 1 << 18
"""Bounds of the memory; a full one is emptied and fills again. What is built takes about ten times as much as its
text.
"""
_INNER: Final = 4
"""Level of a key at column 2."""


class Sections:
    """Reads files by sections that it remembers."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._known: dict[str, Line] = {}
        """Sections of several lines, each as if it were a pair on one line."""
        self._characters = 0

    def read(self, text: str) -> list[Any] | None:
        """As `Lines.read`."""
        if "|" in text or "---" in text:
            return self._lines.read(text)
        sections = self._find(_BREAKS.split(text.removesuffix("\n")), text.count("\n"))
        document = None if sections is None else _joined(sections)
        return self._lines.read(text) if document is None else [document]

    def _find(self, parts: list[str], count: int) -> list[Line] | None:
        """What each part says; None where one is no section. `count`: how many lines need not be read if all are
        known.
        """
        known, lines = self._known, self._lines.known
        missing = [part for part in parts if part not in known]
        if not self._lines.know([line for part in missing for line in part.split("\n")], count):
            return None
        for part in missing:
            if "\n" in part and not self._learn(part):
                return None
        return [known[part] if part in known else lines[part] for part in parts]

    def _learn(self, part: str) -> bool:
        """Build a section of which all lines are known; whether that could be done."""
        lines = part.split("\n")
        documents = self._lines.build(lines)
        if documents is None or len(documents) != 1:
            return False
        document = documents[0]
        if document is None:
            section = BLANK
        elif isinstance(document, dict) and len(document) == 1:
            ((key, value),) = document.items()
            first = next(line for line in lines if line.lstrip(" ")[:1] not in ("", "#"))
            column = len(first) - len(first.lstrip(" "))
            section = (OPEN_PAIR if value is None else PAIR, key, value, 2 * column, 0)
        else:
            return False
        if len(self._known) >= _ENTRIES or self._characters + len(part) > _CHARACTERS:
            self._known.clear()
            self._characters = 0
            return False
        self._known[part] = section
        self._characters += len(part)
        return True


def _joined(sections: list[Line]) -> dict[str, Any] | None:
    """The document of these sections; None for a structure that is wrong, or of another indentation."""
    document: dict[str, Any] = {}
    inner: dict[str, Any] | None = None
    open_key: str | None = None
    for what, key, value, level, _ in sections:
        if what > OPEN_PAIR:
            if what != NOTHING:
                return None
        elif level == 0:
            if key in document:
                return None
            document[key] = value
            inner, open_key = None, key if what == OPEN_PAIR else None
        elif level == _INNER:
            if inner is None:
                if open_key is None:
                    return None
                inner = document[open_key] = {}
            if key in inner:
                return None
            inner[key] = value
        else:
            return None
    return document or None
