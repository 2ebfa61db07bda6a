"""Subsets that no pod belongs to: told where the repo describes the pods, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.small_fleet import MSE, Document, Found, app, compiled, fleet, ingress, path, rule, service

CLUSTERS = ("hz-a", "hz-b")
FLEET = [*fleet(*CLUSTERS), service("cart", *CLUSTERS)]


def found(*apps: Document, to: str = "web", subset: str = "next", labels: str | None = None) -> list[Found]:
    said = {f"{MSE}service-subset": subset} | ({} if labels is None else {f"{MSE}subset-labels": labels})
    result = compiled([*FLEET, *apps, ingress("site", rule(path(to), path(to, "/b")), annotations=said)])
    return [each for each in result.found if each[0] == "empty-subset"]


def web(**spec: Any) -> Document:
    return app("web", *CLUSTERS, **spec)


EMPTY = [("empty-subset", "ingress-site:metadata.annotations.mse.ingress.kubernetes.io/service-subset", "shop/web")]
BY_LABELS = [("empty-subset", "ingress-site:metadata.annotations.mse.ingress.kubernetes.io/subset-labels", "shop/web")]


def test_a_version_that_no_pod_has_is_told_once() -> None:
    """However many paths lead there."""
    assert found(web()) == EMPTY
    assert found(web(labels={"opensergo.io/canary-next": "next"})) == []


def test_labels_that_no_pod_has_are_told() -> None:
    assert found(web(labels={"tier": "gold"}), labels="tier silver") == BY_LABELS
    assert found(web(labels={"tier": "gold"}), labels="tier gold\nzone a") == BY_LABELS
    assert found(web(labels={"tier": "gold", "zone": "a"}), labels="tier gold\nzone a") == []


def test_pods_of_one_cluster_are_enough() -> None:
    override = {"where": {"clusters": ["hz-b"]}, "set": {"labels": {"tier": "silver"}}}
    assert found(web(overrides=[override]), labels="tier silver") == []


@pytest.mark.parametrize("name", ["", "base"])
def test_the_base_is_empty_where_every_pod_is_a_canary(name: str) -> None:
    assert found(web(), subset=name) == []
    assert found(web(labels={"opensergo.io/canary": ""}), subset=name) == []
    assert found(web(labels={"opensergo.io/canary-next": "next"}), subset=name) == EMPTY


def test_each_version_of_an_app_is_a_service_with_pods_of_its_own() -> None:
    versions = [{"name": "next", "image": "registry.example.com/web:2.0.0", "labels": {"tier": "silver"}}]
    assert found(web(versions=versions), labels="tier silver") == BY_LABELS
    assert found(web(versions=versions), to="web-next", labels="tier silver") == []


def test_labels_that_fleetgate_sets_are_there() -> None:
    assert found(web(), labels="app.kubernetes.io/name web") == []
    assert found(web(), labels="topology.istio.io/cluster c-hz-a") == []


def test_nothing_is_said_of_pods_that_the_repo_does_not_describe() -> None:
    """Those of other tools, and those that a patch or a manifest may label."""
    patch = [{"spec": {"template": {"metadata": {"labels": {"tier": "silver"}}}}}]
    patched = web(overrides=[{"where": {"clusters": ["hz-a"]}, "patch": patch}])
    assert found(patched, labels="tier silver") == []
    assert found(to="cart") == []


def test_the_finding_names_both_places() -> None:
    result = compiled([*FLEET, web(), ingress("site", rule(path("web")), annotations={f"{MSE}service-subset": "next"})])
    (finding,) = [each for each in result.findings if each.code.name == "empty-subset"]
    assert finding.why == (
        "no pod of this Service has the label opensergo.io/canary-next: next, and MSE uses all of its pods then"
    )
    assert [(note.origin.file, note.origin.path) for note in finding.notes] == [("app-web.yaml", ("metadata", "name"))]
