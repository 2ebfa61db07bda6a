"""Every Service and port that a route names exists, and runs in a member of the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.diagnostics import Note, error
from compiler.ir.walk import backends, routes

if TYPE_CHECKING:
    from compiler.diagnostics import Diagnostics
    from compiler.ir.traffic import Backend, Gateway, ObjectName, Service, Traffic

MISSING_BACKEND = error(
    "missing-backend",
    "a route names a Service that no placed App provides",
    "A backend is a Service of an App (App `cart` with version `next` provides Services `cart` and `cart-next`), of a "
    "plain manifest, or a plain Service document with the annotation fleetgate.dev/clusters. A route to any other "
    "Service would answer 503 for every request.",
)
MISSING_PORT = error(
    "missing-port",
    "a route names a port that the Service does not have",
    "The port of a backend is the port of the Service (not the container's), by number or by name. A route to a port "
    "that the Service does not have, or has for UDP alone, would answer 503 for every request.",
)
UNREACHABLE_BACKEND = error(
    "unreachable-backend",
    "a route names a Service that runs in no member cluster of the gateway",
    "A gateway sends traffic to the pods of its member clusters alone: those that its clusterSelector matches, else "
    "those of its region. Place the app in one of them, or route to it through another gateway.",
)


def check_backends(traffic: Traffic, findings: Diagnostics) -> None:
    """Report backends without Service, port or reachable cluster; each place once."""
    services = {s.name: s for s in traffic.services}
    seen: set[int] = set()
    for gateway, route in routes(traffic):
        for backend in backends(route):
            if backend.service.name and id(backend) not in seen:  # without a name: another kind of backend, told before
                seen.add(id(backend))
                _check(backend, gateway, services, findings)


def _check(backend: Backend, gateway: Gateway, services: dict[ObjectName, Service], findings: Diagnostics) -> None:
    service = services.get(backend.service)
    if service is None:
        findings.add(
            MISSING_BACKEND,
            backend.origin,
            str(backend.service),
            "no placed App and no Service document provides this Service",
            "name an existing Service, or add the App",
        )
        return
    ports = [p for p in service.ports if p.protocol == "TCP"]
    if backend.port == 0 or all(p.number != backend.port for p in ports):
        known = ", ".join(f"{p.number}" + (f" ({p.name})" if p.name else "") for p in ports)
        findings.add(
            MISSING_PORT,
            backend.origin,
            backend.port_name or str(backend.port),
            f"Service {service.name} has no such port" + ("" if len(ports) == len(service.ports) else " for TCP"),
            f"name one of its ports: {known}" if known else "give the Service a port",
            (Note(service.origin, "the Service"),),
        )
    elif not backend.spread.tiers:
        where = ", ".join(m.cluster for m in service.members) or "no cluster"
        findings.add(
            UNREACHABLE_BACKEND,
            backend.origin,
            str(service.name),
            f"it runs in {where}; members of gateway {gateway.name}: {', '.join(gateway.clusters)}",
            "place it in a member cluster, or use the gateway of its clusters",
            (Note(service.origin, "the Service"),),
        )
