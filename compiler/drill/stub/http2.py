"""HTTP/2 of a stub backend, gRPC included: its messages are echoed, and the status 0 follows as a trailer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import ProtocolError

from compiler.drill.stub.pod import NO_BODY, Answer, Headers, Request

if TYPE_CHECKING:
    from h2.events import Event

    from compiler.drill.stub.server import Server

_CONFIG = H2Configuration(client_side=False, header_encoding="utf-8", validate_inbound_headers=False)


class Http2:
    """One connection."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._connection = H2Connection(_CONFIG)
        self._connection.initiate_connection()
        self._requests: dict[int, Request] = {}
        """By stream: those that are not whole yet."""
        self._unsent: dict[int, tuple[bytes, Headers]] = {}
        """By stream: what did not fit into its window, and the trailers behind it."""
        self._answering = 0
        self._is_draining = False
        self._flush()

    def receive(self, data: bytes) -> None:
        """Take what came."""
        try:
            for event in self._connection.receive_data(data):
                self._take(event)
        except ProtocolError:
            self._flush()
            self._server.transport.close()
            return
        self._flush()

    def drain(self) -> None:
        """Say that no new stream is taken, and close after the last answer."""
        self._is_draining = True
        self._connection.close_connection(ErrorCodes.NO_ERROR)
        self._flush()
        self._close_when_done()

    def _take(self, event: Event) -> None:
        if isinstance(event, RequestReceived):
            headers = [(str(name), str(value)) for name, value in event.headers]
            pseudo = {name: value for name, value in headers if name.startswith(":")}
            fields = [
                ("host", pseudo.get(":authority", "")),
                *(each for each in headers if not each[0].startswith(":")),
            ]
            self._requests[_known(event.stream_id)] = Request(
                pseudo.get(":method", ""), pseudo.get(":path", ""), fields, "HTTP/2"
            )
        elif isinstance(event, DataReceived):
            stream = _known(event.stream_id)
            if event.flow_controlled_length:
                self._connection.acknowledge_received_data(event.flow_controlled_length, stream)
            if stream in self._requests:
                self._requests[stream].body += event.data or b""
        elif isinstance(event, StreamEnded):
            self._answer(_known(event.stream_id))
        elif isinstance(event, StreamReset):
            self._forget(_known(event.stream_id))
        elif isinstance(event, WindowUpdated):
            self._continue_all()
        elif isinstance(event, ConnectionTerminated):
            self._server.transport.close()

    def _forget(self, stream: int) -> None:
        self._requests.pop(stream, None)
        self._unsent.pop(stream, None)

    def _answer(self, stream: int) -> None:
        request = self._requests.pop(stream, None)
        if request is None:
            return
        answer = self._server.pod.execute(request, self._server.tls, self._server.number)
        self._answering += 1
        if answer.delay_ms:
            asyncio.get_running_loop().call_later(answer.delay_ms / 1000, self._late, stream, request, answer)
        else:
            self._send(stream, request, answer)

    def _late(self, stream: int, request: Request, answer: Answer) -> None:
        if not self._server.is_gone:
            self._send(stream, request, answer)
            self._flush()

    def _send(self, stream: int, request: Request, answer: Answer) -> None:
        self._answering -= 1
        if answer.cuts:
            self._server.cut()
            return
        trailers: Headers = []
        body = answer.body
        headers = [(name, value) for name, value in answer.headers if name != "content-type"]
        content_type = request.header("content-type")
        if content_type.startswith("application/grpc"):
            body, trailers = request.body, [("grpc-status", "0")]
        else:
            content_type = "application/json"
        is_empty = request.method == "HEAD" or answer.status in NO_BODY
        try:
            self._connection.send_headers(
                stream, [(":status", str(answer.status)), ("content-type", content_type), *headers], end_stream=is_empty
            )
            if not is_empty:
                self._unsent[stream] = (body, trailers)
                self._continue(stream)
        except ProtocolError:  # the caller has given the stream up meanwhile
            self._unsent.pop(stream, None)
        self._close_when_done()

    def _continue_all(self) -> None:
        for stream in list(self._unsent):
            self._continue(stream)

    def _continue(self, stream: int) -> None:
        """Send as much of an answer as its window takes."""
        body, trailers = self._unsent.pop(stream)
        while body:
            room = min(self._connection.local_flow_control_window(stream), self._connection.max_outbound_frame_size)
            if room <= 0:
                self._unsent[stream] = (body, trailers)
                return
            self._connection.send_data(stream, body[:room])
            body = body[room:]
        if trailers:
            self._connection.send_headers(stream, trailers, end_stream=True)
        else:
            self._connection.end_stream(stream)

    def _close_when_done(self) -> None:
        if self._is_draining and not self._answering and not self._unsent:
            self._flush()
            self._server.transport.close()

    def _flush(self) -> None:
        if data := self._connection.data_to_send():
            self._server.transport.write(data)


def _known(stream: int | None) -> int:
    """The stream of an event that has one."""
    assert stream is not None
    return stream
