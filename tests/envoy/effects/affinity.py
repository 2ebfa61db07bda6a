"""Session affinity. What becomes of sessions when clusters die: `tests/envoy/test_affinity.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.drill.load import Ask
from tests.envoy.compiled import header
from tests.envoy.effects.case import Case, Effects, Group, service_of
from tests.small_fleet import path

if TYPE_CHECKING:
    from tests.envoy.effects.case import Side
    from tests.small_fleet import Document

ON = {"affinity": "cookie"}
FOUR = (Group(count=4),)
Session = tuple[str, dict[str, str], bool]


def _session(side: Side) -> Session:
    """Name of the cookie, its attributes in lower case, and whether it leads to the pod that set it 20 times."""
    first = side.get()
    cookies = header(first, "set-cookie")
    if not cookies:
        again = side.ask(*[Ask()] * 20)
        return "", {}, {each.place for each in again} == {first.place}
    (cookie,) = cookies
    pair, *parts = (each.strip() for each in cookie.split(";"))
    again = side.ask(*[Ask(headers=(("cookie", pair),))] * 20)
    sticks = {each.place for each in again} == {first.place} and not any(header(each, "set-cookie") for each in again)
    attributes = {key.lower(): value for key, _, value in (each.partition("=") for each in parts)}
    return pair.partition("=")[0], attributes, sticks


def _name(side: Side) -> tuple[str, bool]:
    name, _, sticks = _session(side)
    return name, sticks


def _lifetime(side: Side) -> str:
    """`max-age` of the cookie."""
    return _session(side)[1].get("max-age", "")


def _base_and_canary(side: Side) -> list[Document]:
    half = {"canary": "true", "canary-weight": "50"}
    written = {**side.case.beside, **(side.case.proves if side.is_with else {})}
    return [
        side.ingress("base"),
        side.ingress("canary", paths=[path("two", "/")], annotations={**half, **written}),
    ]


def _stays_within_services(side: Side) -> tuple[list[str], bool]:
    """Which Services answer a caller with a cookie, and whether each of them with one pod."""
    cookies = header(side.get(), "set-cookie")
    headers = tuple(("cookie", each.partition(";")[0]) for each in cookies)
    answers = side.ask(*[Ask(headers=headers)] * 40)
    met = {(service_of(each), each.place) for each in answers}
    services = sorted({name for name, _ in met})
    return services, len(met) == len(services)


TWO_SERVICES = (Group(count=4), Group("two", count=4))
NO_SESSION = ("", False)

EFFECTS = Effects(
    "affinity",
    (
        Case("cookie", ON, _name, seen=("INGRESSCOOKIE", True), otherwise=NO_SESSION, groups=FOUR),
        Case("name", {"session-cookie-name": "cart"}, _name, seen=("cart", True), otherwise=NO_SESSION, groups=FOUR),
        Case(
            "name-beside",
            {"session-cookie-name": "cart"},
            _name,
            seen=("cart", True),
            otherwise=("INGRESSCOOKIE", True),
            beside=ON,
            groups=FOUR,
        ),
        Case(
            "path",
            {"session-cookie-path": "/cart"},
            lambda side: _session(side)[1].get("path"),
            seen="/cart",
            otherwise="/",
            beside=ON,
            groups=FOUR,
        ),
        Case(
            "path-alone",
            {"session-cookie-path": "/cart"},
            _name,
            seen=("INGRESSCOOKIE", True),
            otherwise=NO_SESSION,
            groups=FOUR,
        ),
        Case("max-age", {"session-cookie-max-age": "3600"}, _lifetime, seen="3600", otherwise="", beside=ON),
        Case("expires", {"session-cookie-expires": "1800"}, _lifetime, seen="1800", otherwise="", beside=ON),
        Case(
            "mode",
            {**ON, "affinity-mode": "balanced"},
            _name,
            seen=("INGRESSCOOKIE", True),
            otherwise=NO_SESSION,
            groups=FOUR,
        ),
        Case(
            "canaries",
            {**ON, "affinity-canary-behavior": "legacy"},
            _stays_within_services,
            seen=(["one", "two"], True),
            otherwise=(["one", "two"], False),
            documents=_base_and_canary,
            groups=TWO_SERVICES,
        ),
        Case(
            "canaries-sticky",
            {**ON, "affinity-canary-behavior": "sticky"},
            _stays_within_services,
            seen=(["one", "two"], True),
            otherwise=(["one", "two"], False),
            documents=_base_and_canary,
            groups=TWO_SERVICES,
            findings=("affinity-canary-behavior",),
        ),
    ),
)
