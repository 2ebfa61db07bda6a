"""What is assembled from the sums of all cells: Namespaces, gateways, Argo CD, the summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.pipeline.facts import facts_of, no_facts
from compiler.pipeline.options import ClusterSummary, GatewaySummary, Summary
from compiler.targets import argocd, envoy, kubernetes, mse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compiler.diagnostics import Diagnostics
    from compiler.ir.delivery import ArgoCD, EnvoyGateway, MseGateway
    from compiler.lower.world import World
    from compiler.pipeline.facts import Facts
    from compiler.targets.target import Emission


def deliver(
    cells: Facts,
    gateways: tuple[MseGateway, ...],
    settings: ArgoCD,
    findings: Diagnostics,
    envoys: tuple[EnvoyGateway, ...] = (),
) -> Iterator[Emission]:
    """Files that belong to no single cell. `cells` is the sum of all cells and is not changed."""
    facts = no_facts()
    facts.add(cells)
    # Argo CD has to know where the objects of a gateway are, and nothing of the configuration that they carry
    facts.add(
        facts_of((each for gateway in envoys for each in envoy.kinds_of(gateway)), by_app=settings.granularity == "app")
    )
    groups = [key.split("|") for key in facts.objects]
    guests = {(cluster, namespace) for cluster, _, namespace in (key.partition("|") for key in facts.guests)}
    needed = {(g[1], g[2]) for g in groups if g[0] == "cluster" and g[2]} | guests
    places = [
        kubernetes.namespace_emission(cluster, namespace)
        for cluster, namespace in sorted(needed)
        if f"{cluster}|{namespace}" not in facts.namespaces
    ]
    # Argo CD lets no two Applications share an object, so that each API server gets a Namespace once
    servers = {cluster: argocd.server_of(destination) for cluster, destination in settings.destinations}
    there = {(servers[cluster], namespace) for cluster, namespace in needed}
    for gateway in gateways:
        server = argocd.server_of(gateway.destination)
        namespaces = {g[2] for g in groups if g[0] == "gateway" and g[1] == gateway.gateway and g[2]}
        places += mse.emit_gateway(gateway, (n for n in namespaces if (server, n) not in there))
        there.update((server, namespace) for namespace in namespaces)
    yield from places
    total = no_facts()
    total.add(facts)
    total.add(facts_of(places, by_app=False))
    kinds = [(group, kind) for group, _, kind in (word.partition("|") for word in total.cluster_kinds)]
    yield from argocd.emit(settings, gateways, _loads(total), kinds, guests, findings)


def passes_limits(facts: Facts, settings: ArgoCD) -> bool:
    """Whether some Application is, or would be with its Namespace, beyond a limit."""
    return argocd.passes_limits(settings, _loads(facts))


def _loads(facts: Facts) -> dict[argocd.Group, argocd.Load]:
    return {argocd.Group(*key.split("|")): argocd.Load(count, facts.sizes[key]) for key, count in facts.objects.items()}


def summarize(world: World, facts: Facts, files: int) -> Summary:
    """The outcome in numbers."""
    tallies = facts.tallies
    namespaces: dict[str, set[str]] = {}
    files_of: dict[str, int] = {}
    for key, number in facts.files.items():
        kind, name, namespace, _ = key.split("|")
        if kind == "cluster":
            files_of[name] = files_of.get(name, 0) + number
            if namespace:
                namespaces.setdefault(name, set()).add(namespace)
    for key in facts.guests:
        name, _, namespace = key.partition("|")
        namespaces.setdefault(name, set()).add(namespace)
    fleet = world.fleet.value
    return Summary(
        fleet=fleet.metadata.name,
        gateways=tuple(
            GatewaySummary(
                name=g.name,
                region=g.region or "",
                targets=g.targets,
                hosts=tallies.get(f"hosts|{g.name}", 0),
                routes=tallies.get(f"routes|{g.name}", 0),
                ingresses=tallies.get(f"ingresses|{g.name}", 0),
                clusters=world.members[g.name],
            )
            for g in fleet.spec.gateways
        ),
        clusters=tuple(
            ClusterSummary(
                name=name,
                region=cluster.value.spec.region,
                zones=cluster.value.spec.zones,
                namespaces=len(namespaces.get(name, ())),
                apps=facts.apps.get(name, 0),
                workloads=facts.workloads.get(name, 0),
                files=files_of.get(name, 0)
                + sum(f"{name}|{namespace}" not in facts.namespaces for namespace in namespaces.get(name, ())),
            )
            for name, cluster in world.clusters.items()
        ),
        apps=tallies.get("apps", 0),
        documents=1
        + len(world.clusters)
        + len(world.ingress_classes)
        + len(world.mse_configs)
        + tallies.get("documents", 0),
        files=files,
    )
