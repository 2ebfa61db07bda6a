"""Laws of the solver: whatever is declared and whatever is lost, shares add up and go where they were declared to."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.diagnostics import Origin
from compiler.ir.traffic import (
    Backend,
    Forward,
    Match,
    Member,
    ObjectName,
    PathMatch,
    Route,
    Service,
    ServiceMember,
    ServicePort,
    Share,
    Split,
    Spread,
    Tier,
    VirtualHost,
)
from compiler.solver.flows import Part, Pods, flow
from compiler.solver.shares import shares

NAMES = ("a", "b", "c", "d", "e", "f")
OWNER = ObjectName("shop", "web")
Health = dict[str, Fraction]

WHOLE = Fraction(1)
PARTS = tuple(sorted({Fraction(n, d) for d in range(1, 13) for n in range(d + 1)}, reverse=True))
"""Every part of up to twelve pods, the whole first: examples shrink to fewer losses."""


def digits(base: int, count: int = 3) -> st.SearchStrategy[tuple[int, ...]]:
    """Some numbers below `base`, as one draw: a draw for each took nine tenths of the time of a long run.

    Below 25 bits, where hypothesis finds every number as likely as any other.
    """
    assert base**count <= 2**24
    return st.integers(0, base**count - 1).map(lambda drawn: tuple(drawn // base**n % base for n in range(count)))


healths = st.tuples(digits(len(PARTS)), digits(len(PARTS))).map(
    lambda drawn: {name: PARTS[n] for name, n in zip(NAMES, (*drawn[0], *drawn[1]), strict=True)}
)


def spread_of(drawn: tuple[int, ...], weights: tuple[int, ...], spill: int = 0, *, by_replicas: bool = False) -> Spread:
    """`drawn`: of each cluster its tier, from 0; those of the highest number are excluded, unless all would be."""
    last = max(drawn)
    excluded = {name for name, tier in zip(NAMES, drawn, strict=False) if tier == last == 5}
    if len(excluded) == len(drawn):
        excluded = set()
    numbers = sorted({tier for name, tier in zip(NAMES, drawn, strict=False) if name not in excluded})
    members = list(zip(NAMES, drawn, weights, strict=False))
    tiers = tuple(
        Tier(tuple(Member(name, w) for name, tier, w in members if tier == number and name not in excluded))
        for number in numbers
    )
    return Spread(tiers, by_replicas, tuple(sorted(excluded)), spill)


_SPILLS = (0, 0, 1, 50, 100)
spreads = st.tuples(digits(6, 6), digits(256), digits(256), st.integers(0, 9)).map(
    lambda drawn: spread_of(
        drawn[0],
        tuple(weight + 1 for weight in (*drawn[1], *drawn[2])),
        _SPILLS[drawn[3] // 2],
        by_replicas=bool(drawn[3] % 2),
    )
)
"""Any spread: up to six tiers of weighted clusters, some excluded, spilling early or late."""


def laws(spread: Spread, health: Health) -> None:
    """Everything that holds for every spread and every loss."""
    found = shares(spread, health)
    parts = dict(found.parts)
    assert sum(parts.values()) == 1
    assert all(share > 0 for share in parts.values())
    assert not set(parts) & set(spread.excluded)
    alive = [cluster for cluster in spread.clusters if health.get(cluster, WHOLE)]
    assert found.is_last_resort is not bool(alive)
    if alive:
        assert found.tier is not None
        members = spread.tiers[found.tier].members
        assert set(parts) <= set(alive)
        assert set(parts) == {m.cluster for m in members} & set(alive)
        by_pods = spread.by_replicas or spread.spill_below_percent
        for one, other in combinations([m for m in members if m.cluster in parts], 2):
            mine, theirs = (_weighs(m, health, by_pods=bool(by_pods)) for m in (one, other))
            assert parts[one.cluster] * theirs == parts[other.cluster] * mine
        earlier = [m.cluster for tier in spread.tiers[: found.tier] for m in tier.members]
        if not spread.spill_below_percent:
            assert not any(health.get(cluster, WHOLE) for cluster in earlier)
    if all(part == 1 for part in health.values()):
        first = spread.tiers[0].members
        total = sum(m.weight for m in first)
        assert parts == {m.cluster: Fraction(m.weight, total) for m in first}
        assert found.tier == 0


def _weighs(member: Member, health: Health, *, by_pods: bool) -> Fraction:
    """Envoy's rule: all of its weight down to 5/7 of its pods, and from there in proportion to them."""
    left = health.get(member.cluster, WHOLE)
    if by_pods:
        return member.weight * left
    return Fraction(member.weight) if left >= Fraction(5, 7) else member.weight * left * Fraction(7, 5)


