"""ADS over a Unix socket: one task per Envoy around its `Session`, one that follows the source."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from typing import TYPE_CHECKING, Any, Protocol

import grpc
import grpc.aio
from envoy.service.discovery.v3 import discovery_pb2

from compiler.gateway.messages import PREFIX
from compiler.gateway.serving import Event, Status
from compiler.gateway.session import Heard, Session
from compiler.gateway.state import remember

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from compiler.gateway.serving import Serving
    from compiler.gateway.session import Message, Refusal
    from compiler.gateway.snapshot import Snapshot

POLL_S = 0.01
"""Pause between two looks at the source."""
WARMING_S = 15.0
"""How long routes wait for Envoy to warm what is new, at most: a service that is down must not hold up all others."""
WARMING_POLL_S = 0.01
_SAVE_AFTER_S = 0.5
_END_S = 0.5
"""How long conversations may take to end, before they are cut."""
_SERVICE = "envoy.service.discovery.v3.AggregatedDiscoveryService"


class Admin(Protocol):
    """The admin interface of the Envoy beside us."""

    async def is_warming(self) -> bool | None:
        """Whether clusters are being warmed; None where it does not say."""


class Server:
    """Serves what `serving` wants at a Unix socket."""

    def __init__(
        self,
        serving: Serving,
        gateway: str,
        report: Callable[[Event], None],
        *,
        admin: Admin | None = None,
        state: Path | None = None,
        linger_s: float,
    ) -> None:
        self.serving = serving
        self._gateway = gateway
        self._report = report
        self._admin = admin
        self._state = state
        self._linger_s = linger_s
        self._conversations: set[_Conversation] = set()
        self._is_unsaved = asyncio.Event()
        self._saved_parts = serving.remembered.parts

    @property
    def status(self) -> Status:
        """What the server says of itself."""
        serving = self.serving
        return Status(
            gateway=self._gateway,
            revision=serving.wanted.revision if serving.wanted else "",
            in_force=serving.whole.revision if serving.whole else "",
            refused=serving.refused,
            reason=serving.reason,
            envoys=len(self._conversations),
        )

    async def run(self, socket: Path, stopped: asyncio.Event) -> None:
        """Serve until `stopped` is set. The socket is made anew: one that was left by a dead server is replaced."""
        server = grpc.aio.server(options=[("grpc.max_receive_message_length", 64 << 20)])
        method = grpc.stream_stream_rpc_method_handler(
            self._answer,
            request_deserializer=discovery_pb2.DeltaDiscoveryRequest.FromString,
            response_serializer=discovery_pb2.DeltaDiscoveryResponse.SerializeToString,
        )
        handler = grpc.method_handlers_generic_handler(_SERVICE, {"DeltaAggregatedResources": method})
        server.add_generic_rpc_handlers((handler,))
        _make_way(socket)
        server.add_insecure_port(f"unix:{socket}")
        tasks = [asyncio.create_task(self._follow())]
        if self._state is not None:
            tasks.append(asyncio.create_task(self._save(self._state)))
        await server.start()
        try:
            waiting = asyncio.create_task(stopped.wait())
            await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()  # neither ends but by a bug: let it be seen
        finally:
            for task in tasks:
                task.cancel()
            for each in tuple(self._conversations):
                each.end()
            await server.stop(_END_S)
            with contextlib.suppress(OSError):
                self._save_now()

    async def _follow(self) -> None:
        while True:
            if self.serving.follow():
                self.wake()
                gc.freeze()  # messages live long and hold no cycles: to look through them takes longer than all else
            await asyncio.sleep(POLL_S)

    def wake(self) -> None:
        """Let every conversation look at what is wanted now."""
        for each in self._conversations:
            each.wake()

    async def _save(self, state: Path) -> None:
        while True:
            await self._is_unsaved.wait()
            await asyncio.sleep(_SAVE_AFTER_S)  # a burst of changes is written once
            self._try_to_save(state)

    def _try_to_save(self, state: Path) -> None:
        try:
            self._save_now()
        except OSError as failed:
            self._report(Event(what="not-saved", text=f"{state}: {failed.strerror}"))

    def _save_refusals(self) -> None:
        """What was refused is saved at once: a server that forgets it tries it again, and disturbs what is served."""
        parts = self.serving.remembered.parts
        if self._state is not None and parts != self._saved_parts:
            self._saved_parts = parts
            self._is_unsaved.set()
            self._try_to_save(self._state)

    def _save_now(self) -> None:
        if self._state is not None and self._is_unsaved.is_set():
            self._is_unsaved.clear()
            remember(self._state, self.serving.remembered)

    # --- what conversations tell

    def refused(self, refusal: Refusal) -> None:
        """An Envoy refused something."""
        if self.serving.refuse(refusal):
            self.wake()
        self._save_refusals()

    def settled(self, session: Session) -> None:
        """An Envoy has everything that is wanted."""
        if self.serving.accept(session.wanted):
            self._is_unsaved.set()
        self._save_refusals()
        if self.serving.wanted is not session.wanted:  # there is more to be found out of what was refused
            self.wake()

    async def _answer(self, requests: AsyncIterator[Any], _context: Any) -> AsyncIterator[Any]:
        """Talk to one Envoy until it goes."""
        conversation = _Conversation(self, self._admin, self._linger_s, self._report)
        self._conversations.add(conversation)
        self._report(Event(what="connected", text="an Envoy"))
        listening = asyncio.create_task(conversation.listen(requests))
        try:
            async for message in conversation.talk():
                yield _response(message)
        finally:
            listening.cancel()
            self._conversations.discard(conversation)
            self._report(Event(what="disconnected", text="an Envoy"))


class _Conversation:
    """One Envoy: hears, wakes, waits, speaks."""

    def __init__(self, server: Server, admin: Admin | None, linger_s: float, report: Callable[[Event], None]) -> None:
        self._server = server
        self._admin = admin
        self._linger_s = linger_s
        self._report = report
        self._heard: list[Heard] = []
        self._woken = asyncio.Event()
        self._is_over = False
        self._session: Session | None = None
        self._gated_since: float | None = None
        self._settled_since: float | None = None

    def wake(self) -> None:
        """Something may have to be said."""
        self._woken.set()

    def end(self) -> None:
        """Say no more."""
        self._is_over = True
        self._woken.set()

    async def listen(self, requests: AsyncIterator[Any]) -> None:
        """Hear what the Envoy says, until it goes."""
        try:
            async for request in requests:
                self._heard.append(_heard(request))
                self._woken.set()
        finally:
            self._is_over = True
            self._woken.set()

    async def talk(self) -> AsyncIterator[Message]:
        """What it is told, each when it is time."""
        while not self._is_over:
            wanted = self._server.serving.wanted
            if wanted is not None:
                for message in self._think(wanted):
                    yield message
            await self._wait()

    def _think(self, wanted: Snapshot) -> list[Message]:
        session = self._session = self._session or Session(wanted)
        self._want(session, wanted)
        self._hear(session)
        # what was refused may have brought the last good one back
        self._want(session, self._server.serving.wanted or wanted)
        messages = session.speak()
        if session.is_gated and self._gated_since is None:
            self._gated_since = time.monotonic()
        if messages or not session.is_settled:
            self._settled_since = None
            return messages
        if self._settled_since is None:
            self._settled_since = time.monotonic()
            self._server.settled(session)
        if session.has_leftovers and time.monotonic() >= self._settled_since + self._linger_s:
            return session.clear_away()
        return []

    def _want(self, session: Session, wanted: Snapshot) -> None:
        if session.wanted is not wanted:
            session.wanted = wanted
            self._settled_since = None

    def _hear(self, session: Session) -> None:
        for heard in self._take_heard():
            refusal = session.hear(heard)
            if refusal is not None:
                self._server.refused(refusal)
        known = session.refusal
        if known is not None:
            self._server.refused(known)

    def _take_heard(self) -> list[Heard]:
        heard, self._heard = self._heard, []
        return heard

    async def _wait(self) -> None:
        """Until something was heard or changed, or it is time for what waits for its time."""
        session = self._session
        if session is not None and session.is_gated and not session.is_warming:
            if await self._is_warmed():
                session.open_gate()
                self._gated_since = None
                return
            timeout: float | None = WARMING_POLL_S
        elif session is not None and self._settled_since is not None and session.has_leftovers:
            timeout = max(0.0, self._settled_since + self._linger_s - time.monotonic())
        else:
            timeout = None
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), timeout)
        self._woken.clear()

    async def _is_warmed(self) -> bool:
        """Whether Envoy has warmed what is new, or has had enough time to."""
        assert self._gated_since is not None
        if self._admin is not None and await self._admin.is_warming() is False:
            return True
        if time.monotonic() < self._gated_since + WARMING_S:
            return False
        self._report(Event(what="slow", text=f"Envoy still warms clusters after {WARMING_S:g} s: routes go on without"))
        return True


def _make_way(socket: Path) -> None:
    """Remove the socket that a dead server left."""
    socket.parent.mkdir(parents=True, exist_ok=True)
    socket.unlink(missing_ok=True)


def _heard(request: Any) -> Heard:
    return Heard(
        kind=request.type_url.removeprefix(PREFIX),
        subscribe=tuple(request.resource_names_subscribe),
        unsubscribe=tuple(request.resource_names_unsubscribe),
        has=dict(request.initial_resource_versions),
        nonce=request.response_nonce,
        error=request.error_detail.message or f"code {request.error_detail.code}"
        if request.HasField("error_detail")
        else "",
    )


def _response(message: Message) -> Any:
    return discovery_pb2.DeltaDiscoveryResponse(
        type_url=PREFIX + message.kind,
        nonce=message.nonce,
        resources=[
            discovery_pb2.Resource(name=each.name, version=each.version, resource=each.message)
            for each in message.resources
        ],
        removed_resources=message.removed,
    )
