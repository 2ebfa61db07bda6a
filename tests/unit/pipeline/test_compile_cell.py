"""A cell, compiled: no object twice, no finding that follows from another, hints from the whole fleet."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.small_fleet import (
    MSE,
    Document,
    Found,
    app,
    canary,
    cluster,
    compiled,
    fleet,
    ingress,
    path,
    pin,
    policy,
    rule,
    service,
    weights,
)

FLEET = fleet("hz-a", "hz-b")
CART = service("cart", "hz-a", "hz-b")
WEB = ingress("web", rule(path("cart")))


def worker(name: str, **spec: Any) -> Document:
    """An App without a Service."""
    document = app(name, "hz-a", "hz-b", **spec)
    for field in ("ports", "readinessProbe"):
        del document["spec"][field]
    return document


def config_map(name: str) -> str:
    return yaml.safe_dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        ([WEB, CART, WEB], [("duplicate-object", "ingress-web:metadata.name", "shop/web")]),
        ([worker("cart"), worker("cart")], [("duplicate-object", "app-cart:metadata.name", "shop/cart")]),
        (
            [app("cart", "hz-a", "hz-b"), CART],
            [("duplicate-object", "service-cart:metadata.name", "shop/cart")],
        ),
        (
            [worker("cart", versions=[{"name": "next"}]), worker("cart-next")],
            [("duplicate-object", "app-cart-next:metadata.name", "Deployment cart-next")],
        ),
        (
            [worker("cart", manifests=["k8s/x.yaml"]), worker("pay", manifests=["k8s/y.yaml"])],
            [("duplicate-object", "app-pay:metadata.name", "ConfigMap x")],
        ),
    ],
    ids=["ingress", "app", "app-and-service", "version-and-app", "manifests-of-two-apps"],
)
def test_no_object_is_defined_twice(documents: list[Document], expected: list[Found]) -> None:
    files = {"k8s/x.yaml": config_map("x"), "k8s/y.yaml": config_map("x")}
    result = compiled([*FLEET, *documents], files=files)
    assert [f for f in result.found if f[0] == "duplicate-object"] == expected


TYPO = cluster("hz-b", colour="red")
DEMANDING = fleet("hz-a", survive=["Cluster"])
PINNED = canary("trial", rule(path("cart")), by_header="x-stage", **pin("hz-b"))


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        (
            [
                *fleet("hz-a", "hz-b", survive=["Cluster"]),
                app("cart", "hz-a", "hz-x"),
                policy("cart", weights(hz_a=50, hz_b=50)),
                WEB,
                PINNED,
            ],
            ["unknown-cluster"],
        ),
        (
            [*DEMANDING, TYPO, app("cart", "hz-a", "hz-b"), policy("cart", weights(hz_a=50, hz_b=50)), WEB, PINNED],
            ["unknown-field"],
        ),
        (
            [*FLEET, CART, ingress("web", rule(path("cart")), annotations={MSE + "timeout": "soon"}), PINNED],
            ["annotation-value"],
        ),
        (
            [
                *fleet("hz-a", "hz-b", survive=["Cluster"]),
                service("cart", "hz-a"),
                WEB,
                policy("cart", {"type": "ActiveActive"}, survive={"losses": [], "reason": "r"}, colour="red"),
            ],
            ["unknown-field"],
        ),
        ([*FLEET, app("cart", "hz-a", "hz-b", colour="red"), WEB], ["unknown-field"]),
    ],
    ids=["placement-is-misspelt", "cluster-is-broken", "base-is-broken", "policy-is-broken", "app-is-broken"],
)
def test_one_mistake_is_one_finding(documents: list[Document], expected: list[str]) -> None:
    assert compiled(documents).codes == expected


def test_a_broken_document_hides_nothing_that_it_can_not_provide() -> None:
    lost = ingress("lost", rule(path("nope", "/nope")))
    broken = ingress("other", rule(path("nope", "/other")), colour="red")
    assert sorted(compiled([*FLEET, lost, broken]).codes) == ["missing-backend", "unknown-field"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [("crat", "(did you mean shop/cart?)"), ("zebra", "(there are cart)")],
)
def test_a_hint_knows_services_that_belong_to_other_cells(name: str, hint: str) -> None:
    result = compiled([*FLEET, CART, ingress("web", rule(path(name)))])
    assert result.codes == ["missing-backend"]
    assert result.findings[0].fix.endswith(hint)


def test_an_ingress_names_the_class_of_a_gateway() -> None:
    result = compiled([*FLEET, CART, ingress("web", rule(path("cart")), ingressClassName="msse")])
    assert result.found == [("unknown-ingress-class", "ingress-web:spec.ingressClassName", "msse")]
