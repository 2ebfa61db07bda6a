"""The quickest reader: it knows most lines of a fleet already, because the files of a fleet resemble each other.

A block mapping or sequence is read line by line: what a line says (a key, a value, a dash) depends on nothing but the
line, and where it belongs on its indentation alone, as long as no value goes on in the next line. So the fast reader
reads each different line once, and here the structure is built from what it read: a third of the time, or less.
Literal blocks of a plain kind are taken out before: the fast reader knows none, and importing the slow one takes as
long as hundreds of files. Whatever else a file holds, it is left to the fast reader as a whole.
tests/property proves that all readers agree.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    Parse = Callable[[str], list[Any] | None]

# What a line is. A pair is `key: value`; an open one is `key:`, whose value follows, or is null.
PAIR: Final = 0
OPEN_PAIR: Final = 1
_ITEM: Final = 2
_PAIR_ITEM: Final = 3
_OPEN_PAIR_ITEM: Final = 4
NOTHING: Final = 5
_DIVIDER: Final = 6
_OTHER: Final = 7

Line = tuple[int, str, Any, int, int]
"""(what it is, key, value, level, level of the pair in an item).

The level says where a line belongs: twice the column of its key, or of its dash and one more; -2 if it belongs nowhere.
A list may stand at the column of the key that it is the value of, so it is one level deeper than what stands there.
"""

_DEEPEST = 36
"""Largest indentation, as in the grammar of the fast reader."""
_LONGEST = 200
"""Longest line that is remembered, in characters: longer ones seldom repeat, and cost memory."""
_ENTRIES = 1 << 13
"""Bound of the memory; a full one is emptied and fills again."""
_CREDIT = 4096
"""Lines that may be learned before it has to pay: in a fleet whose lines never repeat, it never does."""

BLANK: Final[Line] = (NOTHING, "", None, -2, 0)
_UNKNOWN: Final[Line] = (_OTHER, "", None, -2, 0)
_FIXED: Final[dict[str, Line]] = {"": BLANK, "---": (_DIVIDER, "", None, -2, 0)}


class Lines:
    """Reads files by lines that it remembers."""

    def __init__(self, parse: Parse) -> None:
        """`parse` reads the items of a list, written one below the other; None where it can't."""
        self._parse = parse
        self.known = dict(_FIXED)
        """What each line that was learned says."""
        self._credit = _CREDIT

    def read(self, text: str) -> list[Any] | None:
        """All documents of a file, empty ones as None; None where it holds more than can be read by lines."""
        lines = text.split("\n")
        blocks: dict[int, _Block] = {}
        if "|" in text:
            divided = _without_blocks(lines)
            if divided is None:
                return None
            lines, blocks = divided
        if not self.know(lines, len(lines)):
            return None
        found = map(self.known.__getitem__, lines)
        if not blocks:
            return _build(found)
        filled = list(found)
        for index, block in blocks.items():
            line = _filled(filled[index], block)
            if line is None:
                return None
            filled[index] = line
        return _build(filled)

    def know(self, lines: Collection[str], count: int) -> bool:
        """Learn those of these lines that are news; whether all are known then. `count`: how many lines it saves to
        know them.
        """
        missing = set(lines).difference(self.known)
        self._credit += count - len(missing)
        return not missing or self._learn(missing)

    def build(self, lines: Iterable[str]) -> list[Any] | None:
        """The documents that known lines make, literal blocks aside; None where they make none."""
        return _build(map(self.known.__getitem__, lines))

    def _learn(self, missing: Collection[str]) -> bool:
        """Read these lines, all at once; whether that could be done."""
        if len(missing) > self._credit or max(map(len, missing)) > _LONGEST:
            return False
        self._credit -= len(missing)
        if len(self.known) + len(missing) > _ENTRIES:
            self.known.clear()
            self.known.update(_FIXED)
            return False
        learned = {line: known for line in missing if (known := _named(line)) is not None}
        others = [line for line in missing if line not in learned]
        if others:
            # As items of a list none can go on in the next, or there would be fewer values than lines.
            values = self._parse("\n".join([f"- {line.lstrip(' ')}" for line in others]))
            if values is None or len(values) != len(others):
                return False
            learned.update(zip(others, map(_line, others, values), strict=True))
        self.known.update(learned)
        return True


_Block = tuple[str, int]
"""(text of a literal block, column of the key or dash that it belongs to)."""
_HEADER: Final = r"( *)(- +)?(?:[^ ].*: +)?\|(-?)"
"""The line before a literal block. Its pattern is compiled when the first `|` is met."""
_STAND_IN: Final = "x"
"""What is read instead of a literal block."""


def _without_blocks(lines: list[str]) -> tuple[list[str], dict[int, _Block]] | None:
    """The lines with a stand-in for each literal block, and the blocks by the index of the line that they belong to.

    Of blocks only the plainest are taken out: none that begins with a blank line, says how it is indented or keeps all
    line breaks at its end; none with tabs, or with blanks alone in a line. None for others; what does not even look
    like the header of one stays.
    """
    kept: list[str] = []
    blocks: dict[int, _Block] = {}
    index = 0
    while index < len(lines):
        line = lines[index]
        index += 1
        header = re.fullmatch(_HEADER, line) if line.endswith(("|", "|-")) and len(line) <= _LONGEST else None
        if header is None:
            kept.append(line)
            continue
        column = header.end(2) if header[2] and ":" in line else header.end(1)
        first = index
        while index < len(lines) and (not lines[index].strip(" ") or _column(lines[index]) > column):
            index += 1
        content = lines[first:index]
        while content and not content[-1]:
            content.pop()
        margin = " " * _column(content[0]) if content else ""
        if not margin or (index == len(lines) and lines[-1]) or not all(_is_plain(each, margin) for each in content):
            return None
        text = "\n".join([each[len(margin) :] for each in content])
        blocks[len(kept)] = (text if header[3] else text + "\n", column)
        kept.append(line[: header.end(3) - len(header[3]) - 1] + _STAND_IN)
    return kept, blocks


