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

Kind = Literal["kill", "freeze", "partial", "slow"]
KINDS: tuple[Kind, ...] = ("kill", "freeze", "partial", "slow")
SLOW_MS = 50
"""How late a slow cluster answers."""
_UP = Behaviour()


class Fault(Struct, frozen=True):
    """One thing that goes wrong."""

    kind: Kind
    """`kill`: processes end (SIGKILL). `freeze`: they stop where they stand (SIGSTOP), with their connections.
    `partial`: every third pod of each Service ends. `slow`: every answer is late by `SLOW_MS`."""
    loss: Loss
    """The clusters that it hits; with `kill` and `freeze` also what is left of them."""

    @property
    def name(self) -> str:
        """For people."""
        verb = {"kill": "killed", "freeze": "frozen", "partial": "a third killed", "slow": f"slow by {SLOW_MS} ms"}
        return f"{self.loss.name} {verb[self.kind]}"

    @property
    def clusters(self) -> tuple[str, ...]:
        """Those that it hits, sorted."""
        return tuple(cluster for cluster, _ in self.loss.left)


def begin(fault: Fault, backends: Backends) -> None:
    """Let it go wrong."""
    for cluster in _there(fault, backends):
        if fault.kind in ("kill", "freeze") and not dict(fault.loss.left)[cluster]:
            (backends.kill if fault.kind == "kill" else backends.freeze)(cluster)
    changed = list(_changed(fault, backends))
    if changed:
        states = {
            "kill": Behaviour(state="down"),
            "freeze": Behaviour(state="frozen"),
            "partial": Behaviour(state="down"),
        }
        backends.behave(states.get(fault.kind, Behaviour(delay_ms=SLOW_MS)), changed)


def end(fault: Fault, backends: Backends) -> None:
    """Let everything be well again."""
    for cluster in _there(fault, backends):
        if fault.kind in ("kill", "freeze") and not dict(fault.loss.left)[cluster]:
            (backends.start if fault.kind == "kill" else backends.thaw)(cluster)
    backends.behave(_UP, _changed(fault, backends))


def health(fault: Fault, backends: Backends) -> dict[tuple[str, str], Fraction]:
    """(Service, cluster) -> what is left of its pods, where that is not everything."""
    found: dict[tuple[str, str], Fraction] = {}
    hit = {endpoint.place for endpoint in _changed(fault, backends)} if fault.kind != "slow" else set()
    for cluster in _there(fault, backends):
        gone = fault.kind in ("kill", "freeze") and not dict(fault.loss.left)[cluster]
        pods: dict[str, list[bool]] = {}
        for endpoint in backends.endpoints(cluster):
            pods.setdefault(endpoint.service, []).append(not gone and endpoint.place not in hit)
        found.update({(name, cluster): Fraction(sum(alive), len(alive)) for name, alive in pods.items()})
    return found


def _there(fault: Fault, backends: Backends) -> list[str]:
    """Clusters of the fault in which anything runs."""
    return [cluster for cluster in fault.clusters if cluster in backends.clusters]


def _changed(fault: Fault, backends: Backends) -> Iterator[Endpoint]:
    """The single endpoints that behave otherwise."""
    for cluster in _there(fault, backends):
        left = dict(fault.loss.left)[cluster]
        if fault.kind in ("kill", "freeze"):
            if left:
                yield from _part(backends.endpoints(cluster), 1 - left)
        elif fault.kind == "partial":
            yield from _part(backends.endpoints(cluster), Fraction(1, 3))
        else:
            yield from backends.endpoints(cluster)


def _part(endpoints: tuple[Endpoint, ...], part: Fraction) -> Iterator[Endpoint]:
    """That part of the pods of each Service: the last ones, never all, and none where it is less than one."""
    pods: dict[tuple[str, int], list[Endpoint]] = {}
    for endpoint in endpoints:
        pods.setdefault((endpoint.service, endpoint.port), []).append(endpoint)
    for mine in pods.values():
        count = min(len(mine) - 1, int(len(mine) * part))
        yield from mine[len(mine) - count :]
