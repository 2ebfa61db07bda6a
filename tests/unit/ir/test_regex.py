"""What is said of a pattern by its text alone agrees with RE2."""

from __future__ import annotations

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from compiler.ir.regex import program_steps, quoted


@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=20), st.text(max_size=20))
def test_a_quoted_text_matches_itself_and_nothing_else(text: str, other: str) -> None:
    assert re2.fullmatch(quoted(text), text)
    assert bool(re2.fullmatch(quoted(text), other)) is (text == other)


PIECES = st.sampled_from(
    ["a", ".", "[^/]", "[a-z]", "(a|b)", "x*", "y+", "z?", r"\d", r"\w", r"\W", "é", "|", "世", "[^é]"]
)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_a_size_is_never_told_too_small(pattern: str) -> None:
    try:
        real = re2.compile(pattern).programsize
    except re2.error:
        return
    assert program_steps(pattern) >= real


@pytest.mark.parametrize("pattern", ["[a-z]{900}", r"\pL{9}", "(?i)k", "a" * 100])
def test_long_and_counted_patterns_are_measured(pattern: str) -> None:
    assert program_steps(pattern) == re2.compile(pattern).programsize
