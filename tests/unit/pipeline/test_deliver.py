"""Delivery: each API server gets each Namespace once, from one Application, and that may deliver what it has to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from compiler import pipeline
from tests.trees import read_tree, write_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Build = Callable[..., dict[str, Any]]

FLEET = """\
apiVersion: fleetgate.dev/v1alpha1
kind: Fleet
metadata: {name: acme}
spec:
  gateways:
  - {name: public, ingressClassName: public, targets: [mse], mse: {destination: {%s}}}
  - {name: private, ingressClassName: private, targets: [mse], mse: {destination: {%s}}}
  argocd: {repoURL: https://git.example.com/acme/fleet.git, project: acme, granularity: %s}
"""
CLUSTER = """\
apiVersion: fleetgate.dev/v1alpha1
kind: Cluster
metadata: {name: hz-a}
spec: {region: cn-hangzhou, zones: [h], argocd: {destination: {name: hz-a}}}
"""
APP = """\
apiVersion: fleetgate.dev/v1alpha1
kind: App
metadata: {name: cart, namespace: shop}
spec:
  image: registry.example.com/shop:1
  ports: [{name: http, port: 80}]
  readinessProbe: {tcpSocket: {port: http}}
  placement: {clusters: [hz-a]}
  manifests: [k8s/*.yaml]
"""
INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: %s, namespace: shop}
spec:
  ingressClassName: %s
  rules: [{host: cart.example.com, http: {paths: [{path: /, backend: {service: {name: cart, port: {number: 80}}}}]}}]
"""
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra%s}\n"
HUB = "server: https://kubernetes.default.svc"


@pytest.fixture
def build(tmp_path: Path, silent: Callable[[str, int, int], None]) -> Build:
    """Build a fleet of one app behind two gateways; the documents of its output, by path."""

    def run(
        manifests: str = CONFIG % "", *, public: str = HUB, private: str = HUB, granularity: str = "namespace"
    ) -> dict[str, Any]:
        root = tmp_path / "root"
        files = {
            "fleet.yaml": FLEET % (public, private, granularity),
            "hz-a.yaml": CLUSTER,
            "cart/app.yaml": APP,
            "cart/ingress.yaml": "---\n".join(INGRESS % (name, name) for name in ("public", "private")),
            "cart/k8s/all.yaml": manifests,
        }
        write_tree(root, {path: text.encode() for path, text in files.items()})
        output = tmp_path / "output"
        built = pipeline.build(pipeline.Options(root=str(root)), str(output), progress=silent)
        assert [finding for finding in built.findings if finding.code.severity == "error"] == []
        return {
            path: list(yaml.safe_load_all(content))
            for path, content in read_tree(output).items()
            if path.endswith(".yaml")
        }

    return run


def namespaces(output: dict[str, Any], name: str) -> list[str]:
    """Paths of the files that define a Namespace."""
    return [
        path
        for path, documents in output.items()
        for document in documents
        if document["kind"] == "Namespace" and document["metadata"]["name"] == name
    ]


@pytest.mark.parametrize(
    ("public", "private", "where"),
    [
        (HUB, HUB, ["clusters/hz-a", "gateways/public/mse"]),
        (HUB, "name: in-cluster", ["clusters/hz-a", "gateways/public/mse"]),
        (HUB, "name: other", ["clusters/hz-a", "gateways/private/mse", "gateways/public/mse"]),
        ("name: hz-a", HUB, ["clusters/hz-a", "gateways/private/mse"]),
    ],
)
def test_an_api_server_gets_a_namespace_from_one_application(
    build: Build, public: str, private: str, where: list[str]
) -> None:
    output = build(public=public, private=private)
    assert namespaces(output, "shop") == [f"{folder}/shop/namespace.yaml" for folder in where]


def test_a_namespace_among_manifests_stands_for_the_generated_one_and_is_kept_like_it(build: Build) -> None:
    output = build(
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: shop}, annotations: {a: b}}\n"
    )
    assert namespaces(output, "shop") == ["clusters/hz-a/shop/cart.yaml", "gateways/public/mse/shop/namespace.yaml"]
    metadata = output["clusters/hz-a/shop/cart.yaml"][-1]["metadata"]
    assert metadata["labels"] == {"team": "shop"}
    assert metadata["annotations"] == {
        "argocd.argoproj.io/sync-wave": "-1",
        "argocd.argoproj.io/sync-options": "Delete=false,Prune=false",
        "a": "b",
    }


@pytest.mark.parametrize("granularity", ["cluster", "namespace", "app"])
@pytest.mark.parametrize("own", ["", "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: elsewhere}\n"])
def test_argo_cd_may_deliver_into_every_namespace_that_manifests_name(build: Build, granularity: str, own: str) -> None:
    output = build(CONFIG % ", namespace: elsewhere" + own, granularity=granularity)
    file = "shop/cart" if own else "elsewhere/namespace"
    assert namespaces(output, "elsewhere") == [f"clusters/hz-a/{file}.yaml"]
    (project,) = output["argocd/project.yaml"]
    admitted = [d["namespace"] for d in project["spec"]["destinations"] if d.get("name") == "hz-a"]
    assert "*" in admitted or {"shop", "elsewhere"} <= set(admitted)
