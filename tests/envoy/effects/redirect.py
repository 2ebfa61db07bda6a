"""What is answered with another address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.drill.load import Ask
from tests.envoy.effects.case import Case, Effects

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.envoy.effects.case import Side


def _answers(*paths: str) -> Callable[[Side], list[tuple[int, str]]]:
    """Status and Location, in which HOST is the host of the side."""

    def see(side: Side) -> list[tuple[int, str]]:
        found = []
        for each in side.ask(*[Ask(path=path) for path in paths]):
            locations = [value for key, value in each.headers if key == "location"]
            found.append((each.status, "".join(locations).replace(side.host, "HOST")))
        return found

    return see


OLD = "https://new.example.com/x"

EFFECTS = Effects(
    "redirects",
    (
        Case(
            "ssl-redirect",
            {"ssl-redirect": "true"},
            _answers("/a?b=c"),
            seen=[(308, "https://HOST/a?b=c")],
            otherwise=[(200, "")],
        ),
        Case(
            "ssl-redirect-behind-proxy",
            {"ssl-redirect": "true"},
            lambda side: [side.get("/", x_forwarded_proto=scheme).status for scheme in ("http", "https")],
            seen=[308, 200],
            otherwise=[200, 200],
        ),
        Case(
            "force-ssl-redirect",
            {"force-ssl-redirect": "true"},
            _answers("/a?b=c"),
            seen=[(308, "https://HOST/a?b=c")],
            otherwise=[(200, "")],
        ),
        Case(
            "permanent-redirect",
            {"permanent-redirect": "https://new.example.com"},
            _answers("/", "/a"),
            seen=[(301, "https://new.example.com/"), (301, "https://new.example.com/a")],
            otherwise=[(200, ""), (200, "")],
        ),
        *(
            Case(
                f"permanent-redirect-code-{code}",
                {"permanent-redirect-code": code},
                _answers("/a"),
                seen=[(int(code), OLD)],
                otherwise=[(301, OLD)],
                beside={"permanent-redirect": OLD},
            )
            for code in ("300", "302", "303", "304", "305", "306", "307", "308")
        ),
        Case(
            "temporal-redirect",
            {"temporal-redirect": "https://sorry.example.com/soon"},
            _answers("/a"),
            seen=[(302, "https://sorry.example.com/soon")],
            otherwise=[(200, "")],
        ),
        Case(
            "app-root",
            {"app-root": "/home"},
            _answers("/", "/?a=b", "/home"),
            seen=[(302, "http://HOST/home"), (302, "http://HOST/home?a=b"), (200, "")],
            otherwise=[(200, "")] * 3,
        ),
    ),
    gateway={"envoy": {"xffNumTrustedHops": 1}},
)
