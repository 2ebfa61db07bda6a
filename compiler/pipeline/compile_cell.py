"""One cell: documents -> IR -> checks -> files. Everything but delivery happens here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from compiler.annotations import pass_annotations
from compiler.annotations.ingress import IngressAnnotations
from compiler.check import RULES, RULES_OF_APPS
from compiler.check.missing_backend import check_backends
from compiler.diagnostics import Diagnostics, Note
from compiler.ir.traffic import ObjectName, Traffic
from compiler.lower.codes import UNKNOWN_INGRESS_CLASS
from compiler.lower.fleet import DUPLICATE_OBJECT, nearest, report_duplicate
from compiler.lower.ingress_paths import IngressInput
from compiler.lower.plain_services import lower_endpoint_slices, lower_service
from compiler.lower.readiness import readiness_paths
from compiler.lower.routes import lower_ingresses
from compiler.lower.spread import Spreads, check_pins
from compiler.lower.subsets import check_subsets
from compiler.lower.tenancy import Tenancy
from compiler.lower.workload import lower_app
from compiler.lower.world import Sourced
from compiler.model import kubernetes as model
from compiler.model.app import App
from compiler.model.traffic import TrafficPin, TrafficPolicy
from compiler.output.limits import check_sizes
from compiler.pipeline.facts import NAMED, Facts, facts_of
from compiler.pipeline.follow_ons import doubtful_services, without_follow_ons
from compiler.pipeline.sources import WORLD_KINDS
from compiler.targets import envoy, kubernetes, mse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from compiler.annotations.family import ServiceRef
    from compiler.diagnostics import Diagnostic
    from compiler.ir.delivery import EnvoyGateway, IngressObject, MseGateway
    from compiler.ir.traffic import Service
    from compiler.ir.workload import LoweredApp
    from compiler.lower.templates import Renderer
    from compiler.lower.world import Files, World
    from compiler.model.base import Document
    from compiler.model.traffic import TrafficState
    from compiler.pipeline.follow_ons import Broken
    from compiler.pipeline.sources import ReadIngress, Sources
    from compiler.targets.envoy.fragments import Fragment
    from compiler.targets.target import Emission, ObjectId


T = TypeVar("T", bound="Document")


class Program(Struct):
    """The IR of a cell."""

    traffic: Traffic
    apps: tuple[LoweredApp, ...]
    ingresses: dict[ObjectName, IngressObject]
    doubtful: tuple[str, ...] = ()
    """Services of which, after findings about their App, nobody knows where they run."""


class CellResult(Struct):
    """What came of a cell."""

    files: tuple[str, ...]
    """Input files."""
    emissions: list[Emission]
    findings: list[Diagnostic]
    facts: Facts
    fragments: list[Fragment]
    """What it adds to the Envoy configurations of gateways."""
    services: tuple[ObjectName, ...]
    """What can be routed to."""
    program: Program | None
    """The IR, where it was asked for."""


class Context(Struct):
    """What all cells share."""

    world: World
    gateways: tuple[MseGateway, ...]
    envoys: tuple[EnvoyGateway, ...]
    files: Files
    states: tuple[Sourced[TrafficState], ...]
    broken: tuple[Broken, ...]
    """What could not be read: what it mentions is not reported as missing."""
    by_app: bool
    renderer: Renderer | None = None
    """The child process that renders templates, started when one is met."""


def compile_cell(
    context: Context,
    sources: Sources,
    files: tuple[str, ...],
    ingresses: Sequence[ReadIngress],
    *,
    keep_program: bool = False,
) -> CellResult:
    """Lower, check and emit one cell."""
    findings = Diagnostics()
    program = lower_cell(context, sources, files, ingresses, findings)
    for rule in RULES:
        rule(program.traffic, findings)
    for rule_of_apps in RULES_OF_APPS:
        rule_of_apps(program.traffic, program.apps, findings)
    kept = without_follow_ons(findings, context.broken, program.doubtful)
    emissions: list[Emission] = []
    fragments: list[Fragment] = []
    if not findings.has_errors:  # also those that follow from others: a program with holes can't be emitted
        late = Diagnostics()
        for app in program.apps:
            mine = kubernetes.emit(app)
            check_sizes(mine, app.origin, late)
            emissions += mine
        if len(program.apps) > 1:
            _report_shared(program.apps, emissions, late)
        emissions += mse.emit_traffic(program.traffic, context.gateways, program.ingresses, late)
        if context.envoys:
            fragments = envoy.emit_traffic(program.traffic, context.envoys, late)
        kept += late
    facts = facts_of(emissions, by_app=context.by_app)
    _tally(facts, program, fragments, context.world)
    documents = (document for file in files for document in sources.files[file].documents)
    facts.tallies["documents"] = sum(type(document.value) not in WORLD_KINDS for document in documents)
    services = tuple(service.name for service in program.traffic.services)
    return CellResult(files, emissions, kept, facts, fragments, services, program if keep_program else None)


def lower_cell(
    context: Context,
    sources: Sources,
    files: tuple[str, ...],
    ingresses: Sequence[ReadIngress],
    findings: Diagnostics,
) -> Program:
    """The IR of one cell."""
    world = context.world
    tenancy = Tenancy(world, findings)
    documents = sources.by_kind(files)
    apps = []
    doubtful: list[str] = []
    for app in _take(App, documents, tenancy, findings):
        before = len(findings)
        lowered = lower_app(app, world, context.files, findings, context.renderer)
        if len(findings) > before or context.broken:
            doubtful += doubtful_services(app.value, app.origin.file, list(findings)[before:], context.broken)
        kubernetes.check_patches(lowered, findings)
        apps.append(lowered)
        for _, plain_objects in lowered.objects:
            for plain in plain_objects:
                tenancy.check_object(plain)
    services = [service for app in apps for service in app.services]
    for document in _take(model.Service, documents, tenancy, findings):
        service = lower_service(document, world, findings)
        services += [service] if service is not None else []
    by_name: dict[ObjectName, Service] = {}
    for service in sorted(services, key=lambda s: (s.name, s.origin.sort_key)):
        first = by_name.setdefault(service.name, service)
        if first is not service:
            report_service(service, first, findings)
    policies = _take(TrafficPolicy, documents, tenancy, findings)
    pins = _take(TrafficPin, documents, tenancy, findings)
    slices = _take(model.EndpointSlice, documents, tenancy, findings)
    for endpoint_slice in slices:
        tenancy.check_addresses(endpoint_slice.value, endpoint_slice.origin)
    endpoints = lower_endpoint_slices(slices, by_name, world, findings)
    by_name.update((name, replace(by_name[name], endpoints=groups)) for name, groups in endpoints.items())
    readiness = readiness_paths(apps) if policies or endpoints else {}
    spreads = Spreads(by_name, policies, world, context.states, findings, readiness)
    check_pins(pins, by_name, findings)
    whole, broken = _ingresses(context, ingresses, tenancy, findings)
    for ingress in broken:
        _check_broken(ingress, by_name, spreads, context, findings)
    unread = [ingress.value for ingress in broken]
    check_subsets(whole, apps, findings)
    gateways, objects = lower_ingresses(whole, by_name, spreads, world, findings, unread)
    in_order = tuple(by_name[name] for name in sorted(by_name))
    traffic = Traffic(gateways, world.traffic_clusters, in_order, spreads.demands)
    return Program(traffic, tuple(apps), objects, tuple(doubtful))


def _take(
    kind: type[T], documents: Mapping[type, list[Sourced[Any]]], tenancy: Tenancy, findings: Diagnostics
) -> list[Sourced[T]]:
    """Documents of a kind, each name once, in a namespace of its tenant, without annotations that mean nothing."""
    first: dict[tuple[str, str], Sourced[T]] = {}
    for document in documents.get(kind, ()):
        metadata = document.value.metadata
        other = first.setdefault((metadata.namespace, metadata.name), document)
        if other is not document:
            report_duplicate(document.value.kind, document, other, findings)
            continue
        if tenancy.has_tenants:
            tenancy.check_namespace(metadata.namespace, document.origin.at("metadata", "namespace"))
        if metadata.annotations and kind is not model.Service:
            place = document.origin.at("metadata")
            pass_annotations(document.value.kind, metadata.annotations, place, findings)
    return [first[name] for name in sorted(first)]


def _ingresses(
    context: Context, ingresses: Sequence[ReadIngress], tenancy: Tenancy, findings: Diagnostics
) -> tuple[list[IngressInput], list[ReadIngress]]:
    """Ingresses of a gateway, each name once: those that can be lowered, and those whose annotations can't be read."""
    classes = {g.ingress_class_name for g in context.world.fleet.value.spec.gateways}
    first: dict[tuple[str, str], ReadIngress] = {}
    whole: list[IngressInput] = []
    broken: list[ReadIngress] = []
    for ingress in ingresses:
        metadata, spec = ingress.value.metadata, ingress.value.spec
        other = first.setdefault((metadata.namespace, metadata.name), ingress)
        if other is not ingress:
            report_duplicate("Ingress", Sourced(ingress.value, ingress.origin), other, findings)  # type: ignore[arg-type]
            continue
        if tenancy.has_tenants:
            _check_tenant(ingress, tenancy)
        if spec.ingress_class_name not in classes:
            findings.add(
                UNKNOWN_INGRESS_CLASS,
                ingress.origin.at("spec", "ingressClassName"),
                spec.ingress_class_name or "",
                "no gateway of the Fleet reads this class" if spec.ingress_class_name else "no class is named",
                f"name the class of a gateway ({nearest(spec.ingress_class_name or '', classes)})",
            )
        elif ingress.annotations.is_broken:
            broken.append(ingress)
        else:
            whole.append(_input(ingress, ingress.annotations))
    return whole, broken


