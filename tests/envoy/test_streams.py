"""Streams pass as they come: WebSockets both ways, server-sent events one by one, gRPC with its trailers."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from compiler.drill.stub.spec import Behaviour
from tests.envoy.compiled import ENVOY, Gateway, Pods
from tests.envoy.grpc_echo import PAUSE_S, STREAMED, call, serving
from tests.small_fleet import HOST, NGINX, fleet, ingress, path, rule, service

if TYPE_CHECKING:
    from pathlib import Path

EVENTS = 5
PAUSE = 0.2


@pytest.fixture
def pods(loopback: str) -> Pods:
    found = Pods(loopback)
    found.add("cart", "a", 1)
    return found


def running(pods: Pods, folder: Path, **annotations: str) -> Gateway:
    keyed = {NGINX + name.replace("_", "-"): value for name, value in annotations.items()}
    documents = [
        *fleet("a", gateway=ENVOY),
        service("cart", "a"),
        ingress("cart", rule(path("cart", "/")), annotations=keyed),
    ]
    return Gateway(documents, pods, folder)


def test_frames_of_a_websocket_pass_both_ways(pods: Pods, tmp_path: Path) -> None:
    with running(pods, tmp_path) as gateway, connected(gateway) as connection:
        connection.sendall(
            f"GET /live HTTP/1.1\r\nHost: {HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        begin = received(connection, b"\r\n\r\n")
        assert begin.startswith(b"HTTP/1.1 101 ")
        assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in begin  # the answer to that key (RFC 6455, 1.3)
        for number in range(20):
            text = b"message %d" % number
            frame = bytes((0x81, 0x80 | len(text))) + b"\0\0\0\0" + text
            connection.sendall(frame)
            assert received(connection, text).endswith(frame)


def test_events_arrive_while_their_stream_is_open(pods: Pods, tmp_path: Path) -> None:
    with running(pods, tmp_path) as gateway:
        (pod,) = pods.endpoints
        gateway.backends.behave(Behaviour(state="down"), [pod])
        with socket.create_server((pod.address, pod.port)) as listening:
            source = threading.Thread(target=send_events, args=(listening,))
            source.start()
            with connected(gateway) as connection:
                connection.sendall(
                    f"GET /events HTTP/1.1\r\nHost: {HOST}\r\nAccept: text/event-stream\r\n\r\n".encode()
                )
                times = []
                for number in range(EVENTS):
                    received(connection, b"data: %d\n\n" % number)
                    times.append(time.monotonic())
            source.join()
    pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert min(pauses) > PAUSE / 2, "events came together, as if somebody had kept them"


def send_events(listening: socket.socket) -> None:
    """Answer one request with events, one after the other."""
    connection, _ = listening.accept()
    with connection:
        received(connection, b"\r\n\r\n")
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        connection.sendall(head)
        for number in range(EVENTS):
            event = b"data: %d\n\n" % number
            connection.sendall(b"%x\r\n%s\r\n" % (len(event), event))
            time.sleep(PAUSE)
        connection.sendall(b"0\r\n\r\n")


def test_messages_of_a_grpc_stream_arrive_one_by_one(pods: Pods, tmp_path: Path) -> None:
    with running(pods, tmp_path, backend_protocol="GRPC") as gateway:
        (pod,) = pods.endpoints
        gateway.backends.behave(Behaviour(state="down"), [pod])
        with serving(pod.place):
            called = call(gateway.envoy.address("http"), HOST, "Stream", b"n")
    assert (called.status, called.trailer) == ("OK", "stream")
    assert called.messages == tuple(b"n %d" % number for number in range(STREAMED))
    assert called.last_s - called.first_s > PAUSE_S * (STREAMED - 2)


def connected(gateway: Gateway) -> socket.socket:
    return socket.create_connection(gateway.envoy.address("http"), timeout=10)


def received(connection: socket.socket, until: bytes) -> bytes:
    """What comes, up to a text."""
    found = b""
    while until not in found:
        data = connection.recv(4096)
        assert data, f"the connection ended after {found!r}"
        found += data
    return found
