"""`--stop-after`: a stage can be looked at whatever stands in the files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from compiler import pipeline
from tests.trees import write_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROOT = {
    "fleet.yaml": b"""\
apiVersion: fleetgate.dev/v1alpha1
kind: Fleet
metadata: {name: acme}
spec:
  gateways: [{name: public, ingressClassName: mse, targets: [mse]}]
  argocd: {repoURL: https://git.example.com/acme/fleet.git, project: acme}
""",
    "app.yaml": b"""\
apiVersion: fleetgate.dev/v1alpha1
kind: App
metadata: {name: cart}
spec: {image: cart, placement: {}, values: {least: -.inf, none: .nan}}
""",
}


@pytest.mark.parametrize("stage", ["source", "model", "ir"])
def test_numbers_that_no_manifest_can_hold_are_shown(
    tmp_path: Path, silent: Callable[[str, int, int], None], stage: pipeline.options.Stage
) -> None:
    write_tree(tmp_path, ROOT)
    checked = pipeline.check(pipeline.Options(root=str(tmp_path), stop_after=stage), silent)
    assert "yaml-number" in {finding.code.name for finding in checked.findings}
    assert checked.stage_text is not None
    assert ('least: "-inf"' in checked.stage_text) == (stage == "model")
