"""Basic authentication."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from tests.envoy.compiled import header
from tests.envoy.effects.case import Case, Effects, Refusal
from tests.small_fleet import path

if TYPE_CHECKING:
    from tests.envoy.effects.case import Side
    from tests.small_fleet import Document

ON = {"auth-type": "basic", "auth-secret": "users"}


def _list(side: Side, secret: str, user: str) -> None:
    """A Secret with one user, whose password is `pw`."""
    digest = base64.b64encode(hashlib.sha1(b"pw", usedforsecurity=False).digest()).decode()
    (side.secrets / secret).mkdir(parents=True)
    (side.secrets / secret / "auth").write_text(f"{user}:{{SHA}}{digest}\n")


def _two_lists(side: Side) -> None:
    _list(side, "users", "joe")
    _list(side, "others", "ann")


def _callers(side: Side, path: str = "/") -> list[int]:
    """Statuses for the right password, a wrong one, a stranger, and nobody."""
    words = ("joe:pw", "joe:no", "eve:pw")
    tokens = [f"Basic {base64.b64encode(each.encode()).decode()}" for each in words]
    return [side.get(path, authorization=each).status for each in tokens] + [side.get(path).status]


def _two_realms(side: Side) -> list[Document]:
    """Two Ingresses whose accounts are in two Secrets."""
    other = {"auth-type": "basic", "auth-secret": "others", "auth-realm": "Staff only"}
    return [side.ingress(), side.ingress("other", paths=[path("two", "/other")], annotations=other)]


def _realm(side: Side) -> str:
    """The realm that is shown, with HOST for the host."""
    (shown,) = header(side.get(), "www-authenticate")
    return shown.replace(side.host, "HOST")


KNOWN, OPEN = [200, 401, 401, 401], [200] * 4
TOLD = ("plain-password",)

EFFECTS = Effects(
    "basic auth",
    (
        Case("basic", ON, _callers, seen=KNOWN, otherwise=OPEN, prepare=_two_lists, findings=TOLD),
        Case(
            "file",
            {**ON, "auth-secret-type": "auth-file"},
            _callers,
            seen=KNOWN,
            otherwise=OPEN,
            prepare=_two_lists,
            findings=TOLD,
        ),
        Case(
            "realm",
            {"auth-realm": "Staff only"},
            _realm,
            seen='Basic realm="Staff only"',
            otherwise='Basic realm="http://HOST/"',
            beside=ON,
            prepare=_two_lists,
        ),
        # MSE lets the accounts of both into both: here a realm is a word for people
        Case(
            "realm-shared",
            {"auth-realm": "Staff only"},
            lambda side: [_callers(side), _callers(side, "/other")],
            seen=[KNOWN, [401] * 4],
            otherwise=[KNOWN, [401] * 4],
            beside=ON,
            documents=_two_realms,
            prepare=_two_lists,
        ),
    ),
    refusals=(Refusal("map", {"auth-secret-type": "auth-map"}, "envoy-auth-map", beside=ON),),
)
