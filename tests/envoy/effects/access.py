"""Lists of client addresses: the address is that behind one trusted proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.envoy.effects.case import Case, Effects
from tests.small_fleet import path

if TYPE_CHECKING:
    from tests.envoy.effects.case import Side
    from tests.small_fleet import Document

LISTED = "203.0.113.0/24,2001:db8::/32,198.51.100.7"
INSIDE = ("203.0.113.9", "2001:db8:1::2", "198.51.100.7")
OUTSIDE = ("198.51.100.8", "2001:db9::1")
NOBODY = "192.0.2.1"
"""On no list but that of the route `/own`."""


def _statuses(side: Side, path: str = "/") -> list[int]:
    return [side.get(path, x_forwarded_for=each).status for each in (*INSIDE, *OUTSIDE)]


def _three_ingresses(side: Side) -> list[Document]:
    """One with the annotations of the case, one without, and one whose route has a list of its own."""
    return [
        side.ingress("main"),
        side.ingress("other", paths=[path("two", "/other")], annotations={}),
        side.ingress("own", paths=[path("two", "/own")], annotations={"whitelist-source-range": NOBODY}),
    ]


def _host(side: Side) -> dict[str, list[int]]:
    return {each: _statuses(side, each) for each in ("/", "/other")} | {
        "/own": [side.get("/own", x_forwarded_for=each).status for each in (INSIDE[0], OUTSIDE[0], NOBODY)]
    }


OPEN = [200] * 5
ALLOWED, DENIED = [200, 200, 200, 403, 403], [403, 403, 403, 200, 200]
OWN = [403, 403, 200]


def _of_host(name: str, proves: dict[str, str], seen: list[int]) -> Case:
    wanted = {"/": seen, "/other": seen, "/own": OWN}
    before = {"/": OPEN, "/other": OPEN, "/own": OWN}
    return Case(name, proves, _host, wanted, before, documents=_three_ingresses, findings=("host-setting-shared",))


EFFECTS = Effects(
    "access",
    (
        Case("whitelist", {"whitelist-source-range": LISTED}, _statuses, seen=ALLOWED, otherwise=OPEN),
        Case("denylist", {"denylist-source-range": LISTED}, _statuses, seen=DENIED, otherwise=OPEN),
        Case("blacklist", {"blacklist-source-range": LISTED}, _statuses, seen=DENIED, otherwise=OPEN),
        _of_host("host-whitelist", {"domain-whitelist-source-range": LISTED}, ALLOWED),
        _of_host("host-blacklist", {"domain-blacklist-source-range": LISTED}, DENIED),
    ),
    gateway={"envoy": {"xffNumTrustedHops": 1}},
)
