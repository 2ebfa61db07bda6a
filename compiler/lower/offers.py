"""What an App offers to gateways: a Service per version, and the Services among its plain and extra objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from compiler.diagnostics import Code, Note, error
from compiler.ir.traffic import ObjectName, Service, ServiceMember, ServicePort
from compiler.lower.manifests import group, pod_labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from compiler.diagnostics import Diagnostics, Origin
    from compiler.ir import workload as ir
    from compiler.ir.delivery import PlainObject

PORTS_DIFFER = error(
    "ports-differ",
    "a Service has other ports in another cluster",
    "A Service of one name is one pool over all its clusters, and a gateway sends to one port of it. So name, number "
    "and protocol of its ports have to be the same everywhere; the port of the container (targetPort) may differ.",
)
BAD_SERVICE = error(
    "bad-service",
    "a Service in a plain manifest that cannot be read",
    "The ports of a Service say where gateways send traffic: each has a number from 1 to 65535, and a name where there "
    "are several.",
)
CODES: tuple[Code, ...] = (PORTS_DIFFER, BAD_SERVICE)

_SCALABLE = frozenset({"CloneSet", "Deployment", "ReplicaSet", "ReplicationController", "Rollout", "StatefulSet"})
"""Kinds whose number of pods is `spec.replicas`."""


class _Offer(Struct, gc=False):
    """A Service, cluster by cluster."""

    ports: tuple[ServicePort, ...]
    members: list[ServiceMember]
    origin: Origin


class Offers:
    """Collects the Services of an app over its clusters."""

    def __init__(self, findings: Diagnostics) -> None:
        self._findings = findings
        self._offers: dict[ObjectName, _Offer] = {}

    def add(
        self,
        name: ObjectName,
        ports: tuple[ServicePort, ...],
        member: ServiceMember,
        origin: Origin,
    ) -> None:
        """A Service in one cluster."""
        offer = self._offers.get(name)
        if offer is None:
            offer = self._offers[name] = _Offer(ports, [], origin)
        elif offer.ports is not ports and offer.ports != ports:
            self._findings.add(
                PORTS_DIFFER,
                origin,
                str(name),
                f"its ports are {_words(ports)} in {member.cluster} and {_words(offer.ports)} in "
                f"{offer.members[0].cluster}",
                "give it the same ports in all clusters; targetPort may differ",
                (Note(offer.origin, f"as it is in {offer.members[0].cluster}"),) if offer.origin is not origin else (),
            )
        offer.members.append(member)

    def services(self) -> tuple[Service, ...]:
        """All of them, sorted by name."""
        return tuple(
            Service(name, offer.ports, tuple(sorted(offer.members, key=_cluster)), offer.origin)
            for name, offer in sorted(self._offers.items(), key=_name)
        )


def _cluster(member: ServiceMember) -> str:
    return member.cluster


def _name(item: tuple[ObjectName, _Offer]) -> tuple[str, str]:
    return item[0].namespace, item[0].name


def _words(ports: Iterable[ServicePort]) -> str:
    return ", ".join(f"{p.name or p.number}:{p.number}/{p.protocol}" for p in ports)


def service_ports(ports: Iterable[ir.Port]) -> tuple[ServicePort, ...]:
    """A workload's ports as its Service offers them."""
    return tuple(ServicePort(p.name, p.number, p.protocol, p.app_protocol) for p in ports)


def offer_objects(
    cluster: str,
    objects: Sequence[PlainObject],
    placements: Sequence[ir.Placement],
    capacity: float | None,
    offers: Offers,
    findings: Diagnostics,
) -> None:
    """The Services among the plain objects of one cluster, with the pods that they select."""
    pods: list[tuple[str, Mapping[str, str], int | None]] | None = None
    for plain in objects:
        data = plain.data
        if data["kind"] != "Service" or data["apiVersion"] != "v1":
            continue
        spec = data.get("spec")
        if not isinstance(spec, dict) or spec.get("type") == "ExternalName":
            continue
        ports = _plain_ports(plain, spec.get("ports"), findings)
        if not ports:
            continue
        if pods is None:
            pods = _pods(objects, placements)
        metadata = data["metadata"]
        namespace = metadata.get("namespace", "")
        replicas = _replicas(spec.get("selector"), namespace, pods)
        name = ObjectName(namespace, metadata["name"])
        member = ServiceMember(cluster, replicas, requests_per_second=capacity)
        offers.add(name, ports, member, plain.origin.at("metadata", "name"))


