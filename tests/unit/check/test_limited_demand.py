"""Declared peaks beside the limits of the routes that lead there."""

from __future__ import annotations

import pytest

from tests.small_fleet import MSE, Document, app, compiled, fleet, ingress, path, policy, rule, weights

PEAK = policy("cart", weights(hz_a=50, hz_b=50), targetRefs=[{"name": "cart", "demand": {"requestsPerSecond": 100}}])
CART = app("cart", "hz-a", "hz-b", replicas=2, capacity={"requestsPerSecond": 100})


def limited(name: str, where: str, **limit: str) -> Document:
    """An Ingress with a limit: `rate_limit="50"`."""
    said = {MSE + key.replace("_", "-"): value for key, value in limit.items()}
    return ingress(name, rule(path("cart", where)), annotations=said)


@pytest.mark.parametrize(
    ("ingresses", "why"),
    [
        ([limited("a", "/a", rate_limit="99")], "let 99 pass"),
        ([limited("a", "/a", rate_limit="100")], None),
        ([limited("a", "/a", rate_limit="50"), limited("b", "/b", rate_limit="50")], None),
        ([limited("a", "/a", rate_limit="50"), limited("b", "/b", rate_limit="49")], "let 99 pass"),
        ([limited("a", "/a", rate_limit="50"), limited("b", "/b")], None),
        ([limited("a", "/a", route_limit_rpm="3000")], "let 50 pass in each replica of the gateway"),
        ([limited("a", "/a", route_limit_rps="100")], None),
    ],
)
def test_a_peak_above_all_limits_together_is_told(ingresses: list[Document], why: str | None) -> None:
    """A route without a limit lets everything pass."""
    found = compiled([*fleet("hz-a", "hz-b"), CART, PEAK, *ingresses]).findings
    told = [f.why for f in found if f.code.name == "limited-demand"]
    assert [each.partition("its routes ")[2] for each in told] == ([why] if why else [])
