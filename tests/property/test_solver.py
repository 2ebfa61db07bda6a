"""Laws of the solver: whatever is declared and whatever is lost, shares add up and go where they were declared to."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.ir.traffic import Member, Spread, Tier
from compiler.solver.shares import shares

NAMES = ("a", "b", "c", "d", "e", "f")
Health = dict[str, Fraction]


@st.composite
def spreads(draw: st.DrawFn) -> Spread:
    """Any spread: tiers of weighted clusters, some excluded, spilling early or late."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=6, unique=True))
    cuts = draw(st.lists(st.integers(1, len(names)), max_size=3))
    bounds = sorted({0, len(names), *cuts})
    weight = st.integers(1, 1_000_000)
    tiers = tuple(
        Tier(tuple(Member(name, draw(weight)) for name in sorted(names[start:end]))) for start, end in pairwise(bounds)
    )
    return Spread(
        tiers,
        draw(st.booleans()),
        excluded=tuple(sorted(set(NAMES) - set(names))),
        spill_below_percent=draw(st.sampled_from([0, 0, 1, 50, 100])),
    )


healths = st.dictionaries(st.sampled_from(NAMES), st.fractions(0, 1, max_denominator=12), max_size=6)


def laws(spread: Spread, health: Health) -> None:
    """Everything that holds for every spread and every loss."""
    found = shares(spread, health)
    parts = dict(found.parts)
    assert sum(parts.values()) == 1
    assert all(share > 0 for share in parts.values())
    assert not set(parts) & set(spread.excluded)
    alive = [cluster for cluster in spread.clusters if health.get(cluster, Fraction(1))]
    assert found.is_last_resort is not bool(alive)
    if alive:
        assert found.tier is not None
        assert set(parts) <= set(alive)
        assert set(parts) == {m.cluster for m in spread.tiers[found.tier].members} & set(alive)
    if all(part == 1 for part in health.values()):
        first = spread.tiers[0].members
        total = sum(m.weight for m in first)
        assert parts == {m.cluster: Fraction(m.weight, total) for m in first}
        assert found.tier == 0


def losing_more(spread: Spread, health: Health) -> None:
    """While the same tier serves, a loss elsewhere takes nothing from a survivor, and survivors keep their ratio."""
    before = shares(spread, health)
    for cluster in spread.clusters:
        after = shares(spread, {**health, cluster: Fraction(0)})
        if after.tier is None or after.tier != before.tier:
            continue
        kept = [(name, share) for name, share in before.parts if name != cluster]
        assert all(dict(after.parts)[name] >= share for name, share in kept)
        for (one, mine), (other, theirs) in combinations(kept, 2):
            now = dict(after.parts)
            assert now[one] * theirs == now[other] * mine


@settings(max_examples=2000, deadline=None)
@given(spreads(), healths)
def test_shares_add_up_and_reach_only_what_is_left(spread: Spread, health: Health) -> None:
    """Never all zero, never an excluded cluster; equal to what was declared when nothing is lost."""
    laws(spread, health)


@settings(max_examples=500, deadline=None)
@given(spreads(), healths)
def test_a_further_loss_takes_nothing_from_the_survivors(spread: Spread, health: Health) -> None:
    """Survivors of a tier only gain, all by the same factor."""
    losing_more(spread, health)


@settings(max_examples=500, deadline=None)
@given(spreads(), healths, st.integers(2, 1000))
def test_only_the_ratio_of_weights_counts(spread: Spread, health: Health, factor: int) -> None:
    """All weights times a number: the same shares."""
    tiers = tuple(Tier(tuple(Member(m.cluster, m.weight * factor) for m in tier.members)) for tier in spread.tiers)
    scaled = Spread(tiers, spread.by_replicas, spread.excluded, spread.spill_below_percent)
    assert shares(scaled, health) == shares(spread, health)


@pytest.mark.slow
@settings(max_examples=100_000, deadline=None)
@given(spreads(), healths)
def test_the_laws_hold_at_length(spread: Spread, health: Health) -> None:
    """The same laws, 100,000 fleets."""
    laws(spread, health)
    losing_more(spread, health)
