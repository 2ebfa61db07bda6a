"""Whatever our own fleets compile to, Envoy takes it without a word."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from compiler import pipeline
from compiler.drill.envoy import validate
from tests.test_cases import CASES

TESTS = Path(__file__).resolve().parents[1]
REFUSED = {"basic-auth": "envoy-auth-map", "plug-in": "envoy-wasm"}
"""Cases that ask for what this target can't do, and the finding."""


def bootstraps(root: Path, output: Path) -> list[Path]:
    """The bootstraps that a root compiles to; nothing after an error."""
    options = pipeline.Options(root=str(root))
    built = pipeline.build(options, str(output), verify=False, progress=lambda *_: None)
    codes = {f.code.name for f in built.findings if f.code.severity == "error"}
    assert codes <= set(REFUSED.values())
    assert len(codes) == (root.name in REFUSED)
    return [] if codes else sorted(output.glob("gateways/*/envoy/bootstrap.json"))


@pytest.mark.parametrize("name", [*CASES, "example"])
def test_envoy_takes_every_case(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / name
    shutil.copytree(
        TESTS.parent / "fleet-repo-example" if name == "example" else TESTS / "cases" / name / "input", root
    )
    for file in root.rglob("*.yaml"):
        file.write_text(file.read_text().replace("targets: [mse]", "targets: [envoy]"))
    found = bootstraps(root, tmp_path / "output")
    assert bool(found) is (name not in REFUSED)
    for bootstrap in found:
        monkeypatch.chdir(bootstrap.parent)
        assert validate(bootstrap) == []
