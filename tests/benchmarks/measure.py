"""CPU time and peak memory of a command, its whole process tree included."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Cost(NamedTuple):
    """What one run, or the median of several, cost."""

    cpu: float
    """User and system time in seconds, of the process and of every child that it waited for."""
    peak: float
    """Largest resident set of any one process, in MB (10^6 bytes)."""


def measure(command: Sequence[str | Path], cwd: Path) -> Cost:
    """Run `command` once, in `cwd`.

    Raises RuntimeError with its output when it fails: the time of a failed run says nothing.
    On Linux a child starts with the resident set of its parent as its peak: the caller must stay small.
    """
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            output.seek(0)
            said = output.read().decode("utf-8", "replace")
            raise RuntimeError(f"{' '.join(map(str, command))}: exit {process.returncode}\n{said[-4000:]}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6)


def median(costs: Sequence[Cost]) -> Cost:
    """The median of each part."""
    return Cost(statistics.median(c.cpu for c in costs), statistics.median(c.peak for c in costs))