def _input(ingress: ReadIngress, annotations: IngressAnnotations) -> IngressInput:
    metadata = ingress.value.metadata
    return IngressInput(ingress.value, ingress.origin, annotations, ObjectName(metadata.namespace, metadata.name))


def _check_tenant(ingress: ReadIngress, tenancy: Tenancy) -> None:
    """Hold an Ingress to the tenant: its namespace, its hosts, and what its annotations name."""
    spec, place = ingress.value.spec, ingress.origin.at("spec")
    tenancy.check_namespace(ingress.value.metadata.namespace, ingress.origin.at("metadata", "namespace"))
    for index, rule in enumerate(spec.rules):
        tenancy.check_host(rule.host or "*", place.at("rules", index, "host"))
    if spec.default_backend is not None:
        tenancy.check_host("*", place.at("defaultBackend"))
    _check_names(ingress.annotations, tenancy)


def _check_names(said: IngressAnnotations, tenancy: Tenancy) -> None:
    """Hold what annotations name to the tenant: Services, Secrets, hosts."""
    for ref in _references(said):
        tenancy.check_reference(ObjectName(ref.namespace, ref.name), ref.origin)
    if said.aliases is not None:
        for name in said.aliases.names:
            tenancy.check_host(name, said.aliases.origin)
    if said.auth is not None:
        tenancy.check_secret(said.auth.secret)
    if said.tls is not None and said.tls.client_ca is not None:
        tenancy.check_secret(said.tls.client_ca)
    if said.upstream_tls is not None and said.upstream_tls.client_certificate is not None:
        tenancy.check_secret(said.upstream_tls.client_certificate)


