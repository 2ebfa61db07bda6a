"""Small gateways as values, for tests of the evaluator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.ir.traffic import (
    Backend,
    Forward,
    Gateway,
    Listener,
    Match,
    Member,
    ObjectName,
    PathMatch,
    Policies,
    Route,
    Share,
    Split,
    Spread,
    Tier,
    ValueMatch,
    VirtualHost,
)

if TYPE_CHECKING:
    from typing import Literal

    from compiler.ir.traffic import Action

HOST = "shop.example.com"
PLAIN = Listener("http", 80, "HTTP")
SECURE = Listener("https", 443, "HTTPS")


def name(text: str) -> ObjectName:
    """An object of namespace `shop`."""
    return ObjectName("shop", text)


def spread(*tiers: dict[str, int]) -> Spread:
    """Tiers of weights by cluster; one without clusters is none."""
    found = (Tier(tuple(Member(*member) for member in sorted(tier.items()))) for tier in tiers if tier)
    return Spread(tuple(found), by_replicas=False)


def backend(service: str, *tiers: dict[str, int]) -> Backend:
    """Port 80 of a Service of namespace `shop`; by default in cluster `a` alone."""
    return Backend(name(service), 80, spread(*(tiers or ({"a": 1},))))


def to(service: str, *tiers: dict[str, int]) -> Forward:
    """Everything to one Service."""
    return Forward(Split((Share(backend(service, *tiers), 1, name(service)),)))


def matching(
    value: str = "/",
    kind: Literal["exact", "prefix", "regex"] = "prefix",
    *,
    methods: tuple[str, ...] = (),
    ignore_case: bool = False,
    **conditions: tuple[ValueMatch, ...],
) -> Match:
    """A match by path; `headers`, `query`, `cookies`."""
    headers, query, cookies = (conditions.get(part, ()) for part in ("headers", "query", "cookies"))
    return Match(PathMatch(kind, value, ignore_case), headers, query, cookies, methods)


def route(owner: str, match: Match | None = None, action: Action | None = None, **policies: object) -> Route:
    """A route; by default of every path, to the Service of its owner's name."""
    return Route(match or matching(), action or to(owner), name(owner), Policies(**policies))  # type: ignore[arg-type]  # as given


def gateway(*hosts: VirtualHost, listeners: tuple[Listener, ...] = (PLAIN, SECURE)) -> Gateway:
    """A gateway with these hosts."""
    return Gateway("public", "hz", ("a", "b"), listeners, hosts)


def host(*routes: Route, called: str = HOST, **more: object) -> VirtualHost:
    """A virtual host."""
    return VirtualHost(called, routes, **more)  # type: ignore[arg-type]  # as given
