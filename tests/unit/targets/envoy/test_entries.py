"""What entries of clusters can't tell apart, what gateways can't see behind them, and how they are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from compiler.diagnostics import Diagnostics
from compiler.ir.traffic import (
    Backend,
    EndpointGroup,
    Entry,
    Forward,
    HealthCheck,
    Match,
    Mirror,
    ObjectName,
    PathMatch,
    Policies,
    Rewrite,
    Route,
    Share,
    Split,
    ValueMatch,
    VirtualHost,
)
from compiler.targets.envoy.entries import EntryChecks, SeenPath, requests_by_entry, seen_path
from compiler.targets.envoy.resources import emit
from tests.unit.targets.envoy.programs import OWNER, SETTINGS, backend, program, route, service, spread

if TYPE_CHECKING:
    from compiler.ir.traffic import Service

HOST = "shop.example.com"
ENTRIES = {c: Entry((f"192.0.2.{n}",), 80) for n, c in enumerate("abc", 1)}
CHECKED = HealthCheck("HTTP", "/cart/healthz", 1000, 1000, 2, 2)
SLICES = tuple(EndpointGroup(c, "http", 8080, ("10.0.0.1",)) for c in "ab")


def to(name: str, *clusters: str, **more: Any) -> Backend:
    return backend(name, spread(dict.fromkeys(clusters or ("a", "b"), 1), **more))


def split(*backends: Backend) -> Forward:
    return Forward(Split(tuple(Share(each, 1, OWNER) for each in backends)))


def found(code: str, *hosts: VirtualHost, services: tuple[Service, ...] = (), **entries: Any) -> list[tuple[str, str]]:
    """(value, why) of the findings of a code, where the Services have no EndpointSlices unless they are given."""
    bare = tuple(service(name, EndpointGroup("none", "", 0, ())) for name in ("cart", "next"))
    named = {s.name for s in services}
    traffic = program(*hosts, services=(*services, *(s for s in bare if s.name not in named)), **(entries or ENTRIES))
    findings = Diagnostics()
    emit(traffic, SETTINGS, findings)
    return [(f.value, f.why) for f in findings if f.code.name == code]


def hosts(*routes: Route) -> tuple[VirtualHost]:
    return (VirtualHost(HOST, routes),)


def prefixed(pattern: str) -> dict[str, Any]:
    """A route whose pattern keeps the rest of the path alone."""
    return {"path": pattern, "kind": "regex", "policies": Policies(rewrite=Rewrite("regex", r"/\2"))}


def rewritten(host: str) -> Policies:
    return Policies(rewrite=Rewrite(host=host))


# --- ambiguous


@pytest.mark.parametrize(
    "routes",
    [
        (route(action=split(to("cart"), to("next"))),),
        (route(to("cart"), fallback=to("next")),),
        (
            route(to("next"), match=Match(PathMatch("prefix", "/cart"), (ValueMatch("x", "exact", "1"),))),
            route(to("cart")),
        ),
        (route(to("cart"), **prefixed("/cart(/|$)(.*)")), route(to("next"), **prefixed("/next(/|$)(.*)"))),
        (route(to("cart"), policies=rewritten("one")), route(to("next"), policies=rewritten("one"))),
    ],
    ids=["shares", "fallback", "header", "same path after a rewrite", "same host after a rewrite"],
)
def test_services_with_one_host_and_path_are_one_to_an_entry(routes: tuple[Route, ...]) -> None:
    (told,) = found("entry-ambiguous", *hosts(*routes))
    assert "shop/cart" in told[1]
    assert "shop/next" in told[1]
    assert "the entries of a, b" in told[1]


def test_a_base_is_named_before_the_canary_that_refines_it() -> None:
    conditional = Match(PathMatch("prefix", "/cart"), (ValueMatch("x", "exact", "1"),))
    canary = route(to("next"), match=conditional, owner=ObjectName("shop", "canary"), base=OWNER)
    ((value, _),) = found("entry-ambiguous", *hosts(canary, route(to("cart"))))
    assert value == "shop/next"


def test_a_pair_is_told_once() -> None:
    both = [route(action=split(to("cart"), to("next")), path=path) for path in ("/a", "/b", "/c")]
    assert len(found("entry-ambiguous", *hosts(*both))) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (route(to("cart"), "/cart"), route(to("next"), "/next")),
        (route(to("cart"), "/cart"), route(to("next"), "/cart", "exact")),
        (route(to("cart")), route(to("next"), policies=rewritten("next.example.com"))),
        (route(to("cart"), "/a.*", "regex"), route(to("next"), "/b.*", "regex")),
        (route(to("cart", "a")), route(to("next", "b"))),
    ],
    ids=["paths", "exact and prefix", "hosts", "patterns", "clusters"],
)
def test_an_entry_tells_apart_what_differs_in_host_path_or_cluster(first: Route, second: Route) -> None:
    assert found("entry-ambiguous", *hosts(first, second)) == []


def test_hosts_tell_services_apart() -> None:
    others = (VirtualHost(HOST, (route(to("cart")),)), VirtualHost("other.example.com", (route(to("next")),)))
    assert found("entry-ambiguous", *others) == []


def test_endpoint_slices_of_one_of_two_services_are_enough_in_their_cluster() -> None:
    both = route(action=split(to("cart"), to("next")))
    assert found("entry-ambiguous", *hosts(both), services=(service("next", *SLICES),)) == []
    ((_, why),) = found("entry-ambiguous", *hosts(both), services=(service("next", SLICES[0]),))
    assert "the entry of b" in why
    assert found("entry-ambiguous", *hosts(both), services=(service("next", SLICES[1]),), a=ENTRIES["a"]) != []


def test_a_share_without_weight_is_no_service_that_gets_requests() -> None:
    shares = Split((Share(to("cart"), 1, OWNER), Share(to("next"), 0, OWNER)))
    assert found("entry-ambiguous", *hosts(route(action=Forward(shares)))) == []


def test_copies_go_to_an_entry_with_a_host_of_their_own() -> None:
    """Envoy appends to the Host of copies."""
    mirrored = route(to("cart"), policies=Policies(mirror=Mirror(to("next"), 10)))
    ((value, why),) = found("entry-ambiguous", *hosts(mirrored))
    assert (value, f"{HOST}-shadow" in why) == ("shop/next", True)
    assert found("entry-ambiguous", *hosts(mirrored), services=(service("next", *SLICES),)) == []


# --- unseen


@pytest.mark.parametrize(
    ("check", "why"),
    [
        (None, "no healthCheck is declared"),
        (HealthCheck("HTTP", "/cart", 1, 1, 1, 1, is_declared=False), "no healthCheck is declared"),
        (HealthCheck("TCP", "/", 1, 1, 1, 1), "by TCP ends at the entry"),
        (HealthCheck("HTTP", "/healthz", 1, 1, 1, 1), "no exact host of its routes leads /healthz"),
    ],
)
def test_an_app_that_is_broken_behind_an_entry_is_left_only_by_a_check_that_gets_there(
    check: HealthCheck | None, why: str
) -> None:
    routes = [route(to("cart", health_check=check)), route(to("cart", health_check=check), "/again")]
    (told,) = found("entry-unseen", *hosts(*routes))
    assert told[0] == "shop/cart"
    assert why in told[1]
    assert "the entries of a, b" in told[1]


def test_what_is_checked_or_reached_directly_or_in_one_cluster_is_seen_as_well_as_can_be() -> None:
    assert found("entry-unseen", *hosts(route(to("cart", health_check=CHECKED)))) == []
    assert found("entry-unseen", *hosts(route(to("cart", "a")))) == []
    assert found("entry-unseen", *hosts(route(to("cart"))), services=(service("cart", *SLICES),)) == []


# --- how an entry is asked


def asked(service: str, check: HealthCheck, *virtual: VirtualHost) -> str:
    gateway = program(*virtual).gateways[0]
    return EntryChecks(requests_by_entry(gateway)).host(to(service, health_check=check))


def test_the_first_exact_host_whose_routes_lead_a_check_to_the_service_is_asked() -> None:
    virtual = (
        VirtualHost("*.example.com", (route(to("cart")),)),
        VirtualHost("other.example.com", (route(to("cart"), "/other"),)),
        VirtualHost("taken.example.com", (route(to("next"), "/cart/healthz", "exact"), route(to("cart")))),
        VirtualHost(HOST, (route(to("cart")),)),
        VirtualHost("late.example.com", (route(to("cart")),)),
    )
    assert asked("cart", CHECKED, *virtual) == HOST
    assert asked("cart", CHECKED, virtual[0]) == "", "there is no name to ask for"
    assert asked("next", CHECKED, *virtual) == "taken.example.com"


def test_a_check_by_grpc_asks_for_the_path_of_its_protocol() -> None:
    check = HealthCheck("GRPC", "/", 1, 1, 1, 1)
    assert asked("cart", check, *hosts(route(to("cart"), "/"))) == HOST
    assert asked("cart", check, *hosts(route(to("cart"), "/cart"))) == ""


def test_an_entry_sees_what_a_rewrite_leaves() -> None:
    assert asked("cart", CHECKED, *hosts(route(to("cart"), policies=rewritten("inner")))) == "inner"
    away = Policies(rewrite=Rewrite("prefix", "/"))
    assert (
        asked("cart", HealthCheck("HTTP", "/healthz?deep=1", 1, 1, 1, 1), *hosts(route(to("cart"), policies=away)))
        == HOST
    )


@pytest.mark.parametrize(
    ("of", "seen"),
    [
        (route(), SeenPath("prefix", "/cart")),
        (route(policies=Policies(rewrite=Rewrite("full", "/x"))), SeenPath("exact", "/x")),
        (route(kind="exact", policies=Policies(rewrite=Rewrite("prefix", "/x"))), SeenPath("exact", "/x")),
        (route(policies=Policies(rewrite=Rewrite("regex", "/x"))), SeenPath("exact", "/x")),
        (route(**prefixed("/cart(/|$)(.*)")), SeenPath("prefix", "/")),
        (route(**prefixed("/cart/(.*)/(a|b)")), SeenPath("other", r"/cart/(.*)/(a|b) as /\2")),
        (route(**prefixed(r"/cart\(/(.*)")), SeenPath("prefix", "/")),
    ],
)
def test_what_an_entry_sees_of_paths(of: Route, seen: SeenPath) -> None:
    assert seen_path(of) == seen


@pytest.mark.parametrize(
    ("seen", "yes", "no"),
    [
        (SeenPath("exact", "/a"), "/a", "/a/b"),
        (SeenPath("prefix", "/a/"), "/a/b", "/ab"),
        (SeenPath("prefix", "/"), "/anything", ""),
        (SeenPath("prefix", "/A", ignore_case=True), "/a/b", "/b"),
        (SeenPath("regex", "/a.*"), "/ab", "/ba"),
    ],
)
def test_which_paths_are_covered(seen: SeenPath, yes: str, no: str) -> None:
    assert seen.covers(yes)
    assert not seen.covers(no) or not no
