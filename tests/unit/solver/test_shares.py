"""Shares of a spread after losses, by numbers that were seen in a real Envoy or follow from the declaration."""

from __future__ import annotations

from fractions import Fraction

import pytest

from compiler.ir.traffic import Cluster, Member, Spread, Tier
from compiler.solver.losses import Loss, lose, loss_sets, single_losses, together
from compiler.solver.shares import shares


def spread(*tiers: dict[str, int], by_replicas: bool = False, spill: int = 0) -> Spread:
    """A spread of tiers of weights."""
    ordered = tuple(Tier(tuple(Member(name, weight) for name, weight in sorted(tier.items()))) for tier in tiers)
    return Spread(ordered, by_replicas, spill_below_percent=spill)


def percents(found: tuple[tuple[str, Fraction], ...]) -> dict[str, float]:
    """Shares in percent, as people read them."""
    return {cluster: round(float(share) * 100, 2) for cluster, share in found}


WEIGHTED = spread({"a": 60, "b": 30, "c": 10})


@pytest.mark.parametrize(
    ("lost", "expected"),
    [
        ("", {"a": 60.0, "b": 30.0, "c": 10.0}),
        ("a", {"b": 75.0, "c": 25.0}),
        ("b", {"a": 85.71, "c": 14.29}),
        ("c", {"a": 66.67, "b": 33.33}),
        ("ab", {"c": 100.0}),
    ],
)
def test_survivors_share_in_proportion_to_their_weights(lost: str, expected: dict[str, float]) -> None:
    """The numbers that a real Envoy showed under load."""
    found = shares(WEIGHTED, dict.fromkeys(lost, Fraction(0)))
    assert percents(found.parts) == expected
    assert found.tier == 0


def test_a_cluster_keeps_its_weight_down_to_five_sevenths_of_its_pods() -> None:
    """1 of 3 endpoints of `a` lost: 58.33/31.25/10.42, as Envoy's factor of 1.4 says."""
    assert percents(shares(WEIGHTED, {"a": Fraction(2, 3)}).parts) == {"a": 58.33, "b": 31.25, "c": 10.42}
    assert percents(shares(WEIGHTED, {"a": Fraction(5, 7)}).parts) == {"a": 60.0, "b": 30.0, "c": 10.0}


def test_by_replicas_every_pod_that_is_left_counts_the_same() -> None:
    flat = spread({"a": 4, "b": 2}, by_replicas=True)
    assert shares(flat, {"a": Fraction(1, 2)}).parts == (("a", Fraction(1, 2)), ("b", Fraction(1, 2)))


def test_with_a_bound_for_spilling_every_pod_that_is_left_counts() -> None:
    """Envoy takes either a bound or weights of clusters, so the weights sit on the pods."""
    found = shares(spread({"a": 60, "b": 40}, {"c": 1}, spill=50), {"a": Fraction(2, 3)})
    assert found.parts == (("a", Fraction(1, 2)), ("b", Fraction(1, 2)))


def test_tiers_serve_in_order() -> None:
    tiers = spread({"a": 1}, {"b": 1}, {"c": 3, "d": 1})
    assert shares(tiers, {}).parts == (("a", Fraction(1)),)
    assert shares(tiers, {"a": Fraction(0)}).parts == (("b", Fraction(1)),)
    both = shares(tiers, {"a": Fraction(0), "b": Fraction(0)})
    assert (both.parts, both.tier) == ((("c", Fraction(3, 4)), ("d", Fraction(1, 4))), 2)


def test_a_small_loss_does_not_spill_unless_declared() -> None:
    third_lost = {"a": Fraction(2, 3)}
    assert shares(spread({"a": 1}, {"b": 1}), third_lost).tier == 0
    assert shares(spread({"a": 1}, {"b": 1}, spill=50), third_lost).tier == 0
    assert shares(spread({"a": 1}, {"b": 1}, spill=70), third_lost).tier == 1


def test_where_no_tier_is_healthy_enough_the_first_that_has_anything_serves() -> None:
    found = shares(spread({"a": 1}, {"b": 1}, spill=90), {"a": Fraction(1, 2), "b": Fraction(1, 2)})
    assert found.tier == 0


def test_the_healthy_part_of_a_tier_is_counted_in_pods() -> None:
    """90 of 100 pods are gone with `a`, though it has a small weight."""
    tiers = spread({"a": 1, "b": 9}, {"c": 1}, spill=50)
    assert shares(tiers, {"a": Fraction(0)}).tier == 0
    assert shares(tiers, {"a": Fraction(0)}, {"a": 90, "b": 10, "c": 5}).tier == 1


def test_with_nothing_left_every_cluster_is_tried_and_it_is_said() -> None:
    tiers = Spread((Tier((Member("a", 1),)), Tier((Member("b", 3),))), by_replicas=False, excluded=("x",))
    found = shares(tiers, {"a": Fraction(0), "b": Fraction(0)})
    assert found.is_last_resort
    assert found.parts == (("a", Fraction(1, 4)), ("b", Fraction(3, 4)))


def test_a_service_that_runs_nowhere_has_no_shares() -> None:
    assert shares(Spread((), by_replicas=True), {}).parts == ()


CLUSTERS = (Cluster("a", "c-a", "hz", ("h",)), Cluster("b", "c-b", "hz", ("h", "i")), Cluster("c", "c-c", "sh", ("k",)))


def test_a_lost_zone_takes_its_part_of_a_cluster_that_has_others() -> None:
    assert lose("zone", "h", CLUSTERS) == Loss("zone h", (("a", Fraction(0)), ("b", Fraction(1, 2))), "zone")
    assert lose("zone", "h", CLUSTERS).lost == ("a",)
    assert lose("region", "hz", CLUSTERS).lost == ("a", "b")


def test_a_cluster_is_gone_with_the_last_of_its_zones() -> None:
    both = together([("zone", "h"), ("zone", "i")], CLUSTERS)
    assert both == Loss("zone h and zone i", (("a", Fraction(0)), ("b", Fraction(0))))
    three = (Cluster("d", "c-d", "hz", ("h", "i", "j")),)
    assert together([("zone", "h"), ("zone", "i")], three).health == {"d": Fraction(1, 3)}
    assert together([], CLUSTERS).name == "nothing"


def test_what_is_lost_twice_is_lost_once() -> None:
    assert together([("zone", "h"), ("zone", "h")], CLUSTERS).health == {"a": Fraction(0), "b": Fraction(1, 2)}


def test_few_clusters_are_lost_in_every_combination_and_many_one_by_one() -> None:
    assert len([loss for loss in loss_sets(CLUSTERS) if all(not left for _, left in loss.left)]) == 7
    many = tuple(Cluster(f"c{i}", f"id{i}", "hz", (f"z{i % 2}",)) for i in range(6))
    assert [loss.name for loss in loss_sets(many)] == [
        *(f"cluster c{i}" for i in range(6)),
        "zone z0",
        "zone z1",
        "region hz",
    ]
    assert single_losses(CLUSTERS, ("zone",))[0].name == "zone h"
