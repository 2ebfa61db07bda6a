"""Service policies in the emitted Ingresses: each Ingress of a Service says the same, and none says it for others."""

from __future__ import annotations

import pytest

from tests.small_fleet import (
    MSE,
    NGINX,
    Compiled,
    Document,
    canary,
    compiled,
    fleet,
    ingress,
    path,
    policy,
    rule,
    service,
    weights,
)

CLUSTERS = ("hz-a", "hz-b")
SERVICES = [service(name, *CLUSTERS) for name in ("cart", "next", "pay")]
FLEET = [*fleet(*CLUSTERS), *SERVICES]
PROTOCOL = NGINX + "backend-protocol"
BALANCE = NGINX + "load-balance"
GRPC = {PROTOCOL: "GRPC"}


def emitted(*documents: Document) -> Compiled:
    result = compiled([*FLEET, *documents])
    assert not result.has_errors, result.found
    return result


def said(result: Compiled) -> dict[str, dict[str, str]]:
    """What emitted Ingresses say of their Services, by name."""
    found = {}
    for name, document in result.ingresses().items():
        annotations: dict[str, str] = document["metadata"].get("annotations", {})
        keys = [key for key in annotations if "canary" not in key and "subset" not in key and "destination" not in key]
        found[name] = {key.rpartition("/")[2]: annotations[key] for key in keys}
    return found


def test_every_ingress_of_a_service_says_the_policy_that_won() -> None:
    """Whichever is the oldest, MSE finds the same."""
    result = emitted(
        ingress("a", rule(path("cart", "/a")), annotations={MSE + "backend-protocol": "grpc", MSE + "warmup": "5"}),
        ingress("b", rule(path("cart", "/b")), annotations={BALANCE: "random"}),
        ingress("c", rule(path("cart", "/c"))),
        ingress("d", rule(path("pay", "/d"))),
    )
    whole = {"backend-protocol": "GRPC", "warmup": "5"}
    assert said(result) == {"a": whole, "b": whole, "c": whole, "d": {}}
    keys = set(result.ingresses()["b"]["metadata"]["annotations"])
    assert keys == {PROTOCOL, MSE + "warmup"}


def test_base_canaries_and_pieces_for_clusters_say_the_policies_of_their_own_services() -> None:
    """A share in another cluster is one more Ingress of the Service."""
    result = emitted(
        ingress("web", rule(path("cart")), annotations={BALANCE: "random"}),
        canary("trial", rule(path("next")), weight="20", **GRPC),
        canary("stage", rule(path("pay")), by_header="x-stage"),
        policy("cart", weights(hz_a=50, hz_b=50)),
    )
    plain = {"load-balance": "random"}
    assert said(result) == {
        "web": plain,
        "web.hz-b": plain,
        "trial": {"backend-protocol": "GRPC"},
        "stage": {},
    }


def test_a_redirecting_ingress_says_it_too() -> None:
    """MSE reads it there as well."""
    target = {NGINX + "permanent-redirect": "https://a.example.com"}
    result = emitted(
        ingress("a", rule(path("cart")), annotations=GRPC),
        ingress("b", rule(path("cart", "/b")), annotations=target),
    )
    assert said(result)["b"]["backend-protocol"] == "GRPC"


def test_an_ingress_whose_services_differ_becomes_one_per_service() -> None:
    """Else one of them would get what the other asks for."""
    result = emitted(
        ingress("a", rule(path("cart"), path("pay", "/pay"))),
        ingress("b", rule(path("cart", "/b")), annotations=GRPC),
    )
    assert said(result) == {
        "a.cart": {"backend-protocol": "GRPC"},
        "a.pay": {},
        "b": {"backend-protocol": "GRPC"},
    }


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        ({"name": "grpc"}, {}),
        ({"name": "http2-api"}, {}),
        ({"name": "grpcapi"}, {"backend-protocol": "GRPC"}),
        ({"name": "web", "appProtocol": "kubernetes.io/h2c"}, {"backend-protocol": "HTTP2"}),
    ],
)
def test_what_a_port_asks_for_is_said_where_mse_does_not_see_it(port: dict[str, str], expected: dict[str, str]) -> None:
    """It reads names alone, as `<protocol>` or `<protocol>-<anything>`."""
    rpc = service("rpc", *CLUSTERS)
    rpc["spec"]["ports"] = [{"port": 80, **port}]
    assert said(emitted(rpc, ingress("web", rule(path("rpc"))))) == {"web": expected}


