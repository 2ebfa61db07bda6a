"""Services and endpoints that somebody else deploys: they say where they are, and belong together."""

from __future__ import annotations

import pytest

from tests.small_fleet import Document, Found, compiled, fleet, service

FLEET = fleet("hz-a", "hz-b")
CLUSTERS = "service-cart:metadata.annotations.fleetgate.dev/clusters"


def placed(text: str | None) -> Document:
    document = service("cart", text or "")
    if text is None:
        del document["metadata"]["annotations"]
    return document


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hz-a,hz-b", []),
        (None, [("service-clusters", "service-cart:metadata.name", "cart")]),
        ("hz-a,hz-x", [("unknown-cluster", CLUSTERS, "hz-x")]),
        ("HZ A", [("annotation-value", CLUSTERS, "fleetgate.dev/clusters: 'HZ A'")]),
    ],
)
def test_a_plain_service_says_in_which_clusters_it_is(text: str | None, expected: list[Found]) -> None:
    assert compiled([*FLEET, placed(text)]).found == expected


def test_a_service_that_does_not_say_where_it_is_is_told_whatever_else_is_wrong() -> None:
    result = compiled([*FLEET, placed(None), service("pay", "hz-x")], files={"x.yaml": "kind: [" + "\n"})
    assert sorted(result.codes) == ["service-clusters", "unknown-cluster", "yaml-syntax"]


def slice_of(name: str, cluster: str) -> Document:
    labels = {"kubernetes.io/service-name": name, "topology.istio.io/cluster": cluster}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "cart-1", "namespace": "shop", "labels": labels},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.1.0.1"]}],
        "ports": [{"name": "http", "port": 8080}],
    }


LABELS = "endpointslice-cart-1:metadata.labels"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (slice_of("cart", "c-hz-a"), ("endpoints-unused", "endpointslice-cart-1:metadata.name", "cart-1")),
        (slice_of("carts", "c-hz-a"), ("endpoint-slice", f"{LABELS}.kubernetes.io/service-name", "carts")),
        (slice_of("cart", "c-hz-b"), ("endpoint-slice", f"{LABELS}.topology.istio.io/cluster", "c-hz-b")),
        (slice_of("cart", "c-hz-x"), ("endpoint-slice", f"{LABELS}.topology.istio.io/cluster", "c-hz-x")),
    ],
    ids=["read-by-no-target", "no-such-service", "not-there", "no-such-cluster"],
)
def test_endpoints_are_those_of_a_service_in_one_of_its_clusters(document: Document, expected: Found) -> None:
    assert compiled([*FLEET, service("cart", "hz-a"), document]).found == [expected]
