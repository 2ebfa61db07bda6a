"""What an Ingress says of its whole hosts: the first one decides, whole; what loses and whom it changes is told."""

from __future__ import annotations

from typing import Any

import pytest

from compiler.diagnostics import Severity
from compiler.ir.traffic import AddressList, ObjectName, SecretRef, TlsSettings
from tests.small_fleet import (
    HOST,
    MSE,
    NGINX,
    Compiled,
    Document,
    canary,
    compiled,
    fleet,
    ingress,
    path,
    rule,
    service,
)

FLEET = [*fleet("hz-a", "hz-b"), service("cart", "hz-a", "hz-b"), service("cart", "hz-a", "hz-b", namespace="other")]
OTHER = "store.example.com"
LOW, HIGH, CIPHER = (MSE + "tls-min-protocol-version", MSE + "tls-max-protocol-version", NGINX + "ssl-cipher")
CA = MSE + "auth-tls-secret"
ALLOW, DENY = MSE + "domain-whitelist-source-range", MSE + "domain-blacklist-source-range"
OWN = NGINX + "whitelist-source-range"
GCM = "ECDHE-RSA-AES128-GCM-SHA256"


def tls(*hosts: str, secret: str = "shop-tls") -> list[dict[str, Any]]:
    return [{"hosts": list(hosts), "secretName": secret}]


def web(name: str, annotations: dict[str, str] | None = None, *hosts: str, **more: Any) -> Document:
    """An Ingress with a path of its own on each host; the certificate is that of `a`."""
    rules = [rule(path("cart", f"/{name}"), host=host) for host in hosts or (HOST,)]
    return ingress(name, *rules, annotations=annotations or {}, **more)


def compiled_with(*ingresses: Document) -> Compiled:
    return compiled([*FLEET, *ingresses])


def settings(result: Compiled) -> dict[str, TlsSettings | None]:
    return {host.host: host.tls_settings for host in result.hosts}


def lists(result: Compiled) -> dict[str, AddressList | None]:
    return {host.host: host.access for host in result.hosts}


def told(result: Compiled) -> list[tuple[str, str, str]]:
    """(code, place, why) of what is told."""
    return [(f.code.name, f"{f.origin.file.removesuffix('.yaml')}", f.why) for f in result.findings]


# --- client TLS


def test_the_tls_settings_of_a_host_come_whole_from_the_first_ingress_that_has_any() -> None:
    """Nothing is merged: what the second one says of other things is lost too."""
    first = web("a", {LOW: "TLSv1.2"}, tls=tls(HOST))
    second = web("b", {HIGH: "TLSv1.2", CIPHER: GCM})
    result = compiled_with(second, first)
    assert settings(result) == {HOST: TlsSettings(min_version="TLSv1.2", owner=ObjectName("shop", "a"))}
    why = f"host {HOST} has its TLS settings from shop/a, which comes first, and this one has no effect there"
    assert told(result) == [("host-setting-loses", "ingress-b", why)]
    (finding,) = result.findings
    assert [note.origin.file for note in finding.notes] == ["ingress-a.yaml"]
    assert finding.code.severity is Severity.WARNING


def test_a_higher_priority_decides() -> None:
    """As between routes."""
    first = web("a", {LOW: "TLSv1.2"}, tls=tls(HOST))
    second = web("b", {LOW: "TLSv1.3", "fleetgate.dev/priority": "1"})
    result = compiled_with(first, second)
    assert settings(result) == {HOST: TlsSettings(min_version="TLSv1.3", owner=ObjectName("shop", "b"))}
    assert [(code, place.partition(":")[0]) for code, place, _ in result.found] == [("host-setting-loses", "ingress-a")]


def test_the_same_on_both_is_silent() -> None:
    """Wherever it is written, and under whichever prefix."""
    first = web("a", {LOW: "TLSv1.2", CIPHER: GCM}, tls=tls(HOST))
    second = web("b", {LOW: "TLSv1.2", MSE + "ssl-cipher": GCM})
    assert compiled_with(first, second).found == []


def test_an_ingress_that_says_nothing_is_told_to_whoever_changes_it() -> None:
    """Once, with the Ingresses that are changed, on all hosts."""
    decides = web("a", {LOW: "TLSv1.2"}, HOST, OTHER, tls=tls(HOST, OTHER))
    silent = [web(name, None, HOST, OTHER) for name in "bcdef"]
    result = compiled_with(decides, *silent)
    why = f"it is for all of hosts {HOST}, {OTHER}, and so changes the routes of shop/b, shop/c, shop/d and 2 more"
    assert told(result) == [("host-setting-shared", "ingress-a", why)]
    assert [note.origin.file for note in result.findings[0].notes] == [f"ingress-{name}.yaml" for name in "bcd"]


def test_each_host_has_its_own_settings() -> None:
    """Of an Ingress with two hosts those of one may lose and those of the other win."""
    first = web("a", {LOW: "TLSv1.2"}, HOST, tls=tls(HOST))
    second = web("b", {LOW: "TLSv1.3"}, HOST, OTHER, tls=tls(OTHER, secret="other-tls"))
    result = compiled_with(first, second)
    found = settings(result)
    assert found == {
        HOST: TlsSettings(min_version="TLSv1.2", owner=ObjectName("shop", "a")),
        OTHER: TlsSettings(min_version="TLSv1.3", owner=ObjectName("shop", "b")),
    }
    assert result.codes == ["host-setting-loses"]


