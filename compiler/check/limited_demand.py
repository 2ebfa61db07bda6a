"""A declared peak that the limits of the routes to its Service would not let through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.diagnostics import Note, warning
from compiler.ir.traffic import Forward, LocalLimit
from compiler.ir.walk import routes

if TYPE_CHECKING:
    from fractions import Fraction

    from compiler.diagnostics import Diagnostics
    from compiler.ir.traffic import GlobalLimit, ObjectName, Traffic

LIMITED_DEMAND = warning(
    "limited-demand",
    "a declared peak is above the limits of the routes that lead to the Service",
    """\
A TrafficPolicy declares the peak of a Service, and every route to it has a limit; together they let less pass. Then at
the peak some requests get 429, or the peak is not what it says. `route-limit-rps` and `route-limit-rpm` count in each
replica of the gateway, `rate-limit` over all of them.

Raise the limit, correct the demand, or accept the finding where the gateway runs as many replicas as it says.""",
)


def check_limited_demand(traffic: Traffic, findings: Diagnostics) -> None:
    """Add up the limits of all routes to each Service with a demand."""
    if not traffic.demands:
        return
    # only fleets that declare demands pay for the arithmetic
    from compiler.solver.loads import exactly  # noqa: PLC0415

    limits = _limits(traffic)
    for demand in traffic.demands:
        found = limits.get(demand.service)
        if not found or None in found:
            continue
        there = [limit for limit in found if limit is not None]
        passing = sum(_rate(limit) for limit in there)
        peak = exactly(demand.requests_per_second)
        if passing >= peak:
            continue
        per_replica = any(isinstance(limit, LocalLimit) for limit in there)
        needed = -(-peak // passing) if passing else None
        findings.add(
            LIMITED_DEMAND,
            demand.origin,
            str(demand.service),
            f"its peak is {float(peak):g} requests per second, and the limits of its routes let {float(passing):g} pass"
            + (" in each replica of the gateway" if per_replica else ""),
            "raise the limit, or correct the demand"
            + (f", or run {needed} replicas of the gateway and accept this" if per_replica and needed else ""),
            tuple(Note(limit.origin, "a limit") for limit in there[:3]),
        )


def _limits(traffic: Traffic) -> dict[ObjectName, list[GlobalLimit | LocalLimit | None]]:
    """The limits of the routes to each Service; None for a route that has none."""
    found: dict[ObjectName, list[GlobalLimit | LocalLimit | None]] = {}
    for _, route in routes(traffic):
        if isinstance(route.action, Forward):
            limit = route.policies.global_limit or route.policies.local_limit
            for share in route.action.split.shares:
                if share.weight:
                    found.setdefault(share.backend.service, []).append(limit)
    return found


def _rate(limit: GlobalLimit | LocalLimit) -> Fraction:
    """Requests per second that it lets pass for good."""
    from fractions import Fraction  # noqa: PLC0415 - only where demands are declared

    if isinstance(limit, LocalLimit):
        return Fraction(limit.requests, limit.unit_s)
    return Fraction(limit.requests_per_second)
