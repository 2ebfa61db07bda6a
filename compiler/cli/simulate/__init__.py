"""`fleetgate simulate`: what a loss would do to shares, loads and routes; offline, from the repo alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.check.capacity import CAPACITY
from compiler.check.survival import SURVIVAL
from compiler.cli.compiling import compiled_programs
from compiler.cli.outcome import CLEAN, ERRORS, Outcome, usage
from compiler.cli.simulate import asked
from compiler.cli.simulate.output import render_json, render_overview, render_text
from compiler.solver.losses import loss_sets, single_losses
from compiler.trace.simulate import simulate

if TYPE_CHECKING:
    from argparse import Namespace

    from compiler.cli.terminal import Terminal
    from compiler.solver.losses import Loss, LossKind


def run(arguments: Namespace, terminal: Terminal) -> Outcome:
    """Compile, lose, tell. Without `--lose`: each cluster, zone and region by itself.

    Exit status 1, so that it fits a CI step, where a gateway or route is lost or a load can't be carried: after the
    losses of `--lose` any route, without them those that were declared to survive.
    """
    # a fleet with a hole is the very thing to look at
    programs = compiled_programs(arguments, terminal, tolerates=(CAPACITY, SURVIVAL))
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
    losses: tuple[Loss, ...] = (loss,)
    if not arguments.lose:
        kinds: tuple[LossKind, ...] = ("cluster", "zone", "region")
        losses = loss_sets(traffic.clusters) if arguments.sets else single_losses(traffic.clusters, kinds)
    found = [simulate(traffic, each, rates, programs.placements) for each in losses]
    fleet = programs.compilation.summary.fleet
    if arguments.html is not None:
        from compiler.cli.simulate.page import render_page  # noqa: PLC0415 - one of three forms

        asked_for = " ".join(("fleetgate simulate", *_options(arguments)))
        with open(arguments.html, "w", encoding="utf-8", newline="\n") as file:  # noqa: PTH123 - pathlib costs start-up time
            file.write(render_page(fleet, traffic, found, asked_for))
    if arguments.format == "json":
        told = render_json(found)
    elif arguments.lose:
        told = render_text(found[0], traffic, terminal.out)
    else:
        told = render_overview(found, terminal.out)
    is_fine = found[0].is_survived if arguments.lose else not any(each.breaks_promise for each in found)
    return Outcome(CLEAN if is_fine else ERRORS, told)


def _options(arguments: Namespace) -> list[str]:
    """What was asked, as it was written."""
    found = [word for lost in arguments.lose for word in ("--lose", lost)]
    found += [word for rate in arguments.at for word in ("--at", rate)]
    return [*found, "--sets"] if arguments.sets else found
