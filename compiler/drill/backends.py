"""Stub backends: every pod of a fleet as a listener on this machine that says who it is.

    endpoints = [Endpoint(address="127.10.0.1", port=8080, cluster="hz-a", service="shop/web"), ...]
    with Backends(endpoints, folder) as backends:
        backends.kill("hz-a")

The endpoints of one Kubernetes cluster are one child process, so that a cluster can be killed and frozen as a whole, by
the kernel; single endpoints go down, freeze, slow down, fail or drain by a `Behaviour`. The machine has to have the
addresses: Linux has all of 127.0.0.0/8.
"""

from __future__ import annotations

import collections
import contextlib
import os
import sys
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Self

import msgspec

from compiler.drill.children import Child
from compiler.drill.stub.spec import Behaviour, Certificates, Command, Endpoint, Reply, Start

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

__all__ = ["Backends", "Behaviour", "Certificates", "Endpoint", "StubFailedError"]


class StubFailedError(Exception):
    """A stub process ended by itself, for one because an address was taken; the text holds the end of its log."""


class Backends:
    """All stub backends; a context manager that starts and stops them."""

    def __init__(self, endpoints: Iterable[Endpoint], folder: Path) -> None:
        """`folder` takes logs."""
        self.folder = folder
        self._by_cluster: dict[str, list[Endpoint]] = {}
        for each in endpoints:
            self._by_cluster.setdefault(each.cluster, []).append(each)
        self._behaviours: dict[str, Behaviour] = {}
        self._children: dict[str, Child] = {}
        self._records = {cluster: self._record(cluster) for cluster in self.clusters}

    def _record(self, cluster: str) -> str:
        """Where a cluster records what it executes: in memory where the kernel lends some, since a disk that is busy
        would be measured as a slow backend. It outlives the cluster, and ends with this object.
        """
        if not hasattr(os, "memfd_create"):
            return str(self.folder / f"executions-{self.clusters.index(cluster)}.log")
        descriptor = os.memfd_create("executions")
        weakref.finalize(self, os.close, descriptor)
        return f"/proc/{os.getpid()}/fd/{descriptor}"

    @property
    def clusters(self) -> tuple[str, ...]:
        """Names of the Kubernetes clusters, sorted."""
        return tuple(sorted(self._by_cluster))

    def endpoints(self, cluster: str) -> tuple[Endpoint, ...]:
        """The endpoints of a cluster, as given."""
        return tuple(self._by_cluster[cluster])

    def __enter__(self) -> Self:
        """Start all of them."""
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            for cluster in self.clusters:
                self._spawn(cluster)
            for cluster in self.clusters:
                self._read(cluster)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all of them."""
        self.stop()

    def stop(self) -> None:
        """End all of them."""
        for child in self._children.values():
            child.kill()
        self._children.clear()

    # --- a cluster as a whole

    def start(self, cluster: str) -> None:
        """Start the backends of a cluster (again, after `kill`) and wait until they listen."""
        self._spawn(cluster)
        self._read(cluster)

    def kill(self, cluster: str) -> None:
        """End the backends of a cluster at once (SIGKILL)."""
        self._children.pop(cluster).kill()

    def freeze(self, cluster: str) -> None:
        """Stop the backends of a cluster where they stand (SIGSTOP)."""
        self._children[cluster].freeze()

    def thaw(self, cluster: str) -> None:
        """Let frozen backends go on."""
        self._children[cluster].thaw()

    def is_running(self, cluster: str) -> bool:
        """Whether the backends of a cluster were started and not killed."""
        return cluster in self._children and self._children[cluster].is_running

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the clusters that run."""
        return tuple(child.pid for child in self._children.values())

    # --- single endpoints

    def behave(self, behaviour: Behaviour, endpoints: Iterable[Endpoint]) -> None:
        """Let endpoints behave so from now on; it is in force when this returns, for running clusters."""
        wanted = list(endpoints)
        self._behaviours.update({each.place: behaviour for each in wanted})
        for cluster in sorted({each.cluster for each in wanted}):
            if cluster in self._children:
                theirs = {each.place: behaviour for each in wanted if each.cluster == cluster}
                self._tell(cluster, Command(behaviours=theirs))

    # --- what they have seen

    def requests(self, cluster: str) -> dict[str, int]:
        """Requests that each endpoint of a running cluster has had since it was started, by `address:port`."""
        return self._tell(cluster, Command(asks_counts=True)).counts

    def executions(self) -> collections.Counter[tuple[str, str, str]]:
        """How often each request that carried `x-drill-id` was executed, by (id, method, Service): a mirrored one is
        executed by two Services. Over all clusters, killed ones included.
        """
        services = {each.place: each.service for found in self._by_cluster.values() for each in found}
        counts: collections.Counter[tuple[str, str, str]] = collections.Counter()
        for cluster in self.clusters:
            file = Path(self._records[cluster])
            if file.exists():
                for line in file.read_text("utf-8").splitlines():
                    identity, method, place = line.split(" ")
                    counts[identity, method, services[place]] += 1
        return counts

    # --- the processes

    def _spawn(self, cluster: str) -> None:
        log = self.folder / f"stub-{self.clusters.index(cluster)}.log"
        child = Child((sys.executable, "-P", "-m", "compiler.drill.stub"), log, talks=True)
        self._children[cluster] = child
        endpoints = tuple(self._by_cluster[cluster])
        places = {each.place for each in endpoints}
        start = Start(
            endpoints=endpoints,
            executions=self._records[cluster],
            behaviours={place: each for place, each in self._behaviours.items() if place in places},
        )
        self._write(cluster, start)

    def _tell(self, cluster: str, command: Command) -> Reply:
        self._write(cluster, command)
        return self._read(cluster)

    def _write(self, cluster: str, message: Start | Command) -> None:
        pipe = self._children[cluster].input
        with contextlib.suppress(BrokenPipeError):  # it has ended: `_read` tells why
            pipe.write(msgspec.json.encode(message) + b"\n")
            pipe.flush()

    def _read(self, cluster: str) -> Reply:
        child = self._children[cluster]
        line = child.output.readline()
        if not line:
            child.kill()
            raise StubFailedError(f"the stub backends of {cluster or 'the only cluster'} ended\n{child.tail()}")
        return msgspec.json.decode(line, type=Reply)
