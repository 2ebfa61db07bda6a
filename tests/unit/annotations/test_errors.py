"""Custom errors: statuses, and what they need."""

from __future__ import annotations

import pytest

from compiler.ir.traffic import CustomErrors
from tests.unit.annotations.reading import bad, bad_value, good, read

BESIDE = {"default-backend": "sorry"}


def test_statuses_are_numbers_in_order_each_once() -> None:
    """However they are written."""
    assert good({**BESIDE, "custom-http-errors": "503, 404,503"}).errors == CustomErrors((404, 503))


@pytest.mark.parametrize("text", ["200", "399", "600", "5xx", "error", "05", "5 03", "502.0"])
def test_a_status_that_mse_would_pass_over_is_an_error(text: str) -> None:
    """Nobody would be told that the fallback never answers for it."""
    why = f"{text!r} is no status from 400 to 599, and MSE would pass over it"
    assert bad_value({**BESIDE, "custom-http-errors": f"502,{text}"}) == ("custom-http-errors", why)
    assert read({**BESIDE, "custom-http-errors": text})[0].errors is None


def test_an_item_too_few_is_an_error() -> None:
    """A comma too many."""
    found = bad_value({**BESIDE, "custom-http-errors": "502,"})
    assert found == ("custom-http-errors", "there is nothing between two of its commas")


def test_without_a_fallback_nothing_is_repeated() -> None:
    """MSE ignores it in silence."""
    found = bad({"custom-http-errors": "502"})
    assert found == [("annotation-requires", "custom-http-errors", "it means nothing without default-backend")]
