"""Where the traffic of a route ends: the shares of its backends, and what takes over when one of them is lost."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from compiler.ir.traffic import Forward
from compiler.solver.shares import Shares, shares

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from compiler.ir.traffic import Backend, ObjectName, Route, Service, VirtualHost

Via = Literal["share", "base", "fallback", "last-resort"]
"""How traffic got there: as declared, from a canary to its base, to the default backend, or for want of anything
healthy."""


class Part(Struct, frozen=True, gc=False):
    """A part of a route's traffic."""

    backend: Backend
    """What serves it."""
    cluster: str
    share: Fraction
    """Of the whole route, above 0."""
    via: Via
    declared: ObjectName
    """The Service that was meant to serve it."""
    number: int
    """Of the share in the split of the route, from 0."""


class Pods:
    """How much of each Service is left, cluster by cluster."""

    def __init__(
        self,
        services: Iterable[Service],
        health: Mapping[str, Fraction],
        exceptions: Mapping[tuple[ObjectName, str], Fraction] | None = None,
    ) -> None:
        """`health`: what is left of clusters, 0 to 1; those not in it are whole. `exceptions`: (Service, cluster) of
        which something else is left.
        """
        self._exceptions = exceptions or {}
        self._members = {service.name: service.members for service in services}
        self._health = health

    def standby(self, backend: Backend) -> tuple[tuple[str, ...], ...]:
        """The tiers behind the one that serves, without the clusters of which nothing is left."""
        found = self.of(backend)
        if found.tier is None:
            return ()
        behind = backend.spread.tiers[found.tier + 1 :]
        left = (tuple(m.cluster for m in tier.members if self._health.get(m.cluster, 1)) for tier in behind)
        return tuple(tier for tier in left if tier)

    def of(self, backend: Backend) -> Shares:
        """The shares of a backend over the clusters in which something of it is left."""
        members = self._members.get(backend.service, ())
        # no part of a pod serves; of what a loss may leave this is the worst for every cluster, this one included
        whole = {m.cluster: m.replicas for m in members if m.replicas}
        health = {
            c: Fraction(floor(whole[c] * left), whole[c]) if c in whole else left for c, left in self._health.items()
        }
        for (name, cluster), left in self._exceptions.items():
            if name == backend.service:
                health[cluster] = left
        health.update((m.cluster, Fraction(0)) for m in members if m.replicas == 0)
        return shares(backend.spread, health, whole if len(whole) == len(members) else None)


EVERYTHING = Pods((), {})
"""Nothing is lost, and nothing is known of numbers of pods."""


def flow(route: Route, host: VirtualHost, pods: Pods) -> tuple[Part, ...]:
    """Where the traffic of a route ends; the shares add up to 1. Empty for a route that goes to no backend.

    A canary that is lost falls back to its base, and any backend to the route's fallback. If nothing is left of them
    either, the backend's own last resort gets it: every cluster that is not excluded.
    """
    action = route.action
    if not isinstance(action, Forward):
        return ()
    total = sum(share.weight for share in action.split.shares)
    base = base_of(route, host)
    parts: list[Part] = []
    for number, share in enumerate(action.split.shares):
        if not share.weight:
            continue
        chain: list[tuple[Backend, Via]] = [(share.backend, "share")]
        if base is not None and base is not share.backend:
            chain.append((base, "base"))
        if action.fallback is not None:
            chain.append((action.fallback, "fallback"))
        parts += _parts(chain, Fraction(share.weight, total), pods, number)
    return tuple(parts)


def base_of(route: Route, host: VirtualHost) -> Backend | None:
    """The backend of the base that canaries of this route fall back to; None where the route has no one base."""
    origin = route
    if route.base is not None:
        path = route.match.path
        found = [r for r in host.routes if r.base is None and r.owner == route.base and r.match.path == path]
        if not found:
            return None
        origin = found[0]
    if not isinstance(origin.action, Forward):
        return None
    own = [share for share in origin.action.split.shares if share.owner == origin.owner]
    return own[0].backend if len(own) == 1 else None


def _parts(chain: list[tuple[Backend, Via]], weight: Fraction, pods: Pods, number: int) -> list[Part]:
    """`chain`: what serves a part of `weight`, in order; the first that has anything left does."""
    declared, _ = chain[0]
    taken, way, found = declared, chain[0][1], pods.of(declared)
    for backend, via in chain[1:]:
        if found.parts and not found.is_last_resort:
            break
        taken, way, found = backend, via, pods.of(backend)
    if not found.parts or found.is_last_resort:
        taken, way, found = declared, "last-resort", pods.of(declared)
    return [Part(taken, cluster, weight * share, way, declared.service, number) for cluster, share in found.parts]
