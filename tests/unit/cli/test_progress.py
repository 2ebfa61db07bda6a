"""Laws of the progress bar."""

from __future__ import annotations

import os
import subprocess
import sys

from compiler.cli.progress import PATIENCE_S, ProgressBar


def test_short_work_shows_nothing_and_never_loads_the_package_that_draws() -> None:
    code = (
        "import sys; from compiler.cli.progress import ProgressBar\n"
        "with ProgressBar(shown=True) as bar: bar('read', 1, 2)\n"
        "print('rich' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_long_work_shows_its_stage_on_standard_error() -> None:
    code = (
        "from compiler.cli.progress import ProgressBar\n"
        "times = iter([0.0, 2.0, 3.0])\n"
        "with ProgressBar(shown=True, clock=lambda: next(times)) as bar:\n"
        "    bar('read', 1, 2); bar('write [bold]', 2, 2)\n"
    )
    terminal = {**os.environ, "FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "80"}
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=terminal)
    assert done.stdout == ""
    assert "write [bold]" in done.stderr


def test_nobody_looking_means_no_bar() -> None:
    with ProgressBar(shown=False, clock=lambda: PATIENCE_S * 9) as bar:
        bar("read", 1, 2)
        assert bar._bar is None
