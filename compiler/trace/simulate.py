"""What a loss does to traffic: shares, loads and routes, before and after."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from msgspec import Struct

from compiler.ir.traffic import Forward
from compiler.solver.flows import Pods, flow
from compiler.solver.loads import Demands
from compiler.solver.losses import NO_LOSS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from compiler.diagnostics import Origin
    from compiler.ir.traffic import ObjectName, Route, Traffic, VirtualHost
    from compiler.solver.flows import Part, Via
    from compiler.solver.loads import Load
    from compiler.solver.losses import Loss

Vector = tuple[tuple[str, Fraction], ...]
"""(cluster, share above 0), sorted by cluster; they add up to 1."""


class Shift(Struct, frozen=True, gc=False):
    """How a gateway divides the requests that are meant for one Service."""

    gateway: str
    service: ObjectName
    before: Vector
    after: Vector
    """Empty where nothing is left that could serve them."""
    served_by: tuple[ObjectName, ...]
    """After the loss: the Service itself, or what takes over for it; sorted."""
    via: Via
    """How they get there after the loss."""

    @property
    def is_changed(self) -> bool:
        """Whether the loss moves anything."""
        return self.before != self.after or self.served_by != (self.service,)


class LostRoute(Struct, frozen=True, gc=False):
    """A route of which, after the loss, no part is served by anything healthy."""

    gateway: str
    host: str
    path: str
    owner: ObjectName
    is_canary: bool
    must_survive: tuple[str, ...]
    """The losses (`cluster`, `zone`, `region`) that its spreads were declared to survive."""
    origin: Origin


class Simulation(Struct, frozen=True, gc=False):
    """A fleet before and after a loss."""

    loss: Loss
    shifts: tuple[Shift, ...]
    """Every Service that some gateway sends requests to, by gateway and Service."""
    loads: tuple[tuple[Load | None, Load | None], ...]
    """(before, after) per Service and cluster, sorted; of Services whose demand is known."""
    lost: tuple[LostRoute, ...]
    """In the order of gateways, hosts and routes."""
    lost_gateways: tuple[str, ...]
    """Gateways of which no Envoy is left, so that nobody reaches what still serves; sorted."""
    breaks_promise: bool
    """Whether what was declared to survive a loss of this kind does not: a gateway or route is lost, or a load not
    carried."""

    @property
    def overloads(self) -> tuple[Load, ...]:
        """What cannot be carried after the loss with the pods that are always there."""
        return tuple(after for _, after in self.loads if after is not None and after.is_carried is False)

    @property
    def is_survived(self) -> bool:
        """Whether no gateway and no route is lost and everything is carried, as far as capacities are declared."""
        return not self.lost_gateways and not self.lost and not self.overloads


def simulate(
    traffic: Traffic,
    loss: Loss,
    rates: Mapping[ObjectName, Fraction] | None = None,
    placements: Iterable[tuple[str, tuple[str, ...]]] = (),
) -> Simulation:
    """The fleet before and after `loss`.

    `rates`: requests per second by Service, None = the declared peaks. `placements`: (gateway, clusters that it runs
    in); any other gateway is taken to run somewhere else.
    """
    demands = Demands(traffic, rates)
    before = {(load.service, load.cluster): load for load in demands.loads(NO_LOSS)}
    after = {(load.service, load.cluster): load for load in demands.loads(loss)}
    keys = sorted({*before, *after})
    lost = tuple(_lost(traffic, loss))
    kind = loss.kind
    overloads = [load for load in after.values() if load.is_carried is False]
    gone = set(loss.lost)
    gateways = tuple(sorted(name for name, clusters in placements if gone.issuperset(clusters)))
    return Simulation(
        loss,
        tuple(_shifts(traffic, loss)),
        tuple((before.get(key), after.get(key)) for key in keys),
        lost,
        gateways,
        any(kind in _must_survive(traffic, name) for name in gateways)
        or any(kind in route.must_survive for route in lost)
        or any(kind in demands.must_survive(service) for load in overloads for service in load.origins),
    )


def _routes(traffic: Traffic) -> Iterator[tuple[str, VirtualHost, Route]]:
    for gateway in traffic.gateways:
        for host in gateway.hosts:
            for route in host.routes:
                if isinstance(route.action, Forward):
                    yield gateway.name, host, route


def _must_survive(traffic: Traffic, gateway: str) -> frozenset[str]:
    """The losses that any route of a gateway was declared to survive: none does without the gateway."""
    return frozenset(
        each.lower()
        for name, _, route in _routes(traffic)
        if name == gateway and isinstance(route.action, Forward)
        for share in route.action.split.shares
        for each in share.backend.spread.survive or ()
    )


def _shifts(traffic: Traffic, loss: Loss) -> Iterator[Shift]:
    """Per gateway and Service the first way on which it is served: routes for every request before conditional ones."""
    whole, hit = Pods(traffic.services, {}), Pods(traffic.services, loss.health)
    found: dict[tuple[str, ObjectName], Shift] = {}
    ways = sorted(_routes(traffic), key=lambda way: way[2].base is not None)
    for gateway, host, route in ways:
        then = _by_service(flow(route, host, whole))
        now = _by_service(flow(route, host, hit))
        for service, parts in then.items():
            if (gateway, service) not in found:
                found[gateway, service] = _shift(gateway, service, parts, now.get(service, ()))
    return (found[key] for key in sorted(found))


def _by_service(parts: tuple[Part, ...]) -> dict[ObjectName, tuple[Part, ...]]:
    """The parts of a flow by the Service that was meant to serve them."""
    by_service: dict[ObjectName, list[Part]] = {}
    for part in parts:
        by_service.setdefault(part.declared, []).append(part)
    return {service: tuple(mine) for service, mine in by_service.items()}


def _shift(gateway: str, service: ObjectName, before: tuple[Part, ...], after: tuple[Part, ...]) -> Shift:
    served = () if any(part.via == "last-resort" for part in after) else after
    return Shift(
        gateway,
        service,
        _vector(before),
        _vector(served),
        tuple(sorted({part.backend.service for part in served})),
        after[0].via if after else "last-resort",
    )


def _vector(parts: tuple[Part, ...]) -> Vector:
    shares: dict[str, Fraction] = {}
    for part in parts:
        shares[part.cluster] = shares.get(part.cluster, Fraction(0)) + part.share
    total = sum(shares.values())
    return tuple((cluster, share / total) for cluster, share in sorted(shares.items()))


def _lost(traffic: Traffic, loss: Loss) -> Iterator[LostRoute]:
    pods = Pods(traffic.services, loss.health)
    for gateway, host, route in _routes(traffic):
        parts = flow(route, host, pods)
        if all(part.via == "last-resort" for part in parts):
            path = route.match.path
            written = f"{path.value} ({path.kind})"
            survive = tuple(sorted({each.lower() for part in parts for each in part.backend.spread.survive or ()}))
            yield LostRoute(gateway, host.host, written, route.owner, route.base is not None, survive, route.origin)
