"""What a trace tells: who was tried, who won, and what becomes of the request."""

from __future__ import annotations

from fractions import Fraction  # noqa: TC003 - part of what the nodes hold
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from compiler.diagnostics import Origin
    from compiler.ir.traffic import AddressList, Backend, HeaderControl, ObjectName, Policies, Route, TlsSettings
    from compiler.trace.conditions import Miss
    from compiler.trace.request import Request

Verdict = Literal["wins", "differs", "behind"]


class Candidate(Struct, frozen=True, gc=False):
    """A route that was looked at."""

    host: str
    """Of its virtual host."""
    route: Route
    verdict: Verdict
    """`differs`: some condition does not hold. `behind`: all hold, and one that is tried before it wins."""
    misses: tuple[Miss, ...]
    """The conditions that do not hold."""


class Tried(Struct, frozen=True, gc=False):
    """A virtual host whose routes were looked at."""

    host: str
    name: str
    """The name of it that the request matched: `host`, or an alias."""


class ClusterShare(Struct, frozen=True, gc=False):
    """What one Kubernetes cluster gets of all requests of the route."""

    cluster: str
    share: Fraction


class Part(Struct, frozen=True, gc=False):
    """What one backend gets of all requests of the route."""

    backend: Backend
    share: Fraction
    """Of all requests of the route."""
    owner: ObjectName
    """The object that declared it."""
    is_canary: bool
    clusters: tuple[ClusterShare, ...]
    """Of the tier that serves, sorted by cluster; they add up to `share`. Empty where the Service runs nowhere."""
    standby: tuple[tuple[str, ...], ...]
    """Clusters of the tiers behind it, in order: each serves when nothing of those before it is left."""
    headers: HeaderControl | None
    origin: Origin
    served_by: Backend
    """The backend that has these clusters: its own, or what takes over when nothing of it is left."""
    is_lost: bool
    """Whether nothing is left of anything that could serve it."""


class Forwarding(Struct, frozen=True, gc=False):
    """The request goes to a backend."""

    parts: tuple[Part, ...]
    """Base first; shares add up to 1."""
    path: str
    """With query, as the backend sees it."""
    host: str
    """As the backend sees it."""
    fallback: Backend | None
    """Takes over when no endpoint of the parts is usable."""


Reason = Literal[
    "bad-request",
    "no-listener",
    "no-certificate",
    "escaped-slashes",
    "no-host",
    "no-route",
    "https",
    "preflight",
    "access",
    "auth",
    "limit",
    "redirect",
    "direct",
]
"""`bad-request`: refused before any route is looked at. `no-listener`: nobody listens for the scheme. `no-certificate`:
no host that may answer has one. `https`: plain HTTP is sent to HTTPS. `preflight`: CORS. `limit`: one
of 0. `direct`: a fixed answer."""


class Answer(Struct, frozen=True, gc=False):
    """The gateway answers by itself, or the connection fails."""

    reason: Reason
    status: int | None
    """None = there is no answer: the connection is refused or closed."""
    location: str = ""
    """Of a redirect."""
    body: str = ""
    says: str = ""
    """Why, in words; "" where the reason says it all."""
    origin: Origin | None = None
    """What asked for it."""


class Trace(Struct, frozen=True, gc=False):
    """What a gateway does with a request, and why."""

    gateway: str
    request: Request
    path: str
    """The path as routes see it: normal, without query."""
    tried: tuple[Tried, ...]
    """Hosts that may answer, in order."""
    candidates: tuple[Candidate, ...]
    """Every route of those hosts, in the order in which they are tried."""
    result: Answer | Forwarding
    access: AddressList | None = None
    """The list of addresses that governs the winner: its own, or that of its host."""
    tls: TlsSettings | None = None
    """What clients may use, where they speak TLS."""
    assumed: tuple[str, ...] = ()
    """What the request does not say, and was taken for granted; in words."""

    @property
    def winner(self) -> Candidate | None:
        """The route that wins; None = no route matches, or none was looked at."""
        return next((each for each in self.candidates if each.verdict == "wins"), None)

    @property
    def policies(self) -> Policies | None:
        """Those of the winner."""
        return None if self.winner is None else self.winner.route.policies
