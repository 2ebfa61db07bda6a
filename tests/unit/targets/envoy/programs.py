"""Small traffic programs, by hand, and what they become for Envoy."""

from __future__ import annotations

from typing import Any

from compiler.diagnostics import Diagnostics, Origin
from compiler.ir.delivery import EnvoyGateway
from compiler.ir.traffic import (
    Backend,
    Cluster,
    Demand,
    EndpointGroup,
    Forward,
    Gateway,
    Listener,
    Match,
    Member,
    ObjectName,
    PathMatch,
    Policies,
    Route,
    Service,
    ServiceMember,
    ServicePort,
    Share,
    Split,
    Spread,
    Tier,
    Traffic,
    VirtualHost,
)
from compiler.targets.envoy.codes import ENTRY_UNSEEN
from compiler.targets.envoy.resources import Resources, emit

OWNER = ObjectName("shop", "cart")
LISTENERS = (Listener("http", 80, "HTTP"), Listener("https", 443, "HTTPS"))
SETTINGS = EnvoyGateway("public", "envoy", 2, (), LISTENERS, 0, "LoadBalancer", (), "/secrets")


def spread(*tiers: dict[str, int], by_replicas: bool = False, **more: Any) -> Spread:
    """`{"a": 70, "b": 30}` is a tier of two clusters with weights."""
    made = tuple(Tier(tuple(Member(name, weight) for name, weight in sorted(tier.items()))) for tier in tiers)
    return Spread(made, by_replicas, **more)


def backend(name: str = "cart", over: Spread | None = None, **more: Any) -> Backend:
    """Port 80 of a Service in namespace shop."""
    return Backend(ObjectName("shop", name), 80, over or spread({"a": 2, "b": 1}, by_replicas=True), **more)


def route(
    to: Backend | None = None, path: str = "/cart", kind: Any = "prefix", policies: Policies | None = None, **more: Any
) -> Route:
    """A route with one backend, unless `more` says another action."""
    action = more.pop("action", None) or Forward(Split((Share(to or backend(), 1, OWNER),)), more.pop("fallback", None))
    match = more.pop("match", Match(PathMatch(kind, path)))
    return Route(match, action, more.pop("owner", OWNER), policies or Policies(), **more)


def one_pod(cluster: str) -> EndpointGroup:
    """`10.<n>.0.1:8080`, where a is 1."""
    return EndpointGroup(cluster, "http", 8080, (f"10.{' abc'.index(cluster)}.0.1",))


def service(name: str = "cart", *groups: EndpointGroup) -> Service:
    """A Service in clusters a, b and c; without groups one pod in each, `10.<n>.0.1:8080`."""
    found = groups or tuple(map(one_pod, "abc"))
    members = tuple(ServiceMember(c, 1) for c in "abc")
    return Service(ObjectName("shop", name), (ServicePort("http", 80),), members, Origin("cart.yaml"), found)


def program(
    *hosts: VirtualHost, services: tuple[Service, ...] | None = None, demands: tuple[Demand, ...] = (), **entries: Any
) -> Traffic:
    """A gateway `public` with these hosts; `a=Entry(…)` is the entry of cluster a.

    Services that are not given are `cart` and `next`, each with a pod in every cluster without an entry.
    """
    reached = tuple(c for c in "abc" if c not in entries)
    services = services or tuple(service(name, *(one_pod(c) for c in reached)) for name in ("cart", "next"))
    clusters = tuple(Cluster(c, f"c-{c}", "hz", (f"zone-{c}",), entries.get(c)) for c in "abc")
    gateway = Gateway("public", "hz", ("a", "b", "c"), LISTENERS, hosts)
    return Traffic((gateway,), clusters, services, demands)


def compiled(*hosts: VirtualHost, settings: EnvoyGateway = SETTINGS, **more: Any) -> Resources:
    """What they become; no finding is expected, but that entries hide pods."""
    findings = Diagnostics()
    found = emit(program(*hosts, **more), settings, findings)
    assert [(f.code.name, f.why) for f in findings if f.code is not ENTRY_UNSEEN] == []
    return found


def routes(*found: Route, **more: Any) -> list[dict[str, Any]]:
    """What the routes of one host become."""
    table = compiled(VirtualHost("shop.example.com", found), **more).routes["http"]
    (host,) = table["virtual_hosts"]
    entries: list[dict[str, Any]] = host["routes"]
    return entries
