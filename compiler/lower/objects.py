"""Plain and extra objects of an App in each of its clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.diagnostics import Note, Severity
from compiler.lower.fleet import DUPLICATE_OBJECT, cluster_id
from compiler.lower.manifests import defined_scopes, group, read_manifests, with_cluster_label, with_namespace
from compiler.lower.patching import API_VERSIONS, generated
from compiler.lower.pod_rules import REPLICAS_AND_AUTOSCALING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from compiler.diagnostics import Diagnostics, Origin
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
        _report_scaled(objects, placements.get(cluster, ()), app, findings)
    return placed, incomplete


def label_pods(objects: dict[str, list[PlainObject]], world: World, findings: Diagnostics) -> None:
    """Put the label of each cluster on the pods of its objects."""
    for cluster, there in objects.items():
        identity = cluster_id(world.clusters[cluster].value)
        objects[cluster] = [with_cluster_label(plain, identity, findings) for plain in there]


def _report_scaled(
    objects: Iterable[PlainObject], placements: Iterable[ir.Placement], app: Sourced[App], findings: Diagnostics
) -> None:
    """Argo CD and a HorizontalPodAutoscaler would set the number of pods in turns, where a manifest states it too."""
    stated: dict[Identity, tuple[Origin, str]] = {}
    for placement in placements:
        if placement.replicas is not None:
            identity = ("apps", "Deployment", placement.workload.app.namespace, placement.workload.name)
            stated[identity] = app.origin.at("spec", "image"), "delete it, and write `autoscaling` in the App"
    scalers: list[tuple[PlainObject, Identity]] = []
    for plain in objects:
        data, metadata = plain.data, plain.data["metadata"]
        api, spec, namespace = group(data["apiVersion"]), data.get("spec"), metadata.get("namespace", "")
        if not isinstance(spec, dict):
            continue
        target = spec.get("scaleTargetRef")
        if (api, data["kind"]) == ("autoscaling", "HorizontalPodAutoscaler") and isinstance(target, dict):
            of, kind, name = (str(target.get(field, "")) for field in ("apiVersion", "kind", "name"))
            scalers.append((plain, (group(of), kind, namespace, name)))
        elif spec.get("replicas") is not None:
            identity = (api, data["kind"], namespace, metadata["name"])
            stated[identity] = plain.origin.at("spec", "replicas"), "delete `spec.replicas` there"
    for plain, scaled in scalers:
        if scaled in stated:
            place, fix = stated[scaled]
            findings.add(
                REPLICAS_AND_AUTOSCALING,
                plain.origin.at("spec", "scaleTargetRef"),
                f"{scaled[1]} {scaled[3]}",
                "this manifest scales it, and its number of pods is stated too, so Argo CD would undo every step",
                fix,
                (Note(place, "the number of pods"),),
            )


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
