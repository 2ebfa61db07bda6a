"""Backends: what a route names has to exist, and to be reachable."""

from __future__ import annotations

from tests.small_fleet import app, compiled, fleet, ingress, path, rule

PORTS = [{"name": "dns", "port": 80, "protocol": "UDP"}, {"name": "http", "port": 81}]


def test_a_route_leads_to_no_port_for_udp_alone() -> None:
    documents = [*fleet("hz-a"), app("cart", "hz-a", ports=PORTS), ingress("cart", rule(path("cart")))]
    (found,) = (f for f in compiled(documents).findings if f.code.name == "missing-port")
    assert (found.value, found.fix) == ("80", "name one of its ports: 81 (http)")


def test_a_route_leads_to_a_port_for_tcp_beside_one_for_udp() -> None:
    both = [*PORTS, {"name": "web", "port": 80}]
    documents = [*fleet("hz-a"), app("cart", "hz-a", ports=both), ingress("cart", rule(path("cart")))]
    assert "missing-port" not in compiled(documents).codes
