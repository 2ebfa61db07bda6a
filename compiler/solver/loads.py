"""Requests per second that every cluster has to carry after a loss, and what it can carry.

A Service's declared peak is over all clusters and gateways together. It is divided over the gateways by the weights of
their clusters, since nothing in the repo says how clients choose; a gateway that has nothing left of the Service hands
its part to the others.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, cast

from msgspec import Struct

from compiler.ir.traffic import Forward
from compiler.solver.flows import Pods, base_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from compiler.ir.traffic import Backend, Gateway, ObjectName, Traffic
    from compiler.solver.losses import Loss, LossKind


class Load(Struct, frozen=True, gc=False):
    """What one cluster has to carry of one Service, and what it can, in requests per second."""

    service: ObjectName
    cluster: str
    needed: Fraction
    floor: Fraction | None
    """With the pods that are always there; None = nobody has declared what a pod carries."""
    most: Fraction | None
    """With as many pods as autoscaling may add."""
    enough: int | None
    """Pods that would have to run in the cluster before the loss to carry it; None = not known, or no number would."""
    origins: tuple[ObjectName, ...]
    """Services whose demand it is: its own, and those that fall back to it; sorted."""

    @property
    def is_carried(self) -> bool | None:
        """Whether the pods that are always there carry it; None = not known."""
        return None if self.floor is None else self.needed <= self.floor


class _Way(Struct, frozen=True, gc=False):
    """A backend that carries a Service's demand, and what takes over when it is lost."""

    backend: Backend
    chain: tuple[Backend, ...]


class Demands:
    """The declared demands of a program, and the ways on which gateways serve them."""

    def __init__(self, traffic: Traffic, rates: Mapping[ObjectName, Fraction] | None = None) -> None:
        """`rates`: requests per second by Service; None = those that are declared."""
        self._traffic = traffic
        self.rates = declared_rates(traffic) if rates is None else rates
        """Requests per second by Service."""
        self._members = {(s.name, m.cluster): m for s in traffic.services for m in s.members}
        self._ways = {
            (gateway.name, service): ways
            for gateway in traffic.gateways
            for service, ways in _ways(gateway).items()
            if service in self.rates
        }

    @property
    def services(self) -> tuple[ObjectName, ...]:
        """Those whose demand can be followed: declared, and served by a gateway; sorted."""
        served = {service for _, service in self._ways}
        return tuple(sorted(served))

    def through(self, gateway: str) -> dict[ObjectName, Fraction]:
        """Requests per second of each Service that come through a gateway while nothing is lost."""
        pods = Pods(self._traffic.services, {})
        parts = {service: self._divided(service, pods) for service in self.services}
        return {service: rates[gateway] for service, rates in parts.items() if rates.get(gateway)}

    def must_survive(self, service: ObjectName) -> frozenset[LossKind]:
        """The kinds of losses that a Service was declared to survive."""
        found = {
            loss
            for (_, name), ways in self._ways.items()
            if name == service
            for way in ways
            for loss in way.backend.spread.survive or ()
        }
        return frozenset(cast("LossKind", loss.lower()) for loss in found)

    def loads(self, loss: Loss) -> tuple[Load, ...]:
        """What every cluster carries after a loss, sorted by Service and cluster; only where it is more than nothing.

        A demand that nothing is left for is carried by nobody, and stands in no load.
        Where a Service is served in several ways, each cluster's load is that of the worst: all of the demand may come
        on one of them.
        """
        health = loss.health
        pods = Pods(self._traffic.services, health)
        needed: dict[tuple[ObjectName, str], Fraction] = {}
        sources: dict[tuple[ObjectName, str], set[ObjectName]] = {}
        for service in self.services:
            for (target, cluster), rate in self._follow(service, pods).items():
                key = (target, cluster)
                needed[key] = needed.get(key, Fraction(0)) + rate
                sources.setdefault(key, set()).add(service)
        return tuple(
            self._load(service, cluster, rate, health, sources[service, cluster])
            for (service, cluster), rate in sorted(needed.items())
        )

    def _follow(self, service: ObjectName, pods: Pods) -> dict[tuple[ObjectName, str], Fraction]:
        """(Service that serves, cluster) -> requests per second of the demand of one Service."""
        parts = self._divided(service, pods)
        found: dict[tuple[ObjectName, str], Fraction] = {}
        for gateway, rate in parts.items():
            worst: dict[tuple[ObjectName, str], Fraction] = {}
            for way in self._ways[gateway, service]:
                backend = _serving(way, pods)
                if backend is None:
                    continue
                for cluster, share in pods.of(backend).parts:
                    key = (backend.service, cluster)
                    worst[key] = max(worst.get(key, Fraction(0)), share)
            for key, share in worst.items():
                found[key] = found.get(key, Fraction(0)) + rate * share
        return found

    def _divided(self, service: ObjectName, pods: Pods) -> dict[str, Fraction]:
        """Gateway -> its part of the demand."""
        weights: dict[str, int] = {}
        for (gateway, name), ways in self._ways.items():
            if name == service and ways[0].backend.spread.tiers:
                weights[gateway] = sum(member.weight for member in ways[0].backend.spread.tiers[0].members)
        alive = {
            gateway: weight
            for gateway, weight in weights.items()
            if any(_serving(way, pods) is not None for way in self._ways[gateway, service])
        }
        taken = alive or weights
        total = sum(taken.values())
        return {gateway: self.rates[service] * weight / total for gateway, weight in taken.items()}

    def _load(
        self,
        service: ObjectName,
        cluster: str,
        needed: Fraction,
        health: Mapping[str, Fraction],
        sources: set[ObjectName],
    ) -> Load:
        carried = most = enough = None
        member = self._members.get((service, cluster))
        if member is not None and member.requests_per_second is not None and member.replicas is not None:
            each, left = exactly(member.requests_per_second), health.get(cluster, Fraction(1))
            # no part of a pod serves
            pods = floor(member.replicas * left)
            carried, most = pods * each, max(pods, floor((member.most_replicas or 0) * left)) * each
            enough = ceil(ceil(needed / each) / left) if left else None
        return Load(service, cluster, needed, carried, most, enough, tuple(sorted(sources)))


