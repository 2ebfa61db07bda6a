"""Who may define what: files belong to the tenant with the longest folder, all others to the platform."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from compiler.lower.tenancy import closest, covers
from tests.small_fleet import MSE, NGINX, Document, app, compiled, fleet, ingress, path, rule

SHOP = {"name": "shop", "paths": ["apps/shop"], "namespaces": ["shop"], "hosts": ["*.shop.example.com"]}
MEDIA = {"name": "media", "paths": ["apps/shop/media"], "namespaces": ["media"], "hosts": ["media.example.com"]}


def found(*documents: Document, at: str = "apps/shop/all.yaml", tenants: Any = (SHOP, MEDIA)) -> list[tuple[str, str]]:
    """(code, value) of what is wrong with documents in one file; every tenant's folder holds something."""
    files = {at: yaml.safe_dump_all(documents)}
    files |= {f"{folder}/{t['name']}.json": "{}" for t in tenants for folder in t["paths"] if folder != "."}
    result = compiled(fleet("hz-a", "hz-b", tenants=list(tenants)), files=files)
    return [(code, value) for code, _, value in result.found if code.startswith("tenant")]


def an_app(namespace: str) -> Document:
    return app("cart", "hz-a", "hz-b", namespace=namespace)


@pytest.mark.parametrize(
    ("at", "namespace", "is_allowed"),
    [
        ("apps/shop/app.yaml", "shop", True),
        ("apps/shop/deep/er/app.yaml", "shop", True),
        ("apps/shop/app.yaml", "media", False),
        ("apps/shop/media/app.yaml", "media", True),
        ("apps/shop/media/app.yaml", "shop", False),
        ("apps/shopping/app.yaml", "anything", True),
        ("platform/app.yaml", "anything", True),
    ],
)
def test_a_file_belongs_to_the_tenant_with_the_longest_folder(at: str, namespace: str, *, is_allowed: bool) -> None:
    assert found(an_app(namespace), at=at) == ([] if is_allowed else [("tenant-namespace", namespace)])


@pytest.mark.parametrize("folder", ["apps/shop/", "./apps/shop", "apps//shop", "apps/./shop"])
def test_a_folder_may_be_written_in_several_ways(folder: str) -> None:
    assert found(an_app("media"), tenants=[{**SHOP, "paths": [folder]}]) == [("tenant-namespace", "media")]


def test_the_folder_of_all_files_holds_those_of_the_platform_too() -> None:
    codes = found(an_app("shop"), tenants=[{**SHOP, "paths": ["."]}])
    assert codes == [("tenant-kind", "Cluster"), ("tenant-kind", "Cluster"), ("tenant-kind", "Fleet")]


def endpoint_slice(*addresses: str, kind: str = "IPv4") -> Document:
    labels = {"kubernetes.io/service-name": "cart", "topology.istio.io/cluster": "c-hz-a"}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "cart-1", "namespace": "shop", "labels": labels},
        "addressType": kind,
        "endpoints": [{"addresses": [address]} for address in addresses],
        "ports": [{"name": "http", "port": 9901}],
    }


@pytest.mark.parametrize(
    ("allowed", "addresses", "kind", "refused"),
    [
        ([], ["10.8.0.1"], "IPv4", ["10.8.0.1"]),
        ([], [], "IPv4", []),
        (["10.8.0.0/16"], ["10.8.0.1", "10.8.255.255"], "IPv4", []),
        (["10.8.0.0/16"], ["10.8.0.1", "10.9.0.1", "10.9.0.2"], "IPv4", ["10.9.0.1"]),
        (["10.8.0.0/16"], ["127.0.0.1"], "IPv4", ["127.0.0.1"]),
        (["10.8.0.0/16"], ["2001:db8::1"], "IPv6", ["2001:db8::1"]),
        (["10.8.0.0/16", "2001:db8::/32"], ["2001:db8::1"], "IPv6", []),
    ],
)
def test_endpoints_of_a_tenant_lead_to_its_networks_alone(
    allowed: list[str], addresses: list[str], kind: str, refused: list[str]
) -> None:
    tenants = [{**SHOP, "addresses": allowed}]
    expected = [("tenant-address", address) for address in refused]
    assert found(an_app("shop"), endpoint_slice(*addresses, kind=kind), tenants=tenants) == expected
    assert found(an_app("shop"), endpoint_slice(*addresses, kind=kind), tenants=tenants, at="platform/a.yaml") == []


