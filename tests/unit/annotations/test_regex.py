"""Regex: a switch that makes patterns of all paths."""

from __future__ import annotations

import pytest

from compiler.annotations.regex import PathRegex
from tests.unit.annotations.reading import bad_value, good


@pytest.mark.parametrize(("text", "regex"), [("true", PathRegex()), ("1", PathRegex()), ("false", None), ("f", None)])
def test_paths_are_patterns_only_where_that_is_switched_on(text: str, regex: PathRegex | None) -> None:
    """Go booleans."""
    assert good({"use-regex": text}).regex == regex


def test_another_word_is_an_error() -> None:
    """MSE reads it as false."""
    assert bad_value({"use-regex": "on"}) == ("use-regex", "it is neither true nor false")
