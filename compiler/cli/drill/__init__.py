"""`fleetgate drill`: the losses that the Fleet has to survive, in a real Envoy on this machine, under load."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, cast

from compiler.check.capacity import CAPACITY
from compiler.cli.compiling import compiled_programs
from compiler.cli.ending import ends_in_order
from compiler.cli.outcome import CLEAN, ERRORS, Outcome, usage
from compiler.cli.progress import ProgressBar
from compiler.cli.simulate import asked
from compiler.cli.terminal import escape
from compiler.lower.spread import milliseconds

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from compiler.cli.terminal import Terminal
    from compiler.drill.faults import Fault, Kind
    from compiler.drill.run import Outcome as Drilled
    from compiler.drill.run import Untried
    from compiler.ir.traffic import Gateway, Traffic
    from compiler.pipeline.programs import Programs
    from compiler.solver.losses import Loss, LossKind


def run(arguments: Namespace, terminal: Terminal) -> Outcome:
    """Compile, drill, tell. Exit status 1 where a budget was missed."""
    lacking = _lacking()
    if lacking:
        return usage(lacking)
    # a fleet that can't carry a loss may be drilled: the overload is seen where it was predicted
    programs = compiled_programs(arguments, terminal, tolerates=(CAPACITY,))
    if isinstance(programs, Outcome):
        return programs
    losses = _losses(arguments.lose, programs.traffic)
    names = [gateway.name for gateway in programs.traffic.gateways]
    if isinstance(losses, str):
        return usage(escape(losses))
    if arguments.gateway not in (None, *names):
        return usage(f"--gateway {escape(arguments.gateway)}: no such gateway; there are {', '.join(names)}")
    gateways = [g for g in programs.traffic.gateways if arguments.gateway in (None, g.name)]
    return _tell(programs, gateways, losses, arguments, terminal)


def _lacking() -> str:
    """What this machine lacks, and how it gets it; "" = nothing."""
    try:
        from compiler.drill.envoy import NOT_FOUND, find_envoy  # noqa: PLC0415 - needs packages of an extra
        from compiler.drill.run import drill  # noqa: F401, PLC0415 - as above
    except ModuleNotFoundError as missing:
        return f"drill needs packages that are not installed ({missing.name}): install fleetgate[drill]"
    return "" if find_envoy() is not None else NOT_FOUND


def _tell(
    programs: Programs, gateways: Sequence[Gateway], losses: Sequence[Loss], arguments: Namespace, terminal: Terminal
) -> Outcome:
    from compiler.cli.drill.output import FORMATS  # noqa: PLC0415 - needs packages of an extra
    from compiler.drill.envoy import EnvoyFailedError  # noqa: PLC0415 - as above
    from compiler.drill.run import Outcome as Drilled  # noqa: PLC0415 - as above

    with ProgressBar(shown=terminal.shows_progress) as progress:
        try:
            found = [each for g in gateways for each in _drill(programs, g, losses, arguments, progress)]
        except EnvoyFailedError as failed:
            return Outcome(ERRORS, err=f"fleetgate: {escape(str(failed))}\n")
    told = FORMATS[arguments.format](found, terminal.out)
    return Outcome(ERRORS if any(isinstance(each, Drilled) and each.problems for each in found) else CLEAN, told)


def _losses(words: Sequence[str], traffic: Traffic) -> list[Loss] | str:
    """Those that were asked for; else those of the kinds that spreads were declared to survive; or what is wrong."""
    if words:
        found = [asked.loss([word], traffic.clusters) for word in words]
        wrong = next((each for each in found if isinstance(each, str)), None)
        return wrong if wrong is not None else cast("list[Loss]", found)
    from compiler.ir.walk import backends, routes  # noqa: PLC0415 - without --lose
    from compiler.solver.losses import single_losses  # noqa: PLC0415 - as above

    kinds = {loss.lower() for _, r in routes(traffic) for b in backends(r) for loss in b.spread.survive or ()}
    return list(single_losses(traffic.clusters, sorted(cast("set[LossKind]", kinds))))


def _drill(
    programs: Programs, gateway: Gateway, losses: Sequence[Loss], arguments: Namespace, progress: ProgressBar
) -> list[Drilled | Untried]:
    from compiler.drill.fleet import drill_fleet  # noqa: PLC0415 - needs packages of an extra
    from compiler.drill.measure import Budget  # noqa: PLC0415 - as above
    from compiler.drill.run import Pace, drill  # noqa: PLC0415 - as above

    budgets = programs.budgets
    file = os.path.join(arguments.root, programs.fleet_file)  # noqa: PTH118 - as it was written, `./` and all
    p999, frozen, shift = (milliseconds(each) for each in (budgets.p999, budgets.frozen, budgets.shift))
    budget = Budget(budgets.failed, p999, frozen, shift, os.path.normpath(file))
    faults = _faults(gateway, losses, arguments.fault)
    with ends_in_order(), tempfile.TemporaryDirectory(prefix="fleetgate-drill-") as folder:
        fleet = drill_fleet(programs.traffic, gateway, Path(folder))
        return drill(fleet, faults, budget, Pace(arguments.rate, fault_s=arguments.seconds), Path(folder), progress)


def _faults(gateway: Gateway, losses: Sequence[Loss], kinds: Sequence[Kind]) -> list[Fault]:
    """Every kind of fault for every loss that hits the gateway and leaves some of it; what hits the same, once."""
    from compiler.drill.faults import KINDS, Fault  # noqa: PLC0415 - needs packages of an extra
    from compiler.solver.losses import NO_LOSS  # noqa: PLC0415 - as above

    found: dict[object, Fault] = {}
    for kind in kinds or KINDS:
        if kind == "gateway":
            found[kind] = Fault(kind, NO_LOSS)
            continue
        for loss in losses:
            hit = tuple((cluster, left) for cluster, left in loss.left if cluster in gateway.clusters)
            if hit and set(gateway.clusters) - {cluster for cluster, left in hit if not left}:
                found.setdefault((kind, hit), Fault(kind, loss))
    return list(found.values())