def test_an_object_without_a_namespace_is_in_the_namespace_default() -> None:
    document = an_app("x")
    del document["metadata"]["namespace"]
    assert found(document) == [("tenant-namespace", "default")]


def test_a_folder_without_files_and_a_folder_of_two_tenants_are_told() -> None:
    twin = {**MEDIA, "paths": ["apps/shop", "apps/sohp"]}
    result = compiled(fleet("hz-a", tenants=[SHOP, twin]), files={"apps/shop/a.yaml": "", "apps/sohp-other/a.yaml": ""})
    assert result.found == [
        ("tenant-path", "fleet-acme:spec.tenants.1.paths.0", "apps/shop"),
        ("tenant-path", "fleet-acme:spec.tenants.1.paths.1", "apps/sohp"),
    ]


@pytest.mark.parametrize(
    ("allowed", "host", "is_covered"),
    [
        ("a.example.com", "a.example.com", True),
        ("a.example.com", "b.example.com", False),
        ("*.example.com", "a.example.com", True),
        ("*.example.com", "a.b.example.com", True),
        ("*.example.com", "*.example.com", True),
        ("*.example.com", "*.a.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "badexample.com", False),
        ("*.example.com", "*.com", False),
        ("a.example.com", "*.example.com", False),
        ("*.example.com", "*", False),
    ],
)
def test_a_wildcard_covers_every_name_below_it_and_nothing_else(allowed: str, host: str, *, is_covered: bool) -> None:
    assert covers(allowed, host) is is_covered


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (ingress("web", rule(path("cart"), host="a.shop.example.com")), []),
        (ingress("web", rule(path("cart"), host="media.example.com")), [("tenant-host", "media.example.com")]),
        (ingress("web", rule(path("cart"), host=None)), [("tenant-host", "*")]),
        (ingress("web", defaultBackend=path("cart")["backend"]), [("tenant-host", "*")]),
    ],
    ids=["own", "foreign", "every-host", "default-backend"],
)
def test_an_ingress_serves_hosts_of_its_tenant_alone(document: Document, expected: list[tuple[str, str]]) -> None:
    assert found(an_app("shop"), document) == expected


@pytest.mark.parametrize(
    ("entries", "host", "entry"),
    [
        (["*.example.com", "a.example.com"], "a.example.com", "a.example.com"),
        (["*.example.com", "*.b.example.com"], "a.b.example.com", "*.b.example.com"),
        (["*.example.com", "*.b.example.com"], "a.example.com", "*.example.com"),
        (["*.example.com"], "example.com", ""),
        ([], "example.com", ""),
    ],
)
def test_the_closest_entry_counts(entries: list[str], host: str, entry: str) -> None:
    assert closest(entries, host) == closest(entries[::-1], host) == entry


def test_a_host_is_of_the_tenant_with_the_closest_entry() -> None:
    wide = {**SHOP, "hosts": ["*.example.com"]}
    taking = ingress("web", rule(path("cart"), host="media.example.com"))
    assert found(an_app("shop"), taking, tenants=[wide, MEDIA]) == [("tenant-host", "media.example.com")]
    shared = {**SHOP, "hosts": ["*.example.com", "media.example.com"]}
    assert found(an_app("shop"), taking, tenants=[shared, MEDIA]) == []


RANKED = {"fleetgate.dev/priority": "9"}
WEIGHING = {NGINX + "canary": "true", NGINX + "canary-weight": "100"}


@pytest.mark.parametrize(
    ("annotations", "folder", "is_taken"),
    [
        (RANKED, "apps/shop/media", True),
        (RANKED, "platform", True),
        (RANKED, "apps/shop/more", False),
        (WEIGHING, "apps/shop/media", True),
        (WEIGHING, "platform", True),
        (WEIGHING, "apps/shop/more", False),
    ],
)
def test_a_tenant_takes_no_requests_of_others(annotations: dict[str, str], folder: str, *, is_taken: bool) -> None:
    """What takes requests is in apps/shop, and what it takes them from in another folder."""
    host = "media.example.com"
    owner = [
        app("film", "hz-a", namespace="media"),
        ingress("film", rule(path("film"), host=host), namespace="media"),
    ]
    tenants = [{**SHOP, "hosts": [host], "namespaces": ["shop", "media"]}, MEDIA]
    files = {
        "apps/shop/a.yaml": yaml.safe_dump_all(
            [an_app("shop"), ingress("web", rule(path("cart"), host=host), annotations=annotations)]
        ),
        "apps/shop/media/b.yaml": "",
        f"{folder}/b.yaml": yaml.safe_dump_all(owner),
    }
    result = compiled(fleet("hz-a", "hz-b", tenants=tenants), files=files)
    told = [(code, value) for code, _, value in result.found if code.startswith("tenant")]
    assert told == ([("tenant-route", f"{host}/cart")] if is_taken else [])


