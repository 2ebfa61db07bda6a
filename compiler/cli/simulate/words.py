"""What simulations say in words, for the terminal and the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.cli.formats.text import plural
from compiler.cli.table import listed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from compiler.solver.loads import Load
    from compiler.solver.losses import Loss
    from compiler.trace.simulate import Simulation, Vector


def vector(found: Vector) -> str:
    """`hz-a 60 %, hz-b 40 %`."""
    return ", ".join(f"{cluster} {percent(share)}" for cluster, share in found) or "nothing"


def percent(share: Fraction) -> str:
    """A share for people: two decimals at most."""
    return f"{float(share) * 100:.2f}".rstrip("0").rstrip(".") + " %"


def rate(number: Fraction) -> str:
    """Requests per second for people: one decimal at most."""
    return f"{float(number):,.1f}".removesuffix(".0")


def left(part: Fraction) -> str:
    """What a loss leaves of the pods of a cluster."""
    return "gone" if not part else f"{part.numerator}/{part.denominator} of its pods left"


def changes(loss: Loss) -> Iterator[str]:
    """The clusters that a loss hits, unless its name says just that."""
    gone = loss.lost
    if gone and loss.name != " and ".join(f"cluster {name}" for name in gone):
        yield f"{listed(gone, 12)} {'is' if len(gone) == 1 else 'are'} gone"
    for cluster, part in loss.left:
        if part:
            yield f"{cluster}: {left(part)}"


def verdict(found: Simulation, most: int = 5) -> str:
    """Whether a loss is survived, and what is not; of overloads the `most` worst, and how many there are besides."""
    if found.is_survived:
        return "survived: every route is served, and every declared load is carried"
    told = [f"gateway {name} is lost: no Envoy is left" for name in found.lost_gateways]
    if found.lost:
        told.append(f"{plural(len(found.lost), 'route')} lost")
    for load in sorted(found.overloads, key=_worst)[:most]:
        assert load.floor is not None
        told.append(
            f"{load.cluster} needs {rate(load.needed)} requests per second of {load.service}, "
            f"can carry {rate(load.floor)}{autoscaled(load)}"
        )
    if found.overloads[most:]:
        told.append(f"{plural(len(found.overloads) - most, 'more load')} that can't be carried")
    return f"not survived: {'; '.join(told)}"


def _worst(load: Load) -> tuple[bool, Fraction]:
    """Clusters without a pod first, then by how much is missing."""
    assert load.floor is not None
    return bool(load.floor), load.floor / load.needed


def autoscaled(load: Load) -> str:
    """What autoscaling adds to what a cluster can carry; "" = nothing."""
    if load.floor is None or load.most is None or load.most <= load.floor:
        return ""
    return f" (up to {rate(load.most)} once autoscaling has added pods)"
