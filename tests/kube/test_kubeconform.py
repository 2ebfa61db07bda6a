"""The check itself can fail: what an API server would refuse, kubeconform with our schemas refuses too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kube.schemas import VERSIONS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kube.conftest import Kubeconform

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: cart
  namespace: shop
spec:
  replicas: 2
  selector:
    matchLabels: {app: cart}
  template:
    metadata:
      labels: {app: cart}
    spec:
      containers:
      - name: cart
        image: registry.example.com/shop/cart:1.4.2
        ports:
        - {name: http, containerPort: 8080}
"""
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: shop
  namespace: argocd
spec:
  project: acme
  source:
    repoURL: https://git.example.com/acme/fleet.git
    path: clusters/a/shop
    targetRevision: rendered
  destination:
    server: https://10.0.0.1:6443
    namespace: shop
  syncPolicy:
    automated: {prune: true, selfHeal: true}
    syncOptions: [ServerSideApply=true]
"""
APP_PROJECT = """\
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata:
  name: acme
  namespace: argocd
spec:
  destinations:
  - {server: "*", namespace: "*"}
  clusterResourceWhitelist:
  - {group: "", kind: Namespace}
"""
GATEWAY = """\
apiVersion: mse.alibabacloud.com/v1alpha1
kind: MseIngressConfig
metadata:
  name: fleet-gateway
  annotations:
    mse.alibabacloud.com/remote-clusters: c-one,c-two
spec:
  name: mse-ingress
  common:
    instance: {spec: 2c4g, replicas: 3}
    network:
      vSwitches: [vsw-one]
  ingress:
    local:
      ingressClass: mse
"""
GOOD = {"Deployment": DEPLOYMENT, "Application": APPLICATION, "AppProject": APP_PROJECT, "MseIngressConfig": GATEWAY}


@pytest.mark.parametrize("kind", GOOD)
def test_good_manifest_passes(kind: str, kubeconform: Kubeconform, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD[kind])
    assert kubeconform([tmp_path / "good.yaml"]) == []


@pytest.mark.parametrize(
    ("text", "old", "new", "says"),
    [
        pytest.param(DEPLOYMENT, "replicas: 2", "replica: 2", "replica", id="wrong field"),
        pytest.param(DEPLOYMENT, "containerPort: 8080", "port: 8080", "port", id="wrong field in a list"),
        pytest.param(DEPLOYMENT, "replicas: 2", 'replicas: "2"', "replicas", id="wrong type"),
        pytest.param(DEPLOYMENT, "replicas: 2", "replicas: 2\n  replicas: 3", "replicas", id="duplicate YAML key"),
        pytest.param(DEPLOYMENT, "  name: cart\n  namespace", "  nam: cart\n  namespace", "nam", id="wrong metadata"),
        pytest.param(DEPLOYMENT, "kind: Deployment", "kind: Deploiment", "schema", id="unknown kind"),
        pytest.param(DEPLOYMENT, "apps/v1", "apps/v1beta1", "schema", id="removed API version"),
        pytest.param(APPLICATION, "repoURL", "repoUrl", "repoUrl", id="Application: wrong field"),
        pytest.param(APPLICATION, "prune: true", "prune: yes please", "prune", id="Application: wrong type"),
        pytest.param(APPLICATION, "  project: acme\n", "", "project", id="Application: missing field"),
        pytest.param(APPLICATION, "  namespace: argocd", "  namspace: argocd", "namspace", id="Application: metadata"),
        pytest.param(APP_PROJECT, "kind: Namespace", "name: Namespace", "kind", id="AppProject: missing field"),
        pytest.param(GATEWAY, "spec: 2c4g", "spec: 3c5g", "spec", id="MseIngressConfig: unknown size"),
        pytest.param(GATEWAY, "ingressClass:", "ingressclass:", "ingressclass", id="MseIngressConfig: wrong field"),
        pytest.param(GATEWAY, "[vsw-one]", "[vsw-one, vsw-2, vsw-3]", "vSwitches", id="MseIngressConfig: too many"),
        pytest.param(
            GATEWAY, "  name: fleet-", "  namespace: shop\n  name: fleet-", "not", id="MseIngressConfig: scope"
        ),
    ],
)
def test_bad_manifest_is_named_for_every_version(
    text: str, old: str, new: str, says: str, kubeconform: Kubeconform, tmp_path: Path
) -> None:
    assert text.count(old) == 1
    bad = tmp_path / "bad.yaml"
    bad.write_text(text.replace(old, new))
    found = kubeconform([bad])
    assert [finding.version for finding in found] == list(VERSIONS)
    assert all(finding.file == bad and says in finding.message for finding in found), found


def test_empty_file_is_not_taken_for_a_good_one(kubeconform: Kubeconform, tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("# nothing here\n")
    with pytest.raises(AssertionError, match="valid"):
        kubeconform([tmp_path / "empty.yaml"])
