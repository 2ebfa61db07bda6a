"""The real programs that tests run: `make tools` builds them from `tools/go.mod` into `.tools/`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import pytest

from compiler.drill.envoy import NOT_FOUND, find_envoy

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"


def real_tool(path: str) -> Path:
    """What `make tools` puts at `path` below `.tools/`, such as "bin/kubeconform".

    Where it is missing, the test is skipped with that reason; with CI=true it fails, so that CI proves everything.
    """
    found = TOOLS / path
    if not found.exists():
        missing(f".tools/{path} is missing: `make tools` builds it where Go is installed")
    return found


def real_envoy() -> Path:
    """The Envoy of this machine."""
    found = find_envoy()
    if found is None:
        missing(NOT_FOUND)
    return found


def missing(what: str) -> NoReturn:
    """Skip the test for want of a real program; with CI=true fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)
