"""A gateway as drills run it: on this machine, without what only the world outside has.

Certificates, credentials, client addresses, and limits that a load from one machine would meet are left out, and told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from compiler.drill.local import localize
from compiler.ir.delivery import EnvoyGateway
from compiler.ir.traffic import Listener
from compiler.solver.loads import Demands

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction
    from pathlib import Path

    from compiler.drill.stub.spec import Endpoint
    from compiler.ir.traffic import Gateway, ObjectName, Route, Traffic, VirtualHost

LISTENER = "drill"


class DrillFleet(Struct, frozen=True):
    """A gateway and everything behind it."""

    traffic: Traffic
    """With this one gateway; Services have the endpoints."""
    settings: EnvoyGateway
    endpoints: tuple[Endpoint, ...]
    left_out: tuple[str, ...]
    """What routes say and the drill does not do, in words, sorted."""
    rates: Mapping[ObjectName, Fraction]
    """Requests per second of the declared peaks that come through the gateway, by Service."""

    @property
    def gateway(self) -> Gateway:
        """The only gateway."""
        (gateway,) = self.traffic.gateways
        return gateway


def drill_fleet(traffic: Traffic, gateway: Gateway, folder: Path) -> DrillFleet:
    """A gateway of a program; `folder` takes the Secrets of its backends."""
    left_out: set[str] = set()
    hosts = tuple(_plain_host(host, left_out) for host in gateway.hosts)
    listener = Listener(LISTENER, 80, "HTTP")
    alone = replace(traffic, gateways=(replace(gateway, hosts=hosts, listeners=(listener,)),))
    local = localize(alone, folder)
    rates = Demands(traffic).through(gateway.name)
    settings = EnvoyGateway(gateway.name, "", 1, (), (listener,), 0, "ClusterIP", (), str(local.secrets))
    return DrillFleet(local.traffic, settings, local.endpoints, tuple(sorted(left_out)), rates)


def _plain_host(host: VirtualHost, left_out: set[str]) -> VirtualHost:
    if host.tls is not None:
        left_out.add("TLS to clients")
    if host.access is not None:
        left_out.add("lists of client addresses")
    routes = tuple(_plain_route(route, left_out) for route in host.routes)
    return replace(host, routes=routes, tls=None, tls_settings=None, access=None)


_ONLY_OUTSIDE = {
    "https": "TLS to clients",
    "auth": "passwords",
    "access": "lists of client addresses",
    "local_limit": "limits",
    "global_limit": "limits",
    "concurrency": "limits",
    "wasm": "Wasm plug-ins",
}


def _plain_route(route: Route, left_out: set[str]) -> Route:
    there = [field for field in _ONLY_OUTSIDE if getattr(route.policies, field) is not None]
    left_out.update(_ONLY_OUTSIDE[field] for field in there)
    return replace(route, policies=replace(route.policies, **dict.fromkeys(there))) if there else route
