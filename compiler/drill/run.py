"""The drill: faults one after the other, in a real Envoy under load, each compared with what the solver says."""

from __future__ import annotations

import contextlib
import json
import time
from contextlib import ExitStack
from fractions import Fraction
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from compiler.diagnostics import Diagnostics
from compiler.drill.asks import targets
from compiler.drill.backends import Backends
from compiler.drill.children import wait_until
from compiler.drill.client.plan import Plan as LoadPlan
from compiler.drill.delivery import free_port
from compiler.drill.envoy import Envoy, on_free_ports
from compiler.drill.faults import SLOW_MS, Fault, begin, end, health
from compiler.drill.fleet import LISTENER
from compiler.drill.load import Load
from compiler.drill.measure import Budget, Marks, Numbers, Plan, numbers
from compiler.drill.peak import capacities, peak
from compiler.drill.stub.spec import Behaviour
from compiler.ir.traffic import Forward, ObjectName
from compiler.ir.walk import answering
from compiler.solver.flows import Pods, base_of, flow
from compiler.targets.envoy import assemble, emit_traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from compiler.drill.asks import Target
    from compiler.drill.client.plan import Ask, Sample
    from compiler.drill.fleet import DrillFleet
    from compiler.drill.peak import Peak
    from compiler.drill.stub.spec import Endpoint
    from compiler.ir.traffic import Backend

    Progress = Callable[[str, int, int], None]


_FROZEN = frozenset({"freeze", "drop"})
"""Kinds that only a hedge guards against."""


class Pace(Struct, frozen=True):
    """How hard and how long."""

    rate: float = 600
    """Requests per second over all routes."""
    control_s: float = 2
    fault_s: float = 3
    back_s: float = 2
    """Seconds without a fault, with it, and after Envoy has found out that everything is well again."""

    @property
    def workers(self) -> int:
        """Requests under way at once: enough for all that are due in a second, so that a request that is held up
        holds up no other.
        """
        return max(64, int(self.rate))


class Outcome(Struct, frozen=True):
    """What a fault did."""

    fault: str
    gateway: str
    numbers: Numbers
    problems: tuple[str, ...]
    """Budgets that were missed, in words; none = it is survived."""
    skipped: tuple[str, ...] = ()
    """Routes that were left out, and why."""
    not_tried: tuple[str, ...] = ()
    """What the gateway does and a drill does not, in words."""
    routes_tried: int = 0
    routes: int = 0
    """That forward, in all."""
    seconds: float = 0.0
    """How long it took, control and return included."""


class Untried(Struct, frozen=True):
    """A fault to which no route is held."""

    fault: str
    gateway: str
    why: str
    """In words."""


def drill(
    local: DrillFleet, faults: Sequence[Fault], budget: Budget, pace: Pace, folder: Path, progress: Progress
) -> list[Outcome | Untried]:
    """Run faults one by one. Raises what the harness raises: EnvoyFailedError, StubFailedError, LoadFailedError."""
    every, missed = targets(local.gateway)
    unknown = tuple(f"{route.owner} {route.match.path.value}: no request is known for it" for route in missed)
    found: list[Outcome | Untried] = []
    boot = bootstrap(local)
    with ExitStack() as stack:
        backends = stack.enter_context(Backends(local.endpoints, folder))
        envoys = [stack.enter_context(Envoy(boot, folder / "envoy"))]
        if any(fault.kind == "gateway" for fault in faults):
            envoys.append(stack.enter_context(Envoy(_at_a_fixed_port(boot), folder / "other")))
        range_ = _Range(local, backends, envoys, budget, pace, folder)
        for index, fault in enumerate(faults):
            progress(fault.name, index, len(faults))
            began = time.monotonic()
            outcome = _run(range_, f"fault-{index}", fault, every, unknown)
            if outcome is None:
                found.append(Untried(fault.name, local.gateway.name, _why_untried(fault)))
            else:
                seconds, routes = time.monotonic() - began, len(every) + len(missed)
                found.append(replace(outcome, seconds=seconds, routes=routes))
    return found


def _why_untried(fault: Fault) -> str:
    if fault.kind == "peak":
        return "no demand is declared for any route"
    return "no route declares a hedge" if fault.kind in _FROZEN else "no request is known that reaches a backend"


