"""`patch` of overrides: which object each is for. Plain objects are patched here, those that a target writes there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, structs

from compiler import patches
from compiler.diagnostics import Code, error
from compiler.ir.delivery import Patch, PlainObject
from compiler.lower.pod_rules import RESERVED_LABEL, RESERVED_LABELS
from compiler.patches import BAD_PATCH, PATCH_TARGET, value_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from compiler.diagnostics import Diagnostics, Origin
    from compiler.ir import workload as ir
    from compiler.lower.world import Sourced
    from compiler.model.app import App

PATCH_SCALE = error(
    "patch-scale",
    "a patch changes what fleetgate counts on",
    "The number of pods and the ports of the Service decide weights, capacity and routes. For the objects that "
    "fleetgate writes they are set by `set` (replicas, autoscaling, ports), where everything that depends on them sees "
    "them. Objects of plain manifests may be patched in any field.",
)
CODES: tuple[Code, ...] = (PATCH_SCALE,)

_COUNTED: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("Deployment", ("spec", "replicas"), "replicas"),
    ("HorizontalPodAutoscaler", ("spec", "minReplicas"), "autoscaling"),
    ("HorizontalPodAutoscaler", ("spec", "maxReplicas"), "autoscaling"),
    ("Service", ("spec", "ports"), "ports"),
)
"""(kind, field of its object, what to set instead)."""

API_VERSIONS = {
    "ConfigMap": "v1",
    "Deployment": "apps/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "PodDisruptionBudget": "policy/v1",
    "Service": "v1",
    "ServiceAccount": "v1",
}
"""Kinds that target kubernetes writes for a workload."""


class _Target(Struct, frozen=True, gc=False):
    """What a patch says about the object that it is for; "" = not said."""

    api_version: str
    kind: str
    name: str
    namespace: str


class _Written(Struct, frozen=True, gc=False):
    """A patch, its place and its target."""

    data: dict[str, Any]
    origin: Origin
    target: _Target


def apply_patches(
    app: Sourced[App],
    applying: Mapping[tuple[str, str], Sequence[int]],
    placements: dict[str, list[ir.Placement]],
    objects: dict[str, list[PlainObject]],
    findings: Diagnostics,
    *,
    incomplete: bool,
) -> None:
    """Give each patch to its object: plain ones are changed in `objects`, others noted in `placements`.

    `applying`: (version, cluster) -> indices of the overrides that apply there. `incomplete`: some plain object could
    not be read, so that a patch without a target may just be its.
    """
    written = {index: _patches_of(app, index, findings) for index in range(len(app.value.spec.overrides))}
    versions_in: dict[str, dict[int, list[str]]] = {}
    for (version, cluster), indices in applying.items():
        for index in indices:
            versions_in.setdefault(cluster, {}).setdefault(index, []).append(version)
    missed: dict[int, _Written] = {}
    matched: set[int] = set()
    offered: dict[str, None] = {}
    for cluster in sorted(versions_in):
        there, plain = placements.get(cluster, []), objects.get(cluster, [])
        for index, versions in sorted(versions_in[cluster].items()):
            for patch in written[index]:
                found = _of_workload(patch, versions, there, findings)
                if "" in versions and (not found or patch.target.name):
                    found |= _of_plain(patch, app.value.metadata.name, plain, findings)
                if found:
                    matched.add(id(patch))
                else:
                    missed[id(patch)] = patch
        offered.update(dict.fromkeys(_words(there, plain)))
    for key, patch in missed.items():
        if key not in matched and not incomplete:
            _report_missed(patch, list(offered), findings)


def _patches_of(app: Sourced[App], index: int, findings: Diagnostics) -> list[_Written]:
    """The patches of an override that can be read."""
    patch = app.value.spec.overrides[index].patch
    place = app.origin.at("spec", "overrides", index, "patch")
    if patch is None:
        return []
    if isinstance(patch, dict):
        listed = [(patch, place)]
    else:
        listed = [(item, place.at(position)) for position, item in enumerate(patch)]
    return [
        _Written(data, origin, target)
        for data, origin in listed
        if (target := _target(data, origin, findings)) is not None
    ]


def _target(patch: dict[str, Any], origin: Origin, findings: Diagnostics) -> _Target | None:
    """What a patch says about its object; None after a finding."""
    metadata = patch.get("metadata", {})
    if not isinstance(metadata, dict):
        findings.add(BAD_PATCH, origin.at("metadata"), str(metadata), "metadata is a mapping", "write a mapping")
        return None
    said: list[str] = []
    for steps, default in (
        (("apiVersion",), ""),
        (("kind",), "Deployment"),
        (("metadata", "name"), ""),
        (("metadata", "namespace"), ""),
    ):
        mapping = patch if len(steps) == 1 else metadata
        value = mapping.get(steps[-1], default)
        if not isinstance(value, str):
            why = f"{'.'.join(steps)} says which object is meant, and is a text"
            findings.add(BAD_PATCH, origin.at(*steps), str(value), why, "write the object's own")
            return None
        said.append(value)
    return _Target(*said)


def generated(placement: ir.Placement, accounts: set[str]) -> dict[str, str]:
    """Kind -> name of what target kubernetes writes for a placement.

    `accounts`: those that placements before it in this cluster own already; its own is added.
    """
    workload = placement.workload
    found = {"Deployment": workload.name}
    account = workload.account
    if account.owned and account.name not in accounts:
        accounts.add(account.name)
        found["ServiceAccount"] = account.name
    for kind, is_there in (
        ("ConfigMap", workload.config is not None),
        ("HorizontalPodAutoscaler", placement.autoscaling is not None),
        ("PodDisruptionBudget", placement.disruption is not None),
        ("Service", bool(workload.ports)),
    ):
        if is_there:
            found[kind] = workload.name
    return found


def _of_workload(patch: _Written, versions: Sequence[str], there: list[ir.Placement], findings: Diagnostics) -> bool:
    """Note the patch in the placements of one cluster whose objects it is for; whether there is any."""
    target = patch.target
    if target.api_version not in ("", API_VERSIONS.get(target.kind)):
        return False
    found = False
    accounts: set[str] = set()
    for position, placement in enumerate(there):
        name = generated(placement, accounts).get(target.kind)
        workload = placement.workload
        if (
            name is None
            or workload.version not in versions
            or target.name not in ("", name)
            or target.namespace not in ("", workload.app.namespace)
        ):
            continue
        found = True
        if _leaves_counted_fields(patch, findings):
            noted = Patch(target.kind, name, patch.data, patch.origin)
            there[position] = structs.replace(placement, patches=(*placement.patches, noted))
    return found


def _leaves_counted_fields(patch: _Written, findings: Diagnostics) -> bool:
    """Whether a patch on an object of ours leaves alone what the rest of the compilation counts on."""
    sound = True
    for kind, path, instead in _COUNTED:
        if kind == patch.target.kind and value_at(patch.data, path) is not None:
            sound = False
            findings.add(
                PATCH_SCALE,
                patch.origin.at(*path),
                ".".join(path),
                f"weights, capacity and routes count on {instead} of the app, and would not see this",
                f"use `set: {{{instead}: ...}}` instead",
            )
    for path in (("metadata", "labels"), ("spec", "template", "metadata", "labels")):
        labels = value_at(patch.data, path)
        for label in labels if isinstance(labels, dict) else ():
            if label in RESERVED_LABELS:
                sound = False
                place = patch.origin.at(*path).key(label)
                findings.add(RESERVED_LABEL, place, label, "fleetgate sets this label itself", "remove it")
    return sound


def _of_plain(patch: _Written, app_name: str, plain: list[PlainObject], findings: Diagnostics) -> bool:
    """Patch the plain objects of one cluster that it is for; whether there is any."""
    target = patch.target
    positions = [
        position
        for position, item in enumerate(plain)
        if item.data["kind"] == target.kind
        and target.api_version in ("", item.data["apiVersion"])
        and target.name in ("", item.data["metadata"]["name"])
        and target.namespace in ("", item.data["metadata"].get("namespace", ""))
    ]
    if len(positions) > 1 and not target.name:
        positions = [position for position in positions if plain[position].data["metadata"]["name"] == app_name]
    for position in positions:
        merged = patches.apply(plain[position].data, patch.data, patch.origin, findings)
        plain[position] = PlainObject(merged, plain[position].origin)
    return bool(positions)


def _words(there: Sequence[ir.Placement], plain: Sequence[PlainObject]) -> Iterator[str]:
    accounts: set[str] = set()
    for placement in there:
        for kind, name in generated(placement, accounts).items():
            yield f"{kind} {name}"
    for item in plain:
        yield f"{item.data['kind']} {item.data['metadata']['name']}"


def _report_missed(patch: _Written, offered: Sequence[str], findings: Diagnostics) -> None:
    target = patch.target
    shown = f"{target.kind} {target.name}".rstrip()
    same_kind = [words for words in offered if words.startswith(f"{target.kind} ")]
    if same_kind and not target.name and not target.api_version and not target.namespace:
        why = f"several objects are of kind {target.kind}, and none is called like the app"
        fix = f"say which is meant by metadata.name: {', '.join(same_kind)}"
    else:
        why = f"where this override applies, the app has no {shown}"
        fix = f"name one of its objects: {', '.join(offered[:12])}" if offered else "remove it"
    findings.add(PATCH_TARGET, patch.origin, shown, why, fix)
