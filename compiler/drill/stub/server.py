"""A connection of a stub backend: HTTP/1.1 or HTTP/2, by its first bytes."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Protocol

from compiler.drill.stub.http1 import Http1
from compiler.drill.stub.http2 import Http2
from compiler.drill.stub.packets import drop

if TYPE_CHECKING:
    from compiler.drill.stub.pod import Pod

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


class Dialect(Protocol):
    """How a connection speaks."""

    def receive(self, data: bytes) -> None:
        """Take what came."""

    def drain(self) -> None:
        """Close after the answers in hand."""


class Server(asyncio.Protocol):
    """One connection of an endpoint."""

    def __init__(self, pod: Pod) -> None:
        self.pod = pod
        self._transport: asyncio.Transport | None = None
        self._dialect: Dialect | None = None
        self._begin = b""
        self._is_gone = False
        self.number = 0
        """Among the connections of the endpoint, from 1."""

    @property
    def transport(self) -> asyncio.Transport:
        """What to write to."""
        assert self._transport is not None
        return self._transport

    @property
    def is_gone(self) -> bool:
        """Whether nobody reads what is written any more."""
        return self._is_gone or self.transport.is_closing()

    @property
    def tls(self) -> ssl.SSLObject | None:
        """The TLS of the connection."""
        found = self.transport.get_extra_info("ssl_object")
        return found if isinstance(found, ssl.SSLObject) else None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Belong to the endpoint."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.pod.connections.add(self)
        self.pod.accepted += 1
        self.number = self.pod.accepted
        state = self.pod.behaviour.state
        if state in ("frozen", "unreachable"):
            self.hold(held=True)
        if state == "unreachable":
            self.drop(dropped=True)

    def connection_lost(self, exc: Exception | None) -> None:
        """Belong to nobody."""
        del exc  # a peer that goes away in a bad way is gone all the same
        self._is_gone = True
        self.pod.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        """Find out what is spoken, then speak it."""
        if self._dialect is None:
            self._begin += data
            if len(self._begin) < len(_PREFACE) and _PREFACE.startswith(self._begin):
                return
            self._dialect = Http2(self) if self._begin.startswith(_PREFACE) else Http1(self)
            data, self._begin = self._begin, b""
        self._dialect.receive(data)

    def cut(self) -> None:
        """Close at once; with a reset where the kernel is asked for one."""
        self.transport.abort()

    def drain(self) -> None:
        """Close after the answers in hand."""
        if self._dialect is None:
            self.transport.close()
        else:
            self._dialect.drain()

    def hold(self, *, held: bool) -> None:
        """Stop reading, or read again."""
        if self.is_gone:
            return
        if held:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def drop(self, *, dropped: bool) -> None:
        """Let packets that come get lost, or arrive."""
        if not self.is_gone:
            drop(self.transport.get_extra_info("socket"), dropped=dropped)
