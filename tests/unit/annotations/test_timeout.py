"""Timeout: whole seconds."""

from __future__ import annotations

import pytest

from compiler.ir.traffic import Timeout
from tests.unit.annotations.reading import bad_value, good


@pytest.mark.parametrize(("text", "timeout"), [("30", Timeout(30)), (" 1 ", Timeout(1)), ("0", None)])
def test_a_timeout_is_in_seconds_and_0_is_none(text: str, timeout: Timeout | None) -> None:
    """MSE reference."""
    assert good({"timeout": text}).timeout == timeout


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("10s", "it carries a unit, and MSE would ignore it"),
        ("1m30s", "it carries a unit, and MSE would ignore it"),
        ("1.5", "it is not a plain whole number"),
        ("+5", "it is not a plain whole number"),
        ("010", "it is not a plain whole number"),
        ("٣", "it is not a plain whole number"),
        ("-1", "it is below 0"),
        ("2147483648", "it is above 2147483647"),
        ("9" * 5000, "it is not a plain whole number"),
    ],
)
def test_a_timeout_that_mse_would_ignore_is_an_error(text: str, why: str) -> None:
    """Nobody would be told that there is no timeout."""
    assert bad_value({"timeout": text}) == ("timeout", why)
