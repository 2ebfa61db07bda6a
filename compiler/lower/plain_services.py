"""Plain Services that other tools deploy, and static endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.annotations import read_service_annotations
from compiler.diagnostics import Code, error, warning
from compiler.ir.traffic import EndpointGroup, ObjectName, Service, ServiceMember, ServicePort
from compiler.lower.fleet import cluster_id, nearest
from compiler.lower.placement import UNKNOWN_CLUSTER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from compiler.diagnostics import Diagnostics
    from compiler.lower.world import Sourced, World
    from compiler.model import kubernetes as model

SERVICE_CLUSTERS = error(
    "service-clusters",
    "a plain Service does not say where it exists",
    "A plain Service document stands for a Service that another tool deploys. Its annotation fleetgate.dev/clusters "
    "lists the clusters in which it exists, separated by commas; without it no gateway could send traffic to it.",
)
ENDPOINT_SLICE = error(
    "endpoint-slice",
    "static endpoints of a Service or cluster that does not exist",
    "The label kubernetes.io/service-name of an EndpointSlice names a Service of its namespace, and the label "
    "topology.istio.io/cluster the id of a cluster in which this Service runs.",
)
ENDPOINTS_UNUSED = warning(
    "endpoints-unused",
    "static endpoints that no target of the fleet reads",
    "EndpointSlice documents give a gateway backend addresses without an agent. MSE finds endpoints by itself and does "
    "not read them.",
)
LOOPBACK_ENDPOINT = warning(
    "loopback-endpoint",
    "a static endpoint is an address of the gateway's own machine",
    "Addresses such as 127.0.0.1 lead from a gateway to its own machine and never to a pod of a cluster. They are "
    "accepted so that a gateway can be tried on one machine; Kubernetes itself refuses them in EndpointSlices.",
)
CODES: tuple[Code, ...] = (SERVICE_CLUSTERS, ENDPOINT_SLICE, ENDPOINTS_UNUSED, LOOPBACK_ENDPOINT)

SERVICE_LABEL = "kubernetes.io/service-name"
CLUSTER_LABEL = "topology.istio.io/cluster"
_READ_ENDPOINTS = frozenset({"envoy"})
"""Targets that read static endpoints."""


def lower_service(document: Sourced[model.Service], world: World, findings: Diagnostics) -> Service | None:
    """The Service in the clusters that its annotation names; None after a finding."""
    metadata = document.value.metadata
    place = document.origin.at("metadata")
    said = read_service_annotations(metadata.annotations, place, metadata.namespace, findings)
    if said.clusters is None:
        if not said.is_broken:
            findings.add(
                SERVICE_CLUSTERS,
                place.at("name"),
                metadata.name,
                "it has no annotation fleetgate.dev/clusters",
                f"add the clusters in which it exists ({nearest('', world.clusters)}), "
                "or name the file in the `manifests` of an App",
            )
        return None
    members = []
    for name in said.clusters.names:
        if name in world.clusters:
            members.append(ServiceMember(name, None))
        else:
            findings.add(
                UNKNOWN_CLUSTER,
                said.clusters.origin,
                name,
                "no Cluster has this name",
                nearest(name, world.clusters) or "add the Cluster",
            )
    ports = tuple(
        ServicePort(p.name or "", p.port, p.protocol, p.app_protocol or "") for p in document.value.spec.ports
    )
    members.sort(key=lambda m: m.cluster)
    return Service(
        ObjectName(metadata.namespace, metadata.name), ports, tuple(members), document.origin.at("metadata", "name")
    )


def lower_endpoint_slices(
    slices: Iterable[Sourced[model.EndpointSlice]],
    services: Mapping[ObjectName, Service],
    world: World,
    findings: Diagnostics,
) -> dict[ObjectName, tuple[EndpointGroup, ...]]:
    """Static endpoints by Service. They have to be those of a Service in one of its clusters, and be read by a target.

    Labels of a document, but for the two that say whose endpoints they are, are those of its pods.
    """
    ids = {cluster_id(c.value): name for name, c in world.clusters.items()}
    is_read = any(_READ_ENDPOINTS & set(g.targets) for g in world.fleet.value.spec.gateways)
    found: dict[ObjectName, list[EndpointGroup]] = {}
    for document in slices:
        metadata = document.value.metadata
        labels = document.origin.at("metadata", "labels")
        name = ObjectName(metadata.namespace, metadata.labels.get(SERVICE_LABEL, ""))
        service = services.get(name)
        identity = metadata.labels.get(CLUSTER_LABEL, "")
        if service is None:
            findings.add(
                ENDPOINT_SLICE,
                labels.at(SERVICE_LABEL),
                name.name,
                f"no App or Service named {name.name} exists in namespace {name.namespace}",
                nearest(name.name, [s.name for s in services if s.namespace == name.namespace])
                or "name an existing Service, or delete the endpoints",
            )
        elif ids.get(identity) not in {m.cluster for m in service.members}:
            findings.add(
                ENDPOINT_SLICE,
                labels.at(CLUSTER_LABEL),
                identity,
                f"Service {name} does not run in a cluster with this id"
                if identity in ids
                else "no Cluster has this id",
                nearest(identity, ids) or "name the id of a Cluster",
            )
        elif not is_read:
            findings.add(
                ENDPOINTS_UNUSED,
                document.origin.at("metadata", "name"),
                metadata.name,
                "MSE finds endpoints by itself",
                "delete the document, or let a gateway have a target that reads it",
            )
        else:
            found.setdefault(name, []).extend(_groups(document, ids[identity], service, findings))
    return {name: tuple(sorted(groups, key=_group_order)) for name, groups in found.items()}


def _groups(
    document: Sourced[model.EndpointSlice], cluster: str, service: Service, findings: Diagnostics
) -> Iterator[EndpointGroup]:
    """The endpoints of a document, by port."""
    value = document.value
    addresses = []
    for index, endpoint in enumerate(value.endpoints):
        conditions = endpoint.conditions
        if conditions.ready is False or conditions.terminating:
            continue
        address = endpoint.addresses[0]
        addresses.append(address)
        if is_loopback(address):
            findings.add(
                LOOPBACK_ENDPOINT,
                document.origin.at("endpoints", index, "addresses", 0),
                address,
                "it is an address of the machine on which the gateway runs",
                "write the address of a pod, or keep it to try the gateway on one machine",
            )
    labels = {k: v for k, v in value.metadata.labels.items() if k not in (SERVICE_LABEL, CLUSTER_LABEL)}
    names = [port.name for port in service.ports]
    for number, port in enumerate(value.ports):
        if port.protocol != "TCP":
            continue
        if port.name not in names:
            findings.add(
                ENDPOINT_SLICE,
                document.origin.at("ports", number, "name" if port.name else "port"),
                port.name or str(port.port),
                f"Service {service.name} has no port of this name",
                nearest(port.name, [n for n in names if n]) or "leave the name out, as the Service does",
            )
            continue
        yield EndpointGroup(cluster, port.name, port.port, tuple(sorted(addresses)), tuple(sorted(labels.items())))


def is_loopback(address: str) -> bool:
    """Whether an address leads to the machine of whoever uses it, however it is written."""
    if ":" not in address:
        return address.startswith("127.")
    return address.endswith("1") and not address[:-1].strip("0:")


def _group_order(group: EndpointGroup) -> tuple[object, ...]:
    return group.cluster, group.port_name, group.port, group.labels, group.addresses