LISTED = {f"{MSE}domain-blacklist-source-range": "0.0.0.0/0"}
ALIASED = {f"{NGINX}server-alias": "b.shop.example.com"}
OLD_TLS = {f"{MSE}tls-max-protocol-version": "TLSv1.0"}
LISTED_OTHERWISE = {f"{MSE}domain-blacklist-source-range": "192.0.2.0/24"}


@pytest.mark.parametrize("folder", ["apps/shop/media", "platform", "apps/shop/more"])
@pytest.mark.parametrize(
    ("mine", "has_certificate", "theirs", "is_certified"),
    [
        (LISTED, False, {}, False),
        (LISTED, False, LISTED_OTHERWISE, False),
        (ALIASED, False, {}, False),
        (OLD_TLS, True, {}, False),
        ({}, True, {}, True),
    ],
    ids=["list", "list instead of theirs", "alias", "TLS", "certificate"],
)
def test_a_tenant_sets_nothing_for_the_hosts_of_others(
    mine: dict[str, str], theirs: dict[str, str], folder: str, *, has_certificate: bool, is_certified: bool
) -> None:
    """The setting is in apps/shop, comes first, and is for a host that an Ingress in another folder has too."""
    host = "media.example.com"

    def certificate(name: str, *, is_there: bool) -> dict[str, Any]:
        return {"tls": [{"hosts": [host], "secretName": name}]} if is_there else {}

    certified = certificate("of-shop", is_there=has_certificate)
    web = ingress("web", rule(path("cart"), host=host), annotations={**RANKED, **mine}, **certified)
    certified = certificate("of-media", is_there=is_certified)
    film = ingress("film", rule(path("film", "/film"), host=host), namespace="media", annotations=theirs, **certified)
    files = {
        "apps/shop/a.yaml": yaml.safe_dump_all([an_app("shop"), web]),
        "apps/shop/media/b.yaml": "",
        f"{folder}/b.yaml": yaml.safe_dump_all([app("film", "hz-a", namespace="media"), film]),
    }
    hosts = [host, "b.shop.example.com"]
    tenants = [{**SHOP, "hosts": hosts, "namespaces": ["shop", "media"]}, {**MEDIA, "hosts": [host]}]
    codes = compiled(fleet("hz-a", "hz-b", tenants=tenants), files=files).codes
    of_shop = folder == "apps/shop/more"
    assert codes.count("tenant-setting") == (0 if of_shop else 1)
    assert any(code in ("host-setting-shared", "host-setting-loses", "tls-conflict") for code in codes) == of_shop


def test_the_platform_may_take_requests_of_a_tenant() -> None:
    files = {
        "apps/shop/a.yaml": yaml.safe_dump_all(
            [an_app("shop"), ingress("web", rule(path("cart"), host="a.shop.example.com"))]
        ),
        "platform/a.yaml": yaml.safe_dump_all(
            [ingress("first", rule(path("cart"), host="a.shop.example.com"), annotations=RANKED)]
        ),
    }
    found = compiled(fleet("hz-a", "hz-b", tenants=[SHOP]), files=files).codes
    assert "tenant-route" not in found
    assert "duplicate-route" in found


