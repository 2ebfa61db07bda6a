"""A fleet before a real Envoy, under load, that something happens to: what is seen before, meanwhile and afterwards."""

from __future__ import annotations

import itertools
import math
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from compiler.drill.children import wait_until
from compiler.drill.load import Ask, Load, Plan, percentile
from compiler.solver.flows import Pods as Left
from compiler.solver.flows import flow
from tests.envoy.compiled import ENVOY, Gateway, Pods
from tests.envoy.disasters.machine import Waits
from tests.small_fleet import HOST, app, compiled, fleet, ingress, path, policy, rule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from fractions import Fraction
    from pathlib import Path

    from compiler.drill.load import Sample
    from tests.small_fleet import Document

REQUESTS = 20_000
SIGMAS = 5
EXCLUDED = "x"
"""A cluster that is excluded, with pods that wait for a request in vain: every stage holds it to that."""
CHECK = {"path": "/healthz", "interval": "1s", "timeout": "1s"}
GET, POST = Ask(host=HOST, path="/cart"), Ask(host=HOST, path="/cart", method="POST", body=b"x")


def of_cart(
    spread: dict[str, Any], pods: Mapping[str, int], *, annotations: Mapping[str, str] | None = None, **said: Any
) -> list[Document]:
    """Service cart in these clusters and in the excluded one, behind `/cart`; `said`: more of its policy."""
    clusters = [*pods, EXCLUDED]
    spread = {**spread, "excluded": [{"cluster": EXCLUDED, "reason": "maintenance"}]}
    return [
        *fleet(*clusters, gateway=ENVOY),
        app("cart", *clusters, replicas=max(pods.values())),
        policy("cart", spread, **{"healthCheck": CHECK, **said}),
        ingress("cart", rule(path("cart")), annotations=dict(annotations or {})),
    ]


class Seen(msgspec.Struct):
    """What a load saw. Moments in seconds of `time.monotonic()`."""

    samples: list[Sample]
    asks: tuple[Ask, ...]
    fault: float
    """When it began,"""
    struck: float
    """when it had struck,"""
    mended: float
    """and when it was undone, or the load ended."""
    waits: Waits
    executions: Counter[tuple[str, str, str]]

    def of(self, *methods: str) -> list[Sample]:
        return [s for s in self.samples if self.asks[s.number % len(self.asks)].method in methods]

    @property
    def gets(self) -> list[Sample]:
        return self.of("GET")

    @property
    def failed(self) -> list[Sample]:
        """GETs that failed."""
        return [s for s in self.gets if s.failed]

    def during(self, after_s: float = 0) -> list[Sample]:
        """GETs that were due so long after the fault had struck, and answered before it was undone."""
        return [s for s in self.gets if self.struck + after_s <= s.due and s.due + s.ms / 1000 <= self.mended]

    @property
    def control(self) -> list[Sample]:
        """GETs of the stretch before the fault."""
        return [s for s in self.gets if s.due + s.ms / 1000 < self.fault]

    def own_ms(self, sample: Sample) -> float:
        """How long an answer took, without what the machine held up."""
        return sample.ms - self.waits.between(sample.due, sample.due + sample.ms / 1000)

    @property
    def above_control_ms(self) -> float:
        """p99.9 of the GETs that the fault may have met, above that of those before it."""
        met = [s for s in self.gets if s.due + s.ms / 1000 >= self.fault and s.due <= self.mended]
        return self._p999(met) - self._p999(self.control)

    def _p999(self, samples: Sequence[Sample]) -> float:
        """On a busy machine some are late for its sake alone: those are looked at with what it held up taken off."""
        return percentile(sorted(self.own_ms(s) if s.ms > 50 else s.ms for s in samples), 99.9)

    def later_than(self, ms: float, samples: Sequence[Sample]) -> list[tuple[float, float]]:
        """(seconds after the fault, milliseconds) of those that took longer by themselves."""
        return [(s.due - self.fault, s.ms) for s in samples if s.ms > ms and self.own_ms(s) > ms]

    @property
    def executed_twice(self) -> list[str]:
        """POSTs that a Service executed more than once."""
        return [identity for (identity, method, _), times in self.executions.items() if method == "POST" and times > 1]