def _references(said: IngressAnnotations) -> list[ServiceRef]:
    """The Services that annotations name."""
    found = [target.service for target in said.destination.targets] if said.destination is not None else []
    if said.fallback is not None:
        found.append(said.fallback)
    if said.mirror is not None:
        found.append(said.mirror.service)
    return found


def _check_broken(
    ingress: ReadIngress,
    services: dict[ObjectName, Service],
    spreads: Spreads,
    context: Context,
    findings: Diagnostics,
) -> None:
    """Of an Ingress whose annotations could not be read its backends can still be checked, and nothing else."""
    plain = _input(ingress, IngressAnnotations(regex=ingress.annotations.regex))
    gateways, _ = lower_ingresses([plain], services, spreads, context.world, Diagnostics())
    check_backends(Traffic(gateways, (), tuple(services.values())), findings)


def report_service(second: Service, first: Service, findings: Diagnostics) -> None:
    """Two objects provide one Service."""
    findings.add(
        DUPLICATE_OBJECT,
        second.origin,
        str(second.name),
        "another App, version or Service document provides the same Service",
        "rename or delete one of them",
        (Note(first.origin, "the other one"),),
    )


def _report_shared(apps: Iterable[LoweredApp], emissions: Sequence[Emission], findings: Diagnostics) -> None:
    """Two Apps that emit one object would overwrite each other for ever."""
    if not _are_any_shared(emissions):
        return
    origins = {f"{app.name.namespace}/{app.name.name}.yaml": app.origin for app in apps}
    first: dict[tuple[str, _ObjectKey], str] = {}
    for emission in emissions:
        app = emission.path.split("/", 2)[2]
        for identity in emission.objects:
            other = first.setdefault((emission.scope[1], _object_key(identity)), app)
            if other != app:
                findings.add(
                    DUPLICATE_OBJECT,
                    origins[app].at("metadata", "name"),
                    f"{identity.kind} {identity.name}",
                    "another App defines the same object",
                    "rename or delete one of them",
                    (Note(origins[other].at("metadata", "name"), "the other App"),),
                )


