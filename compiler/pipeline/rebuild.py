"""Compile what has to be compiled: the cells that an edit touches where memory can be trusted, else everything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from compiler.diagnostics import Diagnostics
from compiler.output.cache import Cache, InputFile, pack_cells, pack_files, unpack_cells, unpack_files
from compiler.output.index import digest, digest_inputs
from compiler.output.plan import Plan
from compiler.pipeline.cells import HOST, covering
from compiler.pipeline.compile import Undelivered, assemble, compile_cells, compile_fleet, outcome
from compiler.pipeline.deliver import passes_limits, summarize
from compiler.pipeline.memory import (
    CellMemory,
    FleetMemory,
    pack,
    unpack_cell,
    unpack_fleet,
    unpack_fragments,
)
from compiler.pipeline.options import Built, options_label
from compiler.pipeline.told import Told, unpack_told
from compiler.source.globs import match_glob
from compiler.source.ignore import FILE_NAME as IGNORE
from compiler.source.repository import is_document
from compiler.targets.envoy.places import gateway_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from compiler.diagnostics import Diagnostic
    from compiler.ir.delivery import ArgoCD
    from compiler.output.cache import CacheStore
    from compiler.output.statblob import Tick
    from compiler.output.tree import OutputTree
    from compiler.pipeline.compile import Cells, Fleetwide
    from compiler.pipeline.facts import Facts
    from compiler.pipeline.options import Options, Summary
    from compiler.pipeline.root import Root
    from compiler.targets.target import Emission

    Progress = Callable[[str, int, int], None]


class Job(Struct):
    """One build: what to compile, and where to."""

    root: Root
    options: Options
    output: str
    tree: OutputTree
    store: CacheStore
    since: Tick
    """Taken before the first file was looked at."""
    progress: Progress


class Remembered(Struct):
    """The memory of the last build, unpacked, and brought up to date while the cells that changed are compiled."""

    fleet: FleetMemory
    cells: dict[str, bytes]
    files: dict[str, InputFile]


class Edit(Struct):
    """What changed since the last build."""

    changed: dict[str, bytes]
    """Files that changed or came, with their digests."""
    gone: set[str]
    cells: dict[str, CellMemory]
    """Cells that it touches."""


class Outcome(Struct):
    """A compiled root, ready to be written and remembered."""

    plan: Plan
    fleetwide: Fleetwide
    summary: Summary
    memory: Remembered


def rebuild(job: Job, cache: Cache | None) -> Built:
    """Compile, write, remember. `cache`: memory that the output tree still agrees with."""
    root, options, progress = job.root, job.options, job.progress
    compiled = _edit(job, cache) if cache is not None else None
    if compiled is None:
        compiled = compile_whole(root, options, progress)
    findings, accepted = compiled.fleetwide.findings, compiled.fleetwide.accepted
    if compiled.fleetwide.has_errors or (options.strict and findings):
        return Built(findings, accepted, compiled.summary, root.text, output=job.output)
    refused = Diagnostics()
    total = len(compiled.plan.files)
    written = job.tree.write(compiled.plan, refused, progress=lambda done: progress("write", done, total))
    if written is None:
        return Built(refused.sorted(), accepted, compiled.summary, root.text, output=job.output)
    if not options.cluster:
        _remember(job, compiled)
    return Built(
        findings,
        accepted,
        compiled.summary,
        root.text,
        written=len(written.written),
        removed=len(written.removed),
        gone=_gone(written.removed, compiled.summary),
        unchanged=(total if options.cluster else written.total) - len(written.written),
        output=job.output,
    )


def _gone(removed: Sequence[str], summary: Summary) -> tuple[str, ...]:
    if not removed:
        return ()
    from compiler.output.gone import gone  # noqa: PLC0415 - most builds remove nothing

    return gone(removed, {c.name for c in summary.clusters}, {g.name for g in summary.gateways})


# --- everything


def compile_whole(root: Root, options: Options, progress: Progress) -> Outcome:
    """Compile everything, whatever is remembered."""
    compiled, facts, fleetwide = compile_fleet(root, options, progress)
    summary = outcome(root, compiled, facts, fleetwide, options).summary
    files = _Texts()
    if not fleetwide.has_errors:
        only = f"clusters/{options.cluster}/" if options.cluster else ""
        for cell in compiled.cells:
            files.put(cell.emissions, only)
        files.put(fleetwide.delivered, only)
    memory = Remembered(
        FleetMemory(
            {}, [], [], root.nested, facts, {}, {}, {e.path: digest(e.text.encode()) for e in fleetwide.delivered}
        ),
        {},
        {path: InputFile(found, "") for path, found in root.digests().items()},
    )
    if not fleetwide.has_errors:  # nothing is remembered of a build with errors
        _take(memory, compiled)
    plan = Plan(files, _input_digest(memory, options), fleet=summary.fleet)
    return Outcome(plan, fleetwide, summary, memory)


class _Texts(Mapping[str, str]):
    """Path -> text of many files. A text is joined when it is asked for, so that memory holds their shared pieces."""

    def __init__(self) -> None:
        self._emissions: dict[str, Emission] = {}

    def __getitem__(self, path: str) -> str:
        return "".join(self._emissions[path].pieces)

    def __iter__(self) -> Iterator[str]:
        return iter(self._emissions)

    def __len__(self) -> int:
        return len(self._emissions)

    def put(self, emissions: Iterable[Emission], only: str = "") -> None:
        """Add files, or those below `only` alone. Raises ValueError for a path that is there already."""
        for emission in emissions:
            if emission.path.startswith(only):
                if emission.path in self._emissions:
                    raise ValueError(f"{emission.path} is emitted twice")
                self._emissions[emission.path] = emission


def _take(memory: Remembered, compiled: Cells) -> None:
    """Put what was compiled into the memory."""
    fleet = memory.fleet
    worldly = {path for path, file in compiled.sources.files.items() if file.is_worldly}
    fleet.world = sorted({*fleet.world, *worldly})
    patterns = {(folder, pattern) for folder, pattern in fleet.patterns}
    for cell in compiled.cells:
        name = cell.files[0]
        memory.cells[name] = pack(
            CellMemory(list(cell.files), [e.path for e in cell.emissions], cell.facts, cell.fragments)
        )
        if cell.findings:
            fleet.of_cells[name] = tuple(cell.findings)
        for path in cell.files:
            file = compiled.sources.files[path]
            memory.files[path] = InputFile(memory.files[path].digest, name)
            fleet.keys.update(dict.fromkeys(compiled.keys[path], name))
            for claim in file.claims:
                memory.files[claim] = InputFile(memory.files[claim].digest, name)
            patterns.update(file.patterns)
    fleet.patterns = sorted(patterns)
    by_file: dict[str, list[Diagnostic]] = {}
    for finding in compiled.findings:
        if finding.origin.file not in worldly:
            by_file.setdefault(finding.origin.file, []).append(finding)
    fleet.of_files.update({path: tuple(found) for path, found in by_file.items()})


# --- an edit


def _edit(job: Job, cache: Cache) -> Outcome | None:
    """The outcome of compiling the touched cells alone; None where the edit reaches further, or has errors."""
    told = unpack_told(cache.shared)
    memory = Remembered(unpack_fleet(told.fleet), unpack_cells(cache.cells), unpack_files(cache.files))
    edit = _changes(job.root, cache, memory)
    if edit is None:
        return None
    compiled = _settle(job, memory, edit)
    if compiled is None or compiled.prepared is None:
        return None
    fleet = memory.fleet
    groups = _groups(fleet.facts, compiled.prepared.argocd)
    earlier = _forget(memory, edit, compiled)
    untouched = [finding for told in (*fleet.of_cells.values(), *fleet.of_files.values()) for finding in told]
    _take(memory, compiled)
    for cell in compiled.cells:
        fleet.facts.add(cell.facts)
    mine = [finding for cell in compiled.cells for finding in cell.findings]
    # delivery follows from which groups there are; it changes only with them
    is_delivered = groups == _groups(fleet.facts, compiled.prepared.argocd) and not groups[-1]
    stale = _stale(edit, compiled)
    fragments = [f for packed in memory.cells.values() for f in unpack_fragments(packed)] if stale else []
    undelivered = Undelivered(fragments, stale, is_delivered)
    fleetwide = assemble(compiled, fleet.facts, [*untouched, *mine], job.options, undelivered)
    if fleetwide.has_errors:
        # the rest of the fleet is told about as well: what is said of an error must not depend on memory
        return None
    files = _Texts()
    for cell in compiled.cells:
        files.put(cell.emissions)
    delivered = {
        path: found for path, found in fleet.delivered.items() if _is_kept(path, stale, is_delivered=is_delivered)
    }
    delivered.update((e.path, digest(e.text.encode())) for e in fleetwide.delivered)
    removed = (earlier - files.keys()) | (fleet.delivered.keys() - delivered.keys())
    files.put(e for e in fleetwide.delivered if fleet.delivered.get(e.path) != delivered[e.path])
    fleet.delivered = delivered
    total = len(delivered) + sum(fleet.facts.files.values())
    summary = summarize(compiled.prepared.context.world, fleet.facts, total)
    plan = Plan(files, _input_digest(memory, job.options), sorted(removed), summary.fleet)
    return Outcome(plan, fleetwide, summary, memory)


def _stale(edit: Edit, compiled: Cells) -> set[str]:
    """Gateways to whose Envoy configuration the touched cells add something else than before."""
    before = {fragment for cell in edit.cells.values() for fragment in cell.fragments}
    after = {fragment for cell in compiled.cells for fragment in cell.fragments}
    return {fragment.gateway for fragment in before ^ after}


def _is_kept(path: str, stale: Iterable[str], *, is_delivered: bool) -> bool:
    """Whether a file of delivery is not made anew."""
    parts = path.split("/")
    if parts[0] == "gateways" and parts[2] == "envoy":
        return parts[1] not in stale
    if (gateway := gateway_of(path)) is not None:
        return gateway not in stale
    return is_delivered


def _groups(facts: Facts, settings: ArgoCD) -> tuple[set[str], set[str], set[str], set[str], bool]:
    """What delivery follows from: groups of files, cluster-scoped kinds, what manifests have to do with Namespaces, and
    whether a limit is passed.
    """
    groups, kinds = set(facts.objects), set(facts.cluster_kinds)
    return groups, kinds, set(facts.guests), set(facts.namespaces), passes_limits(facts, settings)


def _changes(root: Root, cache: Cache, memory: Remembered) -> Edit | None:
    """What was edited; None where every cell may depend on it."""
    fleet = memory.fleet
    if root.stamps().get(IGNORE) != cache.inputs.get(IGNORE):
        return None
    changed, gone, others = root.difference(cache.inputs, {path: file.digest for path, file in memory.files.items()})
    touched = changed.keys() | gone
    if touched & set(fleet.world) or any(path.startswith(tuple(fleet.nested)) for path in touched):
        return None
    new = sorted({path for path in changed if path not in memory.files} | gone | others)
    if any(match_glob(folder, pattern, new) for folder, pattern in fleet.patterns):
        return None
    # what stands in the files that every cell depends on is read again in any case, and so are its cells
    cells = {memory.files[path].cell for path in {*touched, *fleet.world} if path in memory.files} - {""}
    return Edit(changed, gone, {name: unpack_cell(memory.cells[name]) for name in cells})


def _settle(job: Job, memory: Remembered, edit: Edit) -> Cells | None:
    """Compile the touched cells, and those that their new keys reach. None where an edit reaches the whole fleet."""
    keys = memory.fleet.keys
    while True:
        inside = {path for path, file in memory.files.items() if file.cell in edit.cells}
        documents = {path for path in inside | edit.changed.keys() if is_document(path)}
        paths = sorted((documents | set(memory.fleet.world)) - edit.gone)
        compiled = compile_cells(job.root, job.options, job.progress, paths)
        files = compiled.sources.files
        if job.root.nested or any(files[path].is_worldly for path in edit.changed if path in files):
            return None
        claims = {claim for file in files.values() for claim in file.claims}
        if claims != inside - {path for cell in edit.cells.values() for path in cell.files}:
            return None  # a file that an App claims is no longer read for itself, and the other way round
        reached: set[str] = set()
        for key in (key for path in edit.changed for key in compiled.keys.get(path, ())):
            if key.startswith(HOST):
                if key.partition("|")[2].startswith("*") and key not in keys:
                    return None
                reached.update(keys.get(wide, "") for wide in covering(key))
            reached.add(keys.get(key, ""))
        reached -= edit.cells.keys() | {""}
        if not reached:
            return compiled
        edit.cells.update({name: unpack_cell(memory.cells[name]) for name in reached})


def _forget(memory: Remembered, edit: Edit, compiled: Cells) -> set[str]:
    """Take what is compiled anew out of the memory; its outputs are returned."""
    fleet = memory.fleet
    outputs: set[str] = set()
    for name, cell in edit.cells.items():
        fleet.facts.add(cell.facts, -1)
        outputs.update(cell.outputs)
        del memory.cells[name]
        fleet.of_cells.pop(name, None)
    for path in {*edit.gone, *edit.changed, *compiled.sources.files}:
        fleet.of_files.pop(path, None)
    for path in edit.gone:
        del memory.files[path]
    for path, content in edit.changed.items():
        memory.files[path] = InputFile(content, "")
    fleet.keys = {key: cell for key, cell in fleet.keys.items() if cell not in edit.cells}
    return outputs


# --- remembering


def _input_digest(memory: Remembered, options: Options) -> str:
    return digest_inputs({path: file.digest for path, file in memory.files.items()}, options_label(options))


def _remember(job: Job, compiled: Outcome) -> None:
    if not job.root.is_work_tree or job.options.state is not None:
        return
    memory, fleetwide = compiled.memory, compiled.fleetwide
    told = Told(fleetwide.findings, fleetwide.accepted, compiled.summary, memoryview(pack(memory.fleet)))
    job.store.save(
        job.output,
        options_label(job.options),
        Cache(
            job.root.settled_stamps(job.since),
            list(job.root.ignored()),
            list(job.root.generated()),
            job.root.settled_folders(job.since),
            job.tree.records(),
            pack_files(memory.files),
            pack_cells(memory.cells),
            memoryview(pack(told)),
        ),
    )
