"""`fleetgate trace`: what happens to a request, and why; offline, from the repo alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.annotations.words import nearest
from compiler.cli.compiling import compiled_programs
from compiler.cli.outcome import CLEAN, Outcome, usage
from compiler.cli.simulate import asked
from compiler.cli.terminal import escape
from compiler.solver.flows import Pods
from compiler.trace.evaluate import trace
from compiler.trace.hosts import answering
from compiler.trace.paths import host_name
from compiler.trace.request import BadRequestError, read_request

if TYPE_CHECKING:
    from argparse import Namespace

    from compiler.cli.terminal import Terminal
    from compiler.ir.traffic import Gateway, Traffic
    from compiler.trace.request import Request


def run(arguments: Namespace, terminal: Terminal) -> Outcome:
    """Compile, trace, tell. Whatever becomes of the request, the exit status is 0: a trace of a 404 is a good trace."""
    if arguments.method is not None and "." in arguments.method and "." not in arguments.url:
        return usage(f"write the method before the URL: fleetgate trace {arguments.url} {arguments.method}")
    try:
        request = read_request(arguments.method or "GET", arguments.url, arguments.header, arguments.client_ip or "")
    except BadRequestError as problem:
        return usage(escape(str(problem)))
    programs = compiled_programs(arguments, terminal)
    if isinstance(programs, Outcome):
        return programs
    gateways = _asked(programs.traffic, request, arguments.gateway)
    loss = asked.loss([f"cluster={name}" for name in arguments.down], programs.traffic.clusters)
    if isinstance(gateways, str) or isinstance(loss, str):
        wrong = gateways if isinstance(gateways, str) else str(loss).replace("--lose cluster=", "--down ", 1)
        return usage(escape(wrong))
    pods = Pods(programs.traffic.services, loss.health)
    traces = [trace(gateway, request, pods) for gateway in gateways]
    if arguments.format == "json":
        from compiler.cli.trace.data import render_json  # noqa: PLC0415 - one of two formats

        return Outcome(CLEAN, render_json(traces, programs.compilation))
    from compiler.cli.trace.text import render_text  # noqa: PLC0415 - one of two formats

    known = sorted({host.host for gateway in gateways for host in gateway.hosts})
    hint = nearest(host_name(request.host), known) or ""
    return Outcome(CLEAN, render_text(traces, programs.compilation, hint, terminal.out))


def _asked(traffic: Traffic, request: Request, name: str | None) -> list[Gateway] | str:
    """The gateway that was named; else those that have the host; else all of them, each of which will say that it has
    not. Or what is wrong with the name.
    """
    if name is None:
        host = host_name(request.host)
        return [each for each in traffic.gateways if answering(each, host)] or list(traffic.gateways)
    found = [gateway for gateway in traffic.gateways if gateway.name == name]
    names = [gateway.name for gateway in traffic.gateways]
    return found or f"--gateway {escape(name)}: no such gateway; there {_are(names)}"


def _are(names: list[str]) -> str:
    return f"is {names[0]}" if len(names) == 1 else f"are {', '.join(names)}"
