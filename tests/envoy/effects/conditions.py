"""What requests have to carry beside host and path (dialect higress)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.drill.load import Ask
from tests.envoy.effects.case import Case, Effects

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.envoy.effects.case import Side


def _headers(side: Side) -> list[int]:
    return [side.get(x_stage=value).status for value in ("trial", "try", "atr")] + [side.get().status]


def _query(side: Side) -> list[int]:
    return [side.get(f"/?{query}").status for query in ("stage=trial", "a=b&stage=try", "stage=atr", "")]


def _paths(*paths: str) -> Callable[[Side], list[int]]:
    return lambda side: [side.get(each).status for each in paths]


def _methods(side: Side) -> list[int]:
    return [each.status for each in side.ask(*[Ask(method=name) for name in ("GET", "PUT", "POST", "DELETE")])]


EXACT, BEGINNING, PATTERN = [200, 404, 404, 404], [200, 200, 404, 404], [404, 200, 200, 404]
ANY = [200] * 4

EFFECTS = Effects(
    "conditions",
    (
        Case("match-method", {"match-method": "GET POST"}, _methods, seen=[200, 404, 200, 404], otherwise=ANY),
        Case("exact-header", {"exact-match-header-x-stage": "trial"}, _headers, seen=EXACT, otherwise=ANY),
        Case("prefix-header", {"prefix-match-header-x-stage": "tr"}, _headers, seen=BEGINNING, otherwise=ANY),
        Case("regex-header", {"regex-match-header-x-stage": "(t|a)[rt][yr]"}, _headers, seen=PATTERN, otherwise=ANY),
        Case(
            "all-together",
            {"exact-match-header-x-stage": "trial", "exact-match-query-user": "1", "match-method": "GET"},
            lambda side: (
                [side.get(each, x_stage="trial").status for each in ("/?user=1", "/?user=2", "/")]
                + [side.get("/?user=1").status]
            ),
            seen=EXACT,
            otherwise=ANY,
        ),
        Case("exact-query", {"exact-match-query-stage": "trial"}, _query, seen=EXACT, otherwise=ANY),
        Case("prefix-query", {"prefix-match-query-stage": "tr"}, _query, seen=BEGINNING, otherwise=ANY),
        Case("regex-query", {"regex-match-query-stage": "try|atr"}, _query, seen=PATTERN, otherwise=ANY),
        Case(
            "exact-pseudo-header",
            {"exact-match-pseudo-header-method": "PUT"},
            _methods,
            seen=[404, 200, 404, 404],
            otherwise=ANY,
        ),
        Case(
            "prefix-pseudo-header",
            {"prefix-match-pseudo-header-path": "/a"},
            _paths("/a?x", "/ab", "/b/a"),
            seen=[200, 200, 404],
            otherwise=[200] * 3,
        ),
        Case(
            "regex-pseudo-header",
            {"regex-match-pseudo-header-path": "/a.*x"},
            _paths("/a?x", "/ab", "/b/ax"),
            seen=[200, 404, 404],
            otherwise=[200] * 3,
        ),
    ),
    fleet={"dialects": ["higress"]},
)
