"""`build`: compile what changed, write what differs. Nothing is written when there is an error."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from msgspec import structs

from compiler.diagnostics import Diagnostics
from compiler.output.cache import CacheStore
from compiler.output.tree import OutputTree
from compiler.pipeline.options import NO_SUMMARY, Built, options_label
from compiler.pipeline.root import open_root

if TYPE_CHECKING:
    from collections.abc import Callable

    from compiler.output.cache import Cache
    from compiler.pipeline.options import Options
    from compiler.pipeline.root import Root

    Progress = Callable[[str, int, int], None]


def build(options: Options, output: str, *, verify: bool = False, progress: Progress) -> Built:
    """Compile a root into the folder `output`; with `verify` only compare, and write nothing."""
    # Nodes are frozen and form no cycles: looking for garbage among them would cost a third of the time.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        with open_root(options) as root:
            if verify:
                return _verify(root, options, output, progress)
            return _build(root, options, output, progress)
    finally:
        if was_enabled:
            gc.enable()


def _build(root: Root, options: Options, output: str, progress: Progress) -> Built:
    findings = Diagnostics()
    store = CacheStore(root.folder)
    since = store.tick()
    only = f"clusters/{options.cluster}" if options.cluster else ""
    has_memory = root.is_work_tree and not only and options.state is None
    cache = store.load(output, options_label(options)) if has_memory else None
    with OutputTree(output, only, store.tick) as tree:
        drift = tree.scan(cache.outputs if cache else {}, findings)
        if drift is None:
            return _refused(findings, output, root)
        if cache is not None and drift.is_clean and _is_input_as(cache, root):
            if drift.is_restamped:
                store.save(output, options_label(options), structs.replace(cache, outputs=tree.records()))
            return _unchanged(root, output, cache)
        from compiler.pipeline.rebuild import Job, rebuild  # noqa: PLC0415 - a build without changes needs none of it

        job = Job(root, options, output, tree, store, since, progress)
        return rebuild(job, cache if drift.is_clean and root.is_listed_whole else None)


def _is_input_as(cache: Cache, root: Root) -> bool:
    return root.is_as(cache) or (root.is_listed_whole and root.stamps() == cache.inputs)


def _unchanged(root: Root, output: str, cache: Cache) -> Built:
    from compiler.pipeline.told import unpack_told  # noqa: PLC0415 - where there is a cache

    told = unpack_told(cache.shared)
    return Built(
        told.findings,
        told.accepted,
        told.summary,
        root.text,
        unchanged=told.summary.files,
        output=output,
        up_to_date=True,
    )


def _verify(root: Root, options: Options, output: str, progress: Progress) -> Built:
    from compiler.output.verify import verify  # noqa: PLC0415 - only for --verify
    from compiler.pipeline.rebuild import compile_whole  # noqa: PLC0415 - a build without changes needs none of it

    compiled = compile_whole(root, options, progress)
    fleetwide = compiled.fleetwide
    findings = Diagnostics()
    findings.extend(fleetwide.findings)
    if not fleetwide.has_errors:
        only = f"clusters/{options.cluster}" if options.cluster else ""
        verify(compiled.plan, output, findings, only)
    return Built(
        findings.sorted(),
        fleetwide.accepted,
        compiled.summary,
        root.text,
        unchanged=len(compiled.plan.files),
        output=output,
        up_to_date=not findings.has_errors,
    )


def _refused(findings: Diagnostics, output: str, root: Root) -> Built:
    return Built(findings.sorted(), (), NO_SUMMARY, root.text, output=output)
