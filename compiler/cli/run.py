"""Run one command, print what it says, and turn whatever goes wrong into an exit status."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from compiler.cli.arguments import parser
from compiler.cli.outcome import BUG, ERRORS, Outcome
from compiler.cli.terminal import detect, escape

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Sequence

    from compiler.cli.terminal import Terminal


def run(argv: Sequence[str]) -> int:
    """Parse, run, print; the exit status. Usage errors and `--help` end in argparse's SystemExit."""
    arguments = parser(argv).parse_args(argv)
    try:
        outcome = command(arguments.command)(arguments, detect(sys.stdout, sys.stderr, os.environ))
    except OSError as failed:
        outcome = _system_failed(failed)
    except Exception as bug:  # noqa: BLE001 - the one place where our own mistakes end, in words rather than a traceback
        outcome = _bug(bug)
    refusal = _write(sys.stdout, outcome.out)
    _write(sys.stderr, outcome.err)
    if refusal is None:
        return outcome.status
    _write(sys.stderr, f"fleetgate: standard output: {escape(refusal)}\n")
    return max(outcome.status, ERRORS)


def command(name: str) -> Callable[[Namespace, Terminal], Outcome]:
    """The function behind a command's name; its module is imported now."""
    function: Callable[[Namespace, Terminal], Outcome] = import_module(f"compiler.cli.{name}").run
    return function


def _write(stream: io.TextIOBase | object, text: str) -> str | None:
    """Print; why it could not be printed, or None.

    A reader that is gone is no error, nor is a stream that was closed from the start, and a character that the terminal
    lacks is shown as an escape.
    """
    if not text or not isinstance(stream, io.TextIOBase):
        return None
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    try:
        stream.write(text)
        stream.flush()
    except OSError as failed:
        # What is still buffered would fail again when Python closes the stream at exit: give it somewhere to go.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        if not isinstance(failed, BrokenPipeError):
            return failed.strerror or type(failed).__name__
    return None


def _system_failed(failed: OSError) -> Outcome:
    """The machine said no: a full disk, a missing permission."""
    name = failed.filename if isinstance(failed.filename, str) else ""
    reason = failed.strerror or type(failed).__name__
    return Outcome(
        ERRORS, err=f"{_traceback(failed)}fleetgate: {escape(f'{name}: ' if name else '')}{escape(reason)}\n"
    )


def _traceback(failed: Exception) -> str:
    """Where it went wrong in our code, for those who ask; it means nothing to anyone else."""
    import traceback  # noqa: PLC0415 - only on the way out

    return "".join(traceback.format_exception(failed)) if os.environ.get("FLEETGATE_DEBUG") else ""


def _bug(bug: Exception) -> Outcome:
    """Something that must not happen."""
    import platform  # noqa: PLC0415 - only on the way out
    import traceback  # noqa: PLC0415 - only on the way out

    from compiler import __version__  # noqa: PLC0415 - only on the way out

    if detail := _traceback(bug):
        advice = "Please report it with the lines above."
    else:
        last = traceback.extract_tb(bug.__traceback__)[-1]
        where = "/".join(last.filename.replace(os.sep, "/").split("/")[-3:])
        detail = f"{escape(f'{type(bug).__name__}: {bug}')[:500]} ({where}:{last.lineno})\n"
        advice = "Please report it with what `FLEETGATE_DEBUG=1` makes the same command print."
    return Outcome(
        BUG,
        err=(
            f"fleetgate: a bug in fleetgate, not in your files:\n{detail}"
            f"{advice}\nfleetgate {__version__}, Python {platform.python_version()}, {platform.system()}\n"
        ),
    )
