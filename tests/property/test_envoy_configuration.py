"""Whatever a gateway is, its Envoy configuration is whole: nothing is named that is not there, and nothing twice.

`envoy --mode validate` finds neither unknown members of a composite nor routes to clusters that come by CDS.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings

from compiler.diagnostics import Diagnostics, Origin
from compiler.ir.delivery import EnvoyGateway
from compiler.ir.traffic import Cluster, EndpointGroup, Service, ServiceMember, ServicePort, Traffic
from compiler.targets.envoy.resources import emit
from tests.property.gateways import CLUSTERS, HOSTS, MOST_ROUTES, MOST_SHARES, gateways, service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compiler.ir.traffic import Gateway


def program(gateway: Gateway) -> Traffic:
    clusters = tuple(Cluster(name, f"c-{name}", "hz", (f"zone-{name}",)) for name in CLUSTERS)
    members = tuple(ServiceMember(name, 1) for name in CLUSTERS)
    pods = tuple(EndpointGroup(name, "http", 8080, (f"10.{n}.0.1",)) for n, name in enumerate(CLUSTERS))
    names = [
        service(f"h{host}-r{route}", share)
        for host in range(len(HOSTS))
        for route in range(MOST_ROUTES)
        for share in range(MOST_SHARES)
    ]
    services = tuple(Service(name, (ServicePort("http", 80),), members, Origin(""), pods) for name in names)
    return Traffic((gateway,), clusters, services)


def named_clusters(value: Any) -> Iterator[str]:
    """Everything that a route sends requests to, or copies them to."""
    if isinstance(value, dict):
        if isinstance(value.get("cluster"), str):
            yield value["cluster"]
        for each in value.get("weighted_clusters", {}).get("clusters", ()):
            yield each["name"]
        for inner in value.values():
            yield from named_clusters(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from named_clusters(inner)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(gateways())
def test_everything_that_is_named_is_there_once(gateway: Gateway) -> None:
    settings_ = EnvoyGateway(gateway.name, "", 1, (), gateway.listeners, 0, "ClusterIP", (), "/secrets")
    found = emit(program(gateway), settings_, Diagnostics())
    composites = [c["cluster_type"]["typed_config"] for c in found.clusters.values() if "cluster_type" in c]
    members = {each["name"] for composite in composites for each in composite["clusters"]}
    routed = set(named_clusters(list(found.routes.values())))
    assert members | routed <= found.clusters.keys()
    for table in found.routes.values():
        domains = Counter(domain for host in table["virtual_hosts"] for domain in host["domains"])
        assert set(domains.values()) <= {1}
        assert all(host["routes"] for host in table["virtual_hosts"])
    for listener in found.listeners.values():
        names = Counter(
            name
            for chain in listener["filter_chains"]
            for name in chain.get("filter_chain_match", {}).get("server_names", ("",))
        )
        assert set(names.values()) == {1}
