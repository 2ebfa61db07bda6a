"""What a client is told to send, and what it records."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Headers = tuple[tuple[str, str], ...]


class Ask(Struct, frozen=True, kw_only=True):
    """One request."""

    path: str = "/"
    """With its query."""
    host: str = ""
    """Host, or `:authority`; "" = the address that is called."""
    method: str = "GET"
    headers: Headers = ()
    body: bytes = b""


class ClientTls(Struct, frozen=True, kw_only=True):
    """How a client speaks TLS. Files are PEM."""

    server_name: str = ""
    """SNI; "" = none is sent."""
    ca: str = ""
    """By which the server's certificate is verified; "" = it is not, as drills have certificates of their own."""
    certificate: str = ""
    key: str = ""


class Plan(Struct, frozen=True, kw_only=True):
    """Load: which requests, where to, how fast, how many."""

    targets: tuple[str, ...]
    """`address:port` of each gateway; workers begin with one after the other."""
    asks: tuple[Ask, ...]
    """Sent in turn, over and over."""
    rate: float = 0
    """Requests per second, evenly spaced; 0 = each worker sends its next request when it has an answer."""
    count: int = 0
    """Requests in all; 0 = no bound."""
    seconds: float = 0
    """How long new requests are sent; 0 = no bound. With neither bound: until it is stopped."""
    workers: int = 16
    """Requests that are under way at once, at most. With HTTP/1.1 each worker has its own connection."""
    protocol: Literal["HTTP/1.1", "HTTP/2"] = "HTTP/1.1"
    connections: int = 2
    """Connections that the workers share, per target, at least: never more than 100 share one. HTTP/2 only."""
    timeout_s: float = 15
    """How long an answer may take."""
    tls: ClientTls | None = None
    name: str = "drill"
    """Request n carries the header `x-drill-id: <name>-<n>`; give each load of a drill a name of its own."""
    retries_elsewhere: bool = False
    """Whether a request that got no answer is sent to the next target, once for each (as clients with several
    addresses of a gateway do). Only GET, HEAD and OPTIONS, and whatever could not be sent at all."""
    keeps_answers: bool = False
    """Whether headers and body of each answer are recorded."""


class Sample(Struct, frozen=True, gc=False, array_like=True):
    """What became of one request."""

    number: int
    """n of its `x-drill-id`; it was ask n modulo their number."""
    due: float
    """When it was to be sent, in seconds of `time.monotonic()`, which all processes of a machine share."""
    ms: float
    """Milliseconds from then to the end of the answer: waiting for a free worker included."""
    status: int
    """Of the answer; 0 = there was none."""
    answered_by: str = ""
    """What the stub said of itself (`cluster service version address:port`); "" = the gateway itself answered."""
    error: str = ""
    """Why there was no answer."""
    tries: int = 1
    headers: Headers = ()
    body: bytes = b""

    @property
    def failed(self) -> bool:
        """Whether there was no answer, or one that says that the server failed."""
        return self.status == 0 or self.status >= 500

    @property
    def cluster(self) -> str:
        """The cluster that answered; "" = none."""
        return self.answered_by.partition(" ")[0]

    @property
    def place(self) -> str:
        """`address:port` that answered; "" = none."""
        return self.answered_by.rpartition(" ")[2]
