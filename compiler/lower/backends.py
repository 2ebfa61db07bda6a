"""Backends of one gateway: a Service's port, its pods, and its spread over the gateway's members."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from compiler.diagnostics import Note
from compiler.ir.traffic import Backend, ObjectName, Spread
from compiler.lower import codes
from compiler.lower.fleet import nearest
from compiler.lower.service_policies import ServicePolicies
from compiler.lower.spread import pinned

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from compiler.annotations.family import ServiceRef
    from compiler.annotations.subset import SubsetChoice
    from compiler.diagnostics import Diagnostics, Origin
    from compiler.ir.traffic import Service
    from compiler.lower.ingress_paths import RoutePath
    from compiler.lower.spread import Spreads
    from compiler.lower.world import World
    from compiler.model.kubernetes import IngressBackend, ServiceBackendPort

_NOWHERE = Spread((), by_replicas=True)


class Backends:
    """Makes backends; what does not exist is left open for `compiler.check` to report."""

    def __init__(
        self,
        services: Mapping[ObjectName, Service],
        spreads: Spreads,
        gateway: str,
        world: World,
        findings: Diagnostics,
    ) -> None:
        self._services = services
        self._spreads = spreads
        self._gateway = gateway
        self._members = world.members[gateway]
        self._clusters = {c.id: c.name for c in world.traffic_clusters}
        self._findings = findings
        self.policies = ServicePolicies(services, findings)

    def spread_of(self, service: ObjectName) -> Spread | None:
        """The spread of a Service over the gateway's members; None where there is no such Service."""
        return self._spreads.within(service, self._gateway, self._members)

    def of_ref(self, ref: ServiceRef) -> Backend:
        """The backend that an annotation names; without a port the first of the Service."""
        name, port = self._port_of_ref(ref)
        policy = self.policies.of(name, port)
        return Backend(name, port, self.spread_of(name) or _NOWHERE, policy=policy, origin=ref.origin)

    def targets_of(self, path: RoutePath) -> Iterator[tuple[tuple[ObjectName, int], ServiceRef | None]]:
        """The Services and ports that get the requests of a path: those of its list, else its backend."""
        destination = path.ingress.annotations.destination
        if destination is not None:
            for target in destination.targets:
                yield self._port_of_ref(target.service), target.service
        elif path.backend.service is not None:
            name = ObjectName(path.ingress.name.namespace, path.backend.service.name)
            yield (name, self._port_of(name, path.backend.service.port)), None

    def _port_of_ref(self, ref: ServiceRef) -> tuple[ObjectName, int]:
        """A Service that an annotation names, and the number of its port; 0 where there is none."""
        name = ObjectName(ref.namespace, ref.name)
        service = self._services.get(name)
        if ref.port is not None:
            return name, ref.port
        return name, service.ports[0].number if service is not None and service.ports else 0

    def _port_of(self, name: ObjectName, written: ServiceBackendPort) -> int:
        """The number of a port; 0 where no port has its name."""
        service = self._services.get(name)
        if written.name and service is not None:
            return next((p.number for p in service.ports if p.name == written.name), 0)
        return written.number or 0

    def of_path(
        self,
        written: IngressBackend,
        namespace: str,
        place: Origin,
        subset: SubsetChoice | None,
        *,
        unconditional: bool,
    ) -> Backend:
        """The backend of a rule, limited to the pods that the Ingress's annotations choose; `place`: the backend.

        `unconditional`: it serves whatever the request carries, so that a pin is a spread of the Service.
        """
        if written.service is None:
            self._findings.add(
                codes.RESOURCE_BACKEND,
                place.at("resource"),
                written.resource.kind if written.resource else "",
                "no target can send traffic to it",
                "name a Service: backend.service.name and port",
            )
            return Backend(ObjectName(namespace, ""), 0, _NOWHERE, origin=place)
        name = ObjectName(namespace, written.service.name)
        service = self._services.get(name)
        number = self._port_of(name, written.service.port)
        spread = self.spread_of(name) or _NOWHERE
        labels = None
        if subset is not None:
            labels = subset.subset
            spread = self._pin(name, spread, subset, unconditional=unconditional)
        is_whole = service is None or any(p.number == number and p.protocol == "TCP" for p in service.ports)
        return Backend(
            name,
            number,
            spread,
            written.service.port.name or "",
            labels,
            self.policies.of(name, number),
            place.at("service", "name" if is_whole else "port"),
        )

    def pin_of(self, subset: SubsetChoice | None) -> str | None:
        """Name of the cluster that an Ingress is pinned to."""
        return None if subset is None or subset.cluster is None else self._clusters.get(subset.cluster)

    def with_spread(self, backend: Backend, spread: Spread) -> Backend:
        """The same backend, spread otherwise."""
        return msgspec.structs.replace(backend, spread=spread)

    def _described(self, name: ObjectName) -> Note:
        """Where a Service that exists is described."""
        return Note(self._services[name].origin, "what the Service is made of")

    def _pin(self, name: ObjectName, spread: Spread, subset: SubsetChoice, *, unconditional: bool) -> Spread:
        if subset.cluster is None or not spread.tiers:
            return spread
        cluster = self._clusters.get(subset.cluster)
        if cluster is None:
            self._findings.add(
                codes.UNKNOWN_CLUSTER_ID,
                subset.origin,
                subset.cluster,
                "no Cluster has this id",
                "name the id of a Cluster"
                + (f" ({hint})" if (hint := nearest(subset.cluster, self._clusters)) else ""),
            )
            return spread
        policy = self._spreads.policies.get(name)
        if cluster not in spread.clusters:
            is_excluded = policy is not None and cluster in spread.excluded
            self._findings.add(
                codes.PIN_NOT_PLACED,
                subset.origin,
                subset.cluster,
                f"a TrafficPolicy excludes the cluster for Service {name}"
                if is_excluded
                else f"Service {name} gets traffic in {', '.join(spread.clusters)} alone",
                "pin to another cluster, or take this one out of `excluded`"
                if is_excluded
                else "place the app in this cluster, or pin to one in which it runs",
                (Note(policy[1], "the policy") if policy is not None and is_excluded else self._described(name),),
            )
            return spread
        if policy is not None and unconditional:
            self._findings.add(
                codes.CONTRADICTING_SPREAD,
                subset.origin,
                subset.cluster,
                f"TrafficPolicy {policy[0].value.metadata.name} spreads Service {name} already",
                "keep the policy or the annotations, not both",
                (Note(policy[1], "the policy"),),
            )
            return spread
        return pinned(spread, cluster, subset.origin)
