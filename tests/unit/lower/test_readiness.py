"""The readinessProbe of an app as the health check of its Service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from compiler.ir.traffic import Forward, HealthCheck
from tests.small_fleet import app, compiled, fleet, ingress, path, policy, rule, weights

if TYPE_CHECKING:
    from tests.small_fleet import Document

HTTP = [{"name": "http", "port": 80, "targetPort": 8080}]


def check_of(*documents: Document, **policy_spec: Any) -> HealthCheck | None:
    """The health check of Service cart, which has a TrafficPolicy."""
    return check_among(policy("cart", weights(a=1, b=1), **policy_spec), *documents)


def check_among(*documents: Document) -> HealthCheck | None:
    """The health check of Service cart."""
    gateway = {"targets": ["envoy"]}
    found = compiled([*fleet("a", "b", gateway=gateway), ingress("cart", rule(path("cart"))), *documents])
    assert not found.has_errors, found.found
    (route,) = found.routes
    assert isinstance(route.action, Forward)
    return route.action.split.shares[0].backend.spread.health_check


def test_pods_are_asked_what_the_kubelet_asks_unless_the_policy_says_otherwise() -> None:
    cart = app("cart", "a", "b", readinessProbe={"httpGet": {"path": "/ready", "port": "http"}})
    assert check_of(cart) == HealthCheck("HTTP", "/ready", 5000, 1000, 2, 2, is_declared=False)
    assert check_of(cart, healthCheck={"path": "/own"}) == HealthCheck("HTTP", "/own", 5000, 1000, 2, 2)


@pytest.mark.parametrize(
    "spec",
    [
        {"readinessProbe": {"tcpSocket": {"port": "http"}}},
        {"readinessProbe": {"httpGet": {"path": "/", "port": "http", "scheme": "HTTPS"}}},
        {"readinessProbe": {"httpGet": {"path": "/", "port": 9000}}},
        {"readinessProbe": {"httpGet": {"path": "/", "port": "http", "httpHeaders": [{"name": "a", "value": "b"}]}}},
        {"ports": [*HTTP, {"name": "admin", "port": 81, "targetPort": 8081}]},
        {"overrides": [{"where": {"clusters": ["b"]}, "set": {"readinessProbe": {"tcpSocket": {"port": "http"}}}}]},
    ],
    ids=["tcp", "https", "another-port", "headers", "two-ports", "clusters-differ"],
)
def test_what_a_gateway_cannot_ask_alike_everywhere_is_not_asked(spec: dict[str, Any]) -> None:
    assert check_of(app("cart", "a", "b", **spec)) is None


def endpoints(cluster: str) -> Document:
    """An EndpointSlice of Service cart."""
    labels = {"kubernetes.io/service-name": "cart", "topology.istio.io/cluster": f"c-{cluster}"}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": f"cart-{cluster}", "namespace": "shop", "labels": labels},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.0.0.1"]}],
        "ports": [{"name": "http", "port": 8080}],
    }


def test_pods_that_endpoint_slices_name_are_asked_without_a_policy_too() -> None:
    """Nobody else tells an Envoy which of them live."""
    cart = app("cart", "a", "b")
    assert check_among(cart, endpoints("a")) == HealthCheck("HTTP", "/healthz", 5000, 1000, 2, 2, is_declared=False)
    assert check_among(cart) is None
    assert check_among(app("cart", "a", "b", readinessProbe={"tcpSocket": {"port": "http"}}), endpoints("a")) is None
