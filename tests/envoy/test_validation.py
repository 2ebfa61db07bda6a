"""Whatever our own fleets compile to, Envoy takes it without a word."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from compiler import pipeline
from compiler.drill.envoy import validate
from tests.test_cases import CASES

TESTS = Path(__file__).resolve().parents[1]
MOUNTED = "/etc/fleetgate/secrets"
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


def bring_secrets(folder: Path, secrets: Path) -> None:
    """Put something where certificates are looked for: Envoy warns of files that are missing."""
    for file in folder.glob("secrets/**/*.json"):
        text = file.read_text().replace(MOUNTED, str(secrets))
        file.write_text(text)
        for path in map(Path, re.findall(r'"filename":"([^"]+)"', text)):
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".crt" and not path.exists():
                make_certificate(path)


def make_certificate(path: Path) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=ca", "-days", "2"]
    subprocess.run(
        [*command, "-keyout", str(path.with_suffix(".key")), "-out", str(path)], check=True, capture_output=True
    )


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
        bring_secrets(bootstrap.parent, tmp_path / "secrets")
        assert validate(bootstrap) == []
