"""Plain and extra objects of an App in each of its clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.diagnostics import Note, Severity
from compiler.lower.fleet import DUPLICATE_OBJECT, cluster_id
from compiler.lower.manifests import defined_scopes, group, read_manifests, with_cluster_label, with_namespace
from compiler.lower.patching import API_VERSIONS, generated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from compiler.diagnostics import Diagnostics
    from compiler.ir import workload as ir
    from compiler.ir.delivery import PlainObject
    from compiler.lower.templates import Renderer
    from compiler.lower.world import Files, Sourced, World
    from compiler.model.app import App

Identity = tuple[str, str, str, str]
"""(API group, kind, namespace, name)."""


def place_objects(
    app: Sourced[App],
    world: World,
    clusters: Sequence[str],
    placements: Mapping[str, Sequence[ir.Placement]],
    files: Files,
    findings: Diagnostics,
    renderer: Renderer | None,
) -> tuple[dict[str, list[PlainObject]], bool]:
    """(objects by cluster, whether some of them could not be read)."""
    before = len(findings)
    written = read_manifests(app, files, findings)
    extra: Mapping[str, Sequence[PlainObject]] = {}
    if app.value.spec.templates:
        # Templates are few: an app without any does not pay for reading the module.
        from compiler.lower.templates import render_templates  # noqa: PLC0415

        extra = render_templates(app, world, clusters, placements, files, findings, renderer)
    incomplete = any(found.code.severity is Severity.ERROR for found in list(findings)[before:])

    namespace = app.value.metadata.namespace
    scopes = defined_scopes([*written, *(plain for objects in extra.values() for plain in objects)])
    plain = [with_namespace(item, namespace, scopes) for item in written]
    placed = {
        cluster: [*plain, *(with_namespace(item, namespace, scopes) for item in extra.get(cluster, ()))]
        for cluster in clusters
    }
    for cluster, objects in placed.items():
        _report_duplicates(objects, placements.get(cluster, ()), namespace, app, findings)
    return placed, incomplete


def label_pods(objects: dict[str, list[PlainObject]], world: World, findings: Diagnostics) -> None:
    """Put the label of each cluster on the pods of its objects."""
    for cluster, there in objects.items():
        identity = cluster_id(world.clusters[cluster].value)
        objects[cluster] = [with_cluster_label(plain, identity, findings) for plain in there]


def _report_duplicates(
    objects: Iterable[PlainObject],
    placements: Iterable[ir.Placement],
    namespace: str,
    app: Sourced[App],
    findings: Diagnostics,
) -> None:
    """Two objects of one identity would overwrite each other."""
    accounts: set[str] = set()
    ours = {
        (group(API_VERSIONS[kind]), kind, namespace, name)
        for placement in placements
        for kind, name in generated(placement, accounts).items()
    }
    first: dict[Identity, PlainObject] = {}
    for plain in objects:
        metadata = plain.data["metadata"]
        kind, name = plain.data["kind"], metadata["name"]
        identity = (group(plain.data["apiVersion"]), kind, metadata.get("namespace", ""), name)
        other = first.setdefault(identity, plain)
        if other is plain and identity not in ours:
            continue
        is_ours = other is plain
        place = app.origin.at("spec", "image") if is_ours else other.origin.at("metadata", "name")
        findings.add(
            DUPLICATE_OBJECT,
            plain.origin.at("metadata", "name"),
            name,
            f"fleetgate writes a {kind} of this name for the app"
            if is_ours
            else f"another manifest of the app defines the same {kind}",
            "rename or delete one of them",
            (Note(place, "the app" if is_ours else "the other one"),),
        )
