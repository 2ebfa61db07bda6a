"""What `check` and `build` share: their options, and how a compilation is told."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from compiler.cli import summary
from compiler.cli.formats import render, text
from compiler.cli.outcome import CLEAN, ERRORS, Outcome, usage
from compiler.cli.report import Report, findings_of, prefix_of
from compiler.pipeline import Options

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Collection

    from compiler.cli.report import Written
    from compiler.cli.terminal import Style, Terminal
    from compiler.diagnostics import Code
    from compiler.pipeline import Compilation
    from compiler.pipeline.programs import Programs


def options_of(arguments: Namespace) -> Options | Outcome:
    """The pipeline's options, or what is wrong with the call."""
    if arguments.revision is None and not os.path.isdir(arguments.root):  # noqa: PTH112 - pathlib costs start-up time
        return usage(f"-C {arguments.root}: no such folder")
    if arguments.as_of is not None and not _is_day(arguments.as_of):
        return usage(f"--as-of {arguments.as_of}: write a day as YYYY-MM-DD")
    return Options(
        root=arguments.root,
        strict=arguments.strict,
        stop_after=arguments.stop_after,
        cluster=arguments.cluster,
        revision=arguments.revision,
        state=arguments.state,
        as_of=arguments.as_of,
    )


def compiled_programs(
    arguments: Namespace, terminal: Terminal, *, tolerates: Collection[Code] = ()
) -> Programs | Outcome:
    """What the root means, for commands that ask about traffic; or why it can't be said: its errors, a wrong call.

    `tolerates`: errors of which the command itself says more.
    """
    from compiler.cli.progress import ProgressBar  # noqa: PLC0415 - only for commands that ask
    from compiler.pipeline.programs import read_programs  # noqa: PLC0415 - as above

    if not os.path.isdir(arguments.root):  # noqa: PTH112 - pathlib costs start-up time
        return usage(f"-C {arguments.root}: no such folder")
    with ProgressBar(shown=terminal.shows_progress) as progress:
        programs = read_programs(Options(root=arguments.root), progress)
    compilation = programs.compilation
    if all(each.code.severity != "error" or each.code in tolerates for each in compilation.findings):
        return programs
    report = Report(
        prefix_of(arguments.root), findings_of(compilation, compilation.findings, strict=False), (), compilation.summary
    )
    told = render("text", report, terminal.err) + "\n" + text.closing(report, terminal.err)
    return Outcome(ERRORS, err=told)


def tell(
    arguments: Namespace,
    terminal: Terminal,
    compilation: Compilation,
    seconds: float,
    written: Written | None = None,
) -> Outcome:
    """Findings in the chosen format, then for people what was compiled.

    With `--stop-after` the stage has standard output for itself, and everything else goes to standard error.
    """
    stage = compilation.stage_text
    style = terminal.out if arguments.stop_after is None else terminal.err
    report = Report(
        prefix_of(arguments.root),
        findings_of(compilation, compilation.findings, strict=arguments.strict),
        # only this format tells more of them than their number
        findings_of(compilation, compilation.accepted, strict=False, has_places=arguments.format == "json"),
        compilation.summary,
        written,
        seconds,
        arguments.cluster or "",
    )
    told = render(arguments.format, report, style)
    if arguments.format in {"text", "github"} and not arguments.quiet:
        told = "\n".join(part for part in (told, _closing(arguments, report, style)) if part)
    status = ERRORS if report.errors else CLEAN
    return Outcome(status, told) if arguments.stop_after is None else Outcome(status, stage or "", told)


def _closing(arguments: Namespace, report: Report, style: Style) -> str:
    """What stands below the findings."""
    counted = text.closing(report, style)
    if report.errors:
        untouched = "nothing was written\n" if arguments.command == "build" and not arguments.verify else ""
        return counted + untouched
    if arguments.stop_after is not None:
        return counted
    if report.written is None:
        return counted + summary.checked(report, style)
    return "\n".join(part for part in (counted, summary.built(report, report.written, style)) if part)


def _is_day(word: str) -> bool:
    import datetime as dt  # noqa: PLC0415 - only with --as-of
    import re  # noqa: PLC0415 - as above

    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", word):
        return False
    try:
        dt.date.fromisoformat(word)
    except ValueError:
        return False
    return True
