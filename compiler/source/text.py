"""Bytes of a file to text, or a finding: UTF-8 without a byte order mark, no control characters."""

from __future__ import annotations

import codecs
import functools
import re
from typing import TYPE_CHECKING, Final

from compiler.diagnostics import Origin, error

if TYPE_CHECKING:
    from compiler.diagnostics import Diagnostics

YAML_ENCODING = error(
    "yaml-encoding",
    "a file is not plain UTF-8 text",
    """
Input files are UTF-8 text without a byte order mark. Bytes that are not UTF-8, control characters, a lone carriage
return, and the Unicode characters that only some YAML readers take for a line break (U+0085, U+2028, U+2029) are
refused: what one reader sees as one line, the next would see as two. Windows line ends (CR LF) are fine.

Save the file as UTF-8 without a byte order mark. Inside a double-quoted string every character can be written as an
escape, such as "\\u2028". Name a file that is not meant for fleetgate in `.fleetgateignore`.
""",
)

CODES = (YAML_ENCODING,)

_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "a UTF-8 byte order mark"),
    (codecs.BOM_UTF32_LE, "a UTF-32 byte order mark"),  # begins like that of UTF-16
    (codecs.BOM_UTF16_LE, "a UTF-16 byte order mark"),
    (codecs.BOM_UTF16_BE, "a UTF-16 byte order mark"),
)


@functools.cache
def _illegal() -> re.Pattern[str]:
    """What no input may hold. Written as what is forbidden: Python compiles a class of all that is allowed in 3 ms."""
    return re.compile("[\0-\x08\x0b\f\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]|\r(?!\n)")


def find_illegal(text: str) -> re.Match[str] | None:
    """The first character that no input may hold, or None."""
    return _illegal().search(text)


def decode(file: str, raw: bytes, found: Diagnostics) -> str | None:
    """The text of a file with LF line ends; None after a finding. Columns and lines stay those of the file."""
    for mark, name in _BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            origin = Origin(file, line=1, column=1)
            why, fix = f"the file begins with {name}", "save the file as UTF-8 without a byte order mark"
            found.add(YAML_ENCODING, origin, "U+FEFF", why, fix)
            return None
    try:
        text = raw.decode()
    except UnicodeDecodeError as failed:
        line, column = position(raw[: failed.start].decode(), failed.start)
        origin = Origin(file, line=line, column=column)
        why = "this byte is not valid UTF-8, so the file was saved in another encoding or is not text"
        fix = "save the file as UTF-8, or name it in .fleetgateignore if it is not meant for fleetgate"
        found.add(YAML_ENCODING, origin, f"0x{raw[failed.start]:02X}", why, fix)
        return None
    illegal = find_illegal(text)
    if illegal is None:
        return text.replace("\r\n", "\n")
    line, column = position(text, illegal.start())
    character = illegal[0]
    if character == "\r":
        why, fix = "a carriage return without a line feed ends a line for some readers only", "end the line with LF"
    elif character in "\x85\u2028\u2029":
        why = "YAML 1.1 readers end the line at this character, YAML 1.2 readers do not"
        fix = f'remove it, or write "{_escape(character)}" inside a double-quoted string'
    elif character == "\ufeff":
        why, fix = "there is a byte order mark in the middle of the text", "remove it"
    else:
        why = "this control character is not allowed in YAML"
        fix = f'remove it, or write "{_escape(character)}" inside a double-quoted string'
    found.add(YAML_ENCODING, Origin(file, line=line, column=column), f"U+{ord(character):04X}", why, fix)
    return None


def position(text: str, index: int) -> tuple[int, int]:
    """1-based line and column (in code points) of `text[index]`; any index is taken, the end of the text at most."""
    before = text[:index]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02X}" if code < 0x100 else f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"
