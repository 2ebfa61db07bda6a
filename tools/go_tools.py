"""Build the Go tools that tests run for real, into `.tools/bin`, and take Argo CD's CRDs out of its Go module.

Versions and hashes are pinned in `tools/go.mod`, `tools/go.sum` and below. Where Go is missing, or a build
fails, the tests that need a tool skip and say so; with CI=true that is an error, so that nothing is left
unproven there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUT = HERE.parent / ".tools"

ARGOCD_MODULE = "github.com/argoproj/argo-cd/v3@v3.5.7"
ARGOCD_SUM = "h1:Xm1BF+I5OgDKUG3SDK49vn2/Y5AMyaNVko+/JT08gj0="
ARGOCD_CRDS = ("application-crd.yaml", "appproject-crd.yaml")


def go(*arguments: str) -> str:
    """Run one go command in `tools/`; its standard output. Raises CalledProcessError with its messages shown."""
    return subprocess.run(["go", *arguments], cwd=HERE, check=True, text=True, stdout=subprocess.PIPE).stdout


def build() -> None:
    """Every `tool` of go.mod, and every program of our own beside it."""
    binaries = OUT / "bin"
    binaries.mkdir(parents=True, exist_ok=True)
    own = [f"./{main.parent.name}" for main in sorted(HERE.glob("*/main.go"))]
    # Version stamping would ask Git about this repo, which can refuse ("dubious ownership") and tells us nothing.
    go("build", "-trimpath", "-buildvcs=false", "-o", f"{binaries}{os.sep}", "tool", *own)


def take_argocd_crds() -> None:
    """Copy the CRDs out of Argo CD's module zip; requiring it in go.mod would drag in all that it needs."""
    module = json.loads(go("mod", "download", "-json", ARGOCD_MODULE))
    if module["Sum"] != ARGOCD_SUM:
        raise SystemExit(f"error: {ARGOCD_MODULE} has hash {module['Sum']}, expected {ARGOCD_SUM}")
    crds = OUT / "crds"
    crds.mkdir(parents=True, exist_ok=True)
    for name in ARGOCD_CRDS:
        # The module cache is read-only; a copy with that mode could not be overwritten next time.
        shutil.copyfile(Path(module["Dir"]) / "manifests" / "crds" / name, crds / name)


def main() -> int:
    """Exit status: 0 built or, outside CI, left out; 1 with CI=true."""
    required = os.environ.get("CI") == "true"
    if shutil.which("go") is None:
        problem = "Go is not installed"
    else:
        try:
            print("building the Go tools of tools/go.mod into .tools/bin")
            build()
            take_argocd_crds()
        except subprocess.CalledProcessError as failed:
            problem = f"{' '.join(failed.cmd)} failed"
        else:
            (OUT / "built").touch()
            return 0
    if required:
        print(f"error: {problem}, and CI=true needs the tools of tools/go.mod", file=sys.stderr)
        return 1
    print(f"{problem}: tests that run kubeconform, actionlint and other Go tools will be skipped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
