"""Service policies: who decides for whom, what that changes, what the name of a port says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from compiler.ir.traffic import (
    DEFAULT_POLICY,
    Affinity,
    Backend,
    Balance,
    ConnectionPool,
    Forward,
    HashKey,
    ObjectName,
    Redirect,
    SecretRef,
    ServicePolicy,
    ServicePort,
    UpstreamTls,
)
from compiler.lower.service_policies import protocol_of
from tests.small_fleet import MSE, NGINX, Compiled, Document, canary, compiled, fleet, ingress, path, rule, service

if TYPE_CHECKING:
    from compiler.annotations.protocol import Protocol

CLUSTERS = ("hz-a", "hz-b")
SERVICES = [service(name, *CLUSTERS) for name in ("cart", "next", "pay")]
FLEET = [*fleet(*CLUSTERS), *SERVICES]
PROTOCOL = NGINX + "backend-protocol"
BALANCE = NGINX + "load-balance"
POOL = MSE + "connection-policy-tcp-max-connection"
SECRET = NGINX + "proxy-ssl-secret"


def compiled_with(*documents: Document) -> Compiled:
    return compiled([*FLEET, *documents])


def web(name: str, *paths: Document, **annotations: str) -> Document:
    """An Ingress with annotations by short key: `protocol`, `balance`, `pool`, `priority`."""
    keys = {
        "protocol": PROTOCOL,
        "balance": BALANCE,
        "pool": POOL,
        "secret": SECRET,
        "priority": "fleetgate.dev/priority",
    }
    return ingress(name, rule(*paths), annotations={keys[short]: text for short, text in annotations.items()})


def backends(result: Compiled) -> list[Backend]:
    """Every backend of every route, in order."""
    found = []
    for route in result.routes:
        action = route.action.behind if isinstance(route.action, Redirect) else route.action
        assert isinstance(action, Forward)
        found += [share.backend for share in action.split.shares]
        found += [action.fallback] if action.fallback else []
        found += [route.policies.mirror.backend] if route.policies.mirror else []
    return found


def policies(result: Compiled) -> dict[str, ServicePolicy]:
    """By Service; of one Service all backends have one policy."""
    found: dict[str, ServicePolicy] = {}
    for backend in backends(result):
        assert found.setdefault(backend.service.name, backend.policy) == backend.policy
    return found


# --- what one Ingress says


@pytest.mark.parametrize(
    ("annotations", "policy"),
    [
        ({}, DEFAULT_POLICY),
        ({PROTOCOL: "grpc"}, ServicePolicy("GRPC")),
        ({BALANCE: "least_conn", MSE + "warmup": "5"}, ServicePolicy(balance=Balance("least_conn", 5))),
        ({NGINX + "upstream-hash-by": "$host"}, ServicePolicy(balance=Balance(hash_by=HashKey("host")))),
        ({NGINX + "affinity": "cookie"}, ServicePolicy(balance=Balance(affinity=Affinity("INGRESSCOOKIE", "/", None)))),
        ({POOL: "7"}, ServicePolicy(pool=ConnectionPool(7))),
        (
            {PROTOCOL: "HTTPS", NGINX + "proxy-ssl-server-name": "on"},
            ServicePolicy("HTTPS", tls=UpstreamTls(sends_server_name=True)),
        ),
    ],
)
def test_a_policy_is_what_the_annotations_of_its_ingress_say(
    annotations: dict[str, str], policy: ServicePolicy
) -> None:
    (found,) = policies(compiled_with(ingress("web", rule(path("cart")), annotations=annotations))).values()
    owner = ObjectName("shop", "web") if annotations else None
    assert found == ServicePolicy(policy.protocol, policy.balance, policy.pool, policy.tls, owner)


@pytest.mark.parametrize(
    "annotations",
    [{PROTOCOL: "HTTP"}, {BALANCE: "round_robin"}, {PROTOCOL: "HTTPS", NGINX + "proxy-ssl-verify": "off"}],
)
def test_a_default_that_is_written_out_is_that_of_the_program(annotations: dict[str, str]) -> None:
    """One form for one meaning."""
    (found,) = policies(compiled_with(ingress("web", rule(path("cart")), annotations=annotations))).values()
    assert (found.balance, found.pool, found.tls) == (None, None, None)


def test_settings_of_tls_without_tls_say_nothing_of_a_service() -> None:
    """So they do not win over what another Ingress says either."""
    idle = ingress("a", rule(path("cart")), annotations={NGINX + "proxy-ssl-server-name": "on"})
    result = compiled_with(idle, web("b", path("cart", "/b"), pool="7"))
    assert policies(result)["cart"] == ServicePolicy(pool=ConnectionPool(7), owner=ObjectName("shop", "b"))


# --- who decides


@pytest.mark.parametrize(
    ("priorities", "winner"), [(("0", "0"), "a"), (("0", "1"), "b"), (("-1", "0"), "b"), (("2", "1"), "a")]
)
def test_the_first_ingress_by_priority_then_name_decides_the_whole(priorities: tuple[str, str], winner: str) -> None:
    """Nothing is merged; each end of each loss is named."""
    words = {"a": {"balance": "random"}, "b": {"balance": "least_conn", "pool": "7"}}
    pair = [
        web(name, path("cart", f"/{name}"), **words[name], priority=priority)
        for name, priority in zip("ab", priorities, strict=True)
    ]
    result = compiled_with(*pair)
    found = policies(result)["cart"]
    assert (found.balance, found.pool, found.owner) == (
        Balance("random" if winner == "a" else "least_conn"),
        None if winner == "a" else ConnectionPool(7),
        ObjectName("shop", winner),
    )
    loser = "b" if winner == "a" else "a"
    lost = [("service-setting-loses", f"ingress-{loser}:metadata.annotations.{BALANCE}", BALANCE)]
    if winner == "a":
        lost.insert(0, ("service-setting-loses", f"ingress-b:metadata.annotations.{POOL}", POOL))
        assert result.found == lost
    else:
        assert result.found == [*lost, ("service-setting-shared", f"ingress-b:metadata.annotations.{POOL}", POOL)]
    assert next(note.origin.file for f in result.findings for note in f.notes) == f"ingress-{winner}.yaml"


def test_silence_of_the_first_counts_too() -> None:
    """It says something of the Service, and nothing of this."""
    result = compiled_with(
        web("a", path("cart", "/a"), pool="7"), web("b", path("cart", "/b"), pool="7", protocol="GRPC")
    )
    assert policies(result)["cart"].protocol == "HTTP"
    (finding,) = result.findings
    assert (finding.code.name, finding.value) == ("service-setting-loses", PROTOCOL)
    assert finding.why == (
        "Service shop/cart has all such settings from shop/a, which comes first, and says nothing of this one"
    )


def test_a_default_that_is_written_out_wins_over_another_word() -> None:
    """Who comes first has said what holds."""
    result = compiled_with(
        web("a", path("cart", "/a"), balance="round_robin"), web("b", path("cart", "/b"), balance="random")
    )
    assert policies(result)["cart"].balance is None
    assert result.codes == ["service-setting-loses"]


def test_the_same_said_twice_is_no_finding() -> None:
    """In any spelling."""
    result = compiled_with(web("a", path("cart", "/a"), protocol="grpc"), web("b", path("cart", "/b"), protocol="GRPC"))
    assert result.found == []


def test_a_policy_that_changes_an_ingress_which_says_nothing_is_told_with_both_ends() -> None:
    """Its owner may not know."""
    result = compiled_with(
        web("a", path("cart", "/a"), path("pay", "/ap"), protocol="GRPC", pool="7"),
        web("b", path("cart", "/b"), path("pay", "/bp")),
        web("c", path("cart", "/c")),
    )
    assert {p.protocol for p in policies(result).values()} == {"GRPC"}
    (finding,) = result.findings
    assert (finding.code.name, finding.value) == ("service-setting-shared", PROTOCOL)
    assert finding.why == "it is for all of Services shop/cart, shop/pay, and so changes the routes of shop/b, shop/c"
    assert [note.origin.file for note in finding.notes] == ["ingress-a.yaml", "ingress-b.yaml", "ingress-c.yaml"]


def test_a_policy_is_for_one_port() -> None:
    """Another port of the Service has its own."""
    two = service("two", *CLUSTERS)
    two["spec"]["ports"].append({"name": "admin", "port": 81})
    admin = {"path": "/admin", "pathType": "Prefix", "backend": {"service": {"name": "two", "port": {"name": "admin"}}}}
    result = compiled_with(two, web("a", path("two"), balance="random"), web("b", admin))
    assert {b.port: b.policy.owner for b in backends(result)} == {80: ObjectName("shop", "a"), 81: None}
    assert result.found == []


def test_a_rule_that_loses_its_path_decides_nothing() -> None:
    """Its Ingress does not lead there."""
    result = compiled_with(
        web("a", path("pay")), web("b", path("cart"), balance="random"), web("c", path("cart", "/c"))
    )
    assert policies(result)["cart"] == DEFAULT_POLICY
    assert result.codes == ["duplicate-route"]


# --- canaries, lists, side Services


def test_a_canary_says_how_its_own_service_is_spoken_to() -> None:
    """All else it has from its base."""
    trial = canary("trial", rule(path("next")), weight="20", **{PROTOCOL: "GRPC"})
    found = policies(compiled_with(web("web", path("cart"), balance="random"), trial))
    assert found["cart"] == ServicePolicy(balance=Balance("random"), owner=ObjectName("shop", "web"))
    assert found["next"] == ServicePolicy("GRPC", owner=ObjectName("shop", "trial"))


def test_services_of_a_list_of_a_mirror_and_of_a_fallback_have_their_policies() -> None:
    """The list is what the Ingress leads to; the other two are only named."""
    annotations = {
        MSE + "destination": "60% cart.shop.svc.cluster.local:80\n40% far.lab.svc.cluster.local:80",
        MSE + "mirror-target-service": "pay",
        NGINX + "default-backend": "next",
        PROTOCOL: "HTTP2",
    }
    listing = ingress("web", rule(path("cart")), annotations=annotations)
    far = service("far", *CLUSTERS, namespace="lab")
    result = compiled_with(far, listing, web("other", path("pay", "/pay"), balance="random"))
    owner = ObjectName("shop", "web")
    assert policies(result) == {
        "cart": ServicePolicy("HTTP2", owner=owner),
        "far": ServicePolicy("HTTP2", owner=owner),
        "pay": ServicePolicy(balance=Balance("random"), owner=ObjectName("shop", "other")),
        "next": DEFAULT_POLICY,
    }
    assert result.found == []


def test_behind_a_redirect_nobody_asks_a_canary() -> None:
    """It has no route; the redirecting Ingress itself still names the Service."""
    redirecting = ingress(
        "web", rule(path("cart")), annotations={NGINX + "permanent-redirect": "https://a.example.com", POOL: "7"}
    )
    trial = canary("trial", rule(path("pay")), weight="20", **{POOL: "8"})
    result = compiled_with(redirecting, trial, web("other", path("pay", "/pay")))
    assert policies(result)["pay"] == DEFAULT_POLICY
    assert policies(result)["cart"].pool == ConnectionPool(7)


# --- ports and TLS


@pytest.mark.parametrize(
    ("port", "protocol"),
    [
        (("grpc", ""), "GRPC"),
        (("grpc-api", ""), "GRPC"),
        (("http2", ""), "HTTP2"),
        (("http2-web", ""), "HTTP2"),
        (("http", ""), None),
        (("", ""), None),
        (("web", "kubernetes.io/h2c"), "HTTP2"),
        (("web", "grpc"), "GRPC"),
        (("grpc", "http"), "GRPC"),
        (("web", "https"), None),
        (("my-grpc", ""), None),
    ],
)
def test_a_port_may_ask_for_a_protocol_by_its_name_or_its_app_protocol(
    port: tuple[str, str], protocol: str | None
) -> None:
    assert protocol_of(ServicePort(port[0], 80, app_protocol=port[1])) == protocol


def speaking(name: str, **port: Any) -> Document:
    """A Service `rpc` whose one port is called so."""
    document = service("rpc", *CLUSTERS)
    document["spec"]["ports"] = [{"name": name, "port": 80, **port}]
    return document


@pytest.mark.parametrize(
    ("written", "protocol", "codes"),
    [
        (None, "GRPC", []),
        ("GRPCS", "GRPCS", []),
        ("HTTP2", "HTTP2", []),
        ("HTTP", "HTTP", ["port-protocol"]),
        ("HTTPS", "HTTPS", ["port-protocol"]),
    ],
)
def test_an_annotation_goes_with_the_name_of_the_port_or_contradicts_it(
    written: str | None, protocol: str, codes: list[str]
) -> None:
    """HTTP/2 on a port for HTTP/2."""
    said = {} if written is None else {PROTOCOL: written}
    result = compiled_with(speaking("grpc"), ingress("web", rule(path("rpc")), annotations=said))
    assert policies(result)["rpc"].protocol == protocol
    assert result.codes == codes


def test_settings_of_another_kind_leave_the_protocol_to_the_port() -> None:
    """Nobody has said anything of it."""
    result = compiled_with(speaking("web", appProtocol="kubernetes.io/h2c"), web("web", path("rpc"), pool="7"))
    assert policies(result)["rpc"] == ServicePolicy("HTTP2", pool=ConnectionPool(7), owner=ObjectName("shop", "web"))


@pytest.mark.parametrize(("port", "protocol"), [("http", "HTTPS"), ("grpc", "GRPCS"), ("http2", "GRPCS")])
def test_a_client_certificate_makes_tls_of_what_the_port_speaks(port: str, protocol: Protocol) -> None:
    """Only TLS can carry one. Whether the Secret is there nobody can see, which is told once."""
    result = compiled_with(speaking(port), web("web", path("rpc"), path("rpc", "/b"), secret="cert"))
    assert policies(result)["rpc"] == ServicePolicy(
        protocol, tls=UpstreamTls(SecretRef("shop", "cert")), owner=ObjectName("shop", "web")
    )
    assert sorted(result.codes) == ["secret-unseen", "upstream-tls-implied"]
