"""Services and endpoints that somebody else deploys: they say where they are, and belong together."""

from __future__ import annotations

import pytest

from compiler.lower.plain_services import is_loopback
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


READ = fleet("hz-a", "hz-b", gateway={"targets": ["envoy"]})


def groups(*documents: Document) -> list[tuple[object, ...]]:
    """Static endpoints of the one Service."""
    result = compiled([*READ, service("cart", "hz-a", "hz-b"), *documents])
    programs = [cell.program for cell in result.cells if cell.program is not None]
    (found,) = (s for program in programs for s in program.traffic.services)
    return [(g.cluster, g.port_name, g.port, g.addresses, g.labels) for g in found.endpoints]


def test_endpoints_are_read_in_order_with_the_labels_of_their_document() -> None:
    first, second = slice_of("cart", "c-hz-b"), slice_of("cart", "c-hz-a")
    first["metadata"]["name"], first["metadata"]["labels"]["version"] = "cart-0", "v2"
    second["endpoints"] = [{"addresses": ["10.2.0.9"]}, {"addresses": ["10.2.0.1"]}]
    assert groups(first, second) == [
        ("hz-a", "http", 8080, ("10.2.0.1", "10.2.0.9"), ()),
        ("hz-b", "http", 8080, ("10.1.0.1",), (("version", "v2"),)),
    ]


@pytest.mark.parametrize(
    ("conditions", "serves"),
    [
        ({}, True),
        ({"ready": True}, True),
        ({"ready": False}, False),
        ({"ready": True, "terminating": True}, False),
        ({"serving": True, "terminating": True}, False),
    ],
)
def test_what_is_not_ready_or_terminates_gets_nothing(conditions: dict[str, bool], *, serves: bool) -> None:
    document = slice_of("cart", "c-hz-a")
    document["endpoints"][0]["conditions"] = conditions
    assert groups(document) == [("hz-a", "http", 8080, ("10.1.0.1",) if serves else (), ())]


def test_a_port_is_one_of_the_service_and_an_address_one_of_a_pod() -> None:
    document = slice_of("cart", "c-hz-a")
    document["ports"] = [{"name": "https", "port": 8443}, {"name": "http", "port": 53, "protocol": "UDP"}]
    document["endpoints"] = [{"addresses": ["127.0.0.1"]}]
    assert compiled([*READ, service("cart", "hz-a"), document]).found == [
        ("loopback-endpoint", "endpointslice-cart-1:endpoints.0.addresses.0", "127.0.0.1"),
        ("endpoint-slice", "endpointslice-cart-1:ports.0.name", "https"),
    ]


@pytest.mark.parametrize(
    ("address", "is_own"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("10.0.0.1", False),
        ("::1", True),
        ("0:0:0:0:0:0:0:1", True),
        ("0000::0001", True),
        ("::11", False),
        ("::1:1", False),
        ("2001:db8::1", False),
    ],
)
def test_loopback_is_known_however_it_is_written(address: str, *, is_own: bool) -> None:
    assert is_loopback(address) is is_own
