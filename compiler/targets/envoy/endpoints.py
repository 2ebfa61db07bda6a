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


class Addresses:
    """Where pods are, or what stands before them."""

    def __init__(self, clusters: Iterable[Cluster], services: Iterable[Service]) -> None:
        self._clusters = {c.name: c for c in clusters}
        self._services = {s.name: s for s in services}
        self.unknown: dict[ObjectName, set[str]] = {}
        """Services, and the clusters in which nothing tells where their pods are."""

    def has_entry(self, clusters: Iterable[str]) -> bool:
        """Whether one of them is reached by its entry."""
        return any(self._clusters[c].entry is not None for c in clusters)

    def entries(self, clusters: Iterable[str]) -> list[tuple[str, Entry]]:
        """(cluster, entry) of those that have one, sorted."""
        found = ((c, self._clusters[c].entry) for c in sorted(set(clusters)))
        return [(cluster, entry) for cluster, entry in found if entry is not None]

    def of(self, backend: Backend, members: Sequence[Member]) -> list[Place]:
        """The endpoints of a backend in these clusters, by cluster."""
        weights: dict[str, int] = {}
        for member in members:
            weights.setdefault(member.cluster, member.weight)
        return [
            Place(self._clusters[cluster], weight, tuple(sorted(set(self._in(backend, cluster)))))
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
            declared = pods or 0 if self._clusters[cluster].entry is None else 0
            found += max(len(set(self._in(backend, cluster))), declared)
        return found

    def largest_loss(self, backend: Backend, clusters: Iterable[str]) -> int:
        """Addresses in these clusters that are lost at most at once, while one of them is left.

        What is lost at once is a cluster, or all clusters that have one zone alone.
        """
        lost = [self.pods(backend, domain) for domain in self.domains(clusters)]
        return max((count for count in lost if count < sum(lost)), default=0)

    def _in(self, backend: Backend, name: str) -> Iterable[tuple[str, int]]:
        cluster = self._clusters[name]
        if cluster.entry is not None:
            return [(address, cluster.entry.port) for address in cluster.entry.addresses]
        service = self._services.get(backend.service)
        groups = [g for g in service.endpoints if g.cluster == name] if service is not None else []
        if not groups:
            self.unknown.setdefault(backend.service, set()).add(name)
            return []
        assert service is not None
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


def assignment(name: str, places: Sequence[Place], *, weighted: bool, by_cluster: bool) -> Plain:
    """A ClusterLoadAssignment. `weighted`: clusters have weights: of localities (`by_cluster`), else of endpoints."""
    there = [place for place in places if place.addresses]  # a locality of weight 0 would reject the update
    weights = _endpoint_weights(there) if weighted and not by_cluster else [0] * len(there)
    localities = [_locality(p, weight, weighted=by_cluster) for p, weight in zip(there, weights, strict=True)]
    return {"cluster_name": name, "endpoints": localities}


def _endpoint_weights(places: Sequence[Place]) -> list[int]:
    """Weight of each endpoint of each place, so that places share by weight; exact unless the numbers get large."""
    common = math.lcm(*(len(place.addresses) for place in places))
    shares = [place.weight * common // len(place.addresses) for place in places]
    divisor = max(math.gcd(*shares), 1)
    scale = max(max(shares, default=0) // divisor / _MOST_WEIGHT, 1)
    return [max(1, round(share // divisor / scale)) for share in shares]


_MOST_WEIGHT = 100_000


def _locality(place: Place, endpoint_weight: int, *, weighted: bool) -> Plain:
    cluster = place.cluster
    zone = cluster.zones[0] if len(cluster.zones) == 1 else ""
    found: Plain = {"locality": {"region": cluster.region, "zone": zone, "sub_zone": cluster.name}}
    if weighted:
        found["load_balancing_weight"] = place.weight
    found["lb_endpoints"] = [_endpoint(host, port, cluster, endpoint_weight) for host, port in place.addresses]
    return found


def _endpoint(host: str, port: int, cluster: Cluster, weight: int) -> Plain:
    found: Plain = {"endpoint": {"address": {"socket_address": {"address": host, "port_value": port}}}}
    if cluster.entry is not None:
        # an entry knows the hosts of clients and not that of a check, and speaks for many pods
        found["endpoint"]["health_check_config"] = {"disable_active_health_check": True}
        found["metadata"] = {"filter_metadata": {"envoy.transport_socket_match": {"entry": cluster.name}}}
    if weight:
        found["load_balancing_weight"] = weight
    return found
