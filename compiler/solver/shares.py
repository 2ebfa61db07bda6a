"""The shares of one spread over clusters, whatever is lost.

Facts: Envoy, locality weighted load balancing (a locality keeps its whole weight down to 1/1.4 of healthy hosts) and
panic threshold; the shape of pools in docs/architecture.md.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from compiler.ir.traffic import Spread, Tier

OVERPROVISIONING = Fraction(7, 5)
"""Envoy's factor: a cluster that has lost less than 2/7 of its endpoints keeps its whole weight."""

_WHOLE = Fraction(1)


class Shares(Struct, frozen=True, gc=False):
    """How one spread divides its traffic."""

    parts: tuple[tuple[str, Fraction], ...]
    """(cluster, share above 0), sorted by cluster; they add up to 1. Empty for a spread without clusters."""
    tier: int | None
    """Which tier serves, from 0; None = the last resort: nothing is healthy, and everything is tried."""

    @property
    def is_last_resort(self) -> bool:
        """Whether nothing that is healthy is left."""
        return self.tier is None


def shares(spread: Spread, health: Mapping[str, Fraction], pods: Mapping[str, int] | None = None) -> Shares:
    """The shares of a spread while of its clusters only `health` is left (0 to 1; a cluster not in it is whole).

    `pods`: endpoints of each cluster, for the healthy part of a tier; where unknown, weights stand in. The first tier
    that is healthy enough serves. If none is, the first one that has anything left; and if nothing has, all clusters by
    their weights, since a gateway that no longer believes its health checks tries everything. Excluded clusters get
    nothing even then.
    """
    enough = Fraction(spread.spill_below_percent, 100)
    for bound in (enough, Fraction(0)) if enough else (enough,):
        for number, tier in enumerate(spread.tiers):
            healthy = _healthy_part(tier, health, pods)
            if healthy and healthy >= bound:
                return Shares(_normal(_effective(spread, tier, health)), number)
    return Shares(_normal({m.cluster: Fraction(m.weight) for tier in spread.tiers for m in tier.members}), None)


def _healthy_part(tier: Tier, health: Mapping[str, Fraction], pods: Mapping[str, int] | None) -> Fraction:
    """What is left of all endpoints of a tier."""
    sizes = {m.cluster: (pods or {}).get(m.cluster) or m.weight for m in tier.members}
    left = sum(size * health.get(cluster, _WHOLE) for cluster, size in sizes.items())
    return Fraction(left) / sum(sizes.values())


def _effective(spread: Spread, tier: Tier, health: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """Weights after losses: by pods each pod counts; by declared weights a cluster keeps its own while it can.

    With a bound for spilling weights sit on pods too: Envoy has either that bound or weights of clusters.
    """
    on_pods = spread.by_replicas or spread.spill_below_percent
    factor = _WHOLE if on_pods else OVERPROVISIONING
    return {m.cluster: m.weight * min(_WHOLE, factor * health.get(m.cluster, _WHOLE)) for m in tier.members}


def _normal(weights: Mapping[str, Fraction]) -> tuple[tuple[str, Fraction], ...]:
    total = sum(weights.values())
    return tuple((cluster, weight / total) for cluster, weight in sorted(weights.items()) if weight)
