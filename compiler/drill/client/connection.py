"""What connections of both protocols have in common."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from compiler.drill.client.plan import Ask, ClientTls, Headers


class NoAnswerError(Exception):
    """A request got no answer; the text says why."""

    def __init__(self, why: str, *, was_sent: bool) -> None:
        """`was_sent`: whether a server may have seen the request."""
        super().__init__(why)
        self.was_sent = was_sent


class Answer(Struct, frozen=True):
    """An answer, whole."""

    status: int
    headers: Headers
    body: bytes


class Connection(Protocol):
    """Sends requests to one target."""

    @property
    def is_usable(self) -> bool:
        """Whether another request can be sent on it."""

    async def exchange(self, ask: Ask, host: str, identity: str) -> Answer:
        """Send a request and wait for its answer; a NoAnswerError when none comes."""

    def close(self) -> None:
        """Let go of it."""


def client_context(tls: ClientTls, protocol: str) -> ssl.SSLContext:
    """TLS of a client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = bool(tls.ca and tls.server_name)
    context.verify_mode = ssl.CERT_REQUIRED if tls.ca else ssl.CERT_NONE
    if tls.ca:
        context.load_verify_locations(tls.ca)
    if tls.certificate:
        context.load_cert_chain(tls.certificate, tls.key or None)
    context.set_alpn_protocols(["h2" if protocol == "HTTP/2" else "http/1.1"])
    return context
