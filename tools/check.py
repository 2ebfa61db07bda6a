"""`make test` and `make lint`: run every step, whatever the ones before it said, and fail if any failed.

The tests come last, so that the output ends with pytest's own summary.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable

STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("format", (PYTHON, "-m", "ruff", "format", "--check", ".")),
    ("lint", (PYTHON, "-m", "ruff", "check", ".")),
    ("types", (PYTHON, "-m", "mypy")),
    ("layers", (str(Path(PYTHON).parent / "lint-imports"),)),
    ("generated files", (PYTHON, "-m", "tools.generate", "--check")),
)
TESTS = (PYTHON, "-m", "pytest", "-n", "auto", "--maxprocesses", "8")


def passes(name: str, command: tuple[str, ...]) -> bool:
    """Run one step; its output is shown only if it failed."""
    started = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    took = f"{time.monotonic() - started:.1f} s"
    if done.returncode == 0:
        print(f"ok      {name} ({took})", flush=True)
        return True
    print(f"FAILED  {name} ({took}):\n{done.stdout}", flush=True)
    return False


def main() -> int:
    """Exit status: 0 all passed, 1 any failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--without-tests", action="store_true", help="leave pytest out")
    arguments = parser.parse_args()

    failed = [name for name, command in STEPS if not passes(name, command)]
    if failed:
        print(f"failed so far: {', '.join(failed)}", flush=True)
    tests = 0 if arguments.without_tests else subprocess.run(TESTS, cwd=ROOT, check=False).returncode
    return 1 if failed or tests else 0


if __name__ == "__main__":
    sys.exit(main())