def losing_more(spread: Spread, health: Health) -> None:
    """While the same tier serves, a loss elsewhere takes nothing from a survivor, and survivors keep their ratio."""
    before = shares(spread, health)
    for cluster in spread.clusters:
        after = shares(spread, {**health, cluster: Fraction(0)})
        if after.tier is None or after.tier != before.tier:
            continue
        kept = [(name, share) for name, share in before.parts if name != cluster]
        now = dict(after.parts)
        assert all(now[name] >= share for name, share in kept)
        for (one, mine), (other, theirs) in combinations(kept, 2):
            assert now[one] * theirs == now[other] * mine


@settings(max_examples=2000)
@given(spreads, healths)
def test_shares_add_up_and_reach_only_what_is_left(spread: Spread, health: Health) -> None:
    """Never all zero, never an excluded cluster; equal to what was declared when nothing is lost."""
    laws(spread, health)


@settings(max_examples=500)
@given(spreads, healths)
def test_a_further_loss_takes_nothing_from_the_survivors(spread: Spread, health: Health) -> None:
    """Survivors of a tier only gain, all by the same factor."""
    losing_more(spread, health)


@settings(max_examples=500)
@given(spreads, healths, st.integers(2, 1000))
def test_only_the_ratio_of_weights_counts(spread: Spread, health: Health, factor: int) -> None:
    """All weights times a number: the same shares."""
    tiers = tuple(Tier(tuple(Member(m.cluster, m.weight * factor) for m in tier.members)) for tier in spread.tiers)
    scaled = Spread(tiers, spread.by_replicas, spread.excluded, spread.spill_below_percent)
    assert shares(scaled, health) == shares(spread, health)


# --- a route: a base, a canary of the same Service's next version, a fallback, each with pods in some clusters only


class Fleet(NamedTuple):
    """A route over four clusters, its host, and the pods behind it."""

    route: Route
    host: VirtualHost
    services: tuple[Service, ...]

    def serves(self, backend: Backend, health: Health) -> bool:
        """Whether a whole pod of a backend is left in a cluster that may serve it."""
        (service,) = (s for s in self.services if s.name == backend.service)
        replicas = {m.cluster: m.replicas for m in service.members}
        return any((replicas[name] or 0) * health.get(name, WHOLE) >= 1 for name in backend.spread.clusters)


_FOUR = 4


_backends = st.tuples(digits(6, _FOUR), digits(64, _FOUR), digits(5, _FOUR), st.booleans())
_healths = digits(len(PARTS), _FOUR).map(lambda drawn: {name: PARTS[n] for name, n in zip(NAMES, drawn, strict=False)})


def _backend(
    name: str, drawn: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], bool]
) -> tuple[Backend, Service]:
    tiers, weights, pods, by_replicas = drawn
    own = ObjectName("shop", name)
    counts = tuple(pod or (1 if not any(pods) else 0) for pod in pods)
    members = tuple(ServiceMember(cluster, count) for cluster, count in zip(NAMES[:_FOUR], counts, strict=True))
    service = Service(own, (ServicePort("http", 80),), members, Origin(""))
    spread = spread_of(tiers, tuple(weight + 1 for weight in weights), by_replicas=by_replicas)
    return Backend(own, 80, spread), service


