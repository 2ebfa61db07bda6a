"""Apps that differ in their names and images alone: one of them is lowered, the others are made from it.

A fleet has many apps of few kinds: the same ports, probes, placements and overrides, under other names. All that
lowering decides and checks follows from what they say besides, so it is done for the first app of a kind. The law "an
app is lowered alike, whatever was lowered before it" is a test.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Final

from msgspec import Struct, msgpack, structs

from compiler.diagnostics import Origin
from compiler.ir import workload as ir
from compiler.ir.traffic import ObjectName
from compiler.lower.pods import pairs
from compiler.model.app import AppSpec, Override, Version
from compiler.model.known import LISTS, Known

if TYPE_CHECKING:
    from collections.abc import Iterable

    from compiler.ir.traffic import Service
    from compiler.lower.world import Sourced, World
    from compiler.model.app import App

_KINDS: Final = 1 << 8
"""Bound of their memory; a full one is emptied and fills again."""


def _but(struct: type[Struct], *fields: str) -> itemgetter[tuple[object, ...]]:
    """What picks all other fields out of the tuple of a struct."""
    return itemgetter(*(index for index, name in enumerate(struct.__struct_fields__) if name not in fields))


_of_spec = _but(AppSpec, "image", "versions", "overrides")
_of_version = _but(Version, "image")
_encode = msgpack.Encoder().encode
_may_repeat = Known[bool](LISTS)
"""Of the overrides of an app."""


class _Kind(Struct, frozen=True, gc=False):
    """An app that was lowered without a finding, and what its key knows by identity."""

    first: ir.LoweredApp
    world: World
    overrides: tuple[Override, ...]
    workloads: tuple[ir.Workload, ...]
    """Those of its placements, each once."""
    places: tuple[tuple[ir.Placement, int], ...]
    """Its placements, and which of the workloads runs there."""


_kinds: dict[bytes, _Kind] = {}


def kind_of(app: Sourced[App], world: World) -> bytes | None:
    """What an app says besides its names and images, in this world; None where objects of its own, or patches, belong
    to it alone.
    """
    spec = app.value.spec
    if spec.image is None or spec.manifests or spec.templates or not _may_apply_elsewhere(spec.overrides):
        return None
    # Bytes tell 1 from 1.0, which are written differently. Equal overrides are one object: see `model.decode`.
    versions = [(version.image is None, _of_version(structs.astuple(version))) for version in spec.versions]
    return _encode((id(world), id(spec.overrides), _of_spec(structs.astuple(spec)), versions))


def _may_apply_elsewhere(overrides: tuple[Override, ...]) -> bool:
    if not overrides:
        return True
    known = _may_repeat.get(overrides)
    if known is None:
        known = all(each.patch is None and (each.set is None or each.set.image is None) for each in overrides)
        _may_repeat.put(overrides, known)
    return known


def remember(kind: bytes, lowered: ir.LoweredApp, app: App, world: World) -> None:
    """Let other apps of the kind be made from this one, with which nothing is wrong."""
    if len(_kinds) >= _KINDS:
        _kinds.clear()
    numbers: dict[int, int] = {}
    workloads: list[ir.Workload] = []
    for placement in lowered.placements:
        if numbers.setdefault(id(placement.workload), len(workloads)) == len(workloads):
            workloads.append(placement.workload)
    places = tuple([(placement, numbers[id(placement.workload)]) for placement in lowered.placements])
    _kinds[kind] = _Kind(lowered, world, app.spec.overrides, tuple(workloads), places)


def lowered_alike(kind: bytes, app: Sourced[App]) -> ir.LoweredApp | None:
    """The app, made from another one of its kind; None where there was none yet."""
    known = _kinds.get(kind)
    if known is None:
        return None
    spec, metadata, origin = app.value.spec, app.value.metadata, app.origin
    name, first = ObjectName(metadata.namespace, metadata.name), known.first
    images = {"": spec.image or "", **{v.name: v.image or spec.image or "" for v in spec.versions}}
    labels, annotations = pairs(metadata.labels), pairs(metadata.annotations)
    workloads = []
    for workload in known.workloads:
        account = workload.account
        if account.owned:
            is_of_version = account.name != first.name.name  # where its annotations differ from those of the app
            account = structs.replace(account, name=f"{name.name}-{workload.version}" if is_of_version else name.name)
        workloads.append(
            structs.replace(
                workload,
                app=name,
                image=images[workload.version],
                account=account,
                object_labels=labels,
                object_annotations=annotations,
            )
        )
    return ir.LoweredApp(
        name,
        tuple([structs.replace(placement, workload=workloads[number]) for placement, number in known.places]),
        _services(first.services, len(first.name.name), name, origin),
        (),
        origin,
    )


def _services(services: Iterable[Service], cut: int, app: ObjectName, origin: Origin) -> tuple[Service, ...]:
    """Services of another app, which has a name of `cut` characters, for this one. Their order stays: all names begin
    with that of the app.
    """
    return tuple(
        [
            structs.replace(
                service,
                name=ObjectName(app.namespace, app.name + service.name.name[cut:]),
                origin=Origin(origin.file, origin.document, service.origin.path),
            )
            for service in services
        ]
    )
