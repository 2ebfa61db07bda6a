"""What an Envoy refused stays as it was, and everything else goes on: one bad host must not hold back all others.

Envoy takes or refuses a route table as a whole, and does not say which host is wrong. So the hosts that changed are
tried in groups, until each is taken or found out (`Trial`); then the table is made without those that were (`mend`).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec
from google.protobuf.any_pb2 import Any as AnyMessage

from compiler.gateway.messages import PREFIX, message_class
from compiler.gateway.snapshot import CLUSTER, ENDPOINTS, KINDS, ROUTES, Resource

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from compiler.gateway.snapshot import Snapshot

Key = tuple[str, str, str]
"""(kind, name, version) of a resource, or (`HOST`, name of its table/its own, digest) of a host of a route table."""
Hosts = dict[str, bytes]
"""The hosts of a route table by name, each as it travels."""
HOST = "host"


class Trial:
    """Finds out which hosts of a route table an Envoy refuses, in as few tables as may be."""

    def __init__(self, had: Hosts, wanted: Hosts) -> None:
        """`had`: what Envoy has, or takes for certain; `wanted`: the table that it refused."""
        self._taken: Hosts = {name: had[name] for name in wanted if name in had}
        self._refused: list[str] = []
        self.is_hopeless = False
        """Whether the table is refused whatever its hosts are."""
        self._wanted = wanted
        self._left = [name for name in wanted if wanted[name] != had.get(name)]
        self._tried = 0  # of those that are left; at first none, as the table itself may be what is wrong
        self._next = len(self._left) // 2 or 1
        self._is_begun = False

    @property
    def is_over(self) -> bool:
        """Whether each host is taken or found out."""
        return self.is_hopeless or (self._is_begun and not self._left)

    @property
    def hosts(self) -> Hosts:
        """The table to try now, in the order of the wanted one; when the trial is over: what is taken."""
        tried = {name: self._wanted[name] for name in self._left[: self._tried]}
        found = {**self._taken, **tried}
        return {name: found[name] for name in self._wanted if name in found}

    def was_taken(self) -> None:
        """Envoy took the table."""
        self._is_begun = True
        tried, self._left = self._left[: self._tried], self._left[self._tried :]
        self._taken.update((name, self._wanted[name]) for name in tried)
        self._tried, self._next = self._next, 2 * self._next

    def was_refused(self) -> None:
        """Envoy refused it."""
        if self._tried == 0:
            self.is_hopeless = True
        elif self._tried == 1:
            self._refused.append(self._left.pop(0))
        else:
            self._tried //= 2
        self._next = self._tried

    def take_refused(self) -> list[str]:
        """Names of hosts that were found out since this was asked last."""
        found, self._refused = self._refused, []
        return found


def hosts_of(table: Resource) -> Hosts:
    """The hosts of a route table."""
    return {each.name: each.SerializeToString(deterministic=True) for each in _unpacked(table).virtual_hosts}


def with_hosts(table: Resource, hosts: Hosts) -> Resource:
    """The table with these hosts."""
    message = _unpacked(table)
    del message.virtual_hosts[:]
    for each in hosts.values():
        message.virtual_hosts.add().ParseFromString(each)
    packed = AnyMessage()
    packed.Pack(message, deterministic=True)
    return Resource(table.name, hashlib.sha256(packed.value).hexdigest()[:16], packed)


def host_key(table: str, name: str, host: bytes) -> Key:
    """By which a refused host is known."""
    return HOST, f"{table}/{name}", hashlib.sha256(host).hexdigest()[:16]


def mend(wanted: Snapshot, good: Snapshot | None, refused: Collection[Key], trials: Mapping[str, Trial]) -> Snapshot:
    """What Envoy is to have in place of `wanted`: what was refused as it is in `good`, or not at all.

    `trials`: those under way, by table. Clusters that only `good` has stay, as what is kept may lead there; and a host
    that leads to a cluster which can't be had stays as it was.
    """
    if not refused and not trials:
        return wanted
    had: Mapping[str, Mapping[str, Resource]] = good.resources if good is not None else {kind: {} for kind in KINDS}
    found = {kind: dict(_kept(kind, wanted.resources[kind], had[kind], refused)) for kind in KINDS}
    for kind in (CLUSTER, ENDPOINTS):
        kept = {name: each for name, each in had[kind].items() if (kind, name, each.version) not in refused}
        found[kind] = {**kept, **found[kind]}
    missing = wanted.resources[CLUSTER].keys() - found[CLUSTER].keys()
    for name, each in list(found[CLUSTER].items()):
        if missing.intersection(each.members):
            missing.add(name)
            found[CLUSTER][name] = had[CLUSTER].get(name, each)
    for name, table in list(found[ROUTES].items()):
        if name in trials:
            found[ROUTES][name] = with_hosts(table, trials[name].hosts)
            continue
        before = hosts_of(had[ROUTES][name]) if name in had[ROUTES] else {}
        hosts = dict(_hosts_kept(name, hosts_of(table), before, refused, missing))
        found[ROUTES][name] = with_hosts(table, hosts)
    return msgspec.structs.replace(wanted, resources=found)


def relevant(wanted: Snapshot, refused: Collection[Key]) -> Iterator[Key]:
    """What of it speaks of something that is wanted."""
    hosts: set[Key] = set()
    if any(kind == HOST for kind, _, _ in refused):
        for table in wanted.resources[ROUTES].values():
            hosts.update(host_key(table.name, name, host) for name, host in hosts_of(table).items())
    for key in refused:
        kind, name, version = key
        found = wanted.resources[kind].get(name) if kind != HOST else None
        if key in hosts or (found is not None and found.version == version):
            yield key


def _kept(
    kind: str, wanted: Mapping[str, Resource], had: Mapping[str, Resource], refused: Collection[Key]
) -> Iterator[tuple[str, Resource]]:
    for name, each in wanted.items():
        if (kind, name, each.version) not in refused:
            yield name, each
        elif name in had and (kind, name, had[name].version) not in refused:
            yield name, had[name]


def _hosts_kept(
    table: str, wanted: Hosts, had: Hosts, refused: Collection[Key], missing: AbstractSet[str]
) -> Iterator[tuple[str, bytes]]:
    for name, host in wanted.items():
        if host_key(table, name, host) in refused:
            if name in had and host_key(table, name, had[name]) not in refused:
                yield name, had[name]
        elif missing and name in had and not missing.isdisjoint(_clusters_of(host)):
            yield name, had[name]
        else:
            yield name, host


def _clusters_of(host: bytes) -> Iterator[str]:
    """Clusters that the routes of a host lead to."""
    for route in message_class("envoy.config.route.v3.VirtualHost").FromString(host).routes:
        yield route.route.cluster
        yield from (each.name for each in route.route.weighted_clusters.clusters)


def _unpacked(table: Resource) -> Any:
    assert table.message.type_url == PREFIX + ROUTES
    return message_class(ROUTES).FromString(table.message.value)