@st.composite
def fleets(draw: st.DrawFn) -> Fleet:
    """A base with or without a weighted canary and a fallback, or a conditional canary of such a base."""
    drawn = draw(st.tuples(_backends, _backends, _backends, st.integers(0, 100), st.integers(0, 3)))
    (base, base_pods), (canary, canary_pods), (sorry, sorry_pods) = (
        _backend(name, one) for name, one in zip(("cart", "cart-next", "sorry"), drawn[:3], strict=True)
    )
    weight, kind = drawn[3], drawn[4]
    fallback = sorry if kind % 2 else None
    other = ObjectName("shop", "web-next")
    match = Match(PathMatch("prefix", "/"))
    plain = Share(base, 100 - weight if kind < 2 else 100, OWNER)
    split = (plain, Share(canary, weight, other)) if kind < 2 else (plain,)
    route = Route(match, Forward(Split(split), fallback), OWNER)
    if kind < 2:
        return Fleet(route, VirtualHost("h", (route,)), (base_pods, canary_pods, sorry_pods))
    conditional = Route(match, Forward(Split((Share(canary, 1, other),)), fallback), other, base=OWNER)
    return Fleet(conditional, VirtualHost("h", (conditional, route)), (base_pods, canary_pods, sorry_pods))


def laws_of_flows(fleet: Fleet, health: Health) -> None:
    """Everything that holds for every route and every loss."""
    assert isinstance(fleet.route.action, Forward)
    found = flow(fleet.route, fleet.host, Pods(fleet.services, health))
    split, fallback = fleet.route.action.split.shares, fleet.route.action.fallback
    total = sum(share.weight for share in split)
    base = next(r for r in fleet.host.routes if r.base is None).action
    assert isinstance(base, Forward)
    stands_in = base.split.shares[0].backend
    for number, share in enumerate(split):
        mine = [part for part in found if part.number == number]
        # what a backend was to get is all served, whoever serves it
        assert sum(part.share for part in mine) == Fraction(share.weight, total)
        chain = [share.backend, *([stands_in] if number or fleet.route.base else []), *([fallback] if fallback else [])]
        alive = [backend for backend in chain if fleet.serves(backend, health)]
        assert {part.backend for part in mine} <= {alive[0] if alive else share.backend}
        assert all((part.via == "last-resort") is not bool(alive) for part in mine)
        if alive:
            assert all(health.get(part.cluster, WHOLE) for part in mine)
    assert all(part.share > 0 and part.cluster not in part.backend.spread.excluded for part in found)
    assert sum(part.share for part in found) == 1


def a_dead_canary_harms_nobody(fleet: Fleet, health: Health) -> None:
    """With every pod of the canary lost the base keeps, part by part, what it had."""
    canary = ObjectName("shop", "cart-next")
    gone = {(canary, cluster): Fraction(0) for cluster in NAMES}
    before = flow(fleet.route, fleet.host, Pods(fleet.services, health))
    after = flow(fleet.route, fleet.host, Pods(fleet.services, health, gone))
    assert _not_of(canary, before) == _not_of(canary, after)
    assert not any(part.backend.service == canary and part.via != "last-resort" for part in after)


def _not_of(service: ObjectName, parts: tuple[Part, ...]) -> list[Part]:
    return [part for part in parts if part.declared != service]


@settings(max_examples=2000)
@given(fleets(), _healths)
def test_what_a_route_loses_is_served_by_what_stands_behind_it(fleet: Fleet, health: Health) -> None:
    """2,000 fleets: canary, base, fallback, last resort, in this order; each only when nothing before it is left."""
    laws_of_flows(fleet, health)
    a_dead_canary_harms_nobody(fleet, health)


@pytest.mark.slow
@settings(max_examples=100_000)
@given(spreads, healths)
def test_the_laws_hold_at_length(spread: Spread, health: Health) -> None:
    """The laws of shares, 100,000 spreads."""
    laws(spread, health)
    losing_more(spread, health)


@pytest.mark.slow
@settings(max_examples=100_000)
@given(fleets(), _healths)
def test_the_laws_of_routes_hold_at_length(fleet: Fleet, health: Health) -> None:
    """The laws of routes with canaries and fallbacks, 100,000 fleets."""
    laws_of_flows(fleet, health)
    a_dead_canary_harms_nobody(fleet, health)
