"""From samples to numbers: what a fault did to requests. Pure: the same samples, the same numbers.

Times are seconds of `time.monotonic()` in, milliseconds out.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct

from compiler.drill.load import percentile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from compiler.drill.client.plan import Sample

SIGMAS = 5
"""How far shares may lie from the solver's, in standard deviations of as many independent requests."""
HUNG_MS = 1000
"""A POST hangs that waits longer than this, or that has no answer when the fault ends."""
_JUST_SENT_MS = 100
"""A POST that was sent no longer than this (and what is usual) before the fault ended is only under way."""
_GRID_S = 0.05


class Marks(Struct, frozen=True):
    """When things happened."""

    began: float
    fault: float
    """When the fault began."""
    struck: float
    """When it was in force everywhere."""
    mended: float
    """When it was undone."""
    ended: float


class Budget(Struct, frozen=True):
    """Bounds that a drill must keep."""

    failed: int
    """Failed GET, HEAD and OPTIONS requests."""
    p999_ms: float
    """99.9th percentile above the stretch without fault, in milliseconds."""
    frozen_ms: float
    """The same where pods freeze or packets vanish."""
    shift_ms: float
    """Time until traffic has left what was lost."""
    file: str = ""
    """Where they are written; "" = not known."""

    def told(self, field: str, value: str) -> str:
        """`budget: 0, spec.drill.budgets.failed in fleet.yaml`."""
        return f"budget: {value}, spec.drill.budgets.{field}" + (f" in {self.file}" if self.file else "")


class ShareSeen(Struct, frozen=True):
    """What one cluster got of a route, and what the solver says."""

    route: str
    cluster: str
    expected: float
    """0 to 1."""
    seen: int
    of: int
    """Answers of the route."""

    @property
    def is_met(self) -> bool:
        """Whether it lies within `SIGMAS` standard deviations; where nothing is expected, nothing may be there."""
        if self.expected in (0, 1):
            return self.seen == self.expected * self.of
        sigma = math.sqrt(self.of * self.expected * (1 - self.expected))
        return abs(self.seen - self.expected * self.of) <= SIGMAS * sigma + 1


class Numbers(Struct, frozen=True):
    """A fault in numbers. Times in milliseconds."""

    requests: int
    """That were due from the fault on."""
    failed: int
    failed_routes: dict[str, int]
    """How often, by route and answer (`GET shop.example.com/cart 503`)."""
    control_p999: float
    """Of what was answered before the fault began: of what was still under way, nobody knows how long it would have
    taken without the fault."""
    p999: float
    slowest: float
    """Of requests that may be repeated."""
    slowest_route: str
    """That the slowest took; "" = there was none."""
    shift: float
    """From the fault to the last request that failed, was later than usual, or went to a cluster that the solver gives
    nothing of its route; 0 = none was. While pods are found dead, a request that has met some of them may be repeated
    in the next tier.
    """
    came_back: float | None
    """From the mending until what was lost serves its whole share again; None = not before the end."""
    posts: int
    """POST requests that were sent in all, before the fault and after it too."""
    posts_failed: int
    """They are not repeated once a backend may have seen them."""
    posts_hung: int
    """While the fault lasted, those that waited longer than `HUNG_MS`, or that had no answer when it ended, whatever
    became of them later: a frozen pod may have executed them, so nobody else may."""
    posts_slowest: float
    """From the fault on."""
    posts_twice: int
    """POST requests that a Service executed more than once."""
    shares: tuple[ShareSeen, ...]
    """After the shift."""
    intruders: dict[str, int]
    """Answers of clusters that may never serve a route, at any time: `GET h/cart: hz-c` -> how many."""


class Plan(Struct, frozen=True):
    """What was sent in turn, and what should come of it."""

    methods: tuple[str, ...]
    """Of each ask."""
    routes: tuple[int, ...]
    """Which route each ask takes."""
    names: tuple[str, ...]
    """Of the routes."""
    declared: Mapping[int, Mapping[str, float]]
    """Route -> cluster -> share while nothing is wrong."""
    expected: Mapping[int, Mapping[str, float]]
    """The same while the fault lasts."""
    clusters: Mapping[int, frozenset[str]]
    """Route -> every cluster that may ever serve it; excluded ones are not among them."""
    shifts: bool = True
    """Whether the fault takes something away, so that requests may go elsewhere while that is found out."""
    never_repeated: frozenset[int] = frozenset()
    """Routes whose author has switched repeats off: what was under way on a connection that dies is lost."""

    def is_excused(self, sample: Sample, marks: Marks) -> bool:
        """Whether a request that failed had to: it was under way when the fault struck, and may not be repeated."""
        return self.number(sample) in self.never_repeated and sample.due < marks.struck

    def is_astray(self, sample: Sample) -> bool:
        """Whether a cluster answered that gets nothing of the route while the fault lasts."""
        expected = self.expected.get(self.number(sample))
        return bool(sample.cluster) and expected is not None and not expected.get(sample.cluster)

    def is_intruder(self, sample: Sample) -> bool:
        """Whether a cluster answered that may never serve the route."""
        return bool(sample.cluster) and sample.cluster not in self.clusters[self.number(sample)]

    def told(self, sample: Sample) -> str:
        """The route of a request and its answer, in words."""
        return f"{self.route(sample)} {sample.status or sample.error}"

    def route(self, sample: Sample) -> str:
        """The route of a request."""
        return self.names[self.number(sample)]

    def number(self, sample: Sample) -> int:
        """The number of its route."""
        return self.routes[sample.number % len(self.routes)]

    def is_repeatable(self, sample: Sample) -> bool:
        """Whether it may be sent again."""
        return self.methods[sample.number % len(self.methods)] != "POST"