def _run(range_: _Range, name: str, fault: Fault, every: Sequence[Target], unknown: tuple[str, ...]) -> Outcome | None:
    """One fault; None where no route is held to it."""
    if fault.kind == "peak":
        at_peak = peak(range_.local, every, fault.loss, range_.pace.rate)
        return range_.run_peak(name, fault, at_peak) if at_peak is not None else None
    held, skipped = _held(fault, every)
    return range_.run(name, fault, held, (*skipped, *unknown)) if held else None


def bootstrap(local: DrillFleet) -> dict[str, Any]:
    """The static bootstrap of a local fleet, on free ports."""
    findings = Diagnostics()
    first, *_ = assemble(local.settings, emit_traffic(local.traffic, (local.settings,), findings))
    if findings.has_errors:
        raise ValueError([str(finding) for finding in findings.sorted()])
    return on_free_ports(json.loads(first.text))


def _at_a_fixed_port(boot: dict[str, Any]) -> dict[str, Any]:
    """The same gateway where it can end and come back: at a port that clients know."""
    copy: dict[str, Any] = json.loads(json.dumps(boot))
    for listener in copy["static_resources"]["listeners"]:
        listener["address"]["socket_address"]["port_value"] = free_port()
    return copy


def _held(fault: Fault, every: Sequence[Target]) -> tuple[list[Target], tuple[str, ...]]:
    """The routes that are held to the fault: frozen backends hurt whoever has not declared a hedge delay."""
    if fault.kind not in _FROZEN:
        return list(every), ()
    held = [target for target in every if _is_hedged(target)]
    return held, tuple(f"{t.name}: no hedge is declared" for t in every if not _is_hedged(t))


def _never_repeats(target: Target) -> bool:
    retry = target.route.policies.retry
    return retry is not None and not retry.attempts


def _may_serve(target: Target) -> frozenset[str]:
    """Every cluster that may ever answer for a route: those of its backends and of all that takes over from them."""
    base = base_of(target.route, target.host)
    backends = [*answering(target.route), *([base] if base is not None else [])]
    return frozenset(cluster for each in backends for cluster in each.spread.clusters)


def _is_hedged(target: Target) -> bool:
    return all(share.backend.spread.hedge_delay_ms is not None for share in _forward(target).split.shares)


