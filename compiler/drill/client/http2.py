"""HTTP/2 of a client: many requests at once on one connection."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
    WindowUpdated,
)
from h2.exceptions import ProtocolError

from compiler.drill.client.connection import Answer, NoAnswerError

if TYPE_CHECKING:
    from h2.events import Event

    from compiler.drill.client.plan import Ask

_CONFIG = H2Configuration(client_side=True, header_encoding="utf-8", validate_inbound_headers=False)
_REFUSED = 7
"""RFC 9113: the server has not looked at the stream."""


class _Stream:
    """A request under way."""

    def __init__(self, body: bytes) -> None:
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.unsent = body
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.body = b""

    def fail(self, why: str, *, was_sent: bool) -> None:
        if not self.answer.done():
            self.answer.set_exception(NoAnswerError(why, was_sent=was_sent))


class Http2(asyncio.Protocol):
    """One connection."""

    def __init__(self, scheme: str) -> None:
        self._scheme = scheme
        self._transport: asyncio.Transport | None = None
        self._connection = H2Connection(_CONFIG)
        self._streams: dict[int, _Stream] = {}
        self._is_leaving = False

    @property
    def is_usable(self) -> bool:
        """Whether another request can be sent on it."""
        return self._transport is not None and not self._transport.is_closing() and not self._is_leaving

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say hello."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._connection.initiate_connection()
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell all who wait."""
        self._is_leaving = True
        for stream in self._streams.values():
            stream.fail(f"connection lost: {exc}" if exc else "connection closed without an answer", was_sent=True)
        self._streams.clear()

    async def exchange(self, ask: Ask, host: str, identity: str) -> Answer:
        """Send a request and wait for its answer."""
        number = self._connection.get_next_available_stream_id()
        stream = _Stream(ask.body)
        self._streams[number] = stream
        headers = [
            (":method", ask.method),
            (":scheme", self._scheme),
            (":authority", ask.host or host),
            (":path", ask.path),
            ("x-drill-id", identity),
            *((name.lower(), value) for name, value in ask.headers),
        ]
        try:
            self._connection.send_headers(number, headers, end_stream=not ask.body)
            self._continue(number)
        except ProtocolError as error:
            self._streams.pop(number, None)
            self._is_leaving = True
            raise NoAnswerError(f"HTTP/2: {error}", was_sent=False) from error
        self._flush()
        try:
            return await stream.answer
        finally:
            if self._streams.pop(number, None) is not None and self.is_usable:
                self._give_up(number)

    def _give_up(self, number: int) -> None:
        """Nobody waits for the answer any more."""
        try:
            self._connection.reset_stream(number)
        except ProtocolError:  # it ended by itself meanwhile
            return
        self._flush()

    def close(self) -> None:
        """Let go of it."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        try:
            for event in self._connection.receive_data(data):
                self._take(event)
        except ProtocolError:
            self.close()
            return
        self._flush()

    def _take(self, event: Event) -> None:
        if isinstance(event, ConnectionTerminated):
            self._is_leaving = True
            for number, stream in list(self._streams.items()):
                if number > (event.last_stream_id or 0):
                    stream.fail("HTTP/2: the server is leaving", was_sent=False)
        elif isinstance(event, WindowUpdated):
            for number in list(self._streams):
                self._continue(number)
        elif isinstance(event, (ResponseReceived, TrailersReceived, DataReceived, StreamEnded, StreamReset)):
            self._take_part(event)

    def _take_part(self, event: ResponseReceived | TrailersReceived | DataReceived | StreamEnded | StreamReset) -> None:
        """A part of an answer, or its end."""
        number = event.stream_id or 0
        if isinstance(event, DataReceived) and event.flow_controlled_length:
            self._connection.acknowledge_received_data(event.flow_controlled_length, number)
        stream = self._streams.get(number)
        if stream is None:
            return
        if isinstance(event, ResponseReceived):
            headers = [(str(name), str(value)) for name, value in event.headers]
            stream.status = int(next(value for name, value in headers if name == ":status"))
            stream.headers = [each for each in headers if each[0] != ":status"]
        elif isinstance(event, TrailersReceived):
            stream.headers += [(str(name), str(value)) for name, value in event.headers]
        elif isinstance(event, DataReceived):
            stream.body += event.data or b""
        elif isinstance(event, StreamReset):
            stream.fail(f"HTTP/2: reset ({event.error_code})", was_sent=event.error_code != _REFUSED)
        elif not stream.answer.done():
            stream.answer.set_result(Answer(stream.status, tuple(stream.headers), stream.body))

    def _continue(self, number: int) -> None:
        """Send as much of a body as the window takes."""
        stream = self._streams[number]
        while stream.unsent:
            room = min(self._connection.local_flow_control_window(number), self._connection.max_outbound_frame_size)
            if room <= 0:
                return
            piece, stream.unsent = stream.unsent[:room], stream.unsent[room:]
            self._connection.send_data(number, piece, end_stream=not stream.unsent)

    def _flush(self) -> None:
        if (data := self._connection.data_to_send()) and self._transport is not None:
            self._transport.write(data)
