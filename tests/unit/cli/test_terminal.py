"""Laws of what may reach a terminal."""

from __future__ import annotations

import io
import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.cli.terminal import Style, detect, escape, width


class Tty(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@given(st.text(st.characters(exclude_categories=())))
def test_nothing_that_steers_a_terminal_survives(text: str) -> None:
    """No control, no direction change, no invisible character, no lone surrogate."""
    assert not [c for c in escape(text) if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} or c in "\u202e\u2066"]


@given(st.text(string.printable[:95]))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert escape(text) == text


@pytest.mark.parametrize(
    ("raw", "shown"),
    [("\x1b[31mred", "\\x1b[31mred"), ("a\nb\tc", "a\\nb\\tc"), ("\x9b", "\\x9b"), ("\u202e", "\\u202e"), ("é", "é")],
)
def test_escapes_are_readable(raw: str, shown: str) -> None:
    assert escape(raw) == shown


def test_width_counts_columns() -> None:
    assert (width("abc"), width("漢字"), width("e\u0301")) == (3, 4, 1)


def test_colour_only_on_a_terminal_that_wants_it() -> None:
    assert detect(Tty(), io.StringIO(), {}).out.coloured
    assert not detect(Tty(), io.StringIO(), {}).err.coloured
    assert not detect(Tty(), Tty(), {"NO_COLOR": "1"}).out.coloured
    assert not detect(Tty(), Tty(), {"TERM": "dumb"}).out.coloured
    assert not detect(io.StringIO(), Tty(), {}).out.coloured
    assert detect(Tty(), Tty(), {"NO_COLOR": ""}).out.coloured, "an empty NO_COLOR is not set (no-color.org)"


def test_without_colour_text_is_bare() -> None:
    assert Style(coloured=False)("error", "no") == "no"
    assert Style(coloured=True)("error", "no") == "\x1b[1;31mno\x1b[0m"