def declared_rates(traffic: Traffic) -> dict[ObjectName, Fraction]:
    """Requests per second that TrafficPolicies declare, by Service."""
    return {demand.service: exactly(demand.requests_per_second) for demand in traffic.demands}


def exactly(number: float) -> Fraction:
    """The number as it was written in decimal, not its nearest binary."""
    return Fraction(repr(number))


def _serving(way: _Way, pods: Pods) -> Backend | None:
    """The first backend of a way of which something is left."""
    for backend in (way.backend, *way.chain):
        found = pods.of(backend)
        if found.parts and not found.is_last_resort:
            return backend
    return None


def _ways(gateway: Gateway) -> dict[ObjectName, tuple[_Way, ...]]:
    """The different ways on which a gateway serves each Service; those for every request before conditional ones."""
    found: dict[ObjectName, dict[tuple[object, ...], _Way]] = {}
    for service, way in sorted(_all_ways(gateway), key=lambda each: each[1].backend.service):
        key = (way.backend.spread, *((b.service, b.spread) for b in way.chain))
        found.setdefault(service, {}).setdefault(key, way)
    return {service: tuple(ways.values()) for service, ways in found.items()}


def _all_ways(gateway: Gateway) -> Iterator[tuple[ObjectName, _Way]]:
    for host in gateway.hosts:
        for is_conditional in (False, True):
            for route in host.routes:
                if (route.base is not None) is not is_conditional or not isinstance(route.action, Forward):
                    continue
                base, fallback = base_of(route, host), route.action.fallback
                for share in route.action.split.shares:
                    if share.weight:
                        chain = [b for b in (base, fallback) if b is not None and b is not share.backend]
                        yield share.backend.service, _Way(share.backend, tuple(chain))
