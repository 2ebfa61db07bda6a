"""Where traffic goes when what was meant to serve it is lost."""

from __future__ import annotations

from fractions import Fraction

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
from compiler.solver.flows import Pods, flow

OWNER, CANARY = ObjectName("shop", "web"), ObjectName("shop", "web-next")


def backend(name: str, *tiers: str) -> Backend:
    """A Service with a cluster per letter, tier by tier."""
    spread = Spread(tuple(Tier(tuple(Member(c, 1) for c in tier)) for tier in tiers), by_replicas=True)
    return Backend(ObjectName("shop", name), 80, spread)


def service(name: str, **replicas: int) -> Service:
    """Its pods."""
    members = tuple(ServiceMember(cluster, count) for cluster, count in sorted(replicas.items()))
    return Service(ObjectName("shop", name), (ServicePort("http", 80),), members, Origin(""))


def route(*shares: Share, fallback: Backend | None = None, base: ObjectName | None = None) -> Route:
    """A route of one path; conditional where it has a base."""
    owner = OWNER if base is None else CANARY
    return Route(Match(PathMatch("prefix", "/")), Forward(Split(shares), fallback), owner, base=base)


def served(found: Route, host: VirtualHost, lost: str, *services: Service) -> list[tuple[str, str, Fraction, str]]:
    """(Service that serves, cluster, share, how)."""
    pods = Pods(services, dict.fromkeys(lost, Fraction(0)))
    return [(part.backend.service.name, part.cluster, part.share, part.via) for part in flow(found, host, pods)]


CART = Share(backend("cart", "ab"), 90, OWNER)
NEXT = Share(backend("next", "c"), 10, CANARY)
SORRY = backend("sorry", "d")


def test_a_weighted_canary_that_is_lost_falls_back_to_its_base_and_harms_nobody() -> None:
    both = route(CART, NEXT)
    host = VirtualHost("h", (both,))
    assert served(both, host, "c") == [
        ("cart", "a", Fraction(9, 20), "share"),
        ("cart", "b", Fraction(9, 20), "share"),
        ("cart", "a", Fraction(1, 20), "base"),
        ("cart", "b", Fraction(1, 20), "base"),
    ]


def test_a_base_that_is_lost_is_not_served_by_its_canary() -> None:
    """Nobody said that the canary can carry it; the default backend takes over, where there is one."""
    with_fallback = route(CART, NEXT, fallback=SORRY)
    host = VirtualHost("h", (with_fallback,))
    assert served(with_fallback, host, "ab") == [
        ("sorry", "d", Fraction(9, 10), "fallback"),
        ("next", "c", Fraction(1, 10), "share"),
    ]


def test_a_conditional_canary_falls_back_to_the_base_of_its_path() -> None:
    canary = route(Share(backend("next", "c"), 1, CANARY), base=OWNER)
    host = VirtualHost("h", (canary, route(CART)))
    assert {(name, via) for name, _, _, via in served(canary, host, "c")} == {("cart", "base")}


def test_without_anything_left_the_last_resort_is_the_service_itself() -> None:
    alone = route(CART)
    found = served(alone, VirtualHost("h", (alone,)), "ab")
    assert {(name, via) for name, _, _, via in found} == {("cart", "last-resort")}
    assert sum(share for _, _, share, _ in found) == 1


def test_a_cluster_without_pods_serves_nothing() -> None:
    alone = route(CART)
    found = served(alone, VirtualHost("h", (alone,)), "", service("cart", a=0, b=3))
    assert found == [("cart", "b", Fraction(1), "share")]


def test_what_stands_by_is_what_is_behind_and_left() -> None:
    tiers = backend("cart", "a", "b", "cd")
    assert Pods((), {}).standby(tiers) == (("b",), ("c", "d"))
    assert Pods((), {"a": Fraction(0), "c": Fraction(0)}).standby(tiers) == (("d",),)
    assert Pods((), dict.fromkeys("abcd", Fraction(0))).standby(tiers) == ()


def test_no_part_of_a_pod_serves() -> None:
    """Of three pods in two zones a lost zone leaves one or two: one is the worst for every cluster."""
    backend_ = Backend(
        ObjectName("shop", "cart"), 80, Spread((Tier((Member("a", 1), Member("b", 1))),), by_replicas=False)
    )
    pods = Pods((service("cart", a=3, b=3),), {"a": Fraction(1, 2)})
    left = Fraction(1, 3) * Fraction(7, 5)
    assert dict(pods.of(backend_).parts)["a"] == left / (left + 1)
    alone = Pods((service("cart", a=1, b=3),), {"a": Fraction(1, 2)})
    assert alone.of(backend_).parts == (("b", Fraction(1)),)
