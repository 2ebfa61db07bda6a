"""Send what a plan says, and record every answer."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from compiler.drill.client.connection import NoAnswerError, client_context
from compiler.drill.client.http1 import Http1
from compiler.drill.client.http2 import Http2
from compiler.drill.client.plan import Sample

if TYPE_CHECKING:
    from compiler.drill.client.connection import Answer, Connection
    from compiler.drill.client.plan import Ask, Plan

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_STREAMS = 100
_ANSWERED_BY = "x-answered-by"


async def run(plan: Plan, stopped: asyncio.Event | None = None) -> list[Sample]:
    """All samples, in the order in which the answers came. Stops early when `stopped` is set."""
    load = _Load(plan, stopped or asyncio.Event())
    await asyncio.gather(*(load.work(number) for number in range(plan.workers)))
    load.close()
    await asyncio.sleep(0)  # closing takes a turn of the loop, which may end with this call
    return load.samples


class _Load:
    """A plan under way."""

    def __init__(self, plan: Plan, stopped: asyncio.Event) -> None:
        self.plan = plan
        self.samples: list[Sample] = []
        self._stopped = stopped
        self._next = 0
        self._began = time.monotonic()
        self._tls = client_context(plan.tls, plan.protocol) if plan.tls else None
        self._shared: dict[tuple[str, int], Connection] = {}
        # a server takes that many requests at once on one connection, as Envoy is told to
        self._connections = max(plan.connections, -(-plan.workers // _STREAMS))
        self._opening: dict[tuple[str, int], asyncio.Lock] = {}

    def close(self) -> None:
        """Let go of all connections."""
        for connection in self._shared.values():
            connection.close()

    async def work(self, worker: int) -> None:
        """Send request after request, each when it is due."""
        plan = self.plan
        while not self._stopped.is_set():
            number = self._next
            due = self._began + number / plan.rate if plan.rate else time.monotonic()
            if (plan.count and number >= plan.count) or (plan.seconds and due >= self._began + plan.seconds):
                return
            self._next += 1
            if due > time.monotonic() and await self._stops_before(due):
                return
            self.samples.append(await self._send(worker, number, due))

    async def _stops_before(self, due: float) -> bool:
        """Wait until `due`; whether everything is to stop by then."""
        await asyncio.sleep(due - time.monotonic())
        return self._stopped.is_set()

    async def _send(self, worker: int, number: int, due: float) -> Sample:
        plan = self.plan
        ask = plan.asks[number % len(plan.asks)]
        chances = len(plan.targets) if plan.retries_elsewhere else 1
        tries = 0
        while True:
            target = plan.targets[(worker + tries) % len(plan.targets)]
            tries += 1
            try:
                answer = await self._try(worker, target, ask, f"{plan.name}-{number}")
            except NoAnswerError as failed:
                if tries < chances and (ask.method in _SAFE or not failed.was_sent):
                    continue
                return Sample(number, due, (time.monotonic() - due) * 1000, 0, error=str(failed), tries=tries)
            by = next((value for name, value in answer.headers if name == _ANSWERED_BY), "")
            kept = (answer.headers, answer.body) if plan.keeps_answers else ((), b"")
            return Sample(number, due, (time.monotonic() - due) * 1000, answer.status, by, "", tries, *kept)

    async def _try(self, worker: int, target: str, ask: Ask, identity: str) -> Answer:
        """One try, all of it within the plan's time limit."""
        connection: Connection | None = None
        try:
            async with asyncio.timeout(self.plan.timeout_s):
                connection = await self._connection(worker, target)
                return await connection.exchange(ask, target, identity)
        except TimeoutError:
            if connection is not None and self.plan.protocol == "HTTP/1.1":
                connection.close()  # its answer might still come, and be taken for that of the next request
            why = f"no answer within {self.plan.timeout_s:g} s" if connection else "no connection in time"
            raise NoAnswerError(why, was_sent=connection is not None) from None

    async def _connection(self, worker: int, target: str) -> Connection:
        """A usable connection to `target`: a worker's own, or with HTTP/2 one that workers share."""
        key = (target, worker if self.plan.protocol == "HTTP/1.1" else worker % self._connections)
        async with self._opening.setdefault(key, asyncio.Lock()):
            known = self._shared.get(key)
            if known is None or not known.is_usable:
                if known is not None:
                    known.close()
                known = await self._open(target)
                self._shared[key] = known
            return known

    async def _open(self, target: str) -> Connection:
        host, _, port = target.rpartition(":")
        name = self.plan.tls.server_name if self.plan.tls and self.plan.tls.server_name else None
        loop = asyncio.get_running_loop()
        protocol: Http1 | Http2
        try:
            _, protocol = await loop.create_connection(
                self._protocol,
                host.strip("[]"),
                int(port),
                ssl=self._tls,
                server_hostname=name or ("" if self._tls else None),
            )
        except OSError as refused:
            raise NoAnswerError(f"no connection: {refused}", was_sent=False) from refused
        return protocol

    def _protocol(self) -> Http1 | Http2:
        return Http1() if self.plan.protocol == "HTTP/1.1" else Http2("https" if self._tls else "http")
