"""What `simulate` is asked: the losses, and the requests per second."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, cast

from compiler.annotations.words import nearest
from compiler.ir.traffic import ObjectName
from compiler.solver.loads import declared_rates
from compiler.solver.losses import lose, together

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compiler.ir.traffic import Cluster, Traffic
    from compiler.solver.losses import Loss, LossKind

_KINDS = ("cluster", "zone", "region")
_RATE = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,6})?")


def loss(words: Sequence[str], clusters: Sequence[Cluster]) -> Loss | str:
    """All losses together (`cluster=hz-a`, `zone=…`, `region=…`), or what is wrong with one of them."""
    losses: list[tuple[LossKind, str]] = []
    for word in words:
        kind, equals, name = word.partition("=")
        if kind not in _KINDS or not equals:
            return f"--lose {word}: write cluster=NAME, zone=NAME or region=NAME"
        known = _names(kind, clusters)
        if name not in known:
            return f"--lose {word}: no such {kind}; there {_are(known)} (nearest: {nearest(name, known) or known[0]})"
        losses.append((cast("LossKind", kind), name))
    return lose(*losses[0], clusters) if len(losses) == 1 else together(losses, clusters)


def _names(kind: str, clusters: Sequence[Cluster]) -> list[str]:
    if kind == "zone":
        return sorted({zone for cluster in clusters for zone in cluster.zones})
    return sorted({cluster.name if kind == "cluster" else cluster.region for cluster in clusters})


def _are(names: list[str]) -> str:
    return f"is {names[0]}" if len(names) == 1 else f"are {', '.join(names)}"


def rates(words: Sequence[str], traffic: Traffic) -> dict[ObjectName, Fraction] | str:
    """Requests per second by Service: the declared peaks, as `--at` changes them; or what is wrong with it.

    `NS/SERVICE=RPS` sets one; `RPS` alone scales the declared ones so that they add up to it.
    """
    found = declared_rates(traffic)
    services = {service.name for service in traffic.services}
    total: Fraction | None = None
    for word in words:
        name, equals, number = word.rpartition("=")
        if not _RATE.fullmatch(number):
            return f"--at {word}: write a number of requests per second, or NAMESPACE/SERVICE=NUMBER"
        if not equals:
            total = Fraction(number)
            continue
        namespace, _, service = name.partition("/")
        target = ObjectName(namespace, service)
        if target not in services:
            known = [str(each) for each in sorted(services)]
            return f"--at {word}: no such Service (nearest: {nearest(name, known) or ', '.join(known[:3])})"
        found[target] = Fraction(number)
    if total is not None:
        declared = sum(found.values())
        if not declared:
            return f"--at {total}: no Service declares a demand to scale; write NAMESPACE/SERVICE=NUMBER"
        found = {name: rate * total / declared for name, rate in found.items()}
    return found
