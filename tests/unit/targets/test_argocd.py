"""What Argo CD is told: one project, an app of apps, and Applications whose files, names and rights are just enough."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from compiler.diagnostics import Diagnostics, Origin
from compiler.ir.delivery import ArgoCD, Destination, MseGateway
from compiler.targets.argocd import Group, Load, emit, passes_limits
from tests.small_fleet import Compiled, Document, app, cluster, compiled, fleet, ingress, path, rule, service

WEB = ingress("web", rule(path("cart")))
CART = app("cart", "hz-a", "hz-b")
PAY = app("pay", "hz-a")


def delivered(granularity: str = "namespace", *more: Document, **argocd: Any) -> Compiled:
    settings = {"granularity": granularity, **argocd}
    return compiled([*fleet("hz-a", "hz-b", argocd=settings), CART, PAY, WEB, *more])


def applications(result: Compiled) -> dict[str, Document]:
    """Applications but the app of apps, by name."""
    found = [yaml.safe_load(text) for file, text in result.files.items() if file.startswith("argocd/")]
    return {
        f["metadata"]["name"]: f
        for f in found
        if f["kind"] == "Application" and f["spec"]["source"]["path"] != "argocd"
    }


def covered(result: Compiled, document: Document) -> set[str]:
    """The emitted files that an Application reads, as Argo CD reads a directory."""
    source = document["spec"]["source"]
    folder = source["path"] + "/"
    directory = source["directory"]
    below = [file.removeprefix(folder) for file in result.files if file.startswith(folder)]
    return {
        folder + name
        for name in below
        if (directory["recurse"] or "/" not in name) and directory.get("include", name) == name
    }


@pytest.mark.parametrize(
    ("granularity", "names"),
    [
        ("cluster", {"hz-a.cluster", "hz-b.cluster", "gateway-public"}),
        ("namespace", {"hz-a.shop", "hz-b.shop", "gateway-public"}),
        (
            "app",
            {
                "hz-a.shop.cart",
                "hz-a.shop.pay",
                "hz-a.shop.namespace",
                "hz-b.shop.cart",
                "hz-b.shop.namespace",
                "gateway-public",
            },
        ),
    ],
)
def test_every_file_is_delivered_by_exactly_one_application(granularity: str, names: set[str]) -> None:
    result = delivered(granularity)
    found = applications(result)
    assert found.keys() == names
    readers = [file for document in found.values() for file in sorted(covered(result, document))]
    assert sorted(readers) == sorted(f for f in result.files if not f.startswith("argocd/"))


@pytest.mark.parametrize("granularity", ["cluster", "namespace", "app"])
def test_a_commit_refreshes_an_application_only_where_it_touches_what_it_reads(granularity: str) -> None:
    """The annotation is relative to the path of the source; a file may be named."""
    for document in applications(delivered(granularity)).values():
        include = document["spec"]["source"]["directory"].get("include", ".")
        assert document["metadata"]["annotations"] == {"argocd.argoproj.io/manifest-generate-paths": include}


def test_a_tree_below_a_folder_is_read_there() -> None:
    found = applications(delivered(path="deep/rendered", branch="live"))
    source = found["hz-a.shop"]["spec"]["source"]
    assert (source["path"], source["targetRevision"]) == ("deep/rendered/clusters/hz-a/shop", "live")


def test_objects_go_with_their_last_file_and_everything_comes_before_anything_goes() -> None:
    for document in applications(delivered()).values():
        assert document["metadata"]["finalizers"] == ["resources-finalizer.argocd.argoproj.io"]
        policy = document["spec"]["syncPolicy"]
        assert policy["automated"] == {"prune": True, "selfHeal": True}
        assert policy["syncOptions"] == ["ServerSideApply=true", "PruneLast=true"]


def test_the_app_of_apps_reads_everything_below_argocd_and_leaves_everything_running_when_it_goes() -> None:
    root = delivered().document("argocd/root.yaml")
    assert root["metadata"]["name"] == "fleet-acme"
    assert "finalizers" not in root["metadata"]
    assert root["spec"]["source"]["directory"] == {"recurse": True}
    assert root["spec"]["destination"] == {"server": "https://kubernetes.default.svc", "namespace": "argocd"}


# --- the project


def project(result: Compiled) -> dict[str, Any]:
    spec: dict[str, Any] = result.document("argocd/project.yaml")["spec"]
    return spec


IN_CLUSTER = "https://kubernetes.default.svc"
FLEET_INSTANCE = {"server": IN_CLUSTER, "namespace": "*"}


def test_a_project_may_use_the_namespaces_that_its_applications_use_and_no_others() -> None:
    here = {"name": "hz-a", "namespace": "shop"}, {"name": "hz-b", "namespace": "shop"}
    assert project(delivered())["destinations"] == [*here, FLEET_INSTANCE]
    everywhere = {"name": "hz-a", "namespace": "*"}, {"name": "hz-b", "namespace": "*"}
    assert project(delivered("cluster"))["destinations"] == [*everywhere, FLEET_INSTANCE]


def test_a_manifest_in_another_namespace_opens_that_namespace_in_its_clusters() -> None:
    document = app("watch", "hz-a", manifests=["k8s/*.yaml"])
    text = yaml.safe_dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "metrics"}})
    result = compiled([*fleet("hz-a", "hz-b"), document], files={"k8s/x.yaml": text})
    assert {"name": "hz-a", "namespace": "metrics"} in project(result)["destinations"]
    assert {"name": "hz-b", "namespace": "metrics"} not in project(result)["destinations"]


def test_a_project_admits_the_cluster_scoped_kinds_that_are_emitted_and_no_others() -> None:
    plain = {"group": "", "kind": "Namespace"}
    of_gateway = [
        plain,
        {"group": "mse.alibabacloud.com", "kind": "MseIngressConfig"},
        {"group": "networking.k8s.io", "kind": "IngressClass"},
    ]
    assert project(delivered())["clusterResourceWhitelist"] == of_gateway
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "x"}}
    document = app("watch", "hz-a", manifests=["k8s/*.yaml"])
    result = compiled([*fleet("hz-a"), document], files={"k8s/x.yaml": yaml.safe_dump(role)})
    admitted = {"group": "rbac.authorization.k8s.io", "kind": "ClusterRole"}
    assert project(result)["clusterResourceWhitelist"] == [*of_gateway, admitted]


def test_two_gateways_in_one_api_server_share_the_namespace_of_their_ingresses() -> None:
    """Two Applications that deliver one object would fight over it."""
    gateways = [
        {"name": name, "region": "hz", "ingressClassName": name, "targets": ["mse"]} for name in ("inner", "outer")
    ]
    pair = [ingress(name, rule(path("cart", f"/{name}")), ingressClassName=name) for name in ("inner", "outer")]
    result = compiled([*fleet("hz-a", "hz-b", gateways=gateways), service("cart", "hz-a", "hz-b"), *pair])
    namespaces = [f for f in result.files if f.endswith("/shop/namespace.yaml")]
    assert namespaces == ["gateways/inner/mse/shop/namespace.yaml"]


def test_a_gateway_in_a_member_cluster_leaves_the_namespaces_of_its_apps_to_that_cluster() -> None:
    here = cluster("hz-a", argocd={"destination": {"server": IN_CLUSTER}})
    result = compiled([*fleet(), here, app("cart", "hz-a"), WEB])
    assert [f for f in result.files if f.endswith("namespace.yaml")] == ["clusters/hz-a/shop/namespace.yaml"]


# --- limits


SETTINGS = ArgoCD(
    fleet="acme",
    repo_url="https://git.example.com/acme/fleet.git",
    branch="rendered",
    path="",
    namespace="argocd",
    project="acme",
    granularity="namespace",
    destinations=(("hz-a", Destination(name="hz-a")),),
    origin=Origin("fleet.yaml", path=("spec", "argocd")),
)
GATEWAYS: tuple[MseGateway, ...] = ()


def told(loads: dict[Group, Load]) -> list[str]:
    findings = Diagnostics()
    list(emit(SETTINGS, GATEWAYS, loads, [], [], findings))
    assert passes_limits(SETTINGS, loads) or not findings
    return [f.why for f in findings]


def of(namespace: str) -> Group:
    return Group("cluster", "hz-a", namespace)


@pytest.mark.parametrize(
    ("load", "is_told"),
    [(Load(2000, 8_000_000), False), (Load(2001, 1), True), (Load(1, 8_000_001), True)],
)
def test_an_application_is_told_before_its_status_or_its_directory_grows_too_large(
    load: Load, *, is_told: bool
) -> None:
    assert [why.startswith("Application hz-a.shop delivers") for why in told({of("shop"): load})] == [True] * is_told


def test_more_applications_than_the_app_of_apps_can_list_are_told() -> None:
    assert told({of(f"n{number}"): Load(1, 1) for number in range(1998)}) == []
    assert told({of(f"n{number}"): Load(1, 1) for number in range(1999)}) == [
        "the app of apps delivers 1999 Applications (limit: 2000 objects)"
    ]
