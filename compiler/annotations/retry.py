"""Retry: which failures are tried again, how often, and how long each try may take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.annotations import values
from compiler.annotations.family import Annotation, Family
from compiler.ir import features
from compiler.ir.traffic import Retry

if TYPE_CHECKING:
    from compiler.annotations.family import Reader, Value

ANNOTATIONS = (
    Annotation(
        "proxy-next-upstream-tries",
        ("nginx", "mse"),
        "int",
        "ingress",
        "How often a failed request is tried again; 0 = never (in ingress-nginx 0 means without limit). Any of the "
        "three retry annotations switches retries on, with the defaults of the other two.",
        default="3",
        example="2",
        low=0,
    ),
    Annotation(
        "proxy-next-upstream-timeout",
        ("nginx", "mse"),
        "duration-seconds",
        "ingress",
        "Limit for each try, in seconds; 0 = none (in ingress-nginx it limits all tries together).",
        default="0",
        example="5",
        low=0,
    ),
    Annotation(
        "proxy-next-upstream",
        ("nginx", "mse"),
        "csv",
        "ingress",
        "What is tried again: `error`, `timeout` and `invalid_header` each mean a failed connection or any 5xx, "
        "`http_<code>` that status; `off` = nothing. `non_idempotent` is handed on.",
        default="error,timeout",
        values=("error", "timeout", "invalid_header", "non_idempotent", "http_<code>", "off"),
        example="error,http_503",
    ),
)

TRIES = 3
_FAILURES = ("error", "timeout", "invalid_header")
_WORDS = (*_FAILURES, "non_idempotent", "off")


def parse(reader: Reader) -> Retry | None:
    """The repeats; None where no annotation asks for them (the mesh's own default), or a value is bad."""
    conditions = reader.get("proxy-next-upstream")
    tries = reader.get("proxy-next-upstream-tries")
    limit = reader.get("proxy-next-upstream-timeout")
    first = next((value for value in (conditions, tries, limit) if value is not None), None)
    if first is None:
        return None
    attempts = TRIES if tries is None else values.integer(reader, tries, 0)
    seconds = 0 if limit is None else values.seconds(reader, limit)
    words = ("error", "timeout") if conditions is None else _words(reader, conditions)
    if attempts is None or seconds is None or words is None:
        return None
    return _retry(words, attempts, seconds, first)


def _retry(words: tuple[str, ...], attempts: int, seconds: int, first: Value) -> Retry:
    if words == ("off",) or attempts == 0:
        return Retry(0, (), (), None, written=("off",), origin=first.origin)
    statuses = tuple(sorted(int(word[5:]) for word in words if word.startswith("http_")))
    conditions = {"connect-failure", "5xx"} if any(word in _FAILURES for word in words) else set()
    if statuses:
        conditions.add("retriable-status-codes")
    return Retry(
        attempts,
        tuple(sorted(conditions)),
        statuses,
        seconds or None,
        "non_idempotent" in words,
        words,
        first.origin,
    )


def _words(reader: Reader, value: Value) -> tuple[str, ...] | None:
    """The conditions: between commas, or else between blanks, as ingress-nginx writes them."""
    items = values.csv(reader, value) if "," in value.text else tuple(dict.fromkeys(value.text.split()))
    if items is None:
        return None
    for item in items:
        code = item.removeprefix("http_")
        if code != item and code.isascii() and code.isdigit() and len(code) == 3 and "400" <= code <= "599":
            continue
        if code != item:
            why, fix = f"{item!r} is no failure: a status from 400 to 599 is meant", "write http_503, for example"
            reader.bad(values.ANNOTATION_VALUE, value, why, fix)
            return None
        if values.word(reader, value, _WORDS, item) is None:
            return None
    if "off" in items and len(items) > 1:
        why = "off switches retries off, and the other words switch them on"
        reader.bad(values.ANNOTATION_VALUE, value, why, "write off alone, or delete it")
        return None
    return items


FAMILY = Family("retry", ANNOTATIONS, parse, (features.TIMEOUT,))
