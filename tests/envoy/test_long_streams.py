"""Streams of every kind last as long as they like: nothing is kept back, and no default timeout ends them.

Envoy's own default for a whole request is 15 seconds; each of these lasts longer.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import grpc
import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, ResponseReceived, StreamEnded
from h2.settings import SettingCodes

from compiler.drill.envoy import Envoy
from tests.envoy.compiled import ENVOY, Gateway, Pods
from tests.small_fleet import HOST, NGINX, app, fleet, ingress, path, rule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LASTS_S = 17
"""Longer than the 15 seconds after which Envoy ends a request, unless it is told otherwise."""
ECHO = "/echo.Echo/Stream"
Address = tuple[str, int]


async def _events(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server of events: one a second, for `LASTS_S` seconds."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError), contextlib.closing(writer):
        await reader.readuntil(b"\r\n\r\n")
        head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        writer.write(head.encode())
        for number in range(LASTS_S + 1):
            event = f"data: {number}\n\n".encode()
            writer.write(f"{len(event):x}\r\n".encode() + event + b"\r\n")
            await writer.drain()
            await asyncio.sleep(1)
        writer.write(b"0\r\n\r\n")
        await writer.drain()


@contextlib.contextmanager
def events_at(address: Address) -> Iterator[None]:
    """The server of events."""
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with await asyncio.start_server(_events, *address) as server:
            ready.set()
            with contextlib.suppress(asyncio.CancelledError):
                await server.serve_forever()
            # Envoy may keep a connection open that it never used: what waits for a request there ends now, or it would
            # be collected in the middle of another test
            waiting = asyncio.all_tasks() - {asyncio.current_task()}
            for each in waiting:
                each.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    ready = threading.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(task), daemon=True)
    task = loop.create_task(serve())
    thread.start()
    assert ready.wait(5)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(5)
        loop.close()


@contextlib.contextmanager
def grpc_at(address: Address) -> Iterator[None]:
    """A gRPC server whose one method sends back each message when it comes."""

    def stream(messages: Iterator[bytes], _context: grpc.ServicerContext) -> Iterator[bytes]:
        yield from messages

    method = grpc.stream_stream_rpc_method_handler(stream)
    server = grpc.server(ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("echo.Echo", {"Stream": method}),))
    server.add_insecure_port(f"{address[0]}:{address[1]}")
    server.start()
    try:
        yield
    finally:
        server.stop(0).wait()


# --- clients: each returns when what it sent came back, in seconds from the first to the last


def ask_for_events(gateway: Address) -> float:
    with socket.create_connection(gateway, timeout=10) as connection:
        connection.sendall(f"GET /events HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        received, times = b"", []
        while b"\r\n0\r\n" not in received:
            received += connection.recv(65536)
            times.append(time.monotonic())
    assert received.count(b"data: ") == LASTS_S + 1
    assert len(times) >= LASTS_S, "each event came when it was sent"
    return times[-1] - times[0]


class Http2:
    """One stream of an HTTP/2 connection."""

    def __init__(self, gateway: Address) -> None:
        self.socket = socket.create_connection(gateway, timeout=10)
        self.connection = H2Connection(H2Configuration(header_encoding="utf-8"))
        self.connection.initiate_connection()
        self.status = ""
        self.has_ended = False
        self._flush()

    def open(self, headers: list[tuple[str, str]], *, is_whole: bool) -> None:
        self.connection.send_headers(1, headers, end_stream=is_whole)
        self._flush()

    def send(self, data: bytes) -> None:
        self.connection.send_data(1, data)
        self._flush()

    def receive(self) -> bytes:
        """What comes next of the body; nothing for other frames."""
        found = b""
        data = self.socket.recv(65536)
        assert data, "the gateway closed the connection"
        for event in self.connection.receive_data(data):
            if isinstance(event, ResponseReceived):
                self.status = {str(name): str(value) for name, value in event.headers or ()}[":status"]
            elif isinstance(event, DataReceived):
                found += event.data or b""
                self.connection.acknowledge_received_data(event.flow_controlled_length or 0, 1)
            elif isinstance(event, StreamEnded):
                self.has_ended = True
        self._flush()
        return found

    def _flush(self) -> None:
        self.socket.sendall(self.connection.data_to_send())


def ask_for_events_by_http2(gateway: Address) -> float:
    stream = Http2(gateway)
    with stream.socket:
        head = [(":method", "GET"), (":scheme", "http"), (":authority", HOST), (":path", "/events")]
        stream.open(head, is_whole=True)
        received, times = b"", []
        while not stream.has_ended:
            if found := stream.receive():
                received += found
                times.append(time.monotonic())
    assert received.count(b"data: ") == LASTS_S + 1
    assert len(times) >= LASTS_S, "each event came when it was sent"
    return times[-1] - times[0]


def talk_by_websocket(gateway: Address) -> float:
    with socket.create_connection(gateway, timeout=10) as connection:
        connection.sendall(
            f"GET /chat HTTP/1.1\r\nHost: {HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(4096)
        assert received.startswith(b"HTTP/1.1 101 ")
        began = time.monotonic()
        for number in range(LASTS_S + 1):
            frame = b"\x81\x02%02d" % number
            connection.sendall(frame)
            assert connection.recv(4096) == frame
            time.sleep(1)
        return time.monotonic() - began


def talk_by_websocket_over_http2(gateway: Address) -> float:
    """RFC 8441."""
    stream = Http2(gateway)
    with stream.socket:
        while SettingCodes.ENABLE_CONNECT_PROTOCOL not in stream.connection.remote_settings:
            stream.receive()
        head = [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":authority", HOST)]
        stream.open([*head, (":path", "/chat"), ("sec-websocket-version", "13")], is_whole=False)
        while not stream.status:
            stream.receive()
        assert stream.status == "200"
        began = time.monotonic()
        for number in range(LASTS_S + 1):
            frame = b"\x81\x02%02d" % number
            stream.send(frame)
            received = b""
            while not received:
                received = stream.receive()
            assert received == frame
            time.sleep(1)
        return time.monotonic() - began


def talk_by_grpc(gateway: Address) -> float:
    def messages() -> Iterator[bytes]:
        for number in range(LASTS_S + 1):
            yield b"%d" % number
            time.sleep(1)

    began = time.monotonic()
    options = (("grpc.default_authority", HOST),)
    with grpc.insecure_channel(f"{gateway[0]}:{gateway[1]}", options=options) as channel:
        arrived = [(message, time.monotonic() - began) for message in channel.stream_stream(ECHO)(messages())]
    assert [message for message, _ in arrived] == [b"%d" % number for number in range(LASTS_S + 1)]
    assert all(at < number + 1 for number, (_, at) in enumerate(arrived)), "each message came when it was sent"
    return arrived[-1][1]


CLIENTS = (
    ask_for_events,
    ask_for_events_by_http2,
    talk_by_websocket,
    talk_by_websocket_over_http2,
    talk_by_grpc,
)


@pytest.fixture
def gateway(tmp_path: Path, loopback: str) -> Iterator[Address]:
    """A gateway with a Service of each kind, with nothing set that has to do with time."""
    pods = Pods(loopback)
    (events,) = pods.add("events", "a", 1)
    (echo,) = pods.add("echo", "a", 1)
    chat = pods.add("chat", "a", 1)
    grpc_backend = {NGINX + "backend-protocol": "GRPC"}
    documents = [
        *fleet("a", gateway=ENVOY),
        *(app(name, "a") for name in ("events", "echo", "chat")),
        ingress("plain", rule(path("events", "/events"), path("chat", "/chat"))),
        ingress("grpc", rule(path("echo", "/echo.Echo")), annotations=grpc_backend),
    ]
    found = Gateway(documents, pods, tmp_path)
    found.backends = type(found.backends)(chat, tmp_path)
    with (
        found.backends,
        events_at((events.address, events.port)),
        grpc_at((echo.address, echo.port)),
        Envoy(found.bootstrap, tmp_path) as envoy,
    ):
        yield envoy.address("http")


def test_streams_last_longer_than_the_default_timeout_of_envoy_and_are_never_kept_back(gateway: Address) -> None:
    with ThreadPoolExecutor(len(CLIENTS)) as pool:
        talks = {client.__name__: pool.submit(client, gateway) for client in CLIENTS}
        times = {name: talk.result(60) for name, talk in talks.items()}
    assert all(lasted >= LASTS_S - 0.5 for lasted in times.values()), times
