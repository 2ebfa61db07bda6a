"""What belongs to a host: one certificate, one start page; the first Ingress in order decides."""

from __future__ import annotations

from typing import Any

import pytest

from compiler.ir.traffic import Redirect
from tests.small_fleet import HOST, NGINX, Compiled, Document, canary, compiled, fleet, ingress, path, rule, service

FLEET = [*fleet("hz-a", "hz-b"), service("cart", "hz-a", "hz-b"), service("cart", "hz-a", "hz-b", namespace="other")]


def compiled_with(*ingresses: Document) -> Compiled:
    return compiled([*FLEET, *ingresses])


def certificates(result: Compiled) -> dict[str, str]:
    return {h.host: f"{h.tls.namespace}/{h.tls.secret}" for h in result.hosts if h.tls is not None}


def tls(secret: str, *hosts: str) -> dict[str, Any]:
    return {"hosts": list(hosts), "secretName": secret} if hosts else {"secretName": secret}


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([tls("a", HOST)], "a"),
        ([tls("a", "*.example.com")], "a"),
        ([tls("a")], "a"),
        ([tls("b"), tls("a", "*.example.com")], "a"),
        ([tls("b", "*.example.com"), tls("a", HOST)], "a"),
    ],
    ids=["named", "wildcard", "no-hosts", "wildcard-before-no-hosts", "named-before-wildcard"],
)
def test_a_host_takes_the_certificate_that_names_it_most_exactly(entries: list[dict[str, Any]], expected: str) -> None:
    result = compiled_with(ingress("web", rule(path("cart")), tls=entries))
    assert certificates(result) == {HOST: f"shop/{expected}"}


def test_an_ingress_has_no_say_in_the_certificate_of_a_host_that_it_does_not_serve() -> None:
    stranger = ingress("a", rule(path("cart"), host="other.example.com"), tls=[tls("s", "other.example.com", HOST)])
    result = compiled_with(stranger, ingress("web", rule(path("cart"))))
    assert certificates(result) == {"other.example.com": "shop/s"}
    assert result.found == [("tls-unused", "ingress-a:spec.tls.0.hosts.1", HOST)]
    assert "without TLS" not in result.findings[0].why


def test_a_misspelt_host_of_a_certificate_is_told_with_the_hosts_that_have_none_now() -> None:
    """But for those whose certificate another Ingress brings."""
    rules = [rule(path("cart"), host=each) for each in (HOST, "a.example.com")]
    misspelt = ingress("web", *rules, tls=[tls("s", "shop.exmaple.com")])
    other = ingress("zzz", rule(path("cart", "/z"), host="a.example.com"), tls=[tls("t", "a.example.com")])
    (finding,) = compiled_with(misspelt, other).findings
    assert finding.why.endswith(f"; without TLS now: {HOST}")


def test_of_two_certificates_that_of_the_first_ingress_wins_and_the_other_is_told() -> None:
    pair = [ingress(name, rule(path("cart", f"/{name}")), tls=[tls(name, HOST)]) for name in "ab"]
    result = compiled_with(*pair)
    assert certificates(result) == {HOST: "shop/a"}
    assert result.found == [("tls-conflict", "ingress-b:spec.tls.0.secretName", "b")]


def test_a_canary_may_bring_the_certificate_of_its_host_behind_all_ordinary_ingresses() -> None:
    refined = canary("a", rule(path("cart")), weight="20")
    refined["spec"]["tls"] = [tls("of-canary", HOST)]
    assert certificates(compiled_with(ingress("web", rule(path("cart"))), refined)) == {HOST: "shop/of-canary"}
    result = compiled_with(ingress("web", rule(path("cart")), tls=[tls("of-base", HOST)]), refined)
    assert certificates(result) == {HOST: "shop/of-base"}
    assert result.codes == ["tls-conflict"]


def test_an_ingress_whose_rules_for_a_host_all_lose_has_no_say_in_its_certificate() -> None:
    winner = ingress("a", rule(path("cart")), annotations={"fleetgate.dev/priority": "1"})
    loser = ingress("web", rule(path("cart")), namespace="other", tls=[tls("s", HOST)])
    result = compiled_with(winner, loser)
    assert certificates(result) == {}
    assert result.codes == ["duplicate-route"]


ROOT = NGINX + "app-root"


def start_page(result: Compiled) -> str:
    route = result.routes[0]
    assert (route.match.path.kind, route.match.path.value) == ("exact", "/")
    return route.action.path if isinstance(route.action, Redirect) else ""


def test_a_start_page_stands_before_the_prefix_for_all() -> None:
    result = compiled_with(ingress("web", rule(path("cart", "/")), annotations={ROOT: "/home"}))
    assert start_page(result) == "/home"
    assert len(result.routes) == 2


def test_an_exact_rule_for_the_root_wins_over_a_start_page() -> None:
    result = compiled_with(ingress("web", rule(path("cart", "/", "Exact")), annotations={ROOT: "/home"}))
    assert start_page(result) == ""
    assert result.found == [("app-root-loses", f"ingress-web:metadata.annotations.{ROOT}", "/home")]


def test_of_two_start_pages_that_of_the_first_ingress_wins() -> None:
    pair = [ingress(name, rule(path("cart", f"/{name}")), annotations={ROOT: f"/{name}"}) for name in "ab"]
    result = compiled_with(*pair)
    assert start_page(result) == "/a"
    assert result.codes == ["app-root-loses"]
