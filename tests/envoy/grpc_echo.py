"""A real gRPC server and client (grpcio): one call is echoed, one answered by a stream, one echoed as it goes."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import grpc
import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

SERVICE = "shop.Echo"
STREAMED = 5
"""Messages of a streamed answer."""
PAUSE_S = 0.1
"""Between two of them."""
_TRAILER = "x-served"
_DEADLINE_S = 15


class Called(msgspec.Struct, frozen=True):
    """What a client has seen of a call."""

    status: str
    """Name of the gRPC status."""
    messages: tuple[bytes, ...] = ()
    trailer: str = ""
    """What the server said behind its messages."""
    first_s: float = 0.0
    """Seconds until the first message."""
    last_s: float = 0.0


@contextmanager
def serving(*places: str, secret: Path | None = None) -> Iterator[None]:
    """A gRPC server on `address:port`s; `secret`: folder of a certificate, for TLS."""
    # without SO_REUSEPORT a place that somebody still has is an error
    server = grpc.server(ThreadPoolExecutor(4), options=[("grpc.so_reuseport", 0)])
    handlers = {
        "Unary": grpc.unary_unary_rpc_method_handler(_unary),
        "Stream": grpc.unary_stream_rpc_method_handler(_stream),
        "Both": grpc.stream_stream_rpc_method_handler(_both),
        "Fail": grpc.unary_unary_rpc_method_handler(_fail),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    for place in places:
        if secret is None:
            server.add_insecure_port(place)
        else:
            pair = ((secret / "tls.key").read_bytes(), (secret / "tls.crt").read_bytes())
            server.add_secure_port(place, grpc.ssl_server_credentials([pair]))
    server.start()
    try:
        yield
    finally:
        server.stop(None).wait()


def _unary(message: bytes, context: Any) -> bytes:
    context.set_trailing_metadata(((_TRAILER, "unary"),))
    return message


def _stream(message: bytes, context: Any) -> Iterator[bytes]:
    for number in range(STREAMED):
        yield b"%s %d" % (message, number)
        time.sleep(PAUSE_S)
    context.set_trailing_metadata(((_TRAILER, "stream"),))


def _both(messages: Iterable[bytes], context: Any) -> Iterator[bytes]:
    yield from messages
    context.set_trailing_metadata(((_TRAILER, "both"),))


def _fail(message: bytes, context: Any) -> bytes:
    del message
    context.set_trailing_metadata(((_TRAILER, "fail"),))
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, "as asked")
    raise AssertionError


def call(target: tuple[str, int], host: str, method: str, *messages: bytes) -> Called:
    """Call a method through a gateway, as gRPC clients do: HTTP/2 without TLS, `host` as the authority.

    `Both` sends each message when the one before it has come back.
    """
    options = [("grpc.default_authority", host), ("grpc.enable_http_proxy", 0)]
    with grpc.insecure_channel(f"{target[0]}:{target[1]}", options=options) as channel:
        path = f"/{SERVICE}/{method}"
        if method == "Both":
            return _talked(channel.stream_stream(path), messages)
        if method == "Stream":
            return _received(channel.unary_stream(path)(messages[0], timeout=_DEADLINE_S))
        try:
            answer, ended = channel.unary_unary(path).with_call(messages[0], timeout=_DEADLINE_S)
        except grpc.RpcError as failed:
            return _ended(failed)
        return _ended(ended, (answer,))


def _received(answers: Any) -> Called:
    began = time.monotonic()
    messages, times = [], []
    try:
        for each in answers:
            messages.append(each)
            times.append(time.monotonic() - began)
    except grpc.RpcError as failed:
        return _ended(failed, tuple(messages))
    return msgspec.structs.replace(_ended(answers, tuple(messages)), first_s=times[0], last_s=times[-1])


def _talked(method: Any, messages: Iterable[bytes]) -> Called:
    """Each message is sent when the one before it has come back."""
    received: list[bytes] = []

    def sent() -> Iterator[bytes]:
        for number, each in enumerate(messages):
            until = time.monotonic() + _DEADLINE_S
            while len(received) < number and time.monotonic() < until:
                time.sleep(0.001)
            yield each

    answers = method(sent(), timeout=_DEADLINE_S)
    try:
        received.extend(answers)
    except grpc.RpcError as failed:
        return _ended(failed, tuple(received))
    return _ended(answers, tuple(received))


def _ended(ended: Any, messages: tuple[bytes, ...] = ()) -> Called:
    trailers = dict(ended.trailing_metadata() or ())
    return Called(ended.code().name, messages, trailers.get(_TRAILER, ""))
