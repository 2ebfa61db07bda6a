"""One endpoint of a stub process: what it answers, and what becomes of its connections."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import time
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from compiler.drill.stub.packets import drop
from compiler.drill.stub.spec import MOST_WAIT_S, Behaviour

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compiler.drill.stub.spec import Certificates, Endpoint

Headers = list[tuple[str, str]]
HEALTH_CHECK = "x-drill-health"
"""Health checks that carry this header are answered and not counted; so are Envoy's own."""
_CHECKER = "Envoy/HC"
ID = "x-drill-id"
_BACKLOG = 1024
"""Connections that the kernel accepts for a pod which does not, as servers commonly ask for."""
NO_BODY = frozenset({204, 304})
"""Statuses without one (RFC 9110)."""
ANSWERED_BY = "x-answered-by"
"""Response header: `cluster service version address:port`, "-" for what is empty."""


class Request(msgspec.Struct):
    """A request, whole."""

    method: str
    path: str
    headers: Headers
    protocol: str
    body: bytes = b""

    def header(self, name: str) -> str:
        """The value of the first header of that name (lower case); "" = there is none."""
        return next((value for key, value in self.headers if key == name), "")


class Answer(msgspec.Struct, frozen=True):
    """What goes back. `cuts` = nothing does: the connection is cut instead."""

    status: int
    headers: Headers
    body: bytes
    delay_ms: float = 0
    cuts: bool = False


class Said(msgspec.Struct, frozen=True):
    """The body of an answer (JSON): who answers, and what reached it."""

    service: str
    cluster: str
    version: str
    address: str
    port: int
    method: str
    path: str
    protocol: str
    headers: Headers
    body: str
    body_bytes: int
    server_name: str = ""
    """What the caller asked for by SNI, where TLS is spoken."""
    client: str = ""
    """Subject of the caller's certificate."""
    connection: int = 0
    """By which connection it came: they are counted from 1 while the endpoint runs."""


class Connection(Protocol):
    """An open connection of an endpoint."""

    def cut(self) -> None:
        """Close it at once."""

    def drain(self) -> None:
        """Close it after the answers in hand."""

    def hold(self, *, held: bool) -> None:
        """Stop reading, or read again."""

    def drop(self, *, dropped: bool) -> None:
        """Let packets that come get lost, or arrive."""


class Every:
    """Spreads a percentage evenly: of 100 calls in a row, exactly that many hit (rounded)."""

    def __init__(self) -> None:
        self._sum = 0.0

    def hits(self, percent: float) -> bool:
        """Whether this call is one of the `percent`."""
        self._sum += percent
        if self._sum >= 100:
            self._sum -= 100
            return True
        return False


