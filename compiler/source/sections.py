"""Reading by sections: what whole apps have in common is built once.

A section is a key at the top of a document or in a mapping there (`spec:` and then `  overrides:`), with all that
stands deeper below it. What it says depends on nothing around it, just as what a line says, so equal sections are read
once, and their value is shared: documents are never changed. Files in one document without literal blocks are read this
way; the others, and those whose sections don't fit together, line by line.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from compiler.source.lines import Lines

_BREAKS: Final = re.compile(r"\n(?=(?:  )?[^ #\n-])")
"""Line breaks before a section. A dash belongs to the key above it, and a comment too."""
_ENTRIES: Final = 1 << 11
_CHARACTERS: Final = 1 << 18
"""Bounds of the memory; a full one is emptied and fills again. What is built takes about ten times as much as its
text.
"""

_Section = tuple[int, str, Any]
"""(column of the key, key, value; None = nothing stands below the key); column -1 for comments alone."""
_NOTHING: Final[_Section] = (-1, "", None)


class Sections:
    """Reads files by sections that it remembers."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._known: dict[str, _Section] = {}
        self._characters = 0

    def read(self, text: str) -> list[Any] | None:
        """As `Lines.read`."""
        if "|" in text or "---" in text:
            return self._lines.read(text)
        parts = _BREAKS.split(text.removesuffix("\n"))
        lines = text.count("\n") + 1
        sections = self._find(parts, lines)
        document = None if sections is None else _joined(sections)
        return self._lines.read(text) if document is None else [document]

    def _find(self, parts: list[str], lines: int) -> list[_Section] | None:
        """What each part says; None where a part is no section. `lines`: their number, for the credit of learning."""
        known = self._known
        missing = [line for part in parts if part not in known for line in part.split("\n")]
        if not self._lines.know(missing, lines):
            return None
        sections: list[_Section] = []
        for part in parts:
            section = known.get(part)
            if section is None:
                section = self._section(part)
                if section is None:
                    return None
            sections.append(section)
        return sections

    def _section(self, part: str) -> _Section | None:
        """What a part says, of which all lines are known; remembered if it has several."""
        if "\n" not in part:
            return self._lines.pair(part)
        lines = part.split("\n")
        documents = self._lines.build(lines)
        if documents is None or len(documents) != 1:
            return None
        document = documents[0]
        if document is None:
            return _NOTHING
        if not isinstance(document, dict) or len(document) != 1:
            return None
        ((key, value),) = document.items()
        first = next(line for line in lines if line and line.lstrip(" ")[:1] not in ("", "#"))
        section = (len(first) - len(first.lstrip(" ")), key, value)
        if len(self._known) >= _ENTRIES or self._characters + len(part) > _CHARACTERS:
            self._known.clear()
            self._characters = 0
        if len(part) <= _CHARACTERS:
            self._known[part] = section
            self._characters += len(part)
        return section


def _joined(sections: list[_Section]) -> dict[str, Any] | None:
    """The document of these sections; None for a structure that is wrong, or of another indentation."""
    document: dict[str, Any] = {}
    inner: dict[str, Any] | None = None
    open_key: str | None = None
    for column, key, value in sections:
        if column == 0:
            if key in document:
                return None
            document[key] = value
            inner, open_key = None, key if value is None else None
        elif column == 2:
            if inner is None:
                if open_key is None:
                    return None
                inner = document[open_key] = {}
            if key in inner:
                return None
            inner[key] = value
        elif column != -1:
            return None
    return document or None
