"""The traffic program of a cell -> fragments of the Envoy configurations of its gateways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.targets.envoy import limits
from compiler.targets.envoy.endpoints import Addresses
from compiler.targets.envoy.entries import EntryChecks, check_entries, requests_by_entry
from compiler.targets.envoy.findings import check_connections, check_gateway, tell_unknown
from compiler.targets.envoy.fragments import Fragment, text_of
from compiler.targets.envoy.hosts import host_fragments
from compiler.targets.envoy.pools import Pools
from compiler.targets.envoy.routes import Routes
from compiler.targets.envoy.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from compiler.diagnostics import Diagnostics
    from compiler.ir.delivery import EnvoyGateway
    from compiler.ir.traffic import Gateway, Traffic


def emit_traffic(traffic: Traffic, settings: Sequence[EnvoyGateway], findings: Diagnostics) -> list[Fragment]:
    """What the hosts of every gateway that this target serves add to its configuration, sorted."""
    by_name = {s.gateway: s for s in settings}
    found: set[Fragment] = set()
    for gateway in traffic.gateways:
        if gateway.hosts and gateway.name in by_name:
            found.update(_fragments(gateway, by_name[gateway.name], traffic, findings))
    return sorted(found)


def _fragments(gateway: Gateway, settings: EnvoyGateway, traffic: Traffic, findings: Diagnostics) -> Iterator[Fragment]:
    addresses = Addresses(traffic.clusters, traffic.services)
    check_gateway(gateway, settings, addresses, findings)
    seen = requests_by_entry(gateway) if addresses.knows_entries else {}
    checks = EntryChecks(seen)
    check_entries(seen, addresses, checks, findings)
    secrets = Secrets(settings.secrets_folder)
    demands = {demand.service: demand.requests_per_second for demand in traffic.demands}
    pools = Pools(addresses, secrets, demands, checks)
    routes = Routes(pools, secrets, findings, instances=settings.instances, trusts_proxies=settings.trusted_hops > 0)
    yield from host_fragments(gateway, routes, secrets)
    for name, text in pools.clusters.items():
        yield Fragment(gateway.name, "cluster", "", name, text)
    for path, text in secrets.files.items():
        yield Fragment(gateway.name, "secret", "", path, text)
    for ref in routes.users:
        yield Fragment(gateway.name, "users", "", ref, "")
    for name, bound in routes.in_flight.items():
        yield Fragment(gateway.name, "in-flight", "", name, text_of(limits.in_flight_filter(name, bound)))
    check_connections(gateway, settings, addresses, findings)
    tell_unknown(addresses, traffic, findings)
