"""Endpoints of a pool: addresses by Kubernetes cluster, each cluster a locality."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from compiler.ir.traffic import Backend, Cluster, EndpointGroup, Entry, Member, ObjectName, Service, Subset

Plain = dict[str, Any]


class Place(Struct, frozen=True, gc=False):
    """Endpoints in one cluster."""

    cluster: Cluster
    weight: int
    addresses: tuple[tuple[str, int], ...]
    """(IP address, port), sorted."""
    is_entry: bool = False
    """Whether they are those of the cluster's entry, which stands for all pods."""


class Addresses:
    """Where pods are, or what stands before them."""

    def __init__(self, clusters: Iterable[Cluster], services: Iterable[Service]) -> None:
        self._clusters = {c.name: c for c in clusters}
        self._services = {s.name: s for s in services}
        self.unknown: dict[ObjectName, set[str]] = {}
        """Services, and the clusters in which nothing tells where their pods are."""

    @property
    def knows_entries(self) -> bool:
        """Whether any cluster has an entry."""
        return any(cluster.entry is not None for cluster in self._clusters.values())

    def entries(self, service: ObjectName, clusters: Iterable[str]) -> list[tuple[str, Entry]]:
        """(cluster, entry) of those in which a Service is reached by the entry, sorted."""
        found = ((c, self._entry(service, c)) for c in sorted(set(clusters)))
        return [(cluster, entry) for cluster, entry in found if entry is not None]

    def _entry(self, service: ObjectName, name: str) -> Entry | None:
        """The entry that stands for the pods of a Service; EndpointSlices that name the pods themselves come first."""
        entry = self._clusters[name].entry
        if entry is None or self._groups(service, name):
            return None
        return entry

    def _groups(self, service: ObjectName, name: str) -> list[EndpointGroup]:
        known = self._services.get(service)
        return [group for group in known.endpoints if group.cluster == name] if known is not None else []

    def of(self, backend: Backend, members: Sequence[Member]) -> list[Place]:
        """The endpoints of a backend in these clusters, by cluster."""
        weights: dict[str, int] = {}
        for member in members:
            weights.setdefault(member.cluster, member.weight)
        return [
            Place(
                self._clusters[cluster],
                weight,
                tuple(sorted(set(self._in(backend, cluster)))),
                self._entry(backend.service, cluster) is not None,
            )
            for cluster, weight in sorted(weights.items())
        ]

    def domains(self, clusters: Iterable[str]) -> list[tuple[str, ...]]:
        """Clusters by what they are lost with: those in one and the same zone together, all others alone."""
        found: dict[tuple[str, ...], list[str]] = {}
        for cluster in clusters:
            there = self._clusters[cluster]
            domain = (there.region, *there.zones) if len(there.zones) == 1 else (there.name,)
            found.setdefault(domain, []).append(cluster)
        return [tuple(each) for each in found.values()]

    def pods(self, backend: Backend, clusters: Iterable[str]) -> int:
        """Addresses of a backend in these clusters: as many as are known, or declared."""
        service = self._services.get(backend.service)
        if service is None:
            return 0
        found = 0
        for cluster in clusters:
            pods = next((m.replicas for m in service.members if m.cluster == cluster), None)
            declared = pods or 0 if self._entry(backend.service, cluster) is None else 0
            found += max(len(set(self._in(backend, cluster))), declared)
        return found

    def largest_loss(self, backend: Backend, clusters: Iterable[str]) -> int:
        """Addresses in these clusters that are lost at most at once, while one of them is left.

        What is lost at once is a cluster, or all clusters that have one zone alone.
        """
        lost = [self.pods(backend, domain) for domain in self.domains(clusters)]
        return max((count for count in lost if count < sum(lost)), default=0)

    def _in(self, backend: Backend, name: str) -> Iterable[tuple[str, int]]:
        entry = self._entry(backend.service, name)
        if entry is not None:
            return [(address, entry.port) for address in entry.addresses]
        groups = self._groups(backend.service, name)
        if not groups:
            self.unknown.setdefault(backend.service, set()).add(name)
            return []
        service = self._services[backend.service]
        port_name = next((p.name for p in service.ports if p.number == backend.port and p.protocol == "TCP"), "")
        mine = [g for g in groups if g.port_name == port_name]
        return [(address, group.port) for group in _chosen(mine, backend.subset) for address in group.addresses]


def _chosen(groups: list[EndpointGroup], subset: Subset | None) -> list[EndpointGroup]:
    if subset is None:
        return groups
    return [g for g in groups if _is_meant(dict(g.labels), subset)]


def _is_meant(labels: dict[str, str], subset: Subset) -> bool:
    if any(labels.get(key) != value for key, value in subset.labels):
        return False
    prefix = subset.without_prefix
    return not prefix or not any(key.startswith(prefix) and value for key, value in labels.items())


def assignment(name: str, places: Sequence[Place], *, weighted: bool, by_cluster: bool, check_host: str = "") -> Plain:
    """A ClusterLoadAssignment. `weighted`: clusters have weights: of localities (`by_cluster`), else of endpoints.

    `check_host`: the Host by which a check of an entry gets to the pods behind it; "" = entries are not checked.
    """
    there = [place for place in places if place.addresses]  # a locality of weight 0 would reject the update
    weights = _endpoint_weights(there) if weighted and not by_cluster else [0] * len(there)
    localities = [
        _locality(place, weight, check_host, weighted=by_cluster) for place, weight in zip(there, weights, strict=True)
    ]
    return {"cluster_name": name, "endpoints": localities}


def _endpoint_weights(places: Sequence[Place]) -> list[int]:
    """Weight of each endpoint of each place, so that places share by weight; exact unless the numbers get large."""
    common = math.lcm(*(len(place.addresses) for place in places))
    shares = [place.weight * common // len(place.addresses) for place in places]
    divisor = max(math.gcd(*shares), 1)
    scale = max(max(shares, default=0) // divisor / _MOST_WEIGHT, 1)
    return [max(1, round(share // divisor / scale)) for share in shares]


_MOST_WEIGHT = 100_000


def _locality(place: Place, endpoint_weight: int, check_host: str, *, weighted: bool) -> Plain:
    cluster = place.cluster
    zone = cluster.zones[0] if len(cluster.zones) == 1 else ""
    found: Plain = {"locality": {"region": cluster.region, "zone": zone, "sub_zone": cluster.name}}
    if weighted:
        found["load_balancing_weight"] = place.weight
    found["lb_endpoints"] = [
        _endpoint(place, host, port, endpoint_weight, check_host) for host, port in place.addresses
    ]
    return found


def _endpoint(place: Place, host: str, port: int, weight: int, check_host: str) -> Plain:
    found: Plain = {"endpoint": {"address": {"socket_address": {"address": host, "port_value": port}}}}
    if place.is_entry:
        # an entry routes a check by its Host as it does requests; one without says nothing of pods
        check: Plain = {"hostname": check_host} if check_host else {"disable_active_health_check": True}
        found["endpoint"]["health_check_config"] = check
        found["metadata"] = {"filter_metadata": {"envoy.transport_socket_match": {"entry": place.cluster.name}}}
    if weight:
        found["load_balancing_weight"] = weight
    return found
