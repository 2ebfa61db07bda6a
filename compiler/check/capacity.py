"""Every cluster carries its load, with nothing lost and after each loss that the fleet demands to survive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.diagnostics import error, warning

if TYPE_CHECKING:
    from fractions import Fraction

    from compiler.diagnostics import Diagnostics
    from compiler.ir.traffic import Demand, ObjectName, Traffic
    from compiler.solver.loads import Demands, Load
    from compiler.solver.losses import Loss

CAPACITY = error(
    "capacity",
    "a cluster cannot carry the traffic that a loss would send to it",
    """\
A TrafficPolicy declares the peak of a Service (`targetRefs[].demand.requestsPerSecond`), and its App what one pod
carries (`capacity.requestsPerSecond`). For each loss that has to be survived (`survive` of the Fleet or the policy),
and with nothing lost, the shares of the clusters that are left are worked out exactly; here the load of one of them is
above what all its pods carry together. A zone that is lost takes its part of the pods of a cluster that has others, and
Envoy leaves such a cluster its whole weight while 5/7 of its pods are left.

Add replicas where the finding says, spread the traffic otherwise, or correct the demand.""",
)
CAPACITY_AUTOSCALED = warning(
    "capacity-autoscaled",
    "only autoscaling makes room for the traffic that a loss would send",
    """\
After the loss that the finding names, the pods that are always there (`minReplicas`) don't carry the load; as many as
`maxReplicas` allows would. Until they run, which takes a minute or more, requests are slow or fail.

Raise `minReplicas` to what the finding says, or accept the finding with a reason.""",
)
CAPACITY_UNKNOWN = warning(
    "capacity-unknown",
    "a demand is declared, and nobody says what a pod carries",
    """\
The capacity proof needs both sides: the peak of a Service, and the requests per second that one of its pods carries, in
every cluster that serves it. Where one is missing nothing is proved.

Write `capacity: {requestsPerSecond: N}` in the App (measured, not guessed), or delete the demand.""",
)


def check_capacity(traffic: Traffic, findings: Diagnostics) -> None:
    """Report each cluster that can't carry its load; per Service and cluster the worst loss alone."""
    if not traffic.demands:
        return
    # only fleets that declare demands pay for the arithmetic
    from compiler.solver.loads import Demands  # noqa: PLC0415

    demands = Demands(traffic)
    places = {demand.service: demand for demand in traffic.demands}
    for service in demands.services:
        _check_known(places[service], traffic, findings)
    for load, loss in _holes(demands, traffic):
        _report(load, loss, places.get(load.service) or places[load.origins[0]], findings)


def _holes(demands: Demands, traffic: Traffic) -> list[tuple[Load, Loss]]:
    """The worst of what can't be carried, per Service and cluster, sorted by them."""
    from compiler.solver.losses import NO_LOSS, single_losses  # noqa: PLC0415

    demanded = {service: demands.must_survive(service) for service in demands.services}
    losses: list[tuple[str, Loss]] = [("", NO_LOSS)]
    for kind in sorted(set().union(*demanded.values())):
        losses += [(kind, loss) for loss in single_losses(traffic.clusters, (kind,))]
    worst: dict[tuple[ObjectName, str], tuple[Fraction, Load, Loss]] = {}
    for needed_by, loss in losses:
        for load in demands.loads(loss):
            if load.floor is None or load.needed <= load.floor:
                continue
            if needed_by and not any(needed_by in demanded[origin] for origin in load.origins):
                continue
            gap = load.needed - load.floor
            first = worst.get((load.service, load.cluster))
            if first is None or gap > first[0]:
                worst[load.service, load.cluster] = (gap, load, loss)
    return [(load, loss) for _, (_, load, loss) in sorted(worst.items(), key=lambda item: item[0])]


def _check_known(demand: Demand, traffic: Traffic, findings: Diagnostics) -> None:
    service = next((s for s in traffic.services if s.name == demand.service), None)
    if service is None:
        return
    missing = [m.cluster for m in service.members if m.requests_per_second is None or m.replicas is None]
    if missing:
        findings.add(
            CAPACITY_UNKNOWN,
            demand.origin,
            str(demand.service),
            f"what one of its pods carries is not declared for {', '.join(missing)}, so nothing is proved there",
            "write capacity: {requestsPerSecond: N} in its App, or delete the demand",
        )


def _report(load: Load, loss: Loss, place: Demand, findings: Diagnostics) -> None:
    assert load.floor is not None
    needed, floor = number(load.needed), number(load.floor)
    others = [str(name) for name in load.origins if name != load.service]
    because = f" (with what falls back to it from {', '.join(others)})" if others else ""
    why = f"{loss.name} lost: {load.cluster} needs {needed} requests per second{because}, can carry {floor}"
    if load.most is not None and load.most >= load.needed:
        findings.add(
            CAPACITY_AUTOSCALED,
            place.origin,
            str(load.service),
            f"{why} with minReplicas, and {number(load.most)} with maxReplicas",
            f"raise minReplicas in {load.cluster} to {load.enough}, or accept the finding with a reason",
        )
        return
    findings.add(
        CAPACITY,
        place.origin,
        str(load.service),
        why,
        f"run {load.enough} pods in {load.cluster}, spread the traffic otherwise, or correct the demand",
    )


def number(value: Fraction) -> str:
    """A rate for people: thousands apart, rounded up to whole requests."""
    return f"{-(-value.numerator // value.denominator):,}"
