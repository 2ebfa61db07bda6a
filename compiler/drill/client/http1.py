"""HTTP/1.1 of a client: one request after the other on one connection."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httptools

from compiler.drill.client.connection import Answer, NoAnswerError

if TYPE_CHECKING:
    from compiler.drill.client.plan import Ask


class Http1(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[Answer] | None = None
        self._headers: list[tuple[str, str]] = []
        self._body: list[bytes] = []
        self._is_head = False
        self._has_head = False
        self._is_usable = True

    @property
    def is_usable(self) -> bool:
        """Whether another request can be sent on it."""
        return self._is_usable and self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be ready."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        self._is_usable = False
        if self._answer is not None and not self._answer.done():
            tells_length = any(name in ("content-length", "transfer-encoding") for name, _ in self._headers)
            if self._has_head and not tells_length and not exc:
                self._finish()  # an answer that does not tell its length ends with its connection
            else:
                why = f"connection lost: {exc}" if exc else "connection closed without an answer"
                self._answer.set_exception(NoAnswerError(why, was_sent=True))

    async def exchange(self, ask: Ask, host: str, identity: str) -> Answer:
        """Send a request and wait for its answer."""
        assert self._transport is not None
        self._headers, self._body, self._has_head = [], [], False
        self._is_head = ask.method == "HEAD"
        if self._is_head:
            self._parser = httptools.HttpResponseParser(self)
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(_request(ask, host, identity))
        return await self._answer

    def close(self) -> None:
        """Let go of it."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._is_usable = False
        except httptools.HttpParserError as error:
            self._is_usable = False
            if self._answer is not None and not self._answer.done():
                self._answer.set_exception(NoAnswerError(f"no HTTP: {error}", was_sent=True))

    # --- what the parser calls

    def on_message_begin(self) -> None:
        """Begin an answer."""
        self._headers, self._body, self._has_head = [], [], False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        self._headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body."""
        self._body.append(body)

    def on_headers_complete(self) -> None:
        """The end, where no body follows whatever the headers say."""
        self._has_head = True
        if self._is_head:
            keeps = self._parser.should_keep_alive()
            self._finish()
            self._parser = httptools.HttpResponseParser(self)
            self._is_usable = self._is_usable and keeps

    def on_message_complete(self) -> None:
        """The end of an answer, unless it only said that another follows."""
        if self._parser.get_status_code() == 100:
            return
        if not self._parser.should_keep_alive():
            self._is_usable = False
        self._finish()

    def _finish(self) -> None:
        if self._answer is not None and not self._answer.done():
            status = self._parser.get_status_code()
            self._answer.set_result(Answer(status, tuple(self._headers), b"".join(self._body)))


def _request(ask: Ask, host: str, identity: str) -> bytes:
    lines = [f"{ask.method} {ask.path} HTTP/1.1", f"host: {ask.host or host}", f"x-drill-id: {identity}"]
    lines += [f"{name}: {value}" for name, value in ask.headers]
    if ask.body or ask.method in ("POST", "PUT", "PATCH"):
        lines.append(f"content-length: {len(ask.body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + ask.body
