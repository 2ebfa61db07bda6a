"""The Fleet, its clusters and gateways: what has to be unique, and what people may write in the place of ours."""

from __future__ import annotations

from typing import Any

import pytest

from compiler.lower.fleet import nearest, parse_version
from tests.small_fleet import OWN, Document, Found, cluster, compiled, fleet


def config(name: str = "public", **metadata: Any) -> Document:
    """A MseIngressConfig of the repo."""
    return {
        "apiVersion": "mse.alibabacloud.com/v1alpha1",
        "kind": "MseIngressConfig",
        "metadata": {"name": name, **metadata},
        "spec": {"name": name},
    }


def ingress_class(name: str = "mse", controller: str = "mse.alibabacloud.com/ingress", **spec: Any) -> Document:
    """An IngressClass of the repo."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": name},
        "spec": {"controller": controller, **spec},
    }


def remote(ids: str) -> dict[str, Any]:
    return {"annotations": {"mse.alibabacloud.com/remote-clusters": ids}}


def parameters(name: str) -> dict[str, Any]:
    return {"parameters": {"apiGroup": "mse.alibabacloud.com", "kind": "MseIngressConfig", "name": name}}


PAIR = fleet("hz-a", "hz-b")
ALONE = {**OWN, "kind": "Fleet", "metadata": {"name": "twin"}, "spec": PAIR[0]["spec"]}
TWO_GATEWAYS = [{"name": n, "region": "hz", "ingressClassName": "mse", "targets": ["mse"]} for n in ("one", "two")]


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        (PAIR, []),
        ([cluster("hz-a")], [("no-fleet", "fleet:", "")]),
        ([*PAIR, ALONE], [("several-fleets", "fleet-twin:kind", "twin")]),
        ([*PAIR, cluster("hz-c", id="c-hz-a")], [("duplicate-cluster-id", "cluster-hz-c:spec.id", "c-hz-a")]),
        (
            [*fleet(), cluster("hz-a", id="hz-b"), cluster("hz-b", id=None)],
            [("duplicate-cluster-id", "cluster-hz-b:metadata.name", "hz-b")],
        ),
        (
            [*PAIR, cluster("hz-c", argocd={"destination": {"name": "hz-a"}})],
            [("duplicate-destination", "cluster-hz-c:spec.argocd.destination.name", "hz-a")],
        ),
        (
            fleet("hz-a", gateway={"region": "sh"}),
            [("no-members", "fleet-acme:spec.gateways.0.region", "public")],
        ),
        (
            [*fleet("hz-a", gateways=TWO_GATEWAYS)],
            [("shared-ingress-class", "fleet-acme:spec.gateways.1.ingressClassName", "mse")],
        ),
    ],
    ids=["good", "none", "two", "one-id", "id-is-a-name", "one-server", "no-members", "one-class"],
)
def test_clusters_and_gateways_are_told_apart(documents: list[Document], expected: list[Found]) -> None:
    assert compiled(documents).found == expected


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        ([config()], []),
        ([config("other")], [("unused-gateway-object", "mseingressconfig-other:metadata.name", "other")]),
        ([config(**remote("c-hz-b, c-hz-a"))], []),
        (
            [config(**remote("c-hz-a"))],
            [
                (
                    "gateway-settings",
                    "mseingressconfig-public:metadata.annotations.mse.alibabacloud.com/remote-clusters",
                    "c-hz-a",
                )
            ],
        ),
        ([ingress_class()], []),
        ([ingress_class(**parameters("public"))], []),
        ([ingress_class("nginx")], [("unused-gateway-object", "ingressclass-nginx:metadata.name", "nginx")]),
        (
            [ingress_class(controller="k8s.io/ingress-nginx")],
            [("foreign-controller", "ingressclass-mse:spec.controller", "k8s.io/ingress-nginx")],
        ),
        (
            [ingress_class(**parameters("other"))],
            [("foreign-controller", "ingressclass-mse:spec.parameters", "MseIngressConfig/other")],
        ),
    ],
)
def test_objects_of_a_gateway_in_the_repo_belong_to_it_and_do_not_contradict_the_fleet(
    documents: list[Document], expected: list[Found]
) -> None:
    assert compiled([*PAIR, *documents]).found == expected


def test_settings_of_the_gateway_stand_in_one_place() -> None:
    documents = [*fleet("hz-a", gateway={"mse": {"vSwitches": ["vsw-1"]}}), config()]
    assert compiled(documents).found == [("gateway-settings", "mseingressconfig-public:metadata.name", "public")]


def test_a_cluster_that_can_not_be_read_makes_no_gateway_empty() -> None:
    broken = cluster("hz-a", colour="red")
    assert compiled([*fleet(), broken]).codes == ["unknown-field"]


@pytest.mark.parametrize(("text", "expected"), [(None, None), ("1.2.30", (1, 2, 30)), ("10.0.1", (10, 0, 1))])
def test_versions_are_numbers(text: str | None, expected: tuple[int, int, int] | None) -> None:
    assert parse_version(text) == expected


def test_a_hint_names_the_nearest_word_or_what_there_is() -> None:
    assert nearest("hz-aa", ["hz-a", "sh-x"]) == "did you mean hz-a?"
    assert nearest("moon", ["hz-b", "hz-a"]) == "known: hz-a, hz-b"
    assert nearest("moon", []) == ""


@pytest.mark.parametrize(
    ("gateway", "is_told"),
    [
        ({"clusterSelector": {"matchLabels": {}}}, True),
        ({"clusterSelector": {"matchLabels": {}}, "targets": ["envoy"]}, False),
        ({}, False),
    ],
)
def test_an_mse_gateway_over_two_regions_is_told(gateway: dict[str, Any], *, is_told: bool) -> None:
    """Its region alone is what MSE promises anything of."""
    result = compiled([*fleet("a", "b", gateway=gateway), cluster("c", region="sh")])
    told = [f for f in result.findings if f.code.name == "mse-regions"]
    assert [f.why for f in told] == (["its region is hz, and it reaches c in sh"] if is_told else [])


@pytest.mark.parametrize(
    ("named", "survive", "found"),
    [
        (["a1"], [], "cluster"),
        (["a1", "a2"], ["Cluster"], ""),
        (["a1", "a2"], ["Cluster", "Zone"], "zone za"),
        (["a1", "wide"], ["Cluster", "Zone"], ""),
        (["a1", "b1"], ["Cluster", "Zone"], ""),
        (["a1", "b1"], ["Region"], "region hz"),
        (["a1", "far"], ["Cluster", "Zone", "Region"], ""),
        (["a1", "a2"], ["Zone", "Region"], "zone za"),
    ],
)
def test_no_loss_that_has_to_be_survived_takes_every_envoy(named: list[str], survive: list[str], found: str) -> None:
    """A zone takes the clusters that have no other; the smallest loss is told, once."""
    clusters = [
        cluster("a1", zones=["za"]),
        cluster("a2", zones=["za"]),
        cluster("wide", zones=["za", "zb"]),
        cluster("b1", zones=["zb"]),
        cluster("far", zones=["zc"], region="sh"),
    ]
    gateway = {"targets": ["envoy"], "envoy": {"placement": {"clusters": named}}}
    result = compiled([*fleet(gateway=gateway, survive=survive), *clusters])
    whys = [each.why for each in result.findings if each.code.name == "lonely-gateway"]
    assert len(whys) == bool(found)
    assert all(found in why for why in whys)