def manifest(kind: str, api_version: str = "v1", **metadata: str) -> str:
    return yaml.safe_dump({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", **metadata}})


RBAC = "rbac.authorization.k8s.io/v1"


@pytest.mark.parametrize(
    ("text", "kinds", "expected"),
    [
        (manifest("ConfigMap"), [], []),
        (manifest("ConfigMap", namespace="shop"), [], []),
        (manifest("ConfigMap", namespace="media"), [], [("tenant-namespace", "media")]),
        (manifest("ConfigMap"), ["Secret"], [("tenant-kind", "ConfigMap")]),
        (manifest("ClusterRole", RBAC), [], [("tenant-kind", "ClusterRole")]),
        (manifest("ClusterRole", RBAC, namespace="shop"), [], [("tenant-kind", "ClusterRole")]),
        (manifest("ClusterRole", RBAC), ["ClusterRole"], []),
        (manifest("Widget", "example.com/v1", namespace=""), [], [("tenant-kind", "Widget")]),
    ],
    ids=[
        "namespaced",
        "own-namespace",
        "foreign-namespace",
        "kind-not-listed",
        "cluster-scoped",
        "cluster-scoped-with-a-namespace",
        "cluster-scoped-and-listed",
        "said-to-have-no-namespace",
    ],
)
def test_manifests_are_held_to_the_kinds_and_namespaces_of_their_tenant(
    text: str, kinds: list[str], expected: list[tuple[str, str]]
) -> None:
    document = an_app("shop")
    document["spec"]["manifests"] = ["k8s/*.yaml"]
    files = {"apps/shop/app.yaml": yaml.safe_dump(document), "apps/shop/k8s/x.yaml": text}
    result = compiled(fleet("hz-a", "hz-b", tenants=[{**SHOP, "kinds": kinds}]), files=files)
    assert [(code, value) for code, _, value in result.found] == expected


LIST = "100% ledger.billing.svc.cluster.local:80"


@pytest.mark.parametrize(
    "annotations",
    [
        {NGINX + "default-backend": "billing/ledger"},
        {MSE + "mirror-target-service": "billing/ledger:80"},
        {MSE + "destination": LIST},
    ],
    ids=["fallback", "mirror", "destination"],
)
@pytest.mark.parametrize(
    ("more", "is_allowed"),
    [({}, False), ({"namespaces": ["shop", "billing"]}, True), ({"references": ["billing/ledger"]}, True)],
    ids=["stranger", "own", "granted"],
)
def test_annotations_name_services_of_the_tenant_and_those_that_it_was_granted(
    annotations: dict[str, str], more: dict[str, list[str]], *, is_allowed: bool
) -> None:
    document = ingress("web", rule(path("cart"), host="a.shop.example.com"), annotations=annotations)
    told = found(an_app("shop"), document, tenants=[{**SHOP, **more}])
    assert told == ([] if is_allowed else [("tenant-reference", "billing/ledger")])


def test_the_platform_may_name_every_service() -> None:
    document = ingress("web", rule(path("cart")), annotations={NGINX + "default-backend": "billing/ledger"})
    assert found(an_app("shop"), document, at="platform/all.yaml") == []


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ({NGINX + "server-alias": "www.shop.example.com"}, []),
        ({NGINX + "server-alias": "www.example.com"}, [("tenant-host", "www.example.com")]),
        ({NGINX + "server-alias": "*.shop.example.com,*.example.com"}, [("tenant-host", "*.example.com")]),
        ({NGINX + "auth-type": "basic", NGINX + "auth-secret": "accounts"}, []),
        ({NGINX + "auth-type": "basic", NGINX + "auth-secret": "bank/a"}, [("tenant-secret", "bank/a")]),
        ({MSE + "auth-tls-secret": "bank/a"}, [("tenant-secret", "bank/a")]),
        ({NGINX + "backend-protocol": "HTTPS", NGINX + "proxy-ssl-secret": "cert"}, []),
        (
            {NGINX + "backend-protocol": "HTTPS", NGINX + "proxy-ssl-secret": "bank/a"},
            [("tenant-secret", "bank/a")],
        ),
    ],
)
def test_aliases_are_hosts_and_secrets_belong_to_namespaces(
    annotations: dict[str, str], expected: list[tuple[str, str]]
) -> None:
    document = ingress("web", rule(path("cart"), host="a.shop.example.com"), annotations=annotations)
    assert found(an_app("shop"), document) == expected


def test_a_secret_of_another_namespace_may_not_be_referred_to_as_a_service_may() -> None:
    annotations = {NGINX + "auth-type": "basic", NGINX + "auth-secret": "bank/a", NGINX + "default-backend": "bank/a"}
    document = ingress("web", rule(path("cart"), host="a.shop.example.com"), annotations=annotations)
    assert found(an_app("shop"), document, tenants=[{**SHOP, "references": ["bank/a"]}]) == [
        ("tenant-secret", "bank/a")
    ]
