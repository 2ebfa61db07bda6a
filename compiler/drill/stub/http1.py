"""HTTP/1.1 of a stub backend: requests of a connection one after the other, WebSockets echoed."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from typing import TYPE_CHECKING

import httptools

from compiler.drill.stub.pod import NO_BODY, Request

if TYPE_CHECKING:
    from compiler.drill.stub.pod import Answer, Headers
    from compiler.drill.stub.server import Server

_REASONS = {101: "Switching Protocols", 200: "OK", 204: "No Content", 404: "Not Found", 503: "Service Unavailable"}
_WEBSOCKET = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, 1.3."""


class Http1:
    """One connection."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._headers: Headers = []
        self._body: list[bytes] = []
        self._waiting: list[tuple[Request, bool]] = []
        """Whole requests behind the one that is being answered, and whether the connection lives on after each."""
        self._is_answering = False
        self._is_draining = False
        self._is_websocket = False

    def receive(self, data: bytes) -> None:
        """Take what came."""
        if self._is_websocket:
            self._echo(data)
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._echo(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._server.transport.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            self._server.transport.close()

    def drain(self) -> None:
        """Close after the answer in hand."""
        self._is_draining = True
        if not self._is_answering:
            self._server.transport.close()

    # --- what the parser calls

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._url, self._headers, self._body = b"", [], []

    def on_url(self, url: bytes) -> None:
        """Keep the path; it comes in pieces."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        self._headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Answer, or queue behind the one before."""
        request = Request(
            self._parser.get_method().decode("latin-1"),
            self._url.decode("latin-1"),
            self._headers,
            f"HTTP/{self._parser.get_http_version()}",
            b"".join(self._body),
        )
        if self._parser.should_upgrade() and request.header("upgrade").lower() == "websocket":
            self._accept(request)
        elif self._is_answering:
            self._waiting.append((request, self._parser.should_keep_alive()))
        else:
            self._answer(request, lives_on=self._parser.should_keep_alive())

    # --- answers

    def _answer(self, request: Request, *, lives_on: bool) -> None:
        answer = self._server.pod.execute(request, self._server.tls, self._server.number)
        if answer.delay_ms:
            self._is_answering = True
            loop = asyncio.get_running_loop()
            loop.call_later(answer.delay_ms / 1000, self._late, request, answer, lives_on)
        else:
            self._send(request, answer, lives_on=lives_on)

    def _late(self, request: Request, answer: Answer, lives_on: bool) -> None:  # noqa: FBT001 - call_later has no names
        self._is_answering = False
        if self._server.is_gone:
            return
        self._send(request, answer, lives_on=lives_on)
        while self._waiting and not self._is_answering and not self._server.is_gone:
            following, its_lives_on = self._waiting.pop(0)
            self._answer(following, lives_on=its_lives_on)

    def _send(self, request: Request, answer: Answer, *, lives_on: bool) -> None:
        if answer.cuts:
            self._server.cut()
            return
        stays = lives_on and not self._is_draining and self._server.pod.behaviour.state != "draining"
        lines = [f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, 'Stub')}"]
        lines += [f"{name}: {value}" for name, value in answer.headers]
        body = b"" if answer.status in NO_BODY else answer.body
        if answer.status not in NO_BODY:
            lines.append(f"content-length: {len(body)}")
        if not stays:
            lines.append("connection: close")
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        self._server.transport.write(head if request.method == "HEAD" else head + body)
        if not stays:
            self._server.transport.close()

    # --- WebSocket

    def _accept(self, request: Request) -> None:
        key = hashlib.sha1(  # noqa: S324 - RFC 6455 wants SHA-1; nothing is kept secret by it
            (request.header("sec-websocket-key") + _WEBSOCKET).encode()
        ).digest()
        answer = self._server.pod.execute(request, self._server.tls, self._server.number)
        lines = [
            "HTTP/1.1 101 Switching Protocols",
            "upgrade: websocket",
            "connection: Upgrade",
            f"sec-websocket-accept: {base64.b64encode(key).decode()}",
            *(f"{name}: {value}" for name, value in answer.headers if name != "content-type"),
        ]
        self._server.transport.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n")
        self._is_websocket = True

    def _echo(self, data: bytes) -> None:
        """Send back what came, byte by byte as it came: the callers of a stub need no more of a WebSocket."""
        if data:
            self._server.transport.write(data)
