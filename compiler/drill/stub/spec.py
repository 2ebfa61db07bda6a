"""What a stub backend is told: its endpoints, and how they behave."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

MOST_WAIT_S = 1.0


class Certificates(Struct, frozen=True, kw_only=True):
    """Files (PEM) of an endpoint that speaks TLS."""

    certificate: str
    key: str
    client_ca: str = ""
    """By whose certificate callers have to identify themselves; "" = they need none."""


class Endpoint(Struct, frozen=True, kw_only=True):
    """A pod's port: where it listens and who it says it is. It takes HTTP/1.1 and HTTP/2, by what comes first."""

    address: str
    port: int
    cluster: str = ""
    """Name of the Kubernetes cluster; the endpoints of one cluster are one process."""
    service: str = ""
    """`namespace/name`."""
    service_port: int = 0
    """Of the Service, where one pod is an endpoint for each of several."""
    version: str = ""
    """Of the app; "" where it has only one."""
    tls: Certificates | None = None

    @property
    def place(self) -> str:
        """`address:port`."""
        return f"{self.address}:{self.port}"


class Behaviour(Struct, frozen=True, kw_only=True):
    """How an endpoint answers. Percentages are of its requests, spread evenly and without chance."""

    state: Literal["up", "down", "frozen", "unreachable", "draining"] = "up"
    """`down`: nobody listens, open connections are cut. `frozen`: it accepts, and neither reads nor answers, as a
    stopped process. `unreachable`: every packet to it is dropped, so nobody can even connect (Linux). `draining`: it
    answers, and closes each connection after the answer in hand."""
    delay_ms: float = 0
    delay_percent: float = 100
    """Of how many requests the answer is late by `delay_ms`."""
    status: int = 200
    status_percent: float = 100
    """How many requests are answered with `status`; the others with 200."""
    requests_per_second: float = 0
    """What it carries: requests wait for their turn, and those that would wait longer than `MOST_WAIT_S` are answered
    with 503 at once. 0 = everything."""
    cut_percent: float = 0
    """How many requests are executed and then get no answer: their connection is cut."""


class Start(Struct, frozen=True, kw_only=True):
    """What a stub process is to be."""

    endpoints: tuple[Endpoint, ...]
    executions: str
    """File to which a line is added for each request that is executed and carries the header `x-drill-id`."""
    behaviours: dict[str, Behaviour] = {}
    """By place; an endpoint that is not named is up."""


class Command(Struct, frozen=True, kw_only=True):
    """What a running stub process is told."""

    behaviours: dict[str, Behaviour] = {}
    """By place."""
    asks_counts: bool = False


class Reply(Struct, frozen=True, kw_only=True):
    """What it answers."""

    counts: dict[str, int] = {}
    """Requests since it started, by place; with health checks left out."""
