"""The declared peak, scaled to what a machine can send: load, what pods carry, and where the proof expects too much.

All of it by one factor, so that what is carried here is carried there.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from msgspec import Struct

from compiler.drill.stub.spec import Behaviour
from compiler.ir.traffic import Forward
from compiler.solver.loads import Demands, exactly

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from compiler.drill.asks import Target
    from compiler.drill.backends import Backends, Endpoint
    from compiler.drill.client.plan import Sample
    from compiler.drill.fleet import DrillFleet
    from compiler.ir.traffic import ObjectName
    from compiler.solver.losses import Loss

LATE_MS = 250
"""How much later than usual an answer is that waited behind others: a pod with room to spare makes none wait so long.
Where the load is only little above what is carried, it takes a while until one waits so long: by 10 %, 2.5 s."""
_TURNS = 200
"""Requests in which the rates of Services are kept."""


class Peak(Struct, frozen=True):
    """What is sent at the peak, and what should come of it."""

    held: tuple[Target, ...]
    """A route for each Service with a declared demand."""
    turns: tuple[int, ...]
    """Requests of each in `_TURNS`."""
    factor: Fraction
    """Requests here for one there."""
    predicted: Mapping[ObjectName, str]
    """Services that the proof says are not carried after the loss, and why, in words."""

    @property
    def services(self) -> tuple[ObjectName, ...]:
        """Of the routes."""
        return tuple(_service(target) for target in self.held)

    def problems(self, samples: Sequence[Sample], usual_ms: float, route_of: Sequence[int]) -> Iterator[str]:
        """Where what was seen is not what the proof says. `samples`: while the loss lasted."""
        for number, service in enumerate(self.services):
            mine = [s for s in samples if route_of[s.number % len(route_of)] == number]
            waited = sum(s.failed or s.ms > usual_ms + LATE_MS for s in mine)
            why = self.predicted.get(service)
            # single requests may be late for many reasons
            is_seen = waited > len(mine) / 50
            if is_seen and why is None:
                yield f"{service} was overloaded, and the capacity proof says that it is not: {waited} of {len(mine)}"
            elif why is not None and not is_seen:
                yield f"the capacity proof says that {service} is overloaded, and it was not: {why}"
            elif why is not None:
                yield f"{service} was overloaded, as the capacity proof says: {why}; {waited} of {len(mine)} requests"


def peak(local: DrillFleet, every: Sequence[Target], loss: Loss, rate: float) -> Peak | None:
    """The peak of a fleet at `rate` requests per second in all; None where no demand is declared for any route."""
    held: dict[ObjectName, Target] = {}
    for target in every:
        if _is_plain(target) and _service(target) in local.rates:
            held.setdefault(_service(target), target)
    total = sum((local.rates[service] for service in held), Fraction(0))
    if not total:
        return None
    predicted: dict[ObjectName, str] = {}
    for load in Demands(local.traffic, local.rates).loads(loss):
        if load.is_carried is False and load.floor is not None:
            needed, carried = float(load.needed), float(load.floor)
            why = f"{load.cluster} needs {needed:,.0f} requests per second, can carry {carried:,.0f}"
            for service in load.origins:
                predicted.setdefault(service, why)
    turns = tuple(max(1, round(_TURNS * local.rates[service] / total)) for service in held)
    return Peak(tuple(held.values()), turns, Fraction(rate) / total, predicted)


def capacities(local: DrillFleet, factor: Fraction, backends: Backends) -> Iterator[tuple[Endpoint, Behaviour]]:
    """What each pod carries here: all of a cluster together what they were declared to carry; unbounded where nobody
    has said.
    """
    services = {str(service.name): service for service in local.traffic.services}
    for cluster in backends.clusters:
        pods: dict[str, list[Endpoint]] = {}
        for endpoint in backends.endpoints(cluster):
            pods.setdefault(endpoint.service, []).append(endpoint)
        for name, mine in pods.items():
            service = services[name]
            member = next(member for member in service.members if member.cluster == cluster)
            if not member.replicas or not member.requests_per_second:
                continue
            # each port of a pod is an endpoint, and one port has all of the load
            ports = sum(port.protocol == "TCP" for port in service.ports)
            carried = member.replicas * exactly(member.requests_per_second) * factor * ports / len(mine)
            for endpoint in mine:
                yield endpoint, Behaviour(requests_per_second=float(carried))


def _is_plain(target: Target) -> bool:
    """Whether all requests of a route go to one Service."""
    action = target.route.action
    return isinstance(action, Forward) and len(action.split.shares) == 1 and target.route.base is None


def _service(target: Target) -> ObjectName:
    action = target.route.action
    assert isinstance(action, Forward)
    return action.split.shares[0].backend.service
