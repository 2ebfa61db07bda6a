"""Every Kubernetes manifest that we emit passes `kubeconform -strict`, for two Kubernetes minor versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.real_tools import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kube.conftest import Kubeconform

KUBERNETES_FOLDERS = ("clusters/**/*.yaml", "gateways/*/mse/**/*.yaml", "argocd/**/*.yaml")
"""The parts of a compiled tree that hold Kubernetes objects."""


def manifests(trees: list[Path]) -> list[Path]:
    return sorted(path for tree in trees for pattern in KUBERNETES_FOLDERS for path in tree.glob(pattern))


def test_golden_cases_emit_valid_manifests(kubeconform: Kubeconform) -> None:
    cases = ROOT / "tests" / "cases"
    if not cases.exists():
        pytest.skip("no golden case yet")
    assert kubeconform(manifests(sorted(cases.glob("*/expected")))) == []


@pytest.mark.parametrize("folder", KUBERNETES_FOLDERS)
def test_example_emits_valid_manifests(folder: str, kubeconform: Kubeconform) -> None:
    rendered = ROOT / "fleet-repo-example" / "rendered"
    if not rendered.exists():
        pytest.skip("no compiled example yet")
    assert kubeconform(sorted(rendered.glob(folder))) == []
