"""The fixture `kubeconform`: manifests against the schemas of two Kubernetes versions, by the real program."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.kube.schemas import VERSIONS, prepare
from tests.real_tools import TOOLS, real_tool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Kubeconform = Callable[[Sequence[Path]], list["Finding"]]


class Finding(NamedTuple):
    """What kubeconform has against one object."""

    version: str
    """Kubernetes minor version whose schemas say so."""
    file: Path
    kind: str
    name: str
    message: str


@pytest.fixture(scope="session")
def schemas() -> Path:
    """A folder with one folder of JSON Schemas per Kubernetes version."""
    crds = [real_tool(f"crds/{name}-crd.yaml") for name in ("application", "appproject")]
    return prepare(TOOLS / "kube-schemas", crds)


@pytest.fixture(scope="session")
def kubeconform(schemas: Path) -> Kubeconform:
    """A function that returns everything kubeconform has against some manifests, for every version of `VERSIONS`."""
    program = real_tool("bin/kubeconform")

    def check(manifests: Sequence[Path]) -> list[Finding]:
        assert manifests, "there is nothing to check"
        return [finding for version in VERSIONS for finding in _run(program, schemas / version, manifests)]

    return check


def _run(program: Path, schemas: Path, manifests: Sequence[Path]) -> list[Finding]:
    location = f"{schemas}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
    options = ("-strict", "-summary", "-output", "json", "-schema-location", location)
    done = subprocess.run([program, *options, *manifests], check=False, capture_output=True, text=True)
    assert done.returncode in {0, 1}, done.stderr
    assert not done.stderr, done.stderr
    report = json.loads(done.stdout)
    findings = [
        Finding(schemas.name, Path(found["filename"]), found["kind"], found["name"], found["msg"])
        for found in report["resources"]
    ]
    # Fewer verdicts than files would mean that a file was passed over.
    assert report["summary"]["valid"] + len(findings) >= len(manifests), report["summary"]
    assert report["summary"]["skipped"] == 0, report["summary"]
    return findings
