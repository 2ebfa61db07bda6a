"""What a drill does to stub backends, and how it is undone."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from compiler.drill.stub.spec import Behaviour

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compiler.drill.backends import Backends, Endpoint
    from compiler.solver.losses import Loss

Kind = Literal["kill", "freeze", "drop", "partial", "slow", "peak", "gateway"]
KINDS: tuple[Kind, ...] = ("kill", "freeze", "partial", "slow", "gateway")
"""What is drilled where nobody says: the others ask for Linux, or for declared demands."""
WHOLE: frozenset[Kind] = frozenset({"kill", "freeze", "drop", "peak"})
"""Kinds that hit all that the loss hits."""
SLOW_MS = 50
"""How late a slow cluster answers."""
_UP = Behaviour()
_DOWN = Behaviour(state="down")
_BEHAVIOURS: dict[Kind, Behaviour] = {
    "kill": _DOWN,
    "peak": _DOWN,
    "partial": _DOWN,
    "freeze": Behaviour(state="frozen"),
    "drop": Behaviour(state="unreachable"),
    "slow": Behaviour(delay_ms=SLOW_MS),
}


class Fault(Struct, frozen=True):
    """One thing that goes wrong."""

    kind: Kind
    """`kill`: processes end (SIGKILL). `freeze`: they stop where they stand (SIGSTOP), with their connections. `drop`:
    every packet to them gets lost. `partial`: every third pod of each Service ends. `slow`: every answer is late by
    `SLOW_MS`. `peak`: as `kill`, at the declared peak, and pods carry no more than they were declared to. `gateway`:
    one of two gateways ends, and clients go to the other."""
    loss: Loss
    """The clusters that it hits; with kinds that hit all of it also what is left of them."""

    @property
    def name(self) -> str:
        """For people."""
        if self.kind == "gateway":
            return "one of two gateways killed"
        verb = {
            "kill": "killed",
            "freeze": "frozen",
            "drop": "without a packet",
            "partial": "a third killed",
            "slow": f"slow by {SLOW_MS} ms",
            "peak": "killed at the peak",
        }
        return f"{self.loss.name} {verb[self.kind]}"

    @property
    def clusters(self) -> tuple[str, ...]:
        """Those that it hits, sorted."""
        return tuple(cluster for cluster, _ in self.loss.left)


def begin(fault: Fault, backends: Backends) -> None:
    """Let it go wrong."""
    for cluster in _processes(fault, backends):
        (backends.freeze if fault.kind == "freeze" else backends.kill)(cluster)
    changed = list(_changed(fault, backends))
    if changed:
        backends.behave(_BEHAVIOURS[fault.kind], changed)


def end(fault: Fault, backends: Backends) -> None:
    """Let everything be well again."""
    for cluster in _processes(fault, backends):
        (backends.thaw if fault.kind == "freeze" else backends.start)(cluster)
    backends.behave(_UP, _changed(fault, backends))


def health(fault: Fault, backends: Backends) -> dict[tuple[str, str], Fraction]:
    """(Service, cluster) -> what is left of its pods, where that is not everything."""
    found: dict[tuple[str, str], Fraction] = {}
    hit = {endpoint.place for endpoint in _changed(fault, backends)} if fault.kind != "slow" else set()
    for cluster in _there(fault, backends):
        gone = fault.kind in WHOLE and not dict(fault.loss.left)[cluster]
        pods: dict[str, list[bool]] = {}
        for endpoint in backends.endpoints(cluster):
            pods.setdefault(endpoint.service, []).append(not gone and endpoint.place not in hit)
        found.update({(name, cluster): Fraction(sum(alive), len(alive)) for name, alive in pods.items()})
    return found


def _processes(fault: Fault, backends: Backends) -> list[str]:
    """Clusters that are hit as a whole, by what happens to their process."""
    if fault.kind not in WHOLE - {"drop"}:
        return []
    return [cluster for cluster in _there(fault, backends) if not dict(fault.loss.left)[cluster]]


def _there(fault: Fault, backends: Backends) -> list[str]:
    """Clusters of the fault in which anything runs."""
    return [cluster for cluster in fault.clusters if cluster in backends.clusters]


def _changed(fault: Fault, backends: Backends) -> Iterator[Endpoint]:
    """The single endpoints that behave otherwise."""
    for cluster in _there(fault, backends):
        left = dict(fault.loss.left)[cluster]
        if fault.kind in WHOLE:
            if left:
                yield from _part(backends.endpoints(cluster), 1 - left)
            elif fault.kind == "drop":
                yield from backends.endpoints(cluster)
        elif fault.kind == "partial":
            yield from _part(backends.endpoints(cluster), Fraction(1, 3))
        else:
            yield from backends.endpoints(cluster)


def _part(endpoints: tuple[Endpoint, ...], part: Fraction) -> Iterator[Endpoint]:
    """That part of the pods of each Service: the last ones, never all, and none where it is less than one."""
    pods: dict[tuple[str, int, str], list[Endpoint]] = {}
    for endpoint in endpoints:
        pods.setdefault((endpoint.service, endpoint.service_port, endpoint.version), []).append(endpoint)
    for mine in pods.values():
        count = min(len(mine) - 1, int(len(mine) * part))
        yield from mine[len(mine) - count :]
