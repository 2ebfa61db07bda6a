"""What belongs to a host stands on every Ingress of it alike, and on no canary; what nobody can be sure of is told."""

from __future__ import annotations

from typing import Any

import pytest

from compiler.ir.delivery import TLS_DEFAULTS
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
    pin,
    rule,
    service,
)

SERVICES = [service(name, "hz-a", "hz-b") for name in ("cart", "next", "pay")]
TLS = [{"hosts": [HOST], "secretName": "shop-tls"}]
LOW, HIGH, CIPHER, CA = (
    MSE + "tls-min-protocol-version",
    MSE + "tls-max-protocol-version",
    NGINX + "ssl-cipher",
    MSE + "auth-tls-secret",
)
DENY, ALIAS = MSE + "domain-blacklist-source-range", NGINX + "server-alias"
GCM, RSA = "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"


def compiled_with(*documents: Document, **gateway: Any) -> Compiled:
    return compiled([*fleet("hz-a", "hz-b", gateway=gateway), *SERVICES, *documents])


def said_by(result: Compiled) -> dict[str, dict[str, str]]:
    """Annotations of the emitted Ingresses, without those that make canaries."""
    return {
        name: {
            key: text
            for key, text in document["metadata"].get("annotations", {}).items()
            if "/canary" not in key and "subset" not in key
        }
        for name, document in result.ingresses().items()
    }


def test_what_one_ingress_says_of_its_host_stands_on_all_of_them_and_on_no_canary() -> None:
    """Whichever MSE takes for the first one, it finds the same."""
    said = {LOW: "TLSv1.2", DENY: "10.0.0.1", ALIAS: "www.example.com"}
    entry = [{"hosts": [HOST, "www.example.com"], "secretName": "shop-tls"}]
    result = compiled_with(
        ingress("a", rule(path("cart")), annotations=said, tls=entry),
        ingress("b", rule(path("pay", "/pay"))),
        canary("c", rule(path("next")), weight="20"),
        canary("d", rule(path("next")), by_header="x-stage", **pin("hz-a")),
    )
    assert not result.has_errors
    expected = {LOW: "TLSv1.2", DENY: "10.0.0.1/32", ALIAS: "www.example.com"}
    assert said_by(result) == {"a": expected, "b": expected, "c": {}, "d": {}}


def test_what_loses_is_gone() -> None:
    """The whole group of the second one."""
    result = compiled_with(
        ingress("a", rule(path("cart")), annotations={LOW: "TLSv1.2"}, tls=TLS),
        ingress("b", rule(path("pay", "/pay")), annotations={HIGH: "TLSv1.2", CIPHER: GCM}),
    )
    assert said_by(result) == {"a": {LOW: "TLSv1.2"}, "b": {LOW: "TLSv1.2"}}


def test_hosts_of_one_ingress_that_say_different_things_become_ingresses_of_their_own() -> None:
    """Its annotations would be for both."""
    rules = [rule(path("cart")), rule(path("pay", "/pay"), host="other.example.com")]
    result = compiled_with(
        ingress("a", *rules, annotations={"fleetgate.dev/priority": "-1"}),
        ingress("b", rule(path("cart", "/b")), annotations={DENY: "10.0.0.1"}),
    )
    listed = {DENY: "10.0.0.1/32"}
    assert said_by(result) == {"a.cart": listed, "a.pay": {}, "b": listed}


@pytest.mark.parametrize(
    ("written", "emitted"),
    [
        ({LOW: "TLSv1.0", HIGH: "TLSv1.3"}, {}),
        ({LOW: "TLSv1.0", HIGH: "TLSv1.2"}, {HIGH: "TLSv1.2"}),
        ({CIPHER: ":".join(TLS_DEFAULTS.ciphers)}, {}),
        ({MSE + "ssl-cipher": GCM}, {CIPHER: GCM}),
        ({CIPHER: f"{RSA}:{GCM}"}, {CIPHER: f"{RSA},{GCM}"}),
        ({NGINX + "auth-tls-secret": "shop-tls"}, {CA: "shop/shop-tls"}),
    ],
)
def test_client_tls_has_one_spelling_and_no_defaults(written: dict[str, str], emitted: dict[str, str]) -> None:
    """Suites between commas, Secrets with their namespace."""
    result = compiled_with(ingress("a", rule(path("cart")), annotations=written, tls=TLS))
    assert said_by(result) == {"a": emitted}


# --- notices


def told(result: Compiled) -> list[tuple[str, str, list[str]]]:
    """(code, file, files of the notes) of what is told."""
    return [(f.code.name, f.origin.file, [n.origin.file for n in f.notes]) for f in result.findings]


@pytest.mark.parametrize(
    ("ciphers", "is_told"), [(GCM, False), (f"{GCM},{RSA}", True), (",".join(TLS_DEFAULTS.ciphers), False)]
)
def test_several_suites_are_told_because_nobody_knows_how_mse_separates_them(ciphers: str, *, is_told: bool) -> None:
    """Once, on how many hosts and paths ever."""
    rules = [rule(path("cart"), path("pay", "/pay"), host=host) for host in (HOST, "b.example.com")]
    document = ingress("a", *rules, annotations={CIPHER: ciphers}, tls=[{"secretName": "s"}])
    expected = [("mse-ciphers", "ingress-a.yaml", ["fleet-acme.yaml"])] if is_told else []
    assert told(compiled_with(document)) == expected


@pytest.mark.parametrize(("version", "is_told"), [("1.2.22", True), ("1.2.23", False), (None, False)])
def test_an_old_gateway_answers_503_beyond_a_local_limit(version: str | None, *, is_told: bool) -> None:
    """Where its version is stated."""
    settings: dict[str, Any] = {"instance": {"replicas": 1}, **({"version": version} if version else {})}
    rules = rule(path("cart"), path("pay", "/pay"))
    document = ingress("a", rules, annotations={MSE + "route-limit-rps": "5"})
    expected = [("mse-limit-status", "ingress-a.yaml", ["fleet-acme.yaml"])] if is_told else []
    assert told(compiled_with(document, mse=settings)) == expected


def test_a_plug_in_is_told_because_no_reference_knows_it() -> None:
    """Once, its canary included."""
    base = ingress("a", rule(path("cart"), path("pay", "/pay")), annotations={MSE + "wasmplugin": "{}"})
    trial = canary("b", rule(path("next")), by_header="x-stage")
    assert told(compiled_with(base, trial)) == [("mse-wasm", "ingress-a.yaml", ["fleet-acme.yaml"])]
