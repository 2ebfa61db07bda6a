"""What a terminal may be sent: text without control characters, colour only where it is wanted."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

Role = Literal["error", "warning", "place", "mark", "strong", "faint", "good"]

_SGR: dict[Role, str] = {
    "error": "1;31",
    "warning": "1;33",
    "place": "1",
    "mark": "1;36",
    "strong": "1",
    "faint": "2",
    "good": "1;32",
}
"""Select Graphic Rendition parameters (ECMA-48) of each role."""

_UNSAFE = "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
"""Control characters, invisible and direction-changing ones, lone surrogates: none of them may reach a terminal raw."""

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


class Style(Struct, frozen=True, gc=False):
    """Colour, or none."""

    coloured: bool = False

    def __call__(self, role: Role, text: str) -> str:
        """`text` as `role` looks; unchanged without colour."""
        return f"\x1b[{_SGR[role]}m{text}\x1b[0m" if self.coloured and text else text


class Terminal(Struct, frozen=True, gc=False):
    """What stands at the other end of our output."""

    out: Style = Style()
    """How standard output may look."""
    err: Style = Style()
    """How standard error may look."""
    shows_progress: bool = False
    """Whether a progress bar on standard error would be seen by somebody."""


def detect(out: TextIO | None, err: TextIO | None, environ: Mapping[str, str]) -> Terminal:
    """Look at the two streams (None: closed). `NO_COLOR` (no-color.org) and `TERM=dumb` turn colour off."""
    out_is_terminal, err_is_terminal = (stream is not None and stream.isatty() for stream in (out, err))
    allowed = not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
    return Terminal(
        out=Style(allowed and out_is_terminal),
        err=Style(allowed and err_is_terminal),
        shows_progress=err_is_terminal and environ.get("TERM") != "dumb",
    )


def escape(text: str) -> str:
    r"""`text` safe to show on one line: `\x1b` instead of the escape character, `\n` instead of a line break."""
    if text.isascii() and text.isprintable():
        return text
    return _unsafe().sub(_escaped, text)


def width(text: str) -> int:
    """Columns that escaped `text` takes on a terminal: two for wide East Asian characters, none for combining ones."""
    if text.isascii():
        return len(text)
    import unicodedata  # noqa: PLC0415 - 1 MB of tables for the rare line that is not ASCII

    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in {"W", "F"} else 1 for c in text
    )


@functools.cache
def _unsafe() -> re.Pattern[str]:
    """`_UNSAFE`, compiled when a text is met that may need it."""
    return re.compile(_UNSAFE)


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    code = ord(character)
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