def test_without_a_certificate_there_is_no_tls_to_shape() -> None:
    """MSE ignores it in silence."""
    result = compiled_with(web("a", {LOW: "TLSv1.2"}, HOST, OTHER, tls=tls(OTHER)))
    assert settings(result)[HOST] is None
    assert settings(result)[OTHER] is not None
    why = f"no Ingress names a certificate for host {HOST}, so there is no TLS that {LOW} could shape"
    assert told(result) == [("tls-settings-unused", "ingress-a", why)]


def test_settings_of_a_canary_are_ignored_and_told() -> None:
    """Its base says what belongs to the host."""
    base = web("a", None, tls=tls(HOST))
    refined = canary("b", rule(path("cart", "/a")), weight="20", **{LOW: "TLSv1.3", DENY: "10.0.0.1"})
    result = compiled_with(base, refined)
    assert settings(result) == {HOST: None}
    assert lists(result) == {HOST: None}
    assert sorted(value for code, _, value in result.found if code == "canary-setting") == ["access", "tls"]


# --- certificates of clients


@pytest.mark.parametrize("name", ["shop-tls", "shop-tls-cacert", "shop/shop-tls-cacert"])
def test_a_client_ca_stands_beside_the_certificate(name: str) -> None:
    """Called like it, with -cacert behind it, or the same Secret. That it exists nobody can see here."""
    result = compiled_with(web("a", {CA: name}, tls=tls(HOST)))
    (found,) = settings(result).values()
    assert found is not None
    assert found.client_ca == SecretRef("shop", name.removeprefix("shop/"))
    assert result.codes == ["secret-unseen"]


@pytest.mark.parametrize("name", ["partners-ca", "other/shop-tls-cacert", "shop-tls-ca"])
def test_any_other_client_ca_would_let_everybody_in(name: str) -> None:
    """MSE logs it, and plain TLS stays on."""
    result = compiled_with(web("a", {CA: name}, tls=tls(HOST)))
    assert result.codes == ["client-ca"]
    assert result.has_errors
    assert result.findings[0].fix == "name the Secret shop/shop-tls-cacert"
    assert [note.origin.path[-2:] for note in result.findings[0].notes] == [("tls", 0)]


def test_without_a_certificate_no_client_is_asked_for_one() -> None:
    """So that is an error, where versions and suites are a warning."""
    result = compiled_with(web("a", {CA: "shop-tls-cacert", LOW: "TLSv1.2"}))
    assert result.codes == ["client-ca"]
    asked = "no client is asked for one by shop/shop-tls-cacert either"
    assert result.findings[0].why == f"no Ingress names a certificate for host {HOST}, so {asked}"


@pytest.mark.parametrize("said", [{LOW: "TLSv1.2"}, {CA: "shop-tls-cacert"}])
def test_a_certificate_that_could_not_be_read_is_not_said_to_be_missing(said: dict[str, str]) -> None:
    """Of an Ingress with a bad annotation, and of one that is no Ingress at all for now."""
    entry = tls(HOST)
    bad = web("b", {MSE + "timeout": "soon"}, tls=entry)
    assert compiled_with(web("a", said), bad).codes == ["annotation-value"]
    broken = web("b", tls=entry)
    broken["spec"]["rulez"] = []
    assert compiled_with(web("a", said), broken).codes == ["unknown-field"]


def test_a_client_ca_of_another_ingress_stands_beside_its_certificate() -> None:
    """The certificate may come from an Ingress of another namespace; its namespace counts."""
    first = web("a", None, tls=tls(HOST))
    for name, codes in (
        ("shop/shop-tls-cacert", ["host-setting-shared", "secret-unseen"]),
        ("shop-tls-cacert", ["client-ca"]),
    ):
        second = ingress("b", rule(path("cart", "/b")), namespace="other", annotations={CA: name})
        assert [c for c in compiled_with(first, second).codes if c in codes] == codes


# --- lists of client addresses


def test_the_list_of_a_host_comes_from_the_first_ingress_that_has_one() -> None:
    """A whitelist does not beat a blacklist of an Ingress that comes first."""
    result = compiled_with(web("a", {DENY: "10.0.0.1"}), web("b", {ALLOW: "10.0.0.0/8"}))
    assert lists(result) == {HOST: AddressList("deny", ("10.0.0.1/32",), "blacklist")}
    why = (
        f"host {HOST} has its list of client addresses from shop/a, which comes first, and this one has no effect there"
    )
    assert told(result) == [("host-setting-loses", "ingress-b", why)]


def test_the_order_of_blocks_means_nothing() -> None:
    """Nor does their spelling."""
    assert compiled_with(web("a", {DENY: "10.0.0.1,::1"}), web("b", {DENY: "::1/128,10.0.0.1/32"})).found == []


def test_routes_with_a_list_of_their_own_are_not_changed_by_that_of_the_host() -> None:
    """They leave it; only those that say nothing are told of."""
    result = compiled_with(web("a", {DENY: "10.0.0.1"}), web("b", {OWN: "10.0.0.0/8"}), web("c"))
    assert told(result) == [
        ("host-setting-shared", "ingress-a", f"it is for all of host {HOST}, and so changes the routes of shop/c")
    ]
    by_owner = {route.owner.name: route.policies.access for route in result.routes}
    assert by_owner == {"a": None, "b": AddressList("allow", ("10.0.0.0/8",), "whitelist"), "c": None}


def test_a_list_of_a_rule_without_a_host_is_for_every_host_alone() -> None:
    """Not for hosts that have a name."""
    anywhere = ingress("a", rule(path("cart"), host=None), annotations={DENY: "10.0.0.1"})
    result = compiled_with(anywhere, web("b"))
    assert lists(result) == {HOST: None, "*": AddressList("deny", ("10.0.0.1/32",), "blacklist")}
