"""`fleetgate preview`: the compiled gateways in a local Envoy, with stub backends that say who they are.

Unlike other commands it prints while it runs: whoever starts it has to know where to send requests.
"""

from __future__ import annotations

import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from compiler.cli.compiling import compiled_programs
from compiler.cli.ending import ends_in_order
from compiler.cli.formats.text import finding_text, plural
from compiler.cli.outcome import CLEAN, ERRORS, Outcome
from compiler.cli.report import findings_of
from compiler.cli.table import table
from compiler.cli.terminal import escape

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator, Sequence
    from types import FrameType

    from compiler.cli.terminal import Style, Terminal
    from compiler.drill.preview import Preview, Running
    from compiler.drill.trial import Trial
    from compiler.pipeline.programs import Programs

_EXTRA = "this needs more than fleetgate itself: pip install 'fleetgate[drill]'"
_SHOWN = 3
"""Lines of examples per gateway."""


def run(arguments: Namespace, terminal: Terminal) -> Outcome:
    """Compile, start, wait for Ctrl-C (or try every route, with `--try`), and leave nothing running."""
    programs = compiled_programs(arguments, terminal)
    if isinstance(programs, Outcome):
        return programs
    try:
        from compiler.drill.envoy import NOT_FOUND, find_envoy  # noqa: PLC0415 - packages of an extra
        from compiler.drill.local import NoCertificatesError  # noqa: PLC0415 - as above
        from compiler.drill.preview import NotCompiledError  # noqa: PLC0415 - as above
    except ImportError as missing:
        return Outcome(ERRORS, err=f"fleetgate: no module {missing.name}: {_EXTRA}\n")
    if find_envoy() is None:
        return Outcome(ERRORS, err=f"fleetgate: {NOT_FOUND}\n")
    try:
        return _previewed(arguments, programs, terminal.out)
    except NoCertificatesError as without:
        return Outcome(ERRORS, err=f"fleetgate: {without}\n")
    except NotCompiledError as refused:
        found = findings_of(programs.compilation, refused.findings, strict=False)
        return Outcome(ERRORS, err="\n".join(finding_text(each, terminal.err) for each in found))


def _previewed(arguments: Namespace, programs: Programs, style: Style) -> Outcome:
    from compiler.drill.page import Page  # noqa: PLC0415 - packages of an extra
    from compiler.drill.preview import Preview  # noqa: PLC0415 - as above
    from compiler.drill.trial import trials  # noqa: PLC0415 - as above

    fleet = programs.compilation.summary.fleet
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the form of a signal handler
        if ended.is_set():
            raise KeyboardInterrupt  # whoever presses twice does not want to wait
        ended.set()

    with (
        ends_in_order(),
        tempfile.TemporaryDirectory(prefix="fleetgate-") as folder,
        Preview(programs.traffic, Path(folder)) as preview,
    ):
        if arguments.tries:
            tried = [each for running in preview.gateways for each in trials(running)]
            return Outcome(CLEAN if all(each.agrees for each in tried) else ERRORS, _table(tried, style))
        handlers = {each: signal.signal(each, end) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            with Page(preview, fleet) as page:
                sys.stdout.write(_welcome(preview, fleet, page.url, style))
                sys.stdout.flush()
                ended.wait()
        finally:
            for each, handler in handlers.items():
                signal.signal(each, handler)
    return Outcome(CLEAN, "\nended; nothing is left running\n")


def _welcome(preview: Preview, fleet: str, page: str, style: Style) -> str:
    pods = len(preview.fleet.endpoints)
    lines = [f"{style('strong', escape(fleet))}: {pods} stub pods; page: {style('good', page)}", ""]
    for running in preview.gateways:
        places = ", ".join(
            f"{listener.protocol} on {':'.join(map(str, running.addresses[listener.name]))}"
            for listener in running.gateway.listeners
            if listener.name in running.addresses
        )
        lines.append(f"gateway {style('strong', escape(running.gateway.name))}: {places}")
        lines += [f"  {each}" for each in _curls(running)]
        lines.append("")
    lines.append(style("faint", "Ctrl-C ends it. `-H 'X-Forwarded-For: 203.0.113.7'` says whom a request comes from."))
    return "\n".join(lines) + "\n"


def _curls(running: Running) -> list[str]:
    """Requests for some routes, of different hosts first."""
    from compiler.drill.local import PASSWORD, USER  # noqa: PLC0415 - only for the examples
    from compiler.trace.examples import example  # noqa: PLC0415 - as above

    found: list[str] = []
    hosts = running.gateway.hosts
    for number in range(max(len(host.routes) for host in hosts)):
        for host in hosts:
            if number >= len(host.routes) or len(found) == _SHOWN:
                continue
            request = example(running.gateway, host, host.routes[number])
            if request is not None:
                address, port = running.address(request.scheme)
                words = ["curl", *(["-k"] if request.scheme == "https" else [])]
                words += [f"--connect-to ::{address}:{port}"]
                words += [f"-u {USER}:{PASSWORD}"] if host.routes[number].policies.auth is not None else []
                words += [f"-H '{name}: {value}'" for name, value in request.headers]
                words += [f"-X {request.method}"] if request.method != "GET" else []
                found.append(escape(" ".join([*words, f"'{request.url}'" if request.query else request.url])))
    return found


def _table(tried: Sequence[Trial], style: Style) -> str:
    from compiler.drill.trial import REQUESTS, SIGMAS  # noqa: PLC0415 - only with --try

    rows = [row for each in tried for row in _rows(each)]
    wrong = sum(not each.agrees for each in tried)
    count = sum(each.request is not None for each in tried)
    closing = style("error", f"{wrong} differ") if wrong else style("good", "a real Envoy does what the trace says")
    how = f"{plural(count, 'route')} tried, with up to {REQUESTS} requests each where pods answer"
    most = f"shares may be {SIGMAS} standard deviations off"
    return f"{table(('REQUEST', 'EXPECTED', 'SEEN'), rows, style, most=10_000)}\n{how}: {closing} ({most})\n"


def _rows(trial: Trial) -> Iterator[tuple[str, str, str]]:
    """A line for each Service; what is seen of the expected one is not named again."""
    if trial.request is None:
        yield f"no example for {trial.route.owner}: {trial.route.match.path.value}", "", "not tried"
        return
    headers = "".join(f" -H '{name}: {value}'" for name, value in trial.request.headers)
    first = f"{trial.request.method} {trial.request.url}{headers}"
    seen = dict(trial.seen)
    lines = [(f"{name} {shares}".strip(), seen.pop(name, "nothing") or name) for name, shares in trial.expected]
    lines += [("", f"{name} {shares}".strip()) for name, shares in seen.items()]
    for number, (expected, was) in enumerate(lines):
        yield first if number == 0 else "", expected, was if trial.agrees else f"{was}  DIFFERS"