def _are_any_shared(emissions: Iterable[Emission]) -> bool:
    """Whether two Apps emit an object of one name, be it into different clusters: a glance that most cells pass."""
    first: dict[_ObjectKey, str] = {}
    said: tuple[ObjectId, ...] = ()
    for emission in emissions:
        if emission.objects is said:  # in its other clusters an app mostly has the same ones
            continue
        said = emission.objects
        app = emission.path.split("/", 2)[2]
        for identity in said:
            if first.setdefault(_object_key(identity), app) != app:
                return True
    return False


_ObjectKey = tuple[str, str, str, str]
"""(API group, kind, namespace, name)."""


def _object_key(identity: ObjectId) -> _ObjectKey:
    return identity.api_version.rpartition("/")[0], identity.kind, identity.namespace, identity.name


def _tally(facts: Facts, program: Program, fragments: Iterable[Fragment], world: World) -> None:
    """Numbers for the summary, and for what is told of a whole gateway."""
    tallies = facts.tallies

    def count(keys: Iterable[str], number: int = 1) -> None:
        for key in keys if number else ():
            tallies[key] = tallies.get(key, 0) + number

    count(("apps",), len(program.apps))
    apps, workloads = facts.apps, facts.workloads
    for app in program.apps:
        clusters = [placement.cluster for placement in app.placements]
        for cluster in clusters:
            workloads[cluster] = workloads.get(cluster, 0) + 1
        for cluster in {*clusters, *[cluster for cluster, _ in app.objects]}:
            apps[cluster] = apps.get(cluster, 0) + 1
    for gateway in program.traffic.gateways:
        count((f"hosts|{gateway.name}",), len(gateway.hosts))
        count((f"routes|{gateway.name}",), sum(len(h.routes) for h in gateway.hosts))
    names = {g.ingress_class_name: g.name for g in world.fleet.value.spec.gateways}
    count([f"ingresses|{names[ingress.ingress_class]}" for ingress in program.ingresses.values()])
    count([f"{NAMED}|{each.gateway}|{each.name}" for each in fragments if each.section == "secret"])
