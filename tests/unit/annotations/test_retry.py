"""Retry: what is tried again, how often, for how long."""

from __future__ import annotations

import pytest

from compiler.ir.traffic import Retry
from tests.unit.annotations.reading import bad, bad_value, good, read

FAILURES = ("5xx", "connect-failure")
CODES = "retriable-status-codes"
DEFAULT = ("error", "timeout")


@pytest.mark.parametrize(
    ("annotations", "retry"),
    [
        ({}, None),
        ({"proxy-next-upstream-tries": "2"}, Retry(2, FAILURES, (), None, written=DEFAULT)),
        ({"proxy-next-upstream-tries": "0"}, Retry(0, (), (), None, written=("off",))),
        ({"proxy-next-upstream-timeout": "5"}, Retry(3, FAILURES, (), 5, written=DEFAULT)),
        ({"proxy-next-upstream-timeout": "0"}, Retry(3, FAILURES, (), None, written=DEFAULT)),
        ({"proxy-next-upstream": "invalid_header"}, Retry(3, FAILURES, (), None, written=("invalid_header",))),
        (
            {"proxy-next-upstream": "http_503,error,http_502"},
            Retry(3, (*FAILURES, CODES), (502, 503), None, written=("http_503", "error", "http_502")),
        ),
        ({"proxy-next-upstream": "http_404"}, Retry(3, (CODES,), (404,), None, written=("http_404",))),
        ({"proxy-next-upstream": "error timeout"}, Retry(3, FAILURES, (), None, written=DEFAULT)),
        (
            {"proxy-next-upstream": "error, non_idempotent"},
            Retry(3, FAILURES, (), None, non_idempotent=True, written=("error", "non_idempotent")),
        ),
        ({"proxy-next-upstream": "off", "proxy-next-upstream-tries": "5"}, Retry(0, (), (), None, written=("off",))),
    ],
)
def test_any_of_the_three_switches_retries_on(annotations: dict[str, str], retry: Retry | None) -> None:
    """Defaults of the others: 3 tries, no limit, `error,timeout`."""
    assert good(annotations).retry == retry


@pytest.mark.parametrize(
    ("annotations", "name", "why"),
    [
        ({"proxy-next-upstream-tries": "three"}, "proxy-next-upstream-tries", "it is not a plain whole number"),
        (
            {"proxy-next-upstream-timeout": "5s"},
            "proxy-next-upstream-timeout",
            "it carries a unit, and MSE would ignore it",
        ),
        (
            {"proxy-next-upstream": "errors"},
            "proxy-next-upstream",
            "'errors' is not one of error, timeout, invalid_header, non_idempotent, off",
        ),
        (
            {"proxy-next-upstream": "error timeout, http_503"},
            "proxy-next-upstream",
            "'error timeout' is not one of error, timeout, invalid_header, non_idempotent, off",
        ),
        (
            {"proxy-next-upstream": "http_200"},
            "proxy-next-upstream",
            "'http_200' is no failure: a status from 400 to 599 is meant",
        ),
        (
            {"proxy-next-upstream": "http_5xx"},
            "proxy-next-upstream",
            "'http_5xx' is no failure: a status from 400 to 599 is meant",
        ),
        (
            {"proxy-next-upstream": "off,error"},
            "proxy-next-upstream",
            "off switches retries off, and the other words switch them on",
        ),
        (
            {"proxy-next-upstream": "error,"},
            "proxy-next-upstream",
            "there is nothing between two of its commas",
        ),
    ],
)
def test_what_mse_would_drop_is_an_error(annotations: dict[str, str], name: str, why: str) -> None:
    """MSE drops unknown conditions one by one, until none is left."""
    assert bad_value(annotations) == (name, why)
    assert read(annotations)[0].retry is None


def test_all_three_are_read() -> None:
    """One mistake never hides the next."""
    found = bad({"proxy-next-upstream": "x", "proxy-next-upstream-tries": "x", "proxy-next-upstream-timeout": "x"})
    assert len(found) == 3


def test_the_nearest_condition_is_named() -> None:
    """A mistyped word costs one look."""
    _, (finding,) = read({"proxy-next-upstream": "Timeouts"})
    assert finding.fix == "write timeout"