# --- lists and side Services

LIST = {MSE + "destination": "60% cart.shop.svc.cluster.local:80\n40% pay.shop.svc.cluster.local:80"}


def test_an_ingress_with_a_list_says_what_is_the_same_for_all_of_it() -> None:
    """One Ingress, one set of annotations."""
    result = emitted(ingress("web", rule(path("cart")), annotations={**LIST, **GRPC}))
    assert said(result) == {"web": {"backend-protocol": "GRPC"}}


def test_an_ingress_with_a_list_says_nothing_where_others_say_what_differs() -> None:
    """They lead to that Service alone."""
    result = emitted(
        ingress("web", rule(path("cart")), annotations=LIST),
        ingress("b", rule(path("cart", "/b")), annotations=GRPC),
    )
    assert said(result) == {"web": {}, "b": {"backend-protocol": "GRPC"}}


def test_an_ingress_that_redirects_keeps_its_list() -> None:
    """Its Services are those of the list, in another namespace too."""
    far = service("far", *CLUSTERS, namespace="lab")
    listing = {MSE + "destination": "100% far.lab.svc.cluster.local:80"}
    target = {NGINX + "permanent-redirect": "https://a.example.com"}
    result = emitted(far, ingress("web", rule(path("cart")), annotations={**listing, **target, **GRPC}))
    assert said(result)["web"]["backend-protocol"] == "GRPC"
    key = MSE + "destination"
    assert result.ingresses()["web"]["metadata"]["annotations"][key] == f"{listing[key]}\n"


def test_what_no_ingress_can_say_of_a_service_of_a_list_is_an_error() -> None:
    """The settings of the list hold for one of its Services alone: the other one has those of another Ingress."""
    result = compiled(
        [
            *FLEET,
            ingress("web", rule(path("next")), annotations={**LIST, **GRPC}),
            ingress("b", rule(path("pay", "/b")), annotations={BALANCE: "random"}),
        ]
    )
    place = f"ingress-web:metadata.annotations.{MSE}destination"
    assert [found for found in result.found if found[0] == "mse-service-policy"] == [
        ("mse-service-policy", place, "shop/cart")
    ]


@pytest.mark.parametrize("name", ["mirror-target-service", "default-backend"])
@pytest.mark.parametrize("is_spoken_for", [True, False])
def test_the_service_of_a_mirror_or_fallback_needs_an_ingress_that_speaks_for_it(
    name: str, *, is_spoken_for: bool
) -> None:
    """Where its port alone asks for something, and not by its name."""
    side = service("side", *CLUSTERS)
    side["spec"]["ports"] = [{"name": "web", "port": 80, "appProtocol": "grpc"}]
    key = (MSE if name.startswith("mirror") else NGINX) + name
    documents = [side, ingress("web", rule(path("cart")), annotations={key: "side"})]
    if is_spoken_for:
        documents.append(ingress("side", rule(path("side", "/side"))))
    result = compiled([*FLEET, *documents])
    assert result.codes == ([] if is_spoken_for else ["mse-service-policy"])


def test_what_a_port_of_a_mirror_asks_for_by_its_name_needs_no_word() -> None:
    """MSE sees it."""
    side = service("side", *CLUSTERS)
    side["spec"]["ports"] = [{"name": "grpc", "port": 80}]
    mirroring = ingress("web", rule(path("cart")), annotations={MSE + "mirror-target-service": "side"})
    assert emitted(side, mirroring).found == []


# --- certificates


@pytest.mark.parametrize(
    ("secret", "codes"), [({}, ["mse-backend-verify"]), ({NGINX + "proxy-ssl-secret": "cert"}, ["secret-unseen"])]
)
def test_nobody_verifies_a_service_without_a_ca(secret: dict[str, str], codes: list[str]) -> None:
    """Told once per Service, at the word that has no effect; it is emitted all the same."""
    annotations = {PROTOCOL: "HTTPS", NGINX + "proxy-ssl-verify": "on", **secret}
    result = emitted(ingress("web", rule(path("cart"), path("cart", "/b")), annotations=annotations))
    assert result.codes == codes
    assert said(result)["web"]["proxy-ssl-verify"] == "on"
