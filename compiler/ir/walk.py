"""Walks over the traffic program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.ir.traffic import Forward

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compiler.ir.traffic import Backend, Gateway, Route, Traffic


def routes(traffic: Traffic) -> Iterator[tuple[Gateway, Route]]:
    """Every route of every gateway, in order."""
    for gateway in traffic.gateways:
        for host in gateway.hosts:
            for route in host.routes:
                yield gateway, route


def backends(route: Route) -> Iterator[Backend]:
    """Every backend that a route may reach: shares, fallback, mirror."""
    yield from answering(route)
    if route.policies.mirror is not None:
        yield route.policies.mirror.backend


def answering(route: Route) -> Iterator[Backend]:
    """The backends whose answers a client may see: shares, fallback."""
    if isinstance(route.action, Forward):
        for share in route.action.split.shares:
            yield share.backend
        if route.action.fallback is not None:
            yield route.action.fallback
