"""Which clusters can't carry their load, after which loss."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import pytest

from tests.small_fleet import (
    Compiled,
    Document,
    app,
    canary,
    cluster,
    compiled,
    fleet,
    ingress,
    path,
    policy,
    rule,
    tiers,
    weights,
)

WEB = ingress("web", rule(path("cart")))
EACH = {"requestsPerSecond": 100}


def demand(name: str, rate: float, spread: dict[str, Any], **spec: Any) -> Document:
    """A TrafficPolicy that declares a peak."""
    return policy(name, spread, targetRefs=[{"name": name, "demand": {"requestsPerSecond": rate}}], **spec)


def proof(*documents: Document, survive: tuple[str, ...] = ("Cluster",), **zones: list[str]) -> Compiled:
    """A fleet of clusters hz-a to hz-c, each in a zone of its own unless said otherwise."""
    members = [cluster(name, zones=zones.get(name[-1], [f"z-{name}"])) for name in ("hz-a", "hz-b", "hz-c")]
    return compiled([*fleet(survive=list(survive)), *members, *documents])


def holes(result: Compiled) -> list[tuple[str, str]]:
    """(code, why) of what is said of capacity, sorted."""
    return sorted((f.code.name, f.why) for f in result.findings if f.code.name.startswith("capacity"))


def halves(rate: float, replicas: int, **spec: Any) -> tuple[Document, ...]:
    """`cart`, half of it in each of two clusters."""
    cart = app("cart", "hz-a", "hz-b", replicas=replicas, capacity=EACH, **spec)
    return (cart, demand("cart", rate, weights(hz_a=50, hz_b=50)), WEB)


def test_the_survivor_of_two_carries_everything_or_it_is_told_with_numbers() -> None:
    assert holes(proof(*halves(1000, 10))) == []
    assert holes(proof(*halves(1000.5, 10))) == [
        ("capacity", "cluster hz-a lost: hz-b needs 1,001 requests per second, can carry 1,000"),
        ("capacity", "cluster hz-b lost: hz-a needs 1,001 requests per second, can carry 1,000"),
    ]


def test_a_hole_without_any_loss_is_found_too() -> None:
    (first, *_) = holes(proof(*halves(1000, 4), survive=()))
    assert first == ("capacity", "nothing lost: hz-a needs 500 requests per second, can carry 400")


def test_only_losses_that_are_demanded_count() -> None:
    assert holes(proof(*halves(1000, 5), survive=())) == []


def test_a_policy_that_opts_out_is_not_held_to_the_loss() -> None:
    opted = demand("cart", 1000, weights(hz_a=50, hz_b=50), survive={"losses": [], "reason": "batch only"})
    assert holes(proof(app("cart", "hz-a", "hz-b", replicas=5, capacity=EACH), opted, WEB)) == []


def test_room_that_only_autoscaling_gives_is_a_warning() -> None:
    documents = halves(1000, 1, autoscaling={"minReplicas": 6, "maxReplicas": 10}, resources=REQUESTS)
    assert [code for code, _ in holes(proof(*without_replicas(documents)))] == ["capacity-autoscaled"] * 2
    documents = halves(1000, 1, autoscaling={"minReplicas": 6, "maxReplicas": 9}, resources=REQUESTS)
    assert [code for code, _ in holes(proof(*without_replicas(documents)))] == ["capacity"] * 2


REQUESTS = {"requests": {"cpu": "100m"}}


def without_replicas(documents: tuple[Document, ...]) -> tuple[Document, ...]:
    """The same documents, pods left to the autoscaler."""
    del documents[0]["spec"]["replicas"]
    return documents


def test_without_the_capacity_of_a_pod_nothing_is_proved_and_that_is_said() -> None:
    documents = (app("cart", "hz-a", "hz-b", replicas=2), demand("cart", 10, weights(hz_a=1, hz_b=1)), WEB)
    assert [code for code, _ in holes(proof(*documents))] == ["capacity-unknown"]


def test_a_lost_zone_takes_its_part_of_a_cluster_in_two() -> None:
    """Of its pods half are left; of five at worst two, and with them 56 % of its weight, by Envoy's factor of 1.4."""
    documents = halves(1000, 10)
    assert holes(proof(*documents, survive=("Zone",), a=["h"], b=["h", "i"])) == [
        ("capacity", "zone h lost: hz-b needs 1,000 requests per second, can carry 500")
    ]
    documents = halves(1000, 5)
    assert holes(proof(*documents, survive=("Zone",), a=["k"], b=["h", "i"]))[0] == (
        "capacity",
        "zone h lost: hz-a needs 642 requests per second, can carry 500",
    )


def test_a_secondary_has_to_carry_what_its_primary_did() -> None:
    cart = app(
        "cart",
        "hz-a",
        "hz-b",
        replicas=10,
        capacity=EACH,
        overrides=[{"where": {"clusters": ["hz-b"]}, "set": {"replicas": 2}}],
    )
    documents = (cart, demand("cart", 900, tiers(["hz-a"], ["hz-b"])), WEB)
    assert holes(proof(*documents)) == [
        ("capacity", "cluster hz-a lost: hz-b needs 900 requests per second, can carry 200")
    ]