def numbers(
    samples: Sequence[Sample],
    marks: Marks,
    plan: Plan,
    executions: Mapping[tuple[str, str, str], int],
    late_ms: float,
) -> Numbers:
    """What samples say; `late_ms`: how much later than usual counts as hit by the fault."""
    safe = [s for s in samples if plan.is_repeatable(s)]
    usual = percentile(sorted(s.ms for s in safe if marks.began <= s.due and _end(s) < marks.fault), 99.9)
    after = [s for s in safe if _is_hit(s, marks) and not (s.failed and plan.is_excused(s, marks))]
    during = [s for s in after if s.due < marks.mended]
    hit = [_end(s) for s in during if s.failed or s.ms > usual + late_ms]
    if plan.shifts:
        hit += [_end(s) for s in samples if marks.fault <= s.due and _end(s) < marks.mended and plan.is_astray(s)]
    shifted = max(hit, default=marks.fault)
    posts = [s for s in samples if not plan.is_repeatable(s)]
    times = sorted(s.ms for s in after)
    slowest = max(after, key=lambda s: s.ms, default=None)
    # what a frozen backend answers when it goes on was not served while it was frozen
    settled = [s for s in samples if shifted < s.due and _end(s) < marks.mended]
    return Numbers(
        requests=len(after),
        failed=sum(s.failed for s in after),
        failed_routes=_counted(plan.told(s) for s in after if s.failed),
        control_p999=usual,
        p999=percentile(times, 99.9),
        slowest=slowest.ms if slowest is not None else 0.0,
        slowest_route=plan.route(slowest) if slowest is not None else "",
        shift=max(0.0, (shifted - marks.fault) * 1000),
        came_back=_came_back(samples, marks, plan),
        posts=len(posts),
        posts_failed=sum(s.failed for s in posts),
        posts_hung=sum(_is_hung(s, marks, usual) for s in posts),
        posts_slowest=max((s.ms for s in posts if _is_hit(s, marks)), default=0.0),
        posts_twice=sum(times > 1 for (_, method, _), times in executions.items() if method == "POST"),
        shares=tuple(_shares(settled, plan, plan.expected)),
        intruders=_counted(f"{plan.route(s)}: {s.cluster}" for s in samples if plan.is_intruder(s)),
    )


def _counted(words: Iterable[str]) -> dict[str, int]:
    """How often each was said, sorted."""
    return dict(sorted(Counter(words).items()))


def _end(sample: Sample) -> float:
    """When its answer was whole, or when it was given up."""
    return sample.due + sample.ms / 1000


def _is_hit(sample: Sample, marks: Marks) -> bool:
    """Whether it was under way when the fault began, or sent later."""
    return sample.due >= marks.began and _end(sample) >= marks.fault


def _is_hung(sample: Sample, marks: Marks, usual: float) -> bool:
    """Whether it waited for what the fault has hit."""
    if not _is_hit(sample, marks) or sample.due >= marks.mended:
        return False
    is_unanswered = _end(sample) >= marks.mended and sample.ms > usual + _JUST_SENT_MS
    return is_unanswered or sample.ms > HUNG_MS


def _shares(samples: Iterable[Sample], plan: Plan, expected: Mapping[int, Mapping[str, float]]) -> Iterator[ShareSeen]:
    seen: dict[int, Counter[str]] = {}
    for sample in samples:
        if sample.cluster:
            seen.setdefault(plan.number(sample), Counter())[sample.cluster] += 1
    for route, shares in expected.items():
        found = seen.get(route, Counter())
        for cluster in sorted({*shares, *found}):
            yield ShareSeen(plan.names[route], cluster, shares.get(cluster, 0.0), found[cluster], found.total())


def _came_back(samples: Sequence[Sample], marks: Marks, plan: Plan) -> float | None:
    late = [s for s in samples if s.due >= marks.mended and s.cluster]
    for step in range(int((marks.ended - marks.mended) / _GRID_S) - _LEFT):
        start = marks.mended + step * _GRID_S
        shares = list(_shares([s for s in late if s.due >= start], plan, plan.declared))
        # few samples prove little: three quarters of a share have to be there, whatever chance may do
        if all(share.is_met and 4 * (share.seen + 1) >= 3 * share.expected * share.of for share in shares):
            return step * _GRID_S * 1000
    return None


_LEFT = 10
"""Steps that have to be left, so that the end says something."""