class Stage(Gateway):
    """A gateway that disasters happen to. Leaving it checks that the excluded cluster got nothing."""

    def __init__(self, documents: Sequence[Document], pods: Pods, folder: Path) -> None:
        if EXCLUDED not in {each.cluster for each in pods.endpoints}:
            pods.add("cart", EXCLUDED, 2)
        super().__init__(documents, pods, folder)
        self.documents = [*documents, *pods.slices]
        self.folder = folder
        self._loads = 0

    def __exit__(self, *error: object) -> None:
        try:
            if error[0] is None:
                assert set(self.backends.requests(EXCLUDED).values()) == {0}
        finally:
            super().__exit__(*error)

    # --- load

    def load(self, *asks: Ask, **said: Any) -> Load:
        self._loads += 1
        mine = {
            "targets": ("{}:{}".format(*self.envoy.address("http")),),
            "workers": 300 if "rate" in said else 16,
            "name": f"load{self._loads}",
        }
        plan = Plan(asks=asks or (GET,), **{**mine, **said})
        return Load(plan, self.folder)

    def pids(self) -> list[int]:
        return [*self.backends.pids, self.envoy.pid]

    def strike(
        self,
        act: Callable[[], object],
        mend: Callable[[], object] | None = None,
        *asks: Ask,
        control_s: float = 2,
        fault_s: float = 3,
        back_s: float = 1,
        rate: float = 400,
        **said: Any,
    ) -> Seen:
        """Load the gateway, let something happen to it, undo it, and wait until Envoy takes everything for well."""
        load = self.load(*asks, rate=rate, **said)
        with load, Waits(lambda: [*self.pids(), load.pid]) as waits:
            time.sleep(0.5 + control_s)
            fault = time.monotonic()
            act()
            struck = time.monotonic()
            time.sleep(fault_s)
            mended = time.monotonic()
            if mend is not None:
                mend()
                self.wait_until_well()
                time.sleep(back_s)
            samples = load.stop()
        name = load.plan.name
        executions = {k: n for k, n in self.backends.executions().items() if k[0].startswith(f"{name}-")}
        found = [s for s in samples if s.due > fault - control_s]
        return Seen(found, asks or (GET,), fault, struck, mended, waits, Counter(executions))

    def count(self, *asks: Ask, requests: int = REQUESTS, workers: int = 16) -> list[Sample]:
        """That many requests, as fast as they come."""
        with self.load(*asks, count=requests, workers=workers) as load:
            return load.wait()

    # --- what is left

    def kill(self, *clusters: str) -> None:
        for cluster in clusters:
            self.backends.kill(cluster)

    def start(self, *clusters: str) -> None:
        for cluster in clusters:
            self.backends.start(cluster)

    def wait_until_well(self, seconds: float = 30) -> None:
        """Wait until Envoy leaves out no pod."""
        wait_until(lambda: not self.left_out(), seconds, "everything to be well", pause=0.05)

    def left_out(self) -> dict[str, int]:
        """Pods that pools leave out, by pool."""
        found = self.envoy.stats(r"^cluster\..*\.membership_(healthy|total)$")
        missing = {
            name: total - found[name.replace("_total", "_healthy")]
            for name, total in found.items()
            if name.endswith("_total")
        }
        return {name: count for name, count in missing.items() if count}

    def solved(self, **left: Fraction) -> dict[str, float]:
        """Cluster -> share of `/cart`, as the solver says while of these clusters only that is left."""
        found = compiled(self.documents)
        (program, *_) = [cell.program.traffic for cell in found.cells if cell.program is not None]
        (host,) = program.gateways[0].hosts
        route = next(r for r in host.routes if r.match.path.value == "/cart")
        shares: Counter[str] = Counter()
        for part in flow(route, host, Left(program.services, left)):
            shares[part.cluster] += float(part.share)  # type: ignore[assignment]  # a Counter of shares
        return dict(shares)


def is_on(samples: Sequence[Sample], cluster: str, share: float, window_s: float = 0.25) -> list[bool]:
    """Whether a cluster has its share, window by window.

    It gains it where it has more than three quarters of it, and loses it where it has less than one: what lies between
    is chance, or a window in which something began. A change in the list is a change of where traffic goes. The first
    and the last window are left out: load began or ended within them, and so few requests tell nothing.
    """
    windows: dict[int, list[Sample]] = {}
    for sample in samples:
        windows.setdefault(int(sample.due / window_s), []).append(sample)
    found: list[bool] = []
    for _, each in sorted(windows.items())[1:-1]:
        part = sum(s.cluster == cluster for s in each) / len(each)
        before = found[-1] if found else True
        found.append(part > share / 4 if before else part > 3 * share / 4)
    return found


def changes(states: Sequence[bool]) -> int:
    """How often neighbours differ."""
    return sum(one != other for one, other in itertools.pairwise(states))


def by_cluster(samples: Sequence[Sample]) -> dict[str, int]:
    """Answers by the cluster that gave them; "" = none did."""
    return dict(Counter(s.cluster for s in samples))


def is_share(shares: Mapping[str, float], samples: Sequence[Sample]) -> bool:
    """Whether every cluster got its share: within five standard deviations of chance; none and all exactly."""
    seen, total = by_cluster(samples), len(samples)
    return set(seen) <= set(shares) and all(
        abs(seen.get(cluster, 0) - total * share) <= SIGMAS * math.sqrt(total * share * (1 - share))
        for cluster, share in shares.items()
    )