class _Range(Struct):
    """What all faults of a drill share."""

    local: DrillFleet
    backends: Backends
    envoys: list[Envoy]
    """The gateway, and another one where one of two is to be lost."""
    budget: Budget
    pace: Pace
    folder: Path

    def run(self, name: str, fault: Fault, held: Sequence[Target], skipped: tuple[str, ...]) -> Outcome:
        """One fault, with the load that is named so."""
        plan = self._plan(fault, held, asks := _asks(held))
        seen, _, _ = self._seen(name, fault, plan, [ask for _, ask in asks])
        return self._outcome(fault, seen, _problems(fault, seen, self.budget, held), held, skipped)

    def run_peak(self, name: str, fault: Fault, at_peak: Peak) -> Outcome:
        """A loss at the declared peak, compared with what the capacity proof says of it."""
        turns = [number for number, count in enumerate(at_peak.turns) for _ in range(count)]
        asks = [(turns[index], at_peak.held[turns[index]].ask) for index in _mixed(len(turns))]
        plan = self._plan(fault, at_peak.held, asks)
        bounded = dict(capacities(self.local, at_peak.factor, self.backends))
        self._carry(bounded)
        seen, samples, marks = self._seen(name, fault, plan, [ask for _, ask in asks])
        self._carry(dict.fromkeys(bounded, Behaviour()))
        during = [s for s in samples if marks.struck <= s.due < marks.mended]
        problems = list(at_peak.problems(during, seen.control_p999, plan.routes))
        if not at_peak.predicted:
            problems += _problems(fault, seen, self.budget, at_peak.held)
        return self._outcome(fault, seen, problems, at_peak.held)

    def _outcome(
        self,
        fault: Fault,
        seen: Numbers,
        problems: Sequence[str],
        held: Sequence[Target],
        skipped: tuple[str, ...] = (),
    ) -> Outcome:
        name = self.local.gateway.name
        return Outcome(fault.name, name, seen, tuple(problems), skipped, self.local.left_out, len(held))

    def _carry(self, bounded: Mapping[Endpoint, Behaviour]) -> None:
        """Let pods carry no more than that from now on."""
        alike: dict[Behaviour, list[Endpoint]] = {}
        for endpoint, behaviour in bounded.items():
            alike.setdefault(behaviour, []).append(endpoint)
        for behaviour, endpoints in alike.items():
            self.backends.behave(behaviour, endpoints)

    def _plan(self, fault: Fault, held: Sequence[Target], asks: Sequence[tuple[int, Ask]]) -> Plan:
        left = {(_name(s), c): part for (s, c), part in health(fault, self.backends).items()}
        return Plan(
            tuple(ask.method for _, ask in asks),
            tuple(number for number, _ in asks),
            tuple(target.name for target in held),
            expected(held, self.local, {}),
            expected(held, self.local, left),
            {number: _may_serve(target) for number, target in enumerate(held)},
            fault.kind != "slow",
            frozenset(number for number, target in enumerate(held) if _never_repeats(target)),
        )

    def _seen(self, name: str, fault: Fault, plan: Plan, asks: Sequence[Ask]) -> tuple[Numbers, list[Sample], Marks]:
        """The fault under load."""
        gateways = self.envoys if fault.kind == "gateway" else self.envoys[:1]
        load = LoadPlan(
            targets=tuple("{}:{}".format(*envoy.address(LISTENER)) for envoy in gateways),
            asks=tuple(asks),
            rate=self.pace.rate,
            workers=self.pace.workers,
            name=name,
            retries_elsewhere=len(gateways) > 1,
        )
        with Load(load, self.folder) as running:
            marks = self._strike(fault)
            samples = running.stop()
        mine = {key: times for key, times in self.backends.executions().items() if key[0].startswith(f"{name}-")}
        late = self.budget.p999_ms + (SLOW_MS if fault.kind == "slow" else 0)
        return numbers(samples, marks, plan, mine, late), samples, marks

    def _strike(self, fault: Fault) -> Marks:
        """Let it go wrong and be well again, while the load runs."""
        self._wait_until_well()  # a pod that the fault before this one has left out would be part of the control
        time.sleep(_WARM_UP_S)
        began = time.monotonic()
        time.sleep(self.pace.control_s)
        fault_began = time.monotonic()
        if fault.kind == "gateway":
            self.envoys[-1].kill()
        begin(fault, self.backends)
        struck = time.monotonic()
        time.sleep(self.pace.fault_s)
        mended = time.monotonic()
        if fault.kind == "gateway":
            self.envoys[-1].start()
        end(fault, self.backends)
        self._wait_until_well()
        time.sleep(self.pace.back_s)
        return Marks(began, fault_began, struck, mended, time.monotonic())

    def _wait_until_well(self) -> None:
        with contextlib.suppress(TimeoutError):  # then it is the samples that tell what did not come back
            wait_until(self._is_well, _MOST_BACK_S, "everything to be well again", pause=0.1)

    def _is_well(self) -> bool:
        """Whether the gateway leaves out no pod."""
        healthy = self.envoys[0].stats(r"^cluster\..*\.membership_(healthy|total)$")
        return all(
            healthy[name.replace("_total", "_healthy")] == count
            for name, count in healthy.items()
            if name.endswith("_total")
        )


_WARM_UP_S = 1.1
"""Each worker has opened its connection by then: there are as many as requests in a second."""
_MOST_BACK_S = 20
"""How long to wait for what is well again: health checks may be seconds apart, and several have to succeed."""


def _asks(held: Sequence[Target]) -> list[tuple[int, Ask]]:
    """(route, request), in an order in which those of one route do not come together: three GETs to each POST."""
    asks = [(number, target.ask) for number, target in enumerate(held) for _ in range(3)]
    asks += [
        (number, replace(target.ask, method="POST", body=b"drill"))
        for number, target in enumerate(held)
        if not target.route.match.methods
    ]
    return [asks[index] for index in _mixed(len(asks))]


def _mixed(count: int) -> list[int]:
    """An order in which the requests of one route do not come together: steps of a size that meets every number."""
    step = next(size for size in range(max(1, round(count * 0.618)), 2 * count + 2) if _is_coprime(size, count))
    return [index * step % count for index in range(count)]


def _is_coprime(one: int, other: int) -> bool:
    while other:
        one, other = other, one % other
    return one == 1


def _name(service: str) -> ObjectName:
    namespace, _, name = service.partition("/")
    return ObjectName(namespace, name)


def expected(
    held: Sequence[Target], local: DrillFleet, left: Mapping[tuple[ObjectName, str], Fraction]
) -> dict[int, dict[str, float]]:
    """Route -> cluster -> share, as the solver says; routes of which nothing healthy is left are not among them."""
    pods = Pods(local.traffic.services, {}, left)
    found: dict[int, dict[str, float]] = {}
    for number, target in enumerate(held):
        parts = flow(target.route, target.host, pods)
        if any(part.via == "last-resort" for part in parts):
            continue
        shares: dict[str, Fraction] = {}
        for part in parts:
            shares[part.cluster] = shares.get(part.cluster, Fraction(0)) + part.share
        found[number] = {cluster: float(share) for cluster, share in sorted(shares.items())}
    return found


