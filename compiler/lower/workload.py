"""An App -> its workloads in every cluster, the Services that it offers, and its plain and extra objects."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct, structs

from compiler.diagnostics import Code, Note, error
from compiler.ir import workload as ir
from compiler.ir.traffic import ObjectName, ServiceMember, ServicePort
from compiler.lower import alike
from compiler.lower.fleet import cluster_id
from compiler.lower.objects import label_pods, place_objects
from compiler.lower.offers import Offers, offer_objects, service_ports
from compiler.lower.overrides import FIELDS, STABLE, applicable, overlay, pod_spec, set_fields
from compiler.lower.patching import apply_patches
from compiler.lower.placement import select
from compiler.lower.pod_rules import RESERVED_LABELS, Layers, check_labels, check_layer, check_pods
from compiler.lower.pods import Parts, pairs
from compiler.model.known import Known

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from compiler.diagnostics import Diagnostics, Origin
    from compiler.ir.delivery import PlainObject
    from compiler.lower.templates import Renderer
    from compiler.lower.world import Files, Sourced, World
    from compiler.model.app import App, Override, PodSpec

APP_NAME = error(
    "app-name",
    "an app or version whose name cannot be the name of its objects",
    "The Deployment, the container and the Service of an app are named like it, those of a version `<app>-<version>`. "
    "Kubernetes wants such names to have at most 63 letters, digits and `-`; that of a Service begins with a letter. "
    "No app is called `namespace`, because its file would be that of its Namespace.",
)
EMPTY_APP = error(
    "empty-app",
    "an App that runs nothing",
    "An App has an image, or plain `manifests`, or `templates` of manifests, or several of them.",
)
POD_FIELD_WITHOUT_IMAGE = error(
    "pod-field-without-image",
    "a field of pods in an App that has no image",
    "Fields such as replicas, env and ports describe the Deployment and the Service that fleetgate writes for an "
    "App with an `image`. The objects of `manifests` and `templates` are emitted as they are: change them in their "
    "files, or per cluster with `patch` in an override.",
)
DUPLICATE_VERSION = error(
    "duplicate-version",
    "two versions of an App have the same name",
    "Deployment and Service of a version are named `<app>-<version>`, so each version has a name of its own; `stable` "
    "is the name of the one that the App's spec itself describes.",
)
CODES: tuple[Code, ...] = (APP_NAME, EMPTY_APP, POD_FIELD_WITHOUT_IMAGE, DUPLICATE_VERSION)

DEFAULT_CPU_PERCENT = 80
"""What autoscaling aims at where it states no target."""

_ONE_MAY_GO = ir.Disruption(max_unavailable=1)
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_sound_fields = Known[dict[str, Any]]()
"""What overrides set with which nothing is wrong."""
_WITHOUT_IMAGE = frozenset({"capacity"})
"""Fields of a PodSpec that make sense for plain manifests too."""


class _Version(Struct, gc=False):
    """A version of the app, before overrides."""

    name: str
    """"" = the stable one."""
    spec: PodSpec
    layers: tuple[tuple[PodSpec, Origin], ...]
    clusters: tuple[str, ...]
    origin: Origin
    """Where its name stands."""


class _Variant(Struct, frozen=True, gc=False):
    """What a version is under one sequence of overrides."""

    workload: ir.Workload
    env: tuple[ir.Variable, ...]
    ports: tuple[ServicePort, ...]
    replicas: int | None
    autoscaling: ir.Autoscaling | None
    disruption: ir.Disruption | None
    capacity: float | None


def lower_app(
    app: Sourced[App], world: World, files: Files, findings: Diagnostics, renderer: Renderer | None = None
) -> ir.LoweredApp:
    """The app, lowered; what is wrong with it goes to `findings`, and the rest is lowered all the same.

    `renderer` renders the templates of many apps; without one, an app with templates starts one for itself.
    """
    spec, metadata = app.value.spec, app.value.metadata
    kind = alike.kind_of(app, world) if _has_sound_names(app.value) else None
    if kind is not None and (made := alike.lowered_alike(kind, app)) is not None:
        return made
    before = len(findings)
    versions = _versions(app, world, findings)
    _check_app(app, versions, findings)
    placed = {version.name: version.clusters for version in versions}
    applying = applicable(spec, placed, world, app.origin, findings) if spec.overrides else {}
    offers = Offers(findings)
    placements: dict[str, list[ir.Placement]] = {}
    if spec.image is not None:
        variants = _Variants(app, findings)
        for version in versions:
            _place(version, variants, applying, world, placements, offers)
    objects: dict[str, list[PlainObject]] = {}
    incomplete = False
    if spec.manifests or spec.templates:
        clusters = versions[0].clusters
        objects, incomplete = place_objects(app, world, clusters, placements, files, findings, renderer)
    if any(override.patch is not None for override in spec.overrides):
        apply_patches(app, applying, placements, objects, findings, incomplete=incomplete)
    if objects:
        label_pods(objects, world, findings)
    for cluster, there in objects.items():
        capacity = _plain_capacity(app.value, applying.get(("", cluster), ()))
        offer_objects(cluster, there, placements.get(cluster, ()), capacity, offers, findings)
    lowered = ir.LoweredApp(
        ObjectName(metadata.namespace, metadata.name),
        tuple([placement for cluster in sorted(placements) for placement in placements[cluster]]),
        offers.services(),
        tuple((cluster, tuple(objects[cluster])) for cluster in sorted(objects)),
        app.origin,
    )
    if kind is not None and len(findings) == before:
        alike.remember(kind, lowered, app.value, world)
    return lowered


# --- versions


def _versions(app: Sourced[App], world: World, findings: Diagnostics) -> list[_Version]:
    """The stable version first, the others in the order in which they were written."""
    spec, origin = app.value.spec, app.origin
    place = origin.at("spec")
    clusters = select(spec.placement, world.clusters, place.at("placement"), findings)
    base = pod_spec(spec)
    versions = [_Version("", base, ((base, place),), clusters, origin.at("metadata", "name"))]
    first: dict[str, int] = {}
    for index, version in enumerate(spec.versions):
        there = place.at("versions", index)
        other = first.setdefault(version.name, index)
        if other != index or version.name == STABLE:
            findings.add(
                DUPLICATE_VERSION,
                there.at("name"),
                version.name,
                "another version has this name"
                if version.name != STABLE
                else "overrides call the version so that the App's spec itself describes",
                "give each version a name of its own",
                (Note(place.at("versions", other, "name"), "the other version"),) if other != index else (),
            )
            continue
        chosen = clusters
        if version.placement is not None:
            chosen = select(version.placement, world.clusters, there.at("placement"), findings)
        fields = set_fields(version)
        versions.append(
            _Version(version.name, overlay(base, fields), ((base, place), (version, there)), chosen, there.at("name"))
        )
    return versions


def _has_sound_names(app: App) -> bool:
    """Whether `_check_app` has nothing to say of the names in an App, whatever it holds."""
    metadata = app.metadata
    name = metadata.name
    return (
        _LABEL.fullmatch(name) is not None
        and all(_LABEL.fullmatch(f"{name}-{version.name}") for version in app.spec.versions)
        and name[0].isalpha()
        and name not in ("kubernetes", "namespace")
        and RESERVED_LABELS.isdisjoint(metadata.labels)
    )


def _check_app(app: Sourced[App], versions: Sequence[_Version], findings: Diagnostics) -> None:
    spec, metadata = app.value.spec, app.value.metadata
    if metadata.labels:
        check_labels(metadata.labels, app.origin.at("metadata", "labels"), findings)
    if spec.image is None:
        if spec.manifests or spec.templates:
            _check_without_image(app, findings)
        else:
            findings.add(
                EMPTY_APP,
                app.origin.at("spec"),
                metadata.name,
                "it has neither image nor manifests nor templates",
                "add `image`",
            )
        return
    for version in versions:
        name = f"{metadata.name}-{version.name}" if version.name else metadata.name
        why = ""
        if not _LABEL.fullmatch(name):
            why = f"its objects are called {name}, which is no DNS label of at most 63 characters"
        elif version.spec.ports and not name[0].isalpha():
            why = f"its Service is called {name}, and the name of a Service begins with a letter"
        if why:
            fix = "choose a name of lower-case letters, digits and `-` that begins with a letter"
            findings.add(APP_NAME, version.origin, version.name or metadata.name, why, fix)
    if (metadata.namespace, metadata.name) == ("default", "kubernetes") and spec.ports:
        why = "in namespace default the Service of this name is that of the API server"
        findings.add(APP_NAME, app.origin.at("metadata", "name"), metadata.name, why, "choose another name")
    if metadata.name == "namespace":
        why = "its file namespace.yaml would be that of the Namespace"
        findings.add(APP_NAME, app.origin.at("metadata", "name"), metadata.name, why, "choose another name")


def _check_without_image(app: Sourced[App], findings: Diagnostics) -> None:
    """Report fields that would describe a Deployment which is not there: one finding per layer."""
    spec, place = app.value.spec, app.origin.at("spec")
    layers: list[tuple[PodSpec, Origin]] = [(spec, place)]
    layers += [
        (override.set, place.at("overrides", index, "set"))
        for index, override in enumerate(spec.overrides)
        if override.set is not None
    ]
    for layer, origin in layers:
        fields = [FIELDS[name] for name in set_fields(layer) if name not in _WITHOUT_IMAGE]
        if fields:
            findings.add(
                POD_FIELD_WITHOUT_IMAGE,
                origin.key(fields[0]),
                ", ".join(fields),
                "this App has no image, so there is no Deployment of ours that this could describe",
                "change the manifests themselves, or use `patch` in an override",
            )
    if spec.versions:
        findings.add(
            POD_FIELD_WITHOUT_IMAGE,
            place.key("versions"),
            "versions",
            "this App has no image, so there is nothing of which these could be versions",
            "add an image, or make an App of its own for each version",
        )


# --- placements


def _place(
    version: _Version,
    variants: _Variants,
    applying: Mapping[tuple[str, str], Sequence[int]],
    world: World,
    placements: dict[str, list[ir.Placement]],
    offers: Offers,
) -> None:
    """Add the version to `placements` in each of its clusters."""
    variants.begin(version)
    if not version.clusters:
        variants.under(())  # nowhere to run is one mistake; it hides no other
    for cluster in version.clusters:
        variant = variants.under(tuple(applying.get((version.name, cluster), ())))
        there = placements.setdefault(cluster, [])
        workload = _with_own_account(variant.workload, there) if there else variant.workload
        placement = ir.Placement(
            cluster,
            cluster_id(world.clusters[cluster].value),
            workload,
            variant.env,
            variant.replicas,
            variant.autoscaling,
            variant.disruption,
        )
        there.append(placement)
        if variant.ports:
            name = variants.service
            most = variant.autoscaling.max_replicas if variant.autoscaling is not None else None
            member = ServiceMember(cluster, placement.floor, most, variant.capacity)
            offers.add(name, variant.ports, member, version.origin)


def _with_own_account(workload: ir.Workload, there: Sequence[ir.Placement]) -> ir.Workload:
    """Versions share the account of the app, unless theirs differs: then it has the name of the version."""
    account = workload.account
    if account.owned:
        for other in there:
            theirs = other.workload.account
            if theirs.owned and theirs.name == account.name and theirs.annotations != account.annotations:
                return structs.replace(workload, account=structs.replace(account, name=workload.name))
    return workload


class _Variants:
    """Makes what a version is under each sequence of overrides, once."""

    def __init__(self, app: Sourced[App], findings: Diagnostics) -> None:
        self._app = app
        self._findings = findings
        self._parts = Parts(app.value.metadata.name)
        self._sets = [self._fields(index, override) for index, override in enumerate(app.value.spec.overrides)]

    def begin(self, version: _Version) -> None:
        """Make variants of this version from now on."""
        metadata = self._app.value.metadata
        layer, place = version.layers[-1]
        check_layer(layer, set_fields(layer), lambda: place, self._findings)
        self._version = version
        self._checked: set[int] = set()
        workload = ir.Workload(
            app=ObjectName(metadata.namespace, metadata.name),
            version=version.name,
            object_labels=pairs(metadata.labels),
            object_annotations=pairs(metadata.annotations),
            **self._parts.all(version.spec),
        )
        self.service = ObjectName(metadata.namespace, workload.name)
        ports = service_ports(workload.ports)
        self._base = _variant(workload, self._parts.environment(version.spec), ports, version.spec)
        self._made: dict[tuple[int, ...], _Variant] = {}

    def under(self, overrides: tuple[int, ...]) -> _Variant:
        """The version under these overrides, in order."""
        variant = self._made.get(overrides)
        if variant is None:
            variant = self._made[overrides] = self._make(overrides)
        return variant

    def _make(self, overrides: tuple[int, ...]) -> _Variant:
        base = self._base
        spec = self._version.spec
        changed: frozenset[str] = frozenset()
        layers = []
        for index in overrides:
            layer = self._app.value.spec.overrides[index].set
            if layer is not None:
                fields = self._sets[index]
                spec = overlay(spec, fields)
                changed = changed.union(fields)
                layers.append((index, layer))
        whole = Layers(self._version.layers, tuple(layers), self._app.origin)
        check_pods(spec, whole, changed, self._checked, self._findings)
        if not changed:
            return base
        parts = self._parts.changed(spec, changed)
        workload = structs.replace(base.workload, **parts) if parts else base.workload
        env = self._parts.environment(spec) if "env" in changed else base.env
        ports = service_ports(workload.ports) if "ports" in changed else base.ports
        return _variant(workload, env, ports, spec)

    def _fields(self, index: int, override: Override) -> dict[str, Any]:
        """What an override sets, checked."""
        fields = _sound_fields.get(override)
        if fields is None:
            fields = {} if override.set is None else set_fields(override.set)
            if override.set is not None:
                origin, before = self._app.origin, len(self._findings)
                check_layer(override.set, fields, lambda: origin.at("spec", "overrides", index, "set"), self._findings)
                if len(self._findings) > before:
                    return fields
            _sound_fields.put(override, fields)
        return fields


def _variant(
    workload: ir.Workload, env: tuple[ir.Variable, ...], ports: tuple[ServicePort, ...], spec: PodSpec
) -> _Variant:
    scaling = spec.autoscaling
    if scaling is None:
        autoscaling, replicas = None, 1 if spec.replicas is None else spec.replicas
        floor = replicas
    else:
        cpu, memory = scaling.target_cpu_utilization_percentage, scaling.target_memory_utilization_percentage
        if cpu is None and memory is None:
            cpu = DEFAULT_CPU_PERCENT
        autoscaling, replicas = ir.Autoscaling(scaling.min_replicas, scaling.max_replicas, cpu, memory), None
        floor = scaling.min_replicas
    budget = spec.disruption_budget
    disruption = _ONE_MAY_GO if floor > 1 else None
    if budget is not None:
        disruption = ir.Disruption(budget.min_available, budget.max_unavailable)
    capacity = spec.capacity.requests_per_second if spec.capacity is not None else None
    return _Variant(workload, env, ports, replicas, autoscaling, disruption, capacity)


def _plain_capacity(app: App, overrides: Sequence[int]) -> float | None:
    """Requests per second of one pod of the plain manifests in a cluster, where stated."""
    capacity = app.spec.capacity
    for index in overrides:
        layer = app.spec.overrides[index].set
        if layer is not None and layer.capacity is not None:
            capacity = layer.capacity
    return capacity.requests_per_second if capacity is not None else None