def _column(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _is_plain(line: str, margin: str) -> bool:
    """Whether a line of a literal block has this margin, and after it text in which nothing is hidden."""
    return not line or (
        line.startswith(margin) and len(line) > len(margin) and line.isprintable() and line.strip() != ""
    )


def _filled(line: Line, block: _Block) -> Line | None:
    """A line with its literal block instead of the stand-in; None where the stand-in was not read as one."""
    what, key, value, level, inner_level = line
    text, column = block
    belongs = inner_level if what == _PAIR_ITEM else level
    if what not in (PAIR, _ITEM, _PAIR_ITEM) or value != _STAND_IN or belongs >> 1 != column:
        return None
    return (what, key, text, level, inner_level)


_NAME: Final = re.compile(
    r"( {0,36})(- )?(?!(?i:y|n|yes|no|on|off|true|false|null):)([A-Za-z]+): "
    r"(/?[a-z][a-z0-9]*[-./][a-z0-9./-]*(?::[a-z0-9][a-z0-9./-]*)*)"
)
"""A key, and a name as Kubernetes has them: a host, an image, a path. What begins with a letter and holds a dash, a dot
or a slash is text to every reader, and nearly all lines that do not repeat are of this kind.
"""


def _named(line: str) -> Line | None:
    """What a line is that holds a name; None for every other."""
    match = _NAME.fullmatch(line)
    if match is None:
        return None
    margin, dash, key, value = match.groups()
    level = 2 * len(margin)
    return (_PAIR_ITEM, key, value, level + 1, level + 4) if dash else (PAIR, key, value, level, 0)


def _line(line: str, value: Any) -> Line:
    """What a line is; `value` is what it stands for, alone."""
    content = line.lstrip(" ")
    column = len(line) - len(content)
    if not content or content[0] == "#":
        return BLANK
    if column > _DEEPEST:
        return _UNKNOWN
    if not content.startswith("- "):
        is_pair = isinstance(value, dict) and content[0] not in "{["
        return _pair(content, value, 2 * column) if is_pair else _UNKNOWN
    body = content[1:].lstrip(" ")
    (item,) = value
    if isinstance(item, dict) and body[0] not in "{[":
        what, key, inner, level, _ = _pair(body, item, 2 * (column + len(content) - len(body)))
        return _UNKNOWN if what == _OTHER else (what + _PAIR_ITEM, key, inner, 2 * column + 1, level)
    if item is None or (isinstance(item, list) and body[0] != "["):
        return _UNKNOWN  # a list in a list may go on in the next lines, and behind nothing anything may follow
    return (_ITEM, "", item, 2 * column + 1, 0)


def _pair(content: str, pairs: dict[Any, Any], level: int) -> Line:
    ((key, value),) = pairs.items()
    if not isinstance(key, str):
        return _UNKNOWN
    if value is not None:
        return (PAIR, key, value, level, 0)
    # null may have been written: then nothing may follow
    is_open = content[-1] == ":" and "#" not in content
    return (OPEN_PAIR, key, None, level, 0) if is_open else _UNKNOWN


def _build(lines: Iterable[Line]) -> list[Any] | None:  # noqa: C901, PLR0912 - calls would cost more than their work
    """The documents that these lines make; None for a structure that is wrong, or not block mappings and lists.

    `top` is the innermost mapping (at an even level) or list (at an odd one); those around it wait in `outer`.
    `pending` is the mapping whose last key gets what the next line begins, if that is deeper than `pending_level`.
    """
    documents: list[Any] = []
    is_divided = False
    outer: list[tuple[int, Any]] = []
    top: Any = {}
    top_level, pending_level = -2, -1
    root = pending = top
    pending_key = ""
    for what, key, value, level, inner_level in lines:
        if level < 0:
            if what == NOTHING:
                continue
            if what == _OTHER:
                return None
            if root or is_divided:
                documents.append(root.get(""))
            is_divided = True
            outer, top = [], {}
            top_level, pending_level = -2, -1
            root = pending = top
            pending_key = ""
            continue
        if level > pending_level:
            outer.append((top_level, top))
            top = pending[pending_key] = [] if level & 1 else {}
            top_level = level
        else:
            while top_level > level:
                top_level, top = outer.pop()
            if top_level != level:
                return None
        pending_level = _NO_LEVEL
        if what <= OPEN_PAIR:
            if key in top:
                return None
            top[key] = value
            if what == OPEN_PAIR:
                pending, pending_key, pending_level = top, key, level
        elif what == _ITEM:
            top.append(value)
        else:
            inner = {key: value}
            top.append(inner)
            outer.append((top_level, top))
            top, top_level = inner, inner_level
            if what == _OPEN_PAIR_ITEM:
                pending, pending_key, pending_level = inner, key, inner_level
    documents.append(root.get(""))
    return documents


_NO_LEVEL: Final = 2 * _DEEPEST + 2 * _LONGEST
"""Deeper than any line."""
