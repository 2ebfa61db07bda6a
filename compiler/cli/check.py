"""`fleetgate check`: compile in memory, write nothing, tell everything that is wrong."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from compiler import pipeline
from compiler.cli.compiling import options_of, tell
from compiler.cli.outcome import Outcome
from compiler.cli.progress import ProgressBar

if TYPE_CHECKING:
    from argparse import Namespace

    from compiler.cli.terminal import Terminal


def run(arguments: Namespace, terminal: Terminal) -> Outcome:
    """Compile and tell."""
    started = time.perf_counter()
    options = options_of(arguments)
    if isinstance(options, Outcome):
        return options
    with ProgressBar(shown=terminal.shows_progress and not arguments.quiet) as progress:
        compilation = pipeline.check(options, progress)
    return tell(arguments, terminal, compilation, time.perf_counter() - started)
