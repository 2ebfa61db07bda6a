"""Local rate limit: a bucket and what fills it."""

from __future__ import annotations

import pytest

from compiler.ir.traffic import LocalLimit
from tests.unit.annotations.reading import bad, bad_value, good, read

FULL = "requests do not fit into a bucket, which holds 2147483647 at most"


@pytest.mark.parametrize(
    ("annotations", "limit"),
    [
        ({"route-limit-rpm": "600"}, LocalLimit(600, 60, 3000)),
        ({"route-limit-rps": "10"}, LocalLimit(10, 1, 50)),
        ({"route-limit-rps": "10", "route-limit-burst-multiplier": "1"}, LocalLimit(10, 1, 10)),
        ({"route-limit-rpm": "0"}, LocalLimit(0, 60, 0)),
    ],
)
def test_the_bucket_holds_five_times_the_limit_unless_it_is_said(
    annotations: dict[str, str], limit: LocalLimit
) -> None:
    """MSE reference."""
    assert good(annotations).local_limit == limit


def test_requests_per_minute_win_over_requests_per_second() -> None:
    """And the one that loses is named."""
    both = {"route-limit-rps": "10", "route-limit-rpm": "600", "route-limit-burst-multiplier": "2"}
    said, (finding,) = read(both)
    assert said.local_limit == LocalLimit(600, 60, 1200)
    assert (finding.code.name, finding.origin.path[-1]) == (
        "annotation-no-effect",
        "mse.ingress.kubernetes.io/route-limit-rps",
    )


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("route-limit-rpm", "-1", "it is below 0"),
        ("route-limit-rpm", "600/m", "it is not a plain whole number"),
        ("route-limit-rpm", "1e3", "it is not a plain whole number"),
        ("route-limit-rpm", "500000000", f"5 times 500000000 {FULL}"),
        ("route-limit-burst-multiplier", "2147483647", f"2147483647 times 600 {FULL}"),
        ("route-limit-burst-multiplier", "0", "it is below 1"),
        ("route-limit-burst-multiplier", "2.5", "it is not a plain whole number"),
    ],
)
def test_a_number_that_mse_would_ignore_is_an_error(name: str, text: str, why: str) -> None:
    """There would be no limit, or another one."""
    assert bad_value({"route-limit-rpm": "600", name: text}) == (name, why)


def test_a_multiplier_needs_a_limit() -> None:
    """Either of the two."""
    found = bad({"route-limit-burst-multiplier": "2"})
    why = "it means nothing without route-limit-rpm or route-limit-rps"
    assert found == [("annotation-requires", "route-limit-burst-multiplier", why)]
