"""What canary annotations do. Their shares are counted in `tests/envoy/test_shares.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.envoy.effects.case import Case, Effects, Refusal
from tests.small_fleet import path

if TYPE_CHECKING:
    from tests.envoy.effects.case import Side
    from tests.small_fleet import Document

CANARY = {"canary": "true"}


def base_and_canary(side: Side) -> list[Document]:
    """A base to `one`, and an Ingress to `two` with the annotations of the case."""
    return [side.ingress("base", annotations={}), side.ingress("canary", paths=[path("two", "/")])]


def _by_header(side: Side) -> list[str]:
    return [side.service(x_stage=value) for value in ("always", "trial", "a-trial", "never")] + [side.service()]


def _by_query(side: Side) -> list[str]:
    return [side.service(f"/?{query}") for query in ("stage=always", "stage=trial", "x=1&stage=trials", "x=stage", "")]


def _by_cookie(side: Side) -> list[str]:
    return [side.service(cookie=value) for value in ("a=b; stage=always", "stage=trial", "stages=always")]


def _case(name: str, proves: dict[str, str], see: object, seen: object, otherwise: object, **beside: str) -> Case:
    written = {**CANARY, **{f"canary-{key.replace('_', '-')}": value for key, value in beside.items()}}
    assert callable(see)
    return Case(name, proves, see, seen, otherwise, beside=written, documents=base_and_canary)


EFFECTS = Effects(
    "canary",
    (
        Case(
            "canary",
            {"canary": "true", "canary-weight": "100"},
            lambda side: side.services(count=5),
            seen={"two": 5},
            otherwise={"one": 5},
            documents=base_and_canary,
        ),
        _case(
            "by-header",
            {"canary-by-header": "x-stage"},
            _by_header,
            ["two", "one", "one", "one", "one"],
            ["one"] * 5,
        ),
        _case(
            "by-header-value",
            {"canary-by-header-value": "trial"},
            _by_header,
            ["one", "two", "one", "one", "one"],
            ["two", "one", "one", "one", "one"],
            by_header="x-stage",
        ),
        _case(
            "by-header-pattern",
            {"canary-by-header-pattern": "trial$"},
            _by_header,
            ["one", "two", "two", "one", "one"],
            ["two", "one", "one", "one", "one"],
            by_header="x-stage",
        ),
        _case(
            "by-query",
            {"canary-by-query": "stage"},
            _by_query,
            ["two", "one", "one", "one", "one"],
            ["one"] * 5,
        ),
        _case(
            "by-query-value",
            {"canary-by-query-value": "trial"},
            _by_query,
            ["one", "two", "one", "one", "one"],
            ["two", "one", "one", "one", "one"],
            by_query="stage",
        ),
        _case(
            "by-query-pattern",
            {"canary-by-query-pattern": "^trial"},
            _by_query,
            ["one", "two", "two", "one", "one"],
            ["two", "one", "one", "one", "one"],
            by_query="stage",
        ),
        _case(
            "by-header-and-query",
            {"canary-by-query": "stage"},
            lambda side: [side.service("/?stage=always", x_stage="always"), side.service("/", x_stage="always")],
            ["two", "one"],
            ["two", "two"],
            by_header="x-stage",
        ),
        _case(
            "by-cookie",
            {"canary-by-cookie": "stage"},
            _by_cookie,
            ["two", "one", "one"],
            ["one"] * 3,
        ),
        _case(
            "by-cookie-value",
            {"canary-by-cookie-value": "trial"},
            _by_cookie,
            ["one", "two", "one"],
            ["two", "one", "one"],
            by_cookie="stage",
        ),
        _case(
            "weight",
            {"canary-weight": "50"},
            lambda side: sorted(side.services(count=60)),
            ["one", "two"],
            ["one"],
        ),
        _case(
            "weight-total",
            {"canary-weight-total": "200"},
            lambda side: sorted(side.services(count=60)),
            ["one", "two"],
            ["two"],
            weight="100",
        ),
    ),
    (
        # Envoy answers requests with such a header itself: see test_experiments
        Refusal(
            "header-with-underscore",
            {"canary-by-header": "x_stage"},
            "envoy-header",
            beside=CANARY,
            documents=base_and_canary,
        ),
    ),
)
