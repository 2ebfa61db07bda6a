"""What is told of clusters that stand by."""

from __future__ import annotations

from typing import Any

import pytest

from tests.small_fleet import Compiled, app, compiled, fleet, ingress, path, pin, policy, rule, tiers, weights

WEB = ingress("web", rule(path("cart")))
SPREAD = tiers(["hz-a"], ["hz-b"])


def standby(override: dict[str, Any], spread: dict[str, Any] = SPREAD, **spec: Any) -> Compiled:
    """`cart` in two clusters, with an override for hz-b."""
    overrides = [{"where": {"clusters": ["hz-b"]}, "set": override}]
    cart = app("cart", "hz-a", "hz-b", replicas=2, overrides=overrides, **spec)
    return compiled([*fleet("hz-a", "hz-b", "hz-c"), cart, policy("cart", spread), WEB])


@pytest.mark.parametrize(
    ("override", "why"),
    [
        (
            {"image": "example.com/cart:2"},
            "image in hz-b, which stands by, is example.com/cart:2; in hz-a it is registry.example.com/cart:1.0.0",
        ),
        (
            {"envFrom": [{"secretRef": {"name": "other"}}]},
            "the list of ConfigMaps, Secrets and claims in hz-b, which stands by, is secret other; in hz-a it is none",
        ),
        (
            {"env": [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "dr", "key": "k"}}}]},
            "the list of ConfigMaps, Secrets and claims in hz-b, which stands by, is secret dr; in hz-a it is none",
        ),
    ],
)
def test_a_secondary_that_runs_something_else_is_told(override: dict[str, Any], why: str) -> None:
    """Both clusters and both values are named."""
    found = [f for f in standby(override).findings if f.code.name == "standby-differs"]
    assert [f.why for f in found] == [why]
    assert found[0].notes[0].origin.file == "app-cart.yaml"


@pytest.mark.parametrize("override", [{"replicas": 5}, {"env": [{"name": "REGION", "value": "b"}]}])
def test_numbers_of_pods_and_values_of_variables_may_differ(override: dict[str, Any]) -> None:
    """They name the cluster, or fit its size."""
    assert standby(override).codes == ["mse-failover"]


def test_clusters_that_serve_side_by_side_are_not_compared() -> None:
    """A version may be rolled out cluster by cluster."""
    assert standby({"image": "registry.example.com/cart:2"}, weights(hz_a=50, hz_b=50)).codes == []


def test_the_others_behind_a_pin_are_not_told() -> None:
    """Nobody declared them as standby."""
    other = {"where": {"clusters": ["hz-b"]}, "set": {"image": "registry.example.com/cart:2"}}
    cart = app("cart", "hz-a", "hz-b", replicas=1, overrides=[other])
    pinned = ingress("web", rule(path("cart")), annotations=pin("hz-a"))
    assert compiled([*fleet("hz-a", "hz-b"), cart, pinned]).codes == []


@pytest.mark.parametrize("spread", [SPREAD, weights(hz_a=1, hz_b=0)])
def test_a_secondary_without_pods_is_told(spread: dict[str, Any]) -> None:
    """In a later tier as with weight 0."""
    assert "standby-empty" in standby({"replicas": 0}, spread).codes
