"""How versions and overrides change what an app is: `set`, and which placements an override is for.

A mapping that merges (labels, node selectors, requests and limits, config data) keeps the keys that the later layer
does not name. Lists that Kubernetes merges by a key of their items do the same; an item of the same key is replaced
as a whole, because a field that the later layer leaves out has its default there. All else is replaced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import structs

from compiler.diagnostics import Code, error, warning
from compiler.lower.fleet import nearest
from compiler.lower.placement import matching
from compiler.model.app import Config, PodSpec, Resources

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from compiler.diagnostics import Diagnostics, Origin
    from compiler.lower.world import World
    from compiler.model.app import AppSpec, Override
    from compiler.model.base import Node

UNKNOWN_VERSION = error(
    "unknown-version",
    "an override names a version that the App does not have",
    "`where.versions` limits an override to versions of its App: the names under `spec.versions`, or `stable` for "
    "the one that `spec` itself describes.",
)
OVERRIDE_UNUSED = warning(
    "override-unused",
    "an override, or a cluster that it names, matches no placement",
    "The override changes nothing: the App, or the version that it is for, does not run in the clusters that it "
    "names or selects. Remove it, or place the App there.",
)
CODES: tuple[Code, ...] = (UNKNOWN_VERSION, OVERRIDE_UNUSED)

STABLE = "stable"
"""How overrides name the version that an App's spec itself describes."""

FIELDS: dict[str, str] = dict(zip(PodSpec.__struct_fields__, PodSpec.__struct_encode_fields__, strict=True))
"""Field of a PodSpec -> what people write."""


def by_key(key: str) -> Callable[[Sequence[Node], Sequence[Node]], tuple[Node, ...]]:
    """A merge of two lists whose items are known by `key`: those of the first keep their place."""

    def merge(old: Sequence[Node], new: Sequence[Node]) -> tuple[Node, ...]:
        items = {getattr(item, key): item for item in old}
        for item in new:
            items[getattr(item, key)] = item
        return tuple(items.values())

    return merge


def _mappings(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    return {**old, **new}


def _resources(old: Resources, new: Resources) -> Resources:
    return Resources(requests={**old.requests, **new.requests}, limits={**old.limits, **new.limits})


def _config(old: Config, new: Config) -> Config:
    return Config(data={**old.data, **new.data}, mount_path=new.mount_path or old.mount_path)


MERGE_KEYS: dict[str, str] = {
    "env": "name",
    "ports": "name",
    "volumes": "name",
    "volume_mounts": "mount_path",
    "image_pull_secrets": "name",
}
"""Lists whose items are known by a key."""
_MERGES: dict[str, Callable[[Any, Any], Any]] = {
    **{field: by_key(key) for field, key in MERGE_KEYS.items()},
    "resources": _resources,
    "config": _config,
    "node_selector": _mappings,
    "labels": _mappings,
    "annotations": _mappings,
}


def set_fields(layer: PodSpec) -> dict[str, Any]:
    """The fields of a PodSpec that a layer sets."""
    values = zip(layer.__struct_fields__, structs.astuple(layer), strict=True)
    if type(layer) is PodSpec:  # that of an override, of which there are many
        return {name: value for name, value in values if value is not None}
    return {name: value for name, value in values if value is not None and name in FIELDS}


def overlay(base: PodSpec, fields: Mapping[str, Any]) -> PodSpec:
    """`base` with the fields of a layer on top.

    Fixed replicas and autoscaling are one choice: the later layer's stands.
    """
    merged = dict(fields)
    for name, new in fields.items():
        if name in _MERGES:
            old = getattr(base, name)
            if old is not None:
                merged[name] = _MERGES[name](old, new)
    if "autoscaling" in merged:
        merged["replicas"] = None
    elif "replicas" in merged and base.autoscaling is not None:
        merged["autoscaling"] = None
    return structs.replace(base, **merged)


def pod_spec(spec: AppSpec) -> PodSpec:
    """The part of an App's spec that versions and overrides may change."""
    return PodSpec(**{name: getattr(spec, name) for name in FIELDS})


def applicable(
    app_spec: AppSpec,
    placed: Mapping[str, Sequence[str]],
    world: World,
    origin: Origin,
    findings: Diagnostics,
) -> dict[tuple[str, str], list[int]]:
    """(version, cluster) -> indices of the overrides that are for this placement, in order.

    `placed`: the clusters of each version, "" = the stable one. `origin`: the App.
    """
    found: dict[tuple[str, str], list[int]] = {}
    runs_in = {version: frozenset(clusters) for version, clusters in placed.items()}
    for index, override in enumerate(app_spec.overrides):
        where = override.where
        clusters = where.clusters
        # most overrides name one cluster, which is there
        if len(clusters) != 1 or clusters[0] not in world.clusters or where.cluster_selector is not None:
            clusters = matching(where, world.clusters, origin.at("spec", "overrides", index, "where"), findings)
        versions = tuple(placed)
        if where.versions:
            versions = _versions(override, placed, origin.at("spec", "overrides", index, "where"), findings)
        matched = False
        for version in versions:
            there = runs_in[version]
            for cluster in clusters:
                if cluster in there:
                    matched = True
                    found.setdefault((version, cluster), []).append(index)
        if not matched or len(where.clusters) > 1:
            place = origin.at("spec", "overrides", index, "where")
            _report_unused(override, clusters, versions, runs_in, place, findings)
    return found


def _versions(
    override: Override, placed: Mapping[str, Sequence[str]], place: Origin, findings: Diagnostics
) -> tuple[str, ...]:
    chosen = []
    for index, name in enumerate(override.where.versions):
        version = "" if name == STABLE else name
        if version in placed:
            chosen.append(version)
        else:
            known = [STABLE, *(v for v in placed if v)]
            findings.add(
                UNKNOWN_VERSION,
                place.at("versions", index),
                name,
                "the App has no version of this name",
                nearest(name, known),
            )
    return tuple(chosen)


def _report_unused(
    override: Override,
    clusters: Sequence[str],
    versions: Sequence[str],
    runs_in: Mapping[str, frozenset[str]],
    place: Origin,
    findings: Diagnostics,
) -> None:
    """Say which part of `where` is for nothing; a part that has a finding already is not told again."""
    where = override.where
    if where.versions and not versions:
        return
    placed = frozenset().union(*(runs_in[version] for version in versions))
    there = f"it runs in {', '.join(sorted(placed))}" if placed else "it runs nowhere"
    fix = "remove it, or place the App there"
    used = [name for name in clusters if name in placed]
    if used:
        for index, name in enumerate(where.clusters):
            if name in clusters and name not in placed:
                findings.add(
                    OVERRIDE_UNUSED, place.at("clusters", index), name, f"the App is not placed here: {there}", fix
                )
    elif where.clusters and not clusters and where.cluster_selector is None:
        return
    else:
        steps = ("clusters",) if where.clusters else ("clusterSelector",) if where.cluster_selector else ()
        named = ", ".join(where.clusters)
        findings.add(OVERRIDE_UNUSED, place.at(*steps), named, f"no placement of the App matches: {there}", fix)
