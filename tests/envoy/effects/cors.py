"""What lets scripts of other origins call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.drill.load import Ask
from tests.envoy.effects.case import Case, Effects, service_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.envoy.effects.case import Side

_HEADERS = "DNT,X-CustomHeader,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type"
ANY = "https://x.example.org"
OURS = ("https://a.org", "https://x.b.org", "https://y.x.b.org")
FOREIGN = (
    *("http://a.org", "https://a.org:8443", "https://b.org", "http://x.b.org"),
    *("https://x.b.org.evil.org", "https://evilb.org", "https://x.b.org:8443", "null"),
)
ON = {"enable-cors": "true"}


def _preflight(header: str, origin: str = "https://x.example.org") -> Callable[[Side], tuple[str, list[str]]]:
    """Who answers a preflight (a Service; "" = the gateway), and values of a header of that answer."""
    asked = (
        ("origin", origin),
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", "x-mine,x-yours"),
    )

    def see(side: Side) -> tuple[str, list[str]]:
        (answer,) = side.ask(Ask(method="OPTIONS", headers=asked))
        assert answer.status == 200
        return service_of(answer), [value for key, value in answer.headers if key == f"access-control-{header}"]

    return see


def _origins(side: Side) -> list[list[str]]:
    """The origin that answers to calls of some origins allow."""
    return [side.header("access-control-allow-origin", origin=each) for each in (*OURS, *FOREIGN)]


EFFECTS = Effects(
    "cors",
    (
        Case(
            "enable-cors",
            ON,
            _preflight("allow-origin"),
            seen=("", ["https://x.example.org"]),
            otherwise=("one", []),
            findings=("cors-any-origin",),
        ),
        Case(
            "options-that-are-no-preflight",
            ON,
            lambda side: [service_of(each) for each in side.ask(Ask(method="OPTIONS", headers=(("origin", ANY),)))],
            seen=["one"],
            otherwise=["one"],
            findings=("cors-any-origin",),
        ),
        Case(
            "enable-cors-on-answers",
            ON,
            _origins,
            seen=[[each] for each in (*OURS, *FOREIGN)],
            otherwise=[[] for _ in (*OURS, *FOREIGN)],
            findings=("cors-any-origin",),
        ),
        Case(
            "allow-origin",
            {"cors-allow-origin": "https://a.org,https://*.b.org"},
            _origins,
            seen=[*([each] for each in OURS), *([] for _ in FOREIGN)],
            otherwise=[[each] for each in (*OURS, *FOREIGN)],
            beside=ON,
        ),
        Case(
            "foreign-preflight",
            {"cors-allow-origin": "https://a.org"},
            lambda side: _preflight("allow-origin")(side)[1],
            seen=[],
            otherwise=["https://x.example.org"],
            beside=ON,
        ),
        Case(
            "allow-methods",
            {"cors-allow-methods": "GET,POST"},
            _preflight("allow-methods"),
            seen=("", ["GET,POST"]),
            otherwise=("", ["GET,PUT,POST,DELETE,PATCH,OPTIONS"]),
            beside=ON,
        ),
        Case(
            "allow-headers",
            {"cors-allow-headers": "X-Stage"},
            _preflight("allow-headers"),
            seen=("", ["X-Stage"]),
            otherwise=("", [f"{_HEADERS},Authorization"]),
            beside=ON,
        ),
        Case(
            "expose-headers",
            {"cors-expose-headers": "X-Request-Id,X-Stage"},
            lambda side: side.header("access-control-expose-headers", origin="https://a.org"),
            seen=["X-Request-Id,X-Stage"],
            otherwise=[],
            beside=ON,
        ),
        Case(
            "allow-credentials",
            {"cors-allow-credentials": "false"},
            _preflight("allow-credentials"),
            seen=("", []),
            otherwise=("", ["true"]),
            beside=ON,
        ),
        # with credentials a browser takes * for a name, so Envoy names what was asked for
        Case(
            "any-method",
            {"cors-allow-methods": "*"},
            _preflight("allow-methods"),
            seen=("", ["PUT"]),
            otherwise=("", ["GET,PUT,POST,DELETE,PATCH,OPTIONS"]),
            beside=ON,
        ),
        Case(
            "any-header",
            {"cors-allow-headers": "*"},
            _preflight("allow-headers"),
            seen=("", ["x-mine,x-yours"]),
            otherwise=("", [f"{_HEADERS},Authorization"]),
            beside=ON,
        ),
        Case(
            "no-age",
            {"cors-max-age": "-1"},
            _preflight("max-age"),
            seen=("", ["-1"]),
            otherwise=("", ["1728000"]),
            beside=ON,
        ),
        Case(
            "max-age",
            {"cors-max-age": "600"},
            _preflight("max-age"),
            seen=("", ["600"]),
            otherwise=("", ["1728000"]),
            beside=ON,
        ),
    ),
)
