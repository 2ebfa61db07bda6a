"""Load on a gateway: planned requests from a process of their own, every answer recorded, and their summary.

    with Load(Plan(targets=("127.0.0.1:8080",), asks=(Ask(host="shop.example.com"),), rate=1000), folder) as load:
        backends.kill("hz-a")
        time.sleep(2)
        samples = load.stop()
    summarize(samples).failed

`ask` and `exchange` send requests from this process, for when only the answers matter.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import sys
from collections import Counter
from typing import TYPE_CHECKING, Self

import msgspec

from compiler.drill.children import Child
from compiler.drill.client.plan import Ask, ClientTls, Plan, Sample
from compiler.drill.client.run import run

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path
    from types import TracebackType

__all__ = ["Ask", "ClientTls", "Load", "LoadFailedError", "Plan", "Sample", "Summary", "ask", "exchange", "summarize"]


class LoadFailedError(Exception):
    """The client process ended by itself; the text holds the end of its log."""


class Load:
    """A plan that a child process carries out; a context manager that starts it, and ends it if it still runs."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        """`folder` takes the log."""
        self.plan = plan
        self._log = folder / f"load-{plan.name}.log"
        self._child: Child | None = None

    def __enter__(self) -> Self:
        """Start it, and wait until it begins."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._child = Child((sys.executable, "-P", "-m", "compiler.drill.client"), self._log, talks=True)
        with contextlib.suppress(BrokenPipeError):  # it has ended: the next line tells why
            self._child.input.write(msgspec.json.encode(self.plan) + b"\n")
            self._child.input.flush()
        if not self._child.output.readline():
            self._fail()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        if self._child is not None:
            self._child.kill()

    @property
    def pid(self) -> int:
        """The process id, while it runs."""
        assert self._child is not None
        return self._child.pid

    def stop(self) -> list[Sample]:
        """Send nothing new, wait for the answers that are due, and give all samples, in the order of their requests."""
        assert self._child is not None
        with contextlib.suppress(BrokenPipeError):  # it was done already
            self._child.input.write(b"stop\n")
            self._child.input.flush()
        return self.wait()

    def wait(self) -> list[Sample]:
        """Wait for the end of a plan that has one; all samples, in the order of their requests."""
        assert self._child is not None
        written = self._child.output.read()
        if not written:
            self._fail()
        samples = msgspec.msgpack.decode(written, type=list[Sample])
        return sorted(samples, key=lambda each: each.number)

    def _fail(self) -> None:
        assert self._child is not None
        self._child.kill()
        raise LoadFailedError(f"the load {self.plan.name!r} ended by itself\n{self._child.tail()}")


def exchange(plan: Plan) -> list[Sample]:
    """Carry out a bounded plan from this process; all samples, in the order of their requests."""
    assert plan.count or plan.seconds
    return sorted(asyncio.run(run(plan)), key=lambda each: each.number)


def ask(target: tuple[str, int], *asks: Ask, protocol: str = "HTTP/1.1", tls: ClientTls | None = None) -> list[Sample]:
    """Send each request once, in order, on one connection, and keep the whole answers."""
    assert protocol in ("HTTP/1.1", "HTTP/2")
    return exchange(
        Plan(
            targets=(f"{target[0]}:{target[1]}",),
            asks=asks,
            count=len(asks),
            workers=1,
            connections=1,
            protocol="HTTP/2" if protocol == "HTTP/2" else "HTTP/1.1",
            tls=tls,
            name="ask",
            keeps_answers=True,
        )
    )


class Summary(msgspec.Struct, frozen=True):
    """A load in numbers. Times in milliseconds."""

    requests: int
    failed: int
    """Without an answer, or answered with 5xx."""
    statuses: dict[int, int]
    """Requests by status; 0 = no answer."""
    errors: dict[str, int]
    """Requests without an answer, by reason."""
    clusters: dict[str, int]
    """Answers by the cluster that gave them; "" = the gateway itself."""
    places: dict[str, int]
    """Answers by `address:port`."""
    p50: float
    p99: float
    p999: float
    slowest: float
    seconds: float
    """From the first request to the last."""

    def share(self, cluster: str) -> float:
        """Percent of all answers of backends that `cluster` gave; 0 where there are none."""
        answered = sum(count for name, count in self.clusters.items() if name)
        return 100 * self.clusters.get(cluster, 0) / answered if answered else 0.0


def summarize(samples: Iterable[Sample]) -> Summary:
    """The summary of samples, such as those of a stretch of time: `[s for s in samples if s.due > fault]`."""
    every = list(samples)
    times = sorted(each.ms for each in every)
    dues = [each.due for each in every]
    answered = [each for each in every if each.status]
    return Summary(
        requests=len(every),
        failed=sum(each.failed for each in every),
        statuses=dict(sorted(Counter(each.status for each in every).items())),
        errors=dict(sorted(Counter(each.error for each in every if not each.status).items())),
        clusters=dict(sorted(Counter(each.cluster for each in answered).items())),
        places=dict(sorted(Counter(each.place for each in answered if each.place).items())),
        p50=percentile(times, 50),
        p99=percentile(times, 99),
        p999=percentile(times, 99.9),
        slowest=times[-1] if times else 0.0,
        seconds=max(dues) - min(dues) if dues else 0.0,
    )


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The smallest value that `percent` of the ordered ones don't exceed (nearest rank); 0 where there are none."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] if ordered else 0.0
