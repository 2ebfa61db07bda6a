"""Laws of the step from bytes to text."""

from __future__ import annotations

import codecs

import pytest

from compiler.diagnostics import Diagnostics
from compiler.source.text import decode, position
from tests.unit.source.findings import told


def problem(raw: bytes) -> tuple[str, int, int, str]:
    """The one finding about bytes that are no text."""
    found = Diagnostics()
    assert decode("a.yaml", raw, found) is None
    (finding,) = found
    return told(finding, raw)


@pytest.mark.parametrize(
    ("raw", "line", "column", "value"),
    [
        (codecs.BOM_UTF8 + b"a: 1", 1, 1, "U+FEFF"),
        ("a: 1".encode("utf-16"), 1, 1, "U+FEFF"),
        ("a: 1".encode("utf-32"), 1, 1, "U+FEFF"),
        (b"a: 1\nb: \xff", 2, 4, "0xFF"),
        (b"a: \xc3\xa9\xed\xa0\x80", 1, 5, "0xED"),
        (b"a: \xc3", 1, 4, "0xC3"),
        (b"a: \0", 1, 4, "U+0000"),
        (b"a: \x1b[0m", 1, 4, "U+001B"),
        ("é: \x85".encode(), 1, 4, "U+0085"),
        ("a\n\n é\u2028".encode(), 3, 3, "U+2028"),
        ("a\ufeff".encode(), 1, 2, "U+FEFF"),
        ("😀\uffff".encode(), 1, 2, "U+FFFF"),
        (b"a: 1\r\nb: 2\rc: 3\n", 2, 5, "U+000D"),
    ],
)
def test_what_is_no_text_is_told_with_its_place(raw: bytes, line: int, column: int, value: str) -> None:
    assert problem(raw) == ("yaml-encoding", line, column, value)


def test_windows_line_ends_are_line_ends() -> None:
    found = Diagnostics()
    assert decode("a.yaml", b"a: 1\r\nb: 2\r\n", found) == "a: 1\nb: 2\n"
    assert len(found) == 0


def test_every_other_character_is_text() -> None:
    text = "\t\n ~\xa0é\u2027\u202a中\ue000\ufffd😀\U0010fffd"
    assert decode("a.yaml", text.encode(), Diagnostics()) == text


def test_positions_count_from_one_and_stop_at_the_end() -> None:
    assert position("ab\nc", 0) == (1, 1)
    assert position("ab\nc", 3) == (2, 1)
    assert position("ab\nc", 99) == (2, 2)
