"""What target kubernetes emits for an App that uses every field passes `kubeconform -strict`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from compiler.targets import kubernetes
from tests.unit.lower.apps import EVERYTHING, good

if TYPE_CHECKING:
    from pathlib import Path

    from compiler.targets.target import Emission
    from tests.kube.conftest import Kubeconform

PRIVILEGED = """
image: registry.example.com/cart:1
placement: {clusters: [hz-a]}
preStopSeconds: 0
config: {data: {LEVEL: debug}}
securityContext:
  {runAsNonRoot: false, privileged: true, allowPrivilegeEscalation: true, seccompProfile: {type: Unconfined}}
"""
PLAIN = "placement: {clusters: [hz-a, hz-b]}\nmanifests: [plain.yaml]"
MANIFESTS = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template: {metadata: {labels: {app: db}}, spec: {containers: [{name: db, image: "db:1"}]}}
"""


def write(emissions: list[Emission], folder: Path) -> list[Path]:
    paths = []
    for emission in emissions:
        path = folder / emission.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(emission.text, "utf-8")
        paths.append(path)
    return paths


@pytest.mark.parametrize("spec", [EVERYTHING, PRIVILEGED, PLAIN], ids=["everything", "privileged", "plain"])
def test_every_object_of_an_app_is_valid(spec: str, kubeconform: Kubeconform, tmp_path: Path) -> None:
    emissions = kubernetes.emit(good(spec, {"apps/cart/plain.yaml": MANIFESTS}))
    assert kubeconform(write(emissions, tmp_path)) == []


def test_a_namespace_is_valid(kubeconform: Kubeconform, tmp_path: Path) -> None:
    assert kubeconform(write([kubernetes.namespace_emission("hz-a", "shop")], tmp_path)) == []
