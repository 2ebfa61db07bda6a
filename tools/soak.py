"""`make soak`: the long runs that `make test` leaves out, and what came of them, in tests/soak.md.

The page is written anew by each whole run; what it says of a failure is its name, and pytest's output says the rest.
"""

from __future__ import annotations

import itertools
import platform
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
JUNIT = ROOT / "build" / "soak.xml"
RESULTS = ROOT / "tests" / "soak.md"
COMMAND = (sys.executable, "-m", "pytest", "-m", "slow", "-n", "2", f"--junitxml={JUNIT}")


class Run(NamedTuple):
    """One long test."""

    where: str
    law: str
    cases: int
    """Examples that it looked at; 0 = it counts them otherwise."""
    seconds: float
    outcome: str


def main() -> int:
    """Exit status: that of pytest."""
    JUNIT.parent.mkdir(exist_ok=True)
    status = subprocess.run(COMMAND, cwd=ROOT, check=False).returncode
    if JUNIT.exists():
        report = ET.parse(JUNIT).getroot()  # noqa: S314 - pytest wrote it
        RESULTS.write_text(page(runs(report), commit()), "utf-8", newline="\n")
    return status


def runs(report: ET.Element) -> list[Run]:
    """What a report of pytest says, sorted."""
    found = []
    for case in report.iter("testcase"):
        said = {each.get("name"): each.get("value", "") for each in case.iter("property")}
        bad = [kind for kind in ("failure", "error", "skipped") if case.find(kind) is not None]
        where = case.get("classname", "").removeprefix("tests.").replace(".", "/")
        name = case.get("name", "")
        law = said.get("law") or name.removeprefix("test_").replace("_", " ")
        found.append(
            Run(where, law, int(said.get("cases") or 0), float(case.get("time", "0")), bad[0] if bad else "ok")
        )
    return sorted(found)


def page(found: list[Run], of: str) -> str:
    """The results as Markdown."""
    rows = "".join(_row(list(same)) for _, same in itertools.groupby(found, lambda run: (run.where, run.law)))
    failed = sum(run.outcome != "ok" for run in found)
    cases = sum(run.cases for run in found)
    verdict = f"{failed} of {len(found)} runs failed" if failed else f"All {len(found)} runs passed"
    return f"""\
# Long runs

Written by `make soak`; do not edit. {verdict}, with {cases:,} generated cases where they are counted. Commit {of},
CPython {platform.python_version()}, {platform.system()} {platform.machine()}.

| where | law | runs | cases | took | outcome |
| --- | --- | --- | --- | --- | --- |
{rows}"""


def _row(same: list[Run]) -> str:
    """One line for the runs of one law."""
    cases, seconds = sum(run.cases for run in same), sum(run.seconds for run in same)
    bad = sorted({run.outcome for run in same} - {"ok"})
    first = same[0]
    return (
        f"| {first.where} | {first.law} | {len(same)} | {cases or ''} | {seconds:.0f} s | {', '.join(bad) or 'ok'} |\n"
    )


def commit() -> str:
    """What was tested."""
    done = subprocess.run(
        ("git", "rev-parse", "--short=12", "HEAD"), cwd=ROOT, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