def _problems(fault: Fault, seen: Numbers, budget: Budget, held: Sequence[Target]) -> list[str]:
    """The budgets that were missed, each with the field of the Fleet that sets it."""
    found = []
    if seen.failed > budget.failed:
        routes = ", ".join(f"{name} ({count})" for name, count in list(seen.failed_routes.items())[:5])
        bound = budget.told("failed", str(budget.failed))
        found.append(f"{seen.failed} of {seen.requests} requests failed ({bound}): {routes}")
    if fault.kind != "slow":
        above = seen.p999 - seen.control_p999
        field, most_ms = ("frozen", budget.frozen_ms) if fault.kind in _FROZEN else ("p999", budget.p999_ms)
        if above > most_ms:
            bound = budget.told(field, f"{most_ms:.0f} ms")
            why = _of_hedges(fault, held, seen, most_ms)
            found.append(f"p99.9 was {above:.0f} ms above that without fault ({bound}){why}")
        if seen.shift > budget.shift_ms:
            bound = budget.told("shift", f"{budget.shift_ms:.0f} ms")
            found.append(f"traffic took {seen.shift:.0f} ms to go where it should ({bound})")
    if seen.posts_twice:
        found.append(f"{seen.posts_twice} POST requests were executed twice")
    if seen.came_back is None:
        found.append("what was lost did not get its share back before the end")
    for what, count in list(seen.intruders.items())[:3]:
        found.append(f"{what} answered {count} requests, and may never serve it")
    wrong = dict.fromkeys(share.route for share in seen.shares if not share.is_met)
    for route in list(wrong)[:3]:
        shares = [share for share in seen.shares if share.route == route]
        of = max(1, shares[0].of)
        got = ", ".join(f"{share.cluster} {share.seen / of:.1%}" for share in shares)
        solved = ", ".join(f"{share.cluster} {share.expected:.1%}" for share in shares)
        found.append(f"{route}: shares of {of} requests were {got}; solved: {solved} (`simulate` shows why)")
    if len(wrong) > 3:
        found.append(f"{len(wrong) - 3} more routes had other shares than solved")
    return found


def _of_hedges(fault: Fault, held: Sequence[Target], seen: Numbers, most_ms: float) -> str:
    """Which hedge delay made the slowest route slow, and which one would keep `most_ms`, in words; "" = it was none.

    A request waits for the delay at each frozen pod that it meets, and meets two of a tier at least before it goes to
    the next one.
    """
    if fault.kind not in _FROZEN:
        return ""
    slowest = [target for target in held if target.name == seen.slowest_route]
    backends = dict.fromkeys(share.backend for target in slowest for share in _forward(target).split.shares)
    declared = [(backend.spread.hedge_delay_ms or 0, backend) for backend in backends if _is_hit(fault, backend)]
    delays = [each for each in declared if 0 < each[0] <= seen.p999]
    if not delays:
        return ""
    delay, backend = max(delays, key=lambda each: each[0])
    waits = int(seen.p999 / delay)
    told = f"; {backend.service} declares hedge.delay: {delay}ms, and a request waits that long for each frozen pod"
    if _loses_a_tier(fault, backend):
        told += ", two of the primary tier at least before the next tier is asked"
    told += f": {waits} x {delay} ms = {waits * delay} ms of it"
    beside = max(0.0, seen.p999 - seen.control_p999 - waits * delay)
    fitting = int((most_ms - beside) / waits)
    return f"{told}; " + (f"declare {fitting}ms at most, or raise the budget" if fitting > 0 else "raise the budget")


def _forward(target: Target) -> Forward:
    assert isinstance(target.route.action, Forward)
    return target.route.action


def _is_hit(fault: Fault, backend: Backend) -> bool:
    return bool(set(backend.spread.clusters) & set(fault.clusters))


def _loses_a_tier(fault: Fault, backend: Backend) -> bool:
    """Whether nothing is left of the first of several tiers."""
    tiers = backend.spread.tiers
    gone = {cluster for cluster, left in fault.loss.left if not left}
    return len(tiers) > 1 and {member.cluster for member in tiers[0].members} <= gone