@pytest.mark.parametrize(("replicas", "expected"), [(4, []), (3, [("hz-a", "350"), ("hz-b", "350")])])
def test_what_falls_back_from_a_canary_is_carried_by_its_base(replicas: int, expected: list[tuple[str, str]]) -> None:
    """The canary runs in hz-c alone; with hz-c its demand comes to the base, half to each of its clusters."""
    documents = (
        app("cart", "hz-a", "hz-b", replicas=replicas, capacity=EACH),
        app("next", "hz-c", replicas=2, capacity=EACH),
        demand("cart", 200, weights(hz_a=50, hz_b=50)),
        demand("next", 500, weights(hz_c=1)),
        WEB,
        canary("web-next", rule(path("next")), weight="10"),
    )
    found = [why for _, why in holes(proof(*documents)) if "falls back" in why]
    because = "(with what falls back to it from shop/next)"
    assert found == [
        f"cluster hz-c lost: {name} needs {rate} requests per second {because}, can carry {replicas}00"
        for name, rate in expected
    ]


@pytest.mark.parametrize("seed", range(100))
def test_a_sound_fleet_raises_no_alarm_and_a_hole_in_it_is_found(seed: int) -> None:
    """Random fleets that carry everything after any loss; then one cluster gets a pod too few for the worst loss."""
    chance = random.Random(seed)
    names = ("hz-a", "hz-b", "hz-c")[: chance.choice([2, 3])]
    shares = {name: chance.randint(1, 9) for name in names}
    rate = chance.randint(1, 5000)
    each = chance.randint(1, 60)
    needed = {}
    for name in names:
        worst = max(
            [Fraction(shares[name], sum(shares.values()))]
            + [Fraction(shares[name], sum(w for n, w in shares.items() if n != lost)) for lost in names if lost != name]
        )
        needed[name] = -(-rate * worst // each)

    def documents(replicas: dict[str, int]) -> tuple[Document, ...]:
        sets = [{"where": {"clusters": [name]}, "set": {"replicas": count}} for name, count in replicas.items()]
        cart = app("cart", *names, replicas=1, capacity={"requestsPerSecond": each}, overrides=sets)
        spread = weights(**{name.replace("-", "_"): weight for name, weight in shares.items()})
        return (cart, demand("cart", rate, spread), WEB)

    assert holes(proof(*documents({name: int(count) for name, count in needed.items()}))) == []
    hole = chance.choice(names)
    fewer = {name: int(count) - (name == hole) for name, count in needed.items()}
    found = holes(proof(*documents(fewer)))
    assert len(found) == 1, "exactly the hole"
    assert f"{hole} needs" in found[0][1]


@pytest.mark.parametrize("seed", range(100))
def test_the_proof_agrees_with_counting_pods_whatever_is_lost(seed: int) -> None:
    """Random fleets, by weight or by replicas, in shared zones and in several: each cluster and zone lost in turn, pods
    counted one by one. Neither a false alarm nor a hole that is missed.
    """
    chance = random.Random(1000 + seed)
    zones = {name: sorted(chance.sample("hij", chance.randint(1, 2))) for name in "abc"}
    pods = {name: chance.randint(1, 8) for name in "abc"}
    shares = {name: chance.randint(1, 9) for name in "abc"} if chance.random() < 0.6 else None
    each, rate = chance.randint(10, 60), chance.randint(20, 400)

    expected = set()
    losses = [("", ""), *(("cluster", name) for name in "abc"), *(("zone", zone) for zone in "hij")]
    for kind, lost in losses:
        left = {}
        for name, count in pods.items():
            gone = sum(zone == lost for zone in zones[name]) if kind == "zone" else 0
            left[name] = (
                0 if (kind, name) == ("cluster", lost) else count * (len(zones[name]) - gone) // len(zones[name])
            )
        counts = {
            name: Fraction(left[name])
            if shares is None
            else shares[name] * min(Fraction(1), Fraction(7, 5) * Fraction(left[name], pods[name]))
            for name in "abc"
        }
        total = sum(counts.values())
        expected |= {name for name in "abc" if total and rate * counts[name] / total > left[name] * each}

    sets = [{"where": {"clusters": [f"hz-{name}"]}, "set": {"replicas": count}} for name, count in pods.items()]
    cart = app("cart", "hz-a", "hz-b", "hz-c", replicas=1, capacity={"requestsPerSecond": each}, overrides=sets)
    spread = weights(**{f"hz_{n}": w for n, w in shares.items()}) if shares else {"type": "ActiveActive"}
    result = proof(cart, demand("cart", rate, spread), WEB, survive=("Cluster", "Zone"), **zones)
    assert {why.partition(" needs")[0][-1] for _, why in holes(result)} == expected
