"""What changes how paths are matched, and what the backend sees of path and host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.envoy.effects.case import Case, Effects, Refusal
from tests.small_fleet import path

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.envoy.effects.case import Side
    from tests.small_fleet import Document


def _below(written: str, kind: str = "Prefix") -> Callable[[Side], list[Document]]:
    return lambda side: [side.ingress(paths=[path("one", written, kind)])]


def _statuses(*paths: str) -> Callable[[Side], list[int]]:
    return lambda side: [side.get(each).status for each in paths]


def _paths(*paths: str) -> Callable[[Side], list[str]]:
    return lambda side: [side.said(each).path for each in paths]


EFFECTS = Effects(
    "paths",
    (
        Case(
            "use-regex",
            {"use-regex": "true"},
            _statuses("/v2/cart", "/v2/cart/more", "/vx/cart", "/v2"),
            seen=[200, 200, 404, 404],
            otherwise=[404] * 4,
            documents=_below("/v[0-9]+/cart", "ImplementationSpecific"),
        ),
        Case(
            "rewrite-target",
            {"rewrite-target": "/new/$2"},
            _paths("/old/a/b?c=d", "/old"),
            seen=["/new/a/b?c=d", "/new/"],
            otherwise=["/old/a/b?c=d", "/old"],
            beside={"use-regex": "true"},
            documents=_below("/old(/|$)(.*)", "ImplementationSpecific"),
        ),
        Case(
            "rewrite-whole",
            {"rewrite-target": "/new"},
            _paths("/old?c=d", "/old/rest"),
            seen=["/new?c=d", "/new"],
            otherwise=["/old?c=d", "/old/rest"],
            documents=_below("/old"),
            findings=("rewrite-drops-rest",),
        ),
        Case(
            "upstream-vhost",
            {"upstream-vhost": "cart.internal.example.com"},
            lambda side: dict(side.said().headers)["host"].replace(side.host, "its own"),
            seen="cart.internal.example.com",
            otherwise="its own",
        ),
        Case(
            "ignore-path-case",
            {"ignore-path-case": "true"},
            _statuses("/CART/x", "/cart", "/carts"),
            seen=[200, 200, 404],
            otherwise=[404, 404, 404],
            documents=_below("/Cart"),
        ),
        Case(
            "full-path-regex",
            {"full-path-regex": "true"},
            _statuses("/v2/cart", "/v2/cart/more"),
            seen=[200, 404],
            otherwise=[404, 404],
            documents=_below("/v[0-9]+/cart", "ImplementationSpecific"),
        ),
        Case(
            "rewrite-path",
            {"rewrite-path": "/v2"},
            _paths("/old?c=d", "/old/rest"),
            seen=["/v2?c=d", "/v2/rest"],
            otherwise=["/old?c=d", "/old/rest"],
            documents=_below("/old"),
        ),
        Case(
            "rewrite-exact-path",
            {"rewrite-path": "/v2"},
            _paths("/old?c=d"),
            seen=["/v2?c=d"],
            otherwise=["/old?c=d"],
            documents=_below("/old", "Exact"),
        ),
    ),
    refusals=(
        Refusal(
            "large-pattern",
            {"use-regex": "true"},
            "envoy-pattern",
            documents=_below("/[a-z]{1,900}[0-9]{1,900}[a-f]{1,900}", "ImplementationSpecific"),
        ),
    ),
    fleet={"dialects": ["higress"]},
)
