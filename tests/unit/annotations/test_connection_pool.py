"""Connection pool: three bounds, each at least 1."""

from __future__ import annotations

import pytest

from compiler.ir.traffic import ConnectionPool
from tests.unit.annotations.reading import bad, bad_value, good, read

TOTAL = "connection-policy-tcp-max-connection"
EACH = "connection-policy-tcp-max-connection-per-endpoint"
REQUESTS = "connection-policy-http-max-request-per-connection"


@pytest.mark.parametrize(
    ("annotations", "pool"),
    [
        ({}, None),
        ({TOTAL: "1"}, ConnectionPool(1)),
        ({EACH: "2"}, ConnectionPool(None, 2)),
        ({REQUESTS: "3"}, ConnectionPool(None, None, 3)),
        ({TOTAL: "10", EACH: "5", REQUESTS: "2147483647"}, ConnectionPool(10, 5, 2147483647)),
    ],
)
def test_each_bound_stands_for_itself(annotations: dict[str, str], pool: ConnectionPool | None) -> None:
    """What is not written has no bound."""
    assert good(annotations).pool == pool


@pytest.mark.parametrize("name", [TOTAL, EACH, REQUESTS])
@pytest.mark.parametrize(
    ("text", "why"),
    [("0", "it is below 1"), ("2147483648", "it is above 2147483647"), ("1k", "it is not a plain whole number")],
)
def test_a_bound_that_is_none_is_an_error(name: str, text: str, why: str) -> None:
    """No connection at all would serve nobody."""
    assert bad_value({name: text}) == (name, why)


def test_all_bounds_are_read() -> None:
    """One mistake never hides the next, and half a pool is none."""
    annotations = {TOTAL: "x", EACH: "0", REQUESTS: "3"}
    assert len(bad(annotations)) == 2
    assert read(annotations)[0].pool is None
