"""The real programs that tests run: `make tools` builds them from `tools/go.mod` into `.tools/`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"


def real_tool(path: str) -> Path:
    """What `make tools` puts at `path` below `.tools/`, such as "bin/kubeconform".

    Where it is missing, the test is skipped with that reason; with CI=true it fails, so that CI proves everything.
    """
    found = TOOLS / path
    if found.exists():
        return found
    missing = f".tools/{path} is missing: `make tools` builds it where Go is installed"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)
