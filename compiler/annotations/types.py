"""The types of annotation values in words, and as patterns for editors; `compiler.annotations.values` reads them.

A pattern lets through every text that the reader of its type lets through, and refuses what is plainly of another
type. What only a program can tell (whether RE2 compiles a text, whether shares add up) is left to the reader. The
patterns keep to what RE2, ECMA-262 and Python have in common.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compiler.annotations.family import Annotation

_AROUND = r"[^\x00-\x08\x0b-\x1f!-~\x7f-\x9f]*"
"""What may stand around a value: blanks and line feeds, those of Unicode too (with them its letters)."""
_GAP = r"[^\x00-\x08\n-\x1f!-~\x7f-\x9f]+"
"""What separates the words of a line."""
_LINE = r"[^\x00-\x08\n-\x1f\x7f-\x9f]*"
_ITEM = r"[^\x00-\x08\n-\x1f,\x7f-\x9f]+"
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - a token of HTTP (RFC 9110)
_NAME = r"[-a-z0-9]+"
_HOST = r"[0-9A-Za-z]([-.0-9A-Za-z]*[0-9A-Za-z])?"
_PATH = r"[!$&'()*+,./0-9:;=@A-Z_a-z~%-]*"
_QUERY = r"[!$&'()*+,./0-9:;=?@A-Z_a-z~%-]*"
_LABEL = r"[-./0-9A-Z_a-z]+"


class ValueType(Struct, frozen=True, gc=False):
    """What values of a type are."""

    meaning: str
    """In words that go on from "is"; a finding of an editor says "must be" before them."""
    pattern: str
    """Of the whole text."""


def _one(core: str) -> str:
    """One value. It may be left out: an empty annotation is a finding of its own, a warning."""
    return f"^{_AROUND}({core})?{_AROUND}$"


def _listed(item: str) -> str:
    return _one(f"{item}(,{item})*")


def _lines(line: str) -> str:
    return _one(rf"{line}({_AROUND}\n{_AROUND}{line})*")


TYPES: dict[str, ValueType] = {
    "bool": ValueType(
        "`true` or `false` (also `1`, `t`, `T`, `0` …, as Go reads booleans); in YAML in quotes",
        _one("1|t|T|TRUE|true|True|0|f|F|FALSE|false|False"),
    ),
    "int": ValueType("a plain whole number, without unit, plus or leading zeros; in YAML in quotes", ""),
    "percent": ValueType("a whole number from 0 to 100, without the sign", ""),
    "duration-seconds": ValueType("a whole number of seconds, without a unit", ""),
    "status-code": ValueType("an HTTP status", ""),
    "string": ValueType("any text of one line", _one(_LINE)),
    "enum": ValueType("one of the words that are listed", ""),
    "on-off": ValueType("`on` or `off`, in lower case; in YAML in quotes", _one("on|off")),
    "words": ValueType("some of the words that are listed, between blanks", ""),
    "csv": ValueType("items between commas", _listed(_ITEM)),
    "regex": ValueType("an RE2 pattern: no lookahead, no lookbehind, no backreferences", _one(_LINE)),
    "path": ValueType("an absolute path, without query and fragment", _one(f"[/$]{_PATH}")),
    "url": ValueType("an http or https URL of scheme, host and path only", _one(rf"[A-Za-z]+://{_HOST}(/{_PATH})?")),
    "address": ValueType(
        "a host, with port, path and query where wanted, with or without `http://` or `https://` before it",
        _one(rf"([A-Za-z]+://)?{_HOST}(:[0-9]+)?(/{_PATH})?(\?{_QUERY})?"),
    ),
    "hostname": ValueType("one host name, without port or wildcard", _one(_HOST)),
    "header-name": ValueType("the name of one header; its case does not matter", _one(_TOKEN)),
    "cookie-name": ValueType("the name of one cookie; its case matters", _one(_TOKEN)),
    "query-name": ValueType(
        "the name of one query parameter; its case matters", _one(r"[!$'()*+,./0-9:;?@A-Z\[\]_a-z~%-]+")
    ),
    "header-lines": ValueType(
        "one `name value` per line; the first blanks separate", _lines(rf"[\"']?{_TOKEN}[\"']?[ \t]+{_LINE}")
    ),
    "label": ValueType("one `key value` per line", _lines(f"{_LABEL}{_GAP}{_LABEL}")),
    "destination-lines": ValueType(
        "one `SHARE% NAME.NAMESPACE.svc.cluster.local:PORT` per line; shares add up to 100",
        _lines(f"([0-9]+%{_GAP})?[-.a-z0-9]+(:[0-9]+)?"),
    ),
    "service-ref": ValueType(
        "a Service: `NAME` or `NAMESPACE/NAME`, where the annotation allows it with `:PORT`",
        _one(f"({_NAME}/)?{_NAME}(:[0-9]+)?"),
    ),
    "secret-ref": ValueType("a Secret: `NAME` or `NAMESPACE/NAME`", _one(f"({_NAME}/)?[-.a-z0-9]+")),
    "cidr-list": ValueType("IP addresses and CIDR blocks between commas", _listed(r"[^\x00-\x08\n-\x1f,;\x7f-\x9f]+")),
    "cipher-list": ValueType("names of cipher suites as OpenSSL writes them, between colons or commas", _one(_LINE)),
    "hash-key": ValueType(
        "one of `$request_uri`, `$host`, `$remote_addr`, `$http_` and a header, `$arg_` and a query parameter",
        _one(r"\$[!-~]+"),
    ),
    "json": ValueType("a JSON object in one line", _one(rf"\{{{_LINE}\}}")),
}
"""By the word for the type."""


def pattern(annotation: Annotation) -> str:
    """The pattern of the texts that the annotation may have."""
    if annotation.type == "words":
        word = f"({'|'.join(map(re.escape, annotation.values))})"
        return _one(f"{word}({_GAP}{word})*")
    if annotation.type == "enum":
        return _one("|".join(map(_any_case if annotation.any_case else re.escape, annotation.values)))
    return TYPES[annotation.type].pattern or _one("|".join(_numbers(annotation.low, annotation.high)))


def _any_case(word: str) -> str:
    """Its letters in either case."""
    return "".join(f"[{letter}{letter.lower()}]" if letter.isalpha() else re.escape(letter) for letter in word)


def _numbers(low: int | None, high: int | None) -> Iterator[str]:
    """Whole numbers in the bounds, without leading zeros."""
    if low is None or low < 0:
        least = None if low is None else -low
        for digits in _digits(max(1, 0 if high is None else -high), least):
            yield f"-{digits}"
    if high is None or high >= 0:
        yield from _digits(max(0, low or 0), high)


def _digits(low: int, high: int | None) -> Iterator[str]:
    """Patterns of the digits of `low` to `high`, neither below 0: groups of numbers that begin alike."""
    if high is None:
        size = len(str(low))
        yield from _digits(low, 10**size - 1)
        yield f"[1-9][0-9]{{{size},}}"
        return
    while low <= high:
        step = 1
        while low and low % (step * 10) == 0 and low + step * 10 - 1 <= high:
            step *= 10
        head, first = divmod(low // step, 10)
        last = min(9, first + (high - low + 1) // step - 1)
        free = "[0-9]" * (len(str(step)) - 1)
        yield f"{head or ''}{first if first == last else f'[{first}-{last}]'}{free}"
        low += (last - first + 1) * step