class Pod:
    """An endpoint: listens, keeps its connections, answers."""

    def __init__(self, endpoint: Endpoint, executions: int) -> None:
        """`executions`: descriptor of the file that records what was executed."""
        self.endpoint = endpoint
        self.behaviour = Behaviour()
        self.connections: set[Connection] = set()
        self.accepted = 0
        """Connections so far."""
        self.requests = 0
        self._executions = executions
        self._server: asyncio.Server | None = None
        self._busy_until = 0.0
        self._late, self._bad, self._cut = Every(), Every(), Every()
        words = (endpoint.cluster, endpoint.service, endpoint.version, endpoint.place)
        self._identity: Headers = [(ANSWERED_BY, " ".join(word or "-" for word in words))]

    async def behave(self, behaviour: Behaviour) -> None:
        """Take on a behaviour: listen or not, cut, hold or drain connections."""
        was_unreachable, is_unreachable = (b.state == "unreachable" for b in (self.behaviour, behaviour))
        self.behaviour = behaviour
        if behaviour.state == "down":
            if self._server is not None:
                self._server.close()
                self._server = None
            for connection in tuple(self.connections):
                connection.cut()
            return
        for connection in tuple(self.connections):
            connection.hold(held=behaviour.state in ("frozen", "unreachable"))
            if was_unreachable != is_unreachable:
                connection.drop(dropped=is_unreachable)
            if behaviour.state == "draining":
                connection.drain()
        if self._server is None:
            await self._listen()
            was_unreachable = False
        if was_unreachable != is_unreachable and self._server is not None:
            for listening in self._server.sockets:
                drop(listening, dropped=is_unreachable)

    async def _listen(self) -> None:
        from compiler.drill.stub.server import Server  # noqa: PLC0415 - the two know each other

        listening = socket.create_server((self.endpoint.address, self.endpoint.port), backlog=_BACKLOG)
        listening.setblocking(False)  # noqa: FBT003 - the standard library's own signature
        tls = server_context(self.endpoint.tls) if self.endpoint.tls else None
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Server(self), sock=listening, ssl=tls, backlog=_BACKLOG
        )

    def execute(self, request: Request, tls: ssl.SSLObject | None, connection: int) -> Answer:
        """Execute a request: record it, and say who did it. `connection`: number of the one by which it came.

        Headers of the request may ask for an answer: `x-stub-status`, `x-stub-delay-ms`, and `x-stub-header` (as often
        as wanted: `name: value`).
        """
        behaviour = self.behaviour
        if request.header(HEALTH_CHECK) or request.header("user-agent") == _CHECKER:
            return Answer(behaviour.status if behaviour.status_percent == 100 else 200, [], b"")
        self.requests += 1
        if identity := request.header(ID):
            os.write(self._executions, f"{identity} {request.method} {self.endpoint.place}\n".encode())
        delay = behaviour.delay_ms if behaviour.delay_ms and self._late.hits(behaviour.delay_percent) else 0.0
        status = behaviour.status if behaviour.status != 200 and self._bad.hits(behaviour.status_percent) else 200
        if behaviour.requests_per_second:
            wait = self._turn(1 / behaviour.requests_per_second)
            status, delay = (503, delay) if wait > MOST_WAIT_S else (status, delay + 1000 * wait)
        cuts = behaviour.cut_percent > 0 and self._cut.hits(behaviour.cut_percent)
        headers = self._identity
        asked = [(key, value) for key, value in request.headers if key.startswith("x-stub-")]
        if asked:
            status, delay, headers = self._as_asked(asked, status, delay)
        return Answer(
            status,
            [("content-type", "application/json"), *headers],
            msgspec.json.encode(self._said(request, tls, connection)),
            delay,
            cuts,
        )

    def _turn(self, each_s: float) -> float:
        """Seconds until it is the turn of a request that takes so long; it is not queued where that is too long."""
        now = time.monotonic()
        wait = max(0.0, self._busy_until - now)
        if wait <= MOST_WAIT_S:
            self._busy_until = now + wait + each_s
        return wait

    def _as_asked(self, asked: Sequence[tuple[str, str]], status: int, delay: float) -> tuple[int, float, Headers]:
        headers = list(self._identity)
        for key, value in asked:
            if key == "x-stub-status":
                status = int(value)
            elif key == "x-stub-delay-ms":
                delay = float(value)
            elif key == "x-stub-header":
                name, _, content = value.partition(":")
                headers.append((name.strip().lower(), content.strip()))
        return status, delay, headers

    def _said(self, request: Request, tls: ssl.SSLObject | None, connection: int) -> Said:
        end = self.endpoint
        return Said(
            service=end.service,
            cluster=end.cluster,
            version=end.version,
            address=end.address,
            port=end.port,
            method=request.method,
            path=request.path,
            protocol=request.protocol,
            headers=request.headers,
            body=request.body[:4096].decode("utf-8", "replace"),
            body_bytes=len(request.body),
            server_name=getattr(tls, "asked_server_name", "") if tls else "",
            client=_subject(tls) if tls else "",
            connection=connection,
        )


def server_context(files: Certificates) -> ssl.SSLContext:
    """TLS of an endpoint, HTTP/2 and HTTP/1.1 by ALPN."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    context.set_alpn_protocols(["h2", "http/1.1"])
    if files.client_ca:
        context.load_verify_locations(files.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    context.sni_callback = _remember_name
    return context


def _remember_name(tls: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
    """Python does not tell a server what name it was asked for, so it is kept with the connection."""
    tls.asked_server_name = name or ""  # type: ignore[attr-defined]  # an attribute of our own


def _subject(tls: ssl.SSLObject) -> str:
    certificate = tls.getpeercert() or {}
    subject: Any = certificate.get("subject", ())
    return ",".join(f"{key}={value}" for group in subject for key, value in group)