def _plain_ports(plain: PlainObject, written: Any, findings: Diagnostics) -> tuple[ServicePort, ...]:
    ports: list[ServicePort] = []
    place = plain.origin.at("spec", "ports")
    if written is None:
        return ()
    if not isinstance(written, list):
        findings.add(BAD_SERVICE, place, "", "the ports of a Service are a list", "write a list of ports")
        return ()
    for index, port in enumerate(written):
        number = port.get("port") if isinstance(port, dict) else None
        if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= 65535:
            shown = "" if number is None else str(number)
            findings.add(BAD_SERVICE, place.at(index), shown, "this port has no valid number", "add port: 1 to 65535")
            continue
        protocol = port.get("protocol", "TCP")
        if protocol not in ("TCP", "UDP", "SCTP"):
            why = "the protocol of a port is TCP, UDP or SCTP"
            findings.add(BAD_SERVICE, place.at(index, "protocol"), str(protocol), why, "write one of them")
            continue
        if len(written) > 1 and not port.get("name"):
            why = "with several ports each has a name"
            findings.add(BAD_SERVICE, place.at(index), str(number), why, "add a name")
            continue
        name = str(port.get("name") or "")
        if any(name == other.name or (number, protocol) == (other.number, other.protocol) for other in ports):
            why = "another port of the Service has this name, or this number and protocol"
            findings.add(
                BAD_SERVICE, place.at(index), name or str(number), why, "rename, renumber or delete one of them"
            )
            continue
        ports.append(ServicePort(name, number, protocol, str(port.get("appProtocol") or "")))
    return tuple(ports)


def _pods(
    objects: Iterable[PlainObject], placements: Iterable[ir.Placement]
) -> list[tuple[str, Mapping[str, str], int | None]]:
    """(namespace, labels, number; None = not known) of all pods in a cluster."""
    scaled = _autoscaled(objects)
    pods: list[tuple[str, Mapping[str, str], int | None]] = []
    for placement in placements:
        workload = placement.workload
        own = {"app.kubernetes.io/name": workload.app.name, "app.kubernetes.io/instance": workload.name}
        pods.append((workload.app.namespace, own | dict(workload.labels), placement.floor))
    for plain in objects:
        data = plain.data
        labels = pod_labels(data)
        if labels is None:
            continue
        namespace = data["metadata"].get("namespace", "")
        kind, name = data["kind"], data["metadata"]["name"]
        spec = data.get("spec")
        count: int | None = 1 if kind == "Pod" else None
        if kind in _SCALABLE:
            written = spec.get("replicas", 1) if isinstance(spec, dict) else 1
            count = scaled.get((namespace, kind, name), written if isinstance(written, int) else None)
        pods.append((namespace, labels, count))
    return pods


def _autoscaled(objects: Iterable[PlainObject]) -> dict[tuple[str, str, str], int]:
    """(namespace, kind, name) of what a HorizontalPodAutoscaler scales -> the lower bound."""
    bounds = {}
    for plain in objects:
        data = plain.data
        spec = data.get("spec")
        if data["kind"] != "HorizontalPodAutoscaler" or group(data["apiVersion"]) != "autoscaling":
            continue
        target = spec.get("scaleTargetRef") if isinstance(spec, dict) else None
        if isinstance(spec, dict) and isinstance(target, dict):
            least = spec.get("minReplicas", 1)
            key = (data["metadata"].get("namespace", ""), str(target.get("kind")), str(target.get("name")))
            bounds[key] = least if isinstance(least, int) else 1
    return bounds


def _replicas(selector: Any, namespace: str, pods: Iterable[tuple[str, Mapping[str, str], int | None]]) -> int | None:
    """Pods that a selector matches; None where there is none that we know, or one whose number we do not."""
    if not isinstance(selector, dict) or not selector:
        return None
    counts = [count for where, labels, count in pods if where == namespace and selector.items() <= dict(labels).items()]
    if not counts or None in counts:
        return None
    return sum(count for count in counts if count is not None)
