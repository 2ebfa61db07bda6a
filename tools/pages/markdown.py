"""Plain text as Markdown that every renderer reads alike: prose, table cells, code, anchors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HEAD = "<!-- Written by `make generate`; edits are lost. -->\n\n"
"""First line of a page that is generated as a whole."""

_CODE = re.compile(r"`[^`\n]+`")
_MARKUP = re.compile(r"[*_<>\[\]\\]")
_UNDERSCORE_IN_WORD = re.compile(r"(?<=\w)\\_(?=\w)")


def prose(text: str) -> str:
    """Text in which only code spans are markup: `*.yaml, *.yml` must not become emphasis, `<name>` no tag."""
    parts = []
    end = 0
    for span in _CODE.finditer(text):
        parts += [_escaped(text[end : span.start()]), span[0]]
        end = span.end()
    return "".join([*parts, _escaped(text[end:])])


def paragraphs(text: str) -> str:
    """Paragraphs, separated by empty lines; what is indented or begins a list is left as it is."""
    return "\n\n".join(
        each
        if any(line.startswith((" ", "- ", "|")) for line in each.split("\n"))
        else prose(" ".join(each.split("\n")))
        for each in text.strip("\n").split("\n\n")
    )


def cell(text: str) -> str:
    """Text in a table cell: one line, and a `|` separates nothing, in code neither."""
    return prose(" ".join(text.split())).replace("|", r"\|")


def code(text: str) -> str:
    """Text that is to be typed; "" stays empty."""
    if not text:
        return ""
    fence = "``" if "`" in text else "`"
    return f"{fence}{text}{fence}"


def codes(words: Iterable[str]) -> str:
    """Several of them, separated by commas."""
    return ", ".join(map(code, words))


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; the cells are Markdown already (`cell`, `code`)."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def anchor(heading: str) -> str:
    """What a heading is linked by, as GitHub makes it: lower case, blanks to dashes, no other punctuation."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _escaped(text: str) -> str:
    return _UNDERSCORE_IN_WORD.sub("_", _MARKUP.sub(r"\\\g<0>", text))
