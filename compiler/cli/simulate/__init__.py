"""`fleetgate simulate`: what a loss would do to shares, loads and routes; offline, from the repo alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.cli.compiling import compiled_programs
from compiler.cli.outcome import CLEAN, ERRORS, Outcome, usage
from compiler.cli.simulate import asked
from compiler.cli.simulate.output import render_json, render_overview, render_page, render_text
from compiler.solver.losses import single_losses
from compiler.trace.simulate import simulate

if TYPE_CHECKING:
    from argparse import Namespace

    from compiler.cli.terminal import Terminal


def run(arguments: Namespace, terminal: Terminal) -> Outcome:
    """Compile, lose, tell. Without `--lose`: each cluster, zone and region by itself.

    Exit status 1, so that it fits a CI step, where a route is lost or a load can't be carried: after the losses of
    `--lose` any route, without them those that were declared to survive.
    """
    programs = compiled_programs(arguments, terminal)
    if isinstance(programs, Outcome):
        return programs
    traffic = programs.traffic
    loss = asked.loss(arguments.lose, traffic.clusters)
    rates = asked.rates(arguments.at, traffic)
    for problem in (loss, rates):
        if isinstance(problem, str):
            return usage(problem)
    assert not isinstance(loss, str)
    assert not isinstance(rates, str)
    losses = [loss] if arguments.lose else list(single_losses(traffic.clusters, ("cluster", "zone", "region")))
    found = [simulate(traffic, each, rates) for each in losses]
    fleet = programs.compilation.summary.fleet
    if arguments.html is not None:
        with open(arguments.html, "w", encoding="utf-8", newline="\n") as file:  # noqa: PTH123 - pathlib costs start-up time
            file.write(render_page(fleet, traffic, found))
    if arguments.format == "json":
        told = render_json(found)
    elif arguments.lose:
        told = render_text(found[0], traffic, terminal.out)
    else:
        told = render_overview(found, terminal.out)
    is_fine = found[0].is_survived if arguments.lose else not any(each.breaks_promise for each in found)
    return Outcome(CLEAN if is_fine else ERRORS, told)
