"""The programs of a root as one, for commands that ask about traffic instead of writing files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, structs

from compiler.ir.traffic import Traffic
from compiler.model.fleet import DrillBudgets
from compiler.pipeline.compile import compile_fleet, outcome
from compiler.pipeline.root import open_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from compiler.ir.traffic import Gateway, VirtualHost
    from compiler.ir.workload import LoweredApp
    from compiler.model.fleet import Fleet
    from compiler.pipeline.options import Compilation, Options

    Progress = Callable[[str, int, int], None]


class Programs(Struct, frozen=True):
    """What a root means, all cells together."""

    compilation: Compilation
    """Findings, and the texts to show them in."""
    traffic: Traffic
    """Of the whole root. With errors among the findings it may have holes."""
    apps: tuple[LoweredApp, ...]
    """Sorted by name."""
    budgets: DrillBudgets
    """Bounds that a drill must keep."""
    fleet_file: str
    """Where the Fleet is written, below the root; "" where there is none."""
    placements: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """(gateway, clusters) of those that run as Envoys in clusters of the fleet, and nowhere else; sorted."""

    @property
    def has_errors(self) -> bool:
        """Whether the root does not compile."""
        return any(f.code.severity == "error" for f in self.compilation.findings)


def read_programs(options: Options, progress: Progress) -> Programs:
    """Compile a root in memory and keep its programs."""
    keeping = structs.replace(options, stop_after="ir")
    with open_root(options) as root:
        compiled, facts, fleetwide = compile_fleet(root, keeping, progress)
        told = outcome(root, compiled, facts, fleetwide, structs.replace(options, stop_after=None))
    programs = [cell.program for cell in compiled.cells if cell.program is not None]
    apps = sorted((app for program in programs for app in program.apps), key=lambda app: app.name)
    fleet = compiled.prepared.context.world.fleet if compiled.prepared is not None else None
    budgets = fleet.value.spec.drill.budgets if fleet is not None else DrillBudgets()
    file = fleet.origin.file if fleet is not None else ""
    placements = _placements(fleet.value) if fleet is not None else ()
    return Programs(told, merged([program.traffic for program in programs]), tuple(apps), budgets, file, placements)


def _placements(fleet: Fleet) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """A gateway that MSE runs as well is reached without any Envoy; where one without placement runs, nobody knows."""
    found = {g.name: g.envoy.placement.clusters for g in fleet.spec.gateways if set(g.targets) == {"envoy"}}
    return tuple(sorted((name, clusters) for name, clusters in found.items() if clusters))


def merged(parts: Iterable[Traffic]) -> Traffic:
    """Independent parts of a traffic program as one: they share gateways and clusters, and nothing else."""
    gateways: dict[str, Gateway] = {}
    hosts: dict[str, list[VirtualHost]] = {}
    whole = Traffic((), (), ())
    for part in parts:
        for gateway in part.gateways:
            gateways.setdefault(gateway.name, gateway)
            hosts.setdefault(gateway.name, []).extend(gateway.hosts)
        whole = Traffic(
            (),
            part.clusters or whole.clusters,
            whole.services + part.services,
            whole.demands + part.demands,
        )
    return structs.replace(
        whole,
        gateways=tuple(
            structs.replace(gateway, hosts=tuple(sorted(hosts[name], key=_host_order)))
            for name, gateway in gateways.items()
        ),
        services=tuple(sorted(whole.services, key=lambda service: service.name)),
        demands=tuple(sorted(whole.demands, key=lambda demand: demand.service)),
    )


def _host_order(host: VirtualHost) -> tuple[int, int, str]:
    """Exact names, then wildcards (the longer first), then every host: the order in which they are tried."""
    if host.host == "*":
        return (2, 0, "")
    if host.host.startswith("*."):
        return (1, -len(host.host), host.host)
    return (0, 0, host.host)
