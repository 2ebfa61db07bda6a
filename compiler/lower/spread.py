"""How the traffic of each Service is spread over clusters: TrafficPolicy, replicas, pins."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from compiler.diagnostics import Code, Note, error, warning
from compiler.ir.traffic import Demand, Failback, HealthCheck, Member, ObjectName, Service, Spread, Tier
from compiler.lower.fleet import nearest
from compiler.model import traffic as model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from compiler.diagnostics import Diagnostics, Origin, PathStep
    from compiler.ir.traffic import Loss, ServiceMember
    from compiler.lower.world import Sourced, World
    from compiler.model.traffic import TrafficPin, TrafficPolicy, TrafficState

POLICY_SERVICE = error(
    "policy-service",
    "a TrafficPolicy or TrafficPin names a Service that no placed App provides",
    "A TrafficPolicy governs Services of its own namespace: those of Apps (an App `cart` with a version `next` "
    "provides `cart` and `cart-next`) and plain Services. A policy for a Service that does not exist would do nothing.",
)
POLICY_CONFLICT = error(
    "policy-conflict",
    "two TrafficPolicies govern one Service",
    "The spread of a Service is one thing; two policies for it would contradict each other. Keep one.",
)
SPREAD_CLUSTER = error(
    "spread-cluster",
    "a spread names a cluster in which the Service does not run",
    "Weights, tiers and exclusions name clusters in which the Service is placed. A share for any other cluster could "
    "never be served.",
)
SPREAD_INCOMPLETE = error(
    "spread-incomplete",
    "a spread leaves out a cluster in which the Service runs",
    "Where weights or tiers are listed, every cluster in which the Service is placed has to appear: with a weight, in "
    "a tier, with weight 0 (standby), or in `excluded` with a reason. Otherwise a cluster that runs pods would get no "
    "traffic by mistake.",
)
SPREAD_TWICE = error(
    "spread-twice",
    "a spread names a cluster twice",
    "A cluster has one place in a spread: one weight, in one tier, or excluded.",
)
SPREAD_EMPTY = error(
    "spread-empty",
    "a spread has no cluster with a share",
    "Weights may not all be zero, and not every cluster may be excluded: there would be nowhere to send traffic.",
)
SURVIVE_REASON = error(
    "survive-reason",
    "a policy asks for fewer losses than the Fleet, without a reason",
    "The Fleet's `survive` holds for every spread. A policy may ask for less only with `survive.reason`, so that the "
    "next reader knows why.",
)
OUTSIDE_GATEWAY = warning(
    "outside-gateway",
    "a spread names clusters that are no members of the gateway",
    "A gateway sends traffic to its member clusters alone. The shares of other clusters are left to their own "
    "gateways; those that are members share in the same proportion.",
)
CODES: tuple[Code, ...] = (
    POLICY_SERVICE,
    POLICY_CONFLICT,
    SPREAD_CLUSTER,
    SPREAD_INCOMPLETE,
    SPREAD_TWICE,
    SPREAD_EMPTY,
    SURVIVE_REASON,
    OUTSIDE_GATEWAY,
)

_UNITS = {"ms": 1.0, "s": 1000.0, "m": 60_000.0, "h": 3_600_000.0}


def milliseconds(duration: str) -> int:
    """A Go duration (`1m30s`, `100ms`, `0`) in whole milliseconds."""
    if duration == "0":
        return 0
    total, number = 0.0, ""
    position = 0
    while position < len(duration):
        char = duration[position]
        if char.isdigit() or char == ".":
            number += char
            position += 1
            continue
        unit = "ms" if duration.startswith("ms", position) else char
        total += float(number) * _UNITS[unit]
        number = ""
        position += len(unit)
    return round(total)


class Spreads:
    """The spread of each Service, worked out once per gateway, with its policy if it has one."""

    def __init__(
        self,
        services: Mapping[ObjectName, Service],
        policies: Sequence[Sourced[TrafficPolicy]],
        world: World,
        states: Sequence[Sourced[TrafficState]],
        findings: Diagnostics,
        readiness: Mapping[ObjectName, str],
    ) -> None:
        """`readiness`: path of the readinessProbe of Services whose pods a gateway can ask for it."""
        self._findings = findings
        self._services = services
        self.policies: dict[ObjectName, tuple[Sourced[TrafficPolicy], Origin]] = {}
        self._demands: list[Demand] = []
        self._declared: dict[ObjectName, Spread] = {}
        self._readiness = readiness
        self._served: dict[tuple[ObjectName, str], Spread] = {}
        self._effective = _effective_weights(states)
        demanded = world.fleet.value.spec.survive or None
        for policy in policies:
            self._take(policy, world)
        for name, service in services.items():
            if name not in self._declared:
                # pods that documents name are a gateway's own to check; of others it hears from elsewhere
                check = _health_check(None, readiness.get(name, "")) if service.endpoints else None
                self._declared[name] = by_replicas(service, demanded, check)

    @property
    def demands(self) -> tuple[Demand, ...]:
        """The declared peaks of Services, sorted."""
        return tuple(sorted(self._demands, key=lambda demand: demand.service))

    def within(self, service: ObjectName, gateway: str, members: tuple[str, ...]) -> Spread | None:
        """The spread as a gateway with these members serves it; None for a Service that does not exist."""
        declared = self._declared.get(service)
        if declared is None:
            return None
        found = self._served.get((service, gateway))
        if found is None:
            found = self._apply(service, gateway, self._restrict(service, declared, members))
            self._served[service, gateway] = found
        return found

    def _restrict(self, service: ObjectName, spread: Spread, members: tuple[str, ...]) -> Spread:
        """The part of a spread that lies in these clusters."""
        outside = [c for c in spread.clusters if c not in members]
        excluded = tuple(c for c in spread.excluded if c in members)
        if not outside:
            return spread if excluded == spread.excluded else _changed(spread, excluded=excluded)
        # without weights or tiers nobody has named the clusters: each gateway serves what it reaches
        if service in self.policies and (len(spread.tiers) > 1 or not spread.by_replicas):
            policy, _ = self.policies[service]
            self._findings.add(
                OUTSIDE_GATEWAY,
                policy.origin.at("spec", "spread"),
                str(service),
                f"no member of the gateway that routes to it: {', '.join(outside)}",
                "make the clusters members of the gateway, or route to them through a gateway of their own",
            )
        return _changed(spread, _without(spread.tiers, set(outside)), excluded=excluded)

    def _apply(self, service: ObjectName, gateway: str, spread: Spread) -> Spread:
        """The effective weights in the place of the declared ones; what no longer exists is left to the agent."""
        found = self._effective.get((service, gateway))
        if found is None or not spread.tiers:
            return spread
        weights, place = found
        known = spread.clusters
        there = [(cluster, weight) for cluster, weight in weights if cluster in known]
        if any(weight for _, weight in there):
            return weighted(spread, there, place)
        self._findings.add(
            SPREAD_EMPTY,
            place,
            str(service),
            "no cluster in which the Service runs has a weight above 0",
            "let the agent write the state anew, or build without --state",
        )
        return spread

    def _take(self, policy: Sourced[TrafficPolicy], world: World) -> None:
        spec = policy.value.spec
        fleet_losses = world.fleet.value.spec.survive
        survive = spec.survive
        if survive is not None:
            missing = [loss for loss in fleet_losses if loss not in survive.losses]
            if missing and not survive.reason:
                self._findings.add(
                    SURVIVE_REASON,
                    policy.origin.at("spec", "survive"),
                    ", ".join(survive.losses) or "[]",
                    f"the Fleet demands {', '.join(missing)} too",
                    "add `reason`, or survive what the Fleet demands",
                    (Note(world.fleet.origin.at("spec", "survive"), "the Fleet's demand"),),
                )
        for index, ref in enumerate(spec.target_refs):
            name = ObjectName(policy.value.metadata.namespace, ref.name)
            place = policy.origin.at("spec", "targetRefs", index, "name")
            service = self._services.get(name)
            if service is None:
                self._findings.add(
                    POLICY_SERVICE,
                    place,
                    str(name),
                    "no App or Service document provides this Service",
                    "name a Service of an App, or delete the policy",
                )
                continue
            if name in self.policies:
                self._findings.add(
                    POLICY_CONFLICT,
                    place,
                    str(name),
                    "another TrafficPolicy governs this Service",
                    "keep one policy for it",
                    (Note(self.policies[name][1], "the other policy"),),
                )
                continue
            self.policies[name] = (policy, place)
            if ref.demand is not None:
                where = policy.origin.at("spec", "targetRefs", index, "demand", "requestsPerSecond")
                self._demands.append(Demand(name, ref.demand.requests_per_second, where))
            losses = survive.losses if survive is not None else fleet_losses or None
            check = _health_check(spec.health_check, self._readiness.get(name, ""))
            declared = _declared(service, policy, world, losses, check, self._findings)
            self._declared[name] = by_replicas(service, losses) if declared is None else declared


def _effective_weights(
    states: Sequence[Sourced[TrafficState]],
) -> dict[tuple[ObjectName, str], tuple[Sequence[tuple[str, int]], Origin]]:
    """(Service, gateway) -> the weights that the agent wrote, and their place."""
    return {
        (ObjectName(entry.service.namespace, entry.service.name), state.value.metadata.name): (
            [(w.cluster, w.weight) for w in entry.weights],
            state.origin.at("spec", "services", index, "weights"),
        )
        for state in states
        for index, entry in enumerate(state.value.spec.services)
    }


def by_replicas(service: Service, survive: tuple[Loss, ...] | None = None, check: HealthCheck | None = None) -> Spread:
    """The default: every cluster, in proportion to its pods (equal where nobody knows them)."""
    serving = _by_pods(service.members)
    tiers = (Tier(serving),) if serving else ()
    return Spread(tiers, by_replicas=True, health_check=check, survive=survive, origin=service.origin)


@functools.lru_cache(maxsize=256)
def _by_pods(members: tuple[ServiceMember, ...]) -> tuple[Member, ...]:
    """Weights by pod numbers, without clusters that have none; all equal where one is unknown, or all have none.

    Apps that are alike have their pods in the same places.
    """
    counts = [(m.cluster, m.replicas) for m in members]
    known = [(cluster, count) for cluster, count in counts if count is not None]
    if len(known) < len(counts) or not any(count for _, count in known):
        return tuple(Member(cluster, 1) for cluster, _ in counts)
    return tuple(Member(cluster, count) for cluster, count in known if count)


def _declared(
    service: Service,
    policy: Sourced[TrafficPolicy],
    world: World,
    survive: tuple[Loss, ...] | None,
    check: HealthCheck | None,
    findings: Diagnostics,
) -> Spread | None:
    """The spread that a policy declares for a Service; None after findings."""
    spec = policy.value.spec
    place = policy.origin.at("spec", "spread")
    placed = {m.cluster: m for m in service.members}
    seen: dict[str, Origin] = {}
    sound = True

    def take(cluster: str, where: Origin) -> bool:
        nonlocal sound
        if cluster not in placed:
            sound = False
            is_known = cluster in world.clusters
            why = f"Service {service.name} does not run there" if is_known else "no such Cluster"
            fix = _instead("" if is_known else cluster, [c for c in placed if c not in _named(spec.spread)])
            findings.add(SPREAD_CLUSTER, where, cluster, why, fix)
            return False
        if cluster in seen:
            sound = False
            findings.add(
                SPREAD_TWICE,
                where,
                cluster,
                "this cluster stands in the spread already",
                "name it once",
                (Note(seen[cluster], "the first time"),),
            )
            return False
        seen[cluster] = where
        return True

    excluded = tuple(
        sorted(
            e.cluster for i, e in enumerate(spec.spread.excluded) if take(e.cluster, place.at("excluded", i, "cluster"))
        )
    )
    tiers, replicas = _tiers(spec.spread, placed, place, take, excluded)
    listed = spec.spread.type == "PrimarySecondary" or (
        spec.spread.active_active is not None and spec.spread.active_active.weights
    )
    left_out = [c for c in placed if c not in seen]
    if listed and left_out and sound:
        sound = False
        findings.add(
            SPREAD_INCOMPLETE,
            place,
            ", ".join(left_out),
            f"Service {service.name} runs there, and the spread says nothing of it",
            "list it: with a weight (0 = standby), in a tier, or in `excluded` with a reason",
        )
    if sound and not (tiers and tiers[0].members):
        sound = False
        findings.add(
            SPREAD_EMPTY,
            place,
            str(service.name),
            "no cluster is left with a share",
            "give at least one cluster a weight above 0, and do not exclude all of them",
        )
    if not sound:
        return None
    primary = spec.spread.primary_secondary
    return Spread(
        tiers=tiers,
        by_replicas=replicas,
        excluded=excluded,
        spill_below_percent=primary.spillover.below_healthy_percent if primary else 0,
        health_check=check,
        hedge_delay_ms=milliseconds(spec.hedge.delay) if spec.hedge else None,
        idempotent_methods=tuple(sorted(spec.retry.idempotent_methods)),
        failback=Failback(
            milliseconds(spec.failback.hold),
            spec.failback.steps,
            milliseconds(spec.failback.step_interval),
            is_declared=spec.failback != model.Failback(),
        ),
        survive=survive,
        origin=place,
    )


def _instead(cluster: str, free: Sequence[str]) -> str:
    """What to write in the place of a cluster that is none of a Service. `free`: those of its clusters that nothing
    in the spread names, because one that stands there already would only be a second mistake.
    """
    if not free:
        return "delete it: every cluster in which it runs is named already"
    return f"name a cluster in which it runs: {nearest(cluster, free) if cluster else ', '.join(free)}"


def _named(spread: model.Spread) -> frozenset[str]:
    """Every cluster that a spread lists, whether the Service runs there or not."""
    weights = spread.active_active.weights if spread.active_active else ()
    tiers = spread.primary_secondary.tiers if spread.primary_secondary else ()
    named = [entry.cluster for entry in spread.excluded]
    named += [entry.cluster for entry in weights]
    return frozenset((*named, *(entry.cluster for tier in tiers for entry in tier.clusters)))


def _tiers(
    spread: model.Spread,
    placed: Mapping[str, ServiceMember],
    place: Origin,
    take: Callable[[str, Origin], bool],
    excluded: tuple[str, ...],
) -> tuple[tuple[Tier, ...], bool]:
    """Tiers in order, and whether their weights are pod numbers."""
    if spread.type == "PrimarySecondary" and spread.primary_secondary is not None:
        inner = place.at("primarySecondary", "tiers")
        is_weighted = any(c.weight is not None for t in spread.primary_secondary.tiers for c in t.clusters)
        tiers = []
        for number, tier in enumerate(spread.primary_secondary.tiers):
            members = [
                Member(c.cluster, c.weight or _replicas(placed[c.cluster]))
                for i, c in enumerate(tier.clusters)
                if take(c.cluster, inner.at(number, "clusters", i, "cluster"))
            ]
            tiers.append(_tier(members))
        return tuple(t for t in tiers if t.members), not is_weighted
    weights = spread.active_active.weights if spread.active_active else ()
    if not weights:
        return (_tier(_by_pods(tuple(m for c, m in placed.items() if c not in excluded))),), True
    inner = place.at("activeActive", "weights")
    taken = [w for i, w in enumerate(weights) if take(w.cluster, inner.at(i, "cluster"))]
    serving = _tier([Member(w.cluster, w.weight) for w in taken if w.weight])
    standby = _tier([Member(w.cluster, _replicas(placed[w.cluster])) for w in taken if not w.weight])
    if not serving.members:
        return (), False
    return (serving, standby) if standby.members else (serving,), False


def _tier(members: Iterable[Member]) -> Tier:
    return Tier(tuple(sorted(members, key=lambda m: m.cluster)))


def _replicas(member: ServiceMember) -> int:
    """Pod number as a weight; 1 where it is unknown or zero, because somebody named this cluster."""
    return member.replicas or 1


def _health_check(written: model.HealthCheck | None, readiness: str) -> HealthCheck | None:
    """What a policy says, or else the path of the readinessProbe ("" = none that a gateway can ask)."""
    if written is None:
        return HealthCheck("HTTP", readiness, 5000, 1000, 2, 2, is_declared=False) if readiness else None
    return HealthCheck(
        written.protocol,
        written.path or "/",
        milliseconds(written.interval),
        milliseconds(written.timeout),
        written.unhealthy_threshold,
        written.healthy_threshold,
    )


def pinned(spread: Spread, cluster: str, origin: Origin) -> Spread:
    """`spread` with `cluster` first: while it serves it gets everything, then the others as they were declared."""
    tiers = (Tier((Member(cluster, 1),)), *_without(spread.tiers, {cluster}))
    return _changed(spread, tiers, origin=origin)


def weighted(spread: Spread, weights: Sequence[tuple[str, int]], origin: Origin) -> Spread:
    """`spread` split over some clusters by weight; the others stand by in their declared order."""
    first = _tier(Member(cluster, weight) for cluster, weight in weights if weight)
    tiers = (first, *_without(spread.tiers, {m.cluster for m in first.members}))
    return _changed(spread, tiers, by_replicas=False, origin=origin)


def _without(tiers: Iterable[Tier], clusters: AbstractSet[str]) -> tuple[Tier, ...]:
    """Tiers without these clusters, and without those of which nothing is left."""
    kept = (tuple(m for m in tier.members if m.cluster not in clusters) for tier in tiers)
    return tuple(Tier(there) for there in kept if there)


def _changed(
    spread: Spread,
    tiers: tuple[Tier, ...] | None = None,
    *,
    by_replicas: bool | None = None,
    excluded: tuple[str, ...] | None = None,
    origin: Origin | None = None,
) -> Spread:
    """The same spread in other places; None = as it is."""
    return Spread(
        spread.tiers if tiers is None else tiers,
        spread.by_replicas if by_replicas is None else by_replicas,
        spread.excluded if excluded is None else excluded,
        spread.spill_below_percent,
        spread.health_check,
        spread.hedge_delay_ms,
        spread.idempotent_methods,
        spread.failback,
        spread.survive,
        spread.origin if origin is None else origin,
    )


def check_pins(
    pins: Sequence[Sourced[TrafficPin]],
    services: Mapping[ObjectName, Service],
    findings: Diagnostics,
) -> None:
    """TrafficPins are validated, not applied: the agent applies them."""
    for pin in pins:
        spec = pin.value.spec
        name = ObjectName(pin.value.metadata.namespace, spec.service)
        service = services.get(name)
        if service is None:
            findings.add(
                POLICY_SERVICE,
                pin.origin.at("spec", "service"),
                str(name),
                "no App or Service document provides this Service",
                "name a Service of an App, or delete the pin",
            )
            continue
        placed = [m.cluster for m in service.members]
        places: list[tuple[str, tuple[PathStep, ...]]] = [
            (w.cluster, ("weights", i, "cluster")) for i, w in enumerate(spec.weights)
        ]
        places += [(c, ("excluded", i)) for i, c in enumerate(spec.excluded)]
        seen: dict[str, Origin] = {}
        for cluster, path in places:
            where = pin.origin.at("spec", *path)
            if cluster not in placed:
                findings.add(
                    SPREAD_CLUSTER,
                    where,
                    cluster,
                    f"Service {name} does not run there",
                    _instead("", [c for c in placed if c not in {other for other, _ in places}]),
                )
            elif cluster in seen:
                findings.add(
                    SPREAD_TWICE,
                    where,
                    cluster,
                    "this cluster stands in the pin already",
                    "name it once",
                    (Note(seen[cluster], "the first time"),),
                )
            seen.setdefault(cluster, where)
        if not any(w.weight for w in spec.weights):
            findings.add(
                SPREAD_EMPTY,
                pin.origin.at("spec", "weights"),
                str(name),
                "no cluster is left with a share",
                "give at least one cluster a weight above 0",
            )
