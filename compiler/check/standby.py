"""What stands by for another cluster is the same as what it stands in for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compiler.diagnostics import Note, warning
from compiler.ir.walk import backends, routes
from compiler.ir.workload import KeyOf

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from compiler.diagnostics import Diagnostics
    from compiler.ir.traffic import ObjectName, Service, Spread, Traffic
    from compiler.ir.workload import LoweredApp, Placement

STANDBY_DIFFERS = warning(
    "standby-differs",
    "a cluster that stands by runs something else than the one it stands in for",
    """\
A secondary is only worth something if it can do what the primary does. Here an override gives it another image, other
ports, other ConfigMaps, Secrets or claims: on the day of the loss its users meet something that nobody tried. Values of
environment variables and labels may differ; they often name the cluster.

Delete the override, or accept the finding with a reason (a roll-out in steps, for example).""",
)
STANDBY_EMPTY = warning(
    "standby-empty",
    "a cluster stands by and runs no pod",
    """\
A later tier (or a cluster of weight 0) serves when those before it are lost. This one has `replicas: 0`, so it would
serve nothing, and counts for no survival.

Give it replicas, or take it out of the spread (`excluded`, with a reason).""",
)


def check_standby(traffic: Traffic, apps: Iterable[LoweredApp], findings: Diagnostics) -> None:
    """Compare each later tier of a spread with the first one; once per Service and cluster."""
    spreads = _tiered(traffic)
    if not spreads:
        return
    services = {service.name: service for service in traffic.services}
    running = {name: app for app in apps for name in (service.name for service in app.services)}
    for name, spread in sorted(spreads.items(), key=lambda item: item[0]):
        service, app = services.get(name), running.get(name)
        if service is not None:
            _check_pods(service, spread, findings)
            if app is not None:
                _check_same(name, spread, app, findings)


def _tiered(traffic: Traffic) -> dict[ObjectName, Spread]:
    """The spreads in which somebody stands by because a TrafficPolicy says so: not those of pins."""
    return {
        backend.service: backend.spread
        for _, route in routes(traffic)
        for backend in backends(route)
        if len(backend.spread.tiers) > 1 and "spread" in backend.spread.origin.path
    }


def _standby(spread: Spread) -> Iterator[str]:
    return (member.cluster for tier in spread.tiers[1:] for member in tier.members)


def _check_pods(service: Service, spread: Spread, findings: Diagnostics) -> None:
    empty = {member.cluster for member in service.members if member.replicas == 0}
    for cluster in _standby(spread):
        if cluster in empty:
            findings.add(
                STANDBY_EMPTY,
                spread.origin,
                str(service.name),
                f"{cluster} stands by for it and runs no pod (replicas: 0)",
                f"give it replicas in {cluster}, or take {cluster} out of the spread",
            )


def _check_same(name: ObjectName, spread: Spread, app: LoweredApp, findings: Diagnostics) -> None:
    profiles = _profiles(name, app)
    first = next((m.cluster for m in spread.tiers[0].members if m.cluster in profiles), None)
    if first is None:
        return
    for cluster in _standby(spread):
        if cluster not in profiles:
            continue
        for what, here in profiles[cluster].items():
            there = profiles[first].get(what)
            if here != there:
                findings.add(
                    STANDBY_DIFFERS,
                    spread.origin,
                    str(name),
                    f"{what} in {cluster}, which stands by, is {_words(here)}; in {first} it is {_words(there)}",
                    "delete the override that makes them differ, or accept the finding with a reason",
                    (Note(app.origin, "the app"),),
                )
                break  # one difference says enough; the next shows when it is mended


def _words(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return str(value)


def _profiles(name: ObjectName, app: LoweredApp) -> dict[str, dict[str, object]]:
    """Cluster -> what has to be the same everywhere, for the pods behind a Service."""
    typed = {p.cluster: _of_placement(p) for p in app.placements if p.workload.name == name.name}
    if typed:
        return typed
    return {
        cluster: {"image": images}
        for cluster, objects in app.objects
        if (images := tuple(sorted(image for plain in objects for image in _images(plain.data))))
    }


def _of_placement(placement: Placement) -> dict[str, object]:
    workload = placement.workload
    return {
        "image": workload.image,
        "the list of ports": tuple(
            f"{port.name}:{port.number}->{port.target}/{port.protocol}" for port in workload.ports
        ),
        "the list of ConfigMaps, Secrets and claims": tuple(sorted(_references(placement))),
    }


def _references(placement: Placement) -> Iterator[str]:
    workload = placement.workload
    for variables in workload.env_from:
        yield f"{variables.kind} {variables.name}"
    for volume in workload.volumes:
        if volume.source:
            yield f"{volume.kind} {volume.source}"
    for variable in placement.env:
        if isinstance(variable.source, KeyOf):
            yield f"{variable.source.kind} {variable.source.name}"


def _images(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Images of the pods of a plain manifest; what is not of the right form is told elsewhere."""
    template = _field(_field(manifest, "spec"), "template")
    for container in _field(_field(template, "spec"), "containers") or ():
        image = _field(container, "image")
        if isinstance(image, str):
            yield image


def _field(value: object, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None
