"""`fleetgate build`: compile into an output folder, or compare with it (`--verify`)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from compiler import pipeline
from compiler.cli.compiling import options_of, tell
from compiler.cli.outcome import Outcome, usage
from compiler.cli.progress import ProgressBar
from compiler.cli.report import Written, prefix_of

if TYPE_CHECKING:
    from argparse import Namespace

    from compiler.cli.terminal import Terminal


def run(arguments: Namespace, terminal: Terminal) -> Outcome:
    """Compile, write, tell. With `--stop-after` nothing is written, so no output folder is asked for."""
    started = time.perf_counter()
    options = options_of(arguments)
    if isinstance(options, Outcome):
        return options
    if arguments.output is None and arguments.stop_after is None:
        return usage("build needs an output folder: build -o DIR")
    written = None
    with ProgressBar(shown=terminal.shows_progress and not arguments.quiet) as progress:
        if arguments.stop_after is not None:
            compilation = pipeline.check(options, progress)
        else:
            compilation = built = pipeline.build(options, arguments.output, verify=arguments.verify, progress=progress)
            written = Written(
                built.output,
                prefix_of(built.output),
                built.written,
                built.removed,
                built.unchanged,
                built.up_to_date,
                arguments.verify,
                built.gone,
            )
    return tell(arguments, terminal, compilation, time.perf_counter() - started, written)
