"""A root, compiled whole."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from typing import TYPE_CHECKING

from msgspec import Struct

from compiler.diagnostics import Diagnostics
from compiler.model.app import App
from compiler.model.traffic import TrafficPin
from compiler.pipeline.accept import accept, check_pin_dates
from compiler.pipeline.cells import partition
from compiler.pipeline.compile_cell import compile_cell
from compiler.pipeline.deliver import deliver, summarize
from compiler.pipeline.facts import NAMED, no_facts
from compiler.pipeline.hints import with_hints
from compiler.pipeline.options import NO_SUMMARY, Compilation
from compiler.pipeline.root import open_root
from compiler.pipeline.sources import keys_of, read_ingresses, read_sources
from compiler.pipeline.state import read_states
from compiler.pipeline.world import read_world
from compiler.targets import envoy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from collections.abc import Set as AbstractSet
    from contextlib import AbstractContextManager

    from compiler.diagnostics import Diagnostic
    from compiler.ir.delivery import EnvoyGateway
    from compiler.lower.templates import Renderer
    from compiler.pipeline.compile_cell import CellResult
    from compiler.pipeline.facts import Facts
    from compiler.pipeline.options import Options
    from compiler.pipeline.root import Root
    from compiler.pipeline.sources import Sources
    from compiler.pipeline.world import Prepared
    from compiler.targets.envoy.fragments import Fragment
    from compiler.targets.target import Emission

    Progress = Callable[[str, int, int], None]


class Cells(Struct):
    """Some cells of a root, compiled."""

    sources: Sources
    prepared: Prepared | None
    """None where there is no usable Fleet."""
    cells: list[CellResult]
    keys: dict[str, list[str]]
    """Keys of each file, by which it belongs to its cell."""
    findings: Diagnostics
    """Those that belong to no cell."""


class Undelivered(Struct, frozen=True):
    """What of delivery has to be done."""

    fragments: Sequence[Fragment] = ()
    """Those of all cells, for the gateways to be configured."""
    stale: AbstractSet[str] | None = None
    """Gateways whose Envoy configuration changes; None = all."""
    is_rest_delivered: bool = False
    """Whether all other files of delivery are there already, unchanged."""


class Fleetwide(Struct):
    """What a root compiles to."""

    delivered: list[Emission]
    """Files that belong to no cell."""
    findings: tuple[Diagnostic, ...]
    accepted: tuple[Diagnostic, ...]

    @property
    def has_errors(self) -> bool:
        """Whether nothing may be written."""
        return any(f.code.severity == "error" for f in self.findings)


def compile_fleet(root: Root, options: Options, progress: Progress) -> tuple[Cells, Facts, Fleetwide]:
    """Everything that a root compiles to, and everything that is wrong with it. Nothing is written."""
    compiled = compile_cells(root, options, progress)
    facts = no_facts()
    for cell in compiled.cells:
        facts.add(cell.facts)
    found = [finding for cell in compiled.cells for finding in cell.findings]
    fragments = [fragment for cell in compiled.cells for fragment in cell.fragments]
    return compiled, facts, assemble(compiled, facts, found, options, Undelivered(fragments))


def compile_cells(root: Root, options: Options, progress: Progress, paths: list[str] | None = None) -> Cells:
    """Read the root (or `paths` alone) and compile its cells, one by one."""
    findings = Diagnostics()
    sources = read_sources(root, findings, progress, paths)
    states = read_states(root, options, findings)
    prepared = read_world(sources, root, states, options, findings)
    check_pin_dates(sources.of(TrafficPin), findings, options.as_of)
    fleet = prepared.context.world.fleet.value if prepared else None
    ingresses = {p: read_ingresses(fleet, f, findings) for p, f in sources.files.items() if f.has_ingresses}
    keys = {p: keys_of(f, ingresses.get(p, ())) for p, f in sources.files.items()}
    cells: list[CellResult] = []
    if prepared is None or options.stop_after in ("source", "model"):
        return Cells(sources, prepared, cells, keys, findings)
    with _renderer(sources) as renderer:
        prepared.context.renderer = renderer
        groups = partition({path: found for path, found in keys.items() if found})
        for number, files in enumerate(groups):
            if number % 50 == 0:
                progress("compile", number, len(groups))
            mine = [ingress for file in files for ingress in ingresses.pop(file, ())]
            keep = options.stop_after == "ir"
            cells.append(compile_cell(prepared.context, sources, files, mine, keep_program=keep))
            for file in files:
                sources.files[file].release()
    return Cells(sources, prepared, cells, keys, findings)


def _renderer(sources: Sources) -> AbstractContextManager[Renderer | None]:
    """One child process for the templates of all Apps, where an App has any."""
    if not any(document.value.spec.templates for document in sources.of(App)):
        return nullcontext()
    from compiler.lower.templates import Renderer  # noqa: PLC0415 - most fleets have no templates

    return Renderer()


def assemble(
    compiled: Cells, facts: Facts, of_cells: Iterable[Diagnostic], options: Options, undelivered: Undelivered
) -> Fleetwide:
    """What belongs to no cell: delivery, and the Fleet's word on findings.

    `of_cells`: findings of all cells.
    """
    findings = compiled.findings
    prepared = compiled.prepared
    every = Diagnostics()
    every.extend(findings)
    every.extend(of_cells)
    delivered: list[Emission] = []
    if prepared is None:
        return Fleetwide(delivered, every.sorted(), ())
    if not every.has_errors and options.stop_after is None:
        _check_secrets(prepared.context.envoys, facts, every)
        context, stale = prepared.context, undelivered.stale
        for settings in context.envoys:
            if stale is None or settings.gateway in stale:
                configuration = list(envoy.assemble(settings, undelivered.fragments))
                delivered += configuration
                delivered += envoy.wrap(settings, configuration, envoy.frame_of(settings))
        if not undelivered.is_rest_delivered:
            delivered += deliver(facts, context.gateways, prepared.argocd, every, context.envoys)
    own = Diagnostics()
    stays, accepted = accept(every, prepared.context.world.fleet, own, options.as_of)
    own.extend(with_hints(stays, (name for cell in compiled.cells for name in cell.services)))
    return Fleetwide(delivered, own.sorted(), tuple(accepted))


def _check_secrets(envoys: Iterable[EnvoyGateway], facts: Facts, findings: Diagnostics) -> None:
    """What each Envoy gateway is told of Secrets, over all cells."""
    if not envoys:
        return
    named = Counter(key.split("|")[1] for key in facts.tallies if key.startswith(f"{NAMED}|"))
    for settings in envoys:
        envoy.check_secrets(settings, named[settings.gateway], findings)


def check(options: Options, progress: Progress) -> Compilation:
    """Compile a root and tell what is wrong with it; nothing is written."""
    with open_root(options) as root:
        compiled, facts, fleetwide = compile_fleet(root, options, progress)
        return outcome(root, compiled, facts, fleetwide, options)


def outcome(root: Root, compiled: Cells, facts: Facts, fleetwide: Fleetwide, options: Options) -> Compilation:
    """What `check` tells."""
    files = len(fleetwide.delivered) + sum(len(cell.emissions) for cell in compiled.cells)
    prepared = compiled.prepared
    text = None
    if options.stop_after is not None:
        from compiler.pipeline.stages import show  # noqa: PLC0415 - only for --stop-after

        text = show(compiled, options.stop_after)
    return Compilation(
        fleetwide.findings,
        fleetwide.accepted,
        summarize(prepared.context.world, facts, files) if prepared else NO_SUMMARY,
        root.text,
        text,
    )
