"""Canary: an Ingress that refines the Ingress with the same host, path and path type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from compiler.annotations import patterns, values
from compiler.annotations.family import Annotation, Family
from compiler.diagnostics import Origin, warning
from compiler.ir import features
from compiler.ir.traffic import ValueMatch

if TYPE_CHECKING:
    from compiler.annotations.family import Reader, Value

CANARY_NO_RULE = warning(
    "canary-no-rule",
    "a canary that nothing ever reaches",
    """\
`canary: "true"` alone makes a canary of weight 0: it is attached to its base, and gets no request. That is rarely what
somebody meant; mostly the annotation that says who goes there is missing.

Add canary-weight, canary-by-header, canary-by-query or canary-by-cookie; or write canary-weight: "0" to say that
nobody goes there yet.""",
)

ANNOTATIONS = (
    Annotation(
        "canary",
        ("nginx", "mse"),
        "bool",
        "ingress",
        "Turns the Ingress into a canary of the Ingress with the same host, path and path type. Its backend, its "
        "header changes and how its Service is spoken to are its own; all other settings come from that base.",
        default="false",
        example="true",
    ),
    Annotation(
        "canary-by-header",
        ("nginx", "mse"),
        "header-name",
        "ingress",
        "Requests in which this header is `always` go to the canary, unless canary-by-header-value or -pattern says "
        "otherwise. Any other value, `never` too, does not match.",
        requires=("canary",),
        overrides=("canary-by-cookie", "canary-weight"),
        example="x-stage",
    ),
    Annotation(
        "canary-by-header-value",
        ("nginx", "mse"),
        "string",
        "ingress",
        "Requests in which the header has exactly this value go to the canary (Higress reads it as a pattern, and lets "
        "`always` match too; the MSE reference says exact).",
        requires=("canary", "canary-by-header"),
        overrides=("canary-by-header-pattern", "canary-by-cookie", "canary-weight"),
        example="trial",
    ),
    Annotation(
        "canary-by-header-pattern",
        ("nginx", "mse"),
        "regex",
        "ingress",
        "Requests in which this RE2 pattern matches anywhere in the header go to the canary; ^ and $ hold it to the "
        "whole value.",
        requires=("canary", "canary-by-header"),
        overrides=("canary-by-cookie", "canary-weight"),
        example="^(trial|beta)$",
    ),
    Annotation(
        "canary-by-query",
        ("mse",),
        "query-name",
        "ingress",
        "Requests in which this query parameter is `always` go to the canary, unless canary-by-query-value or -pattern "
        "says otherwise. Beside canary-by-header both have to match.",
        requires=("canary",),
        overrides=("canary-by-cookie", "canary-weight"),
        support="exclusive",
        example="stage",
    ),
    Annotation(
        "canary-by-query-value",
        ("mse",),
        "string",
        "ingress",
        "Requests in which the query parameter has exactly this value go to the canary.",
        requires=("canary", "canary-by-query"),
        excludes=("canary-by-query-pattern",),
        support="exclusive",
        example="trial",
    ),
    Annotation(
        "canary-by-query-pattern",
        ("mse",),
        "regex",
        "ingress",
        "Requests in which this RE2 pattern matches anywhere in the query parameter go to the canary.",
        requires=("canary", "canary-by-query"),
        excludes=("canary-by-query-value",),
        support="exclusive",
        example="^trial",
    ),
    Annotation(
        "canary-by-cookie",
        ("nginx", "mse"),
        "cookie-name",
        "ingress",
        "Requests with this cookie, and the value `always`, go to the canary.",
        requires=("canary",),
        overrides=("canary-weight",),
        example="stage",
    ),
    Annotation(
        "canary-by-cookie-value",
        ("mse",),
        "string",
        "ingress",
        "Value of the cookie that selects the canary, instead of `always`.",
        requires=("canary", "canary-by-cookie"),
        since=(1, 2, 30),
        support="exclusive",
        example="trial",
    ),
    Annotation(
        "canary-weight",
        ("nginx", "mse"),
        "int",
        "ingress",
        "Share of the base route's requests that goes to the canary, out of canary-weight-total. Several canaries may "
        "share one base, which keeps the rest.",
        default="0",
        requires=("canary",),
        example="20",
        low=0,
    ),
    Annotation(
        "canary-weight-total",
        ("nginx", "mse"),
        "int",
        "ingress",
        "What canary-weight counts against. Canaries of one base have to agree on it.",
        default="100",
        requires=("canary", "canary-weight"),
        example="1000",
        low=1,
    ),
)


class Canary(Struct, frozen=True, gc=False):
    """What makes an Ingress a canary: conditions, or else a weight; never both."""

    headers: tuple[ValueMatch, ...] = ()
    """At most one; together with `query` both have to match. Header names in lower case."""
    query: tuple[ValueMatch, ...] = ()
    cookies: tuple[ValueMatch, ...] = ()
    weight: int = 0
    """Share out of `total`, 0 to `total`; always 0 for a conditional canary."""
    total: int | None = None
    """What the weight counts against; None = not written, which means 100."""
    origin: Origin = Origin("")
    """Where the deciding annotation stands: the header's, the query's, the cookie's, the weight's."""

    @property
    def is_conditional(self) -> bool:
        """Whether requests are chosen by what they carry, and not by chance."""
        return bool(self.headers or self.query or self.cookies)


def parse(reader: Reader) -> Canary | None:
    """The canary that the annotations describe; None for an ordinary Ingress, or where a value is bad."""
    switch = reader.get("canary")
    if switch is None or not values.boolean(reader, switch):
        return None
    headers = reader.get("canary-by-header")
    query = reader.get("canary-by-query")
    if headers is not None or query is not None:
        return _by_request(reader, headers, query)
    cookie = reader.get("canary-by-cookie")
    if cookie is not None:
        return _by_cookie(reader, cookie)
    return _by_weight(reader, switch)


def _by_request(reader: Reader, header: Value | None, query: Value | None) -> Canary | None:
    """Header and query are both read, so that a mistake in one does not hide one in the other."""
    origin = header.origin if header is not None else query.origin if query is not None else reader.origin
    in_header = () if header is None else _condition(reader, "header", values.header_name(reader, header))
    in_query = () if query is None else _condition(reader, "query", values.query_name(reader, query))
    if in_header is None or in_query is None:
        return None
    return Canary(headers=in_header, query=in_query, origin=origin)


def _condition(reader: Reader, part: str, name: str | None) -> tuple[ValueMatch, ...] | None:
    """The value that header or query parameter `name` has to have: exact, by pattern, or `always`."""
    exact = reader.get(f"canary-by-{part}-value")
    pattern = reader.get(f"canary-by-{part}-pattern")
    kind: Literal["exact", "regex"] = "exact"
    text: str | None = "always"
    if exact is not None:
        text = exact.text.strip()
    elif pattern is not None:
        kind, text = "regex", patterns.value_pattern(reader, pattern)
    return None if name is None or text is None else (ValueMatch(name, kind, text),)


def _by_cookie(reader: Reader, cookie: Value) -> Canary | None:
    name = values.cookie_name(reader, cookie)
    exact = reader.get("canary-by-cookie-value")
    text = "always" if exact is None else values.cookie_value(reader, exact)
    if name is None or text is None:
        return None
    return Canary(cookies=(ValueMatch(name, "exact", text),), origin=cookie.origin)


def _by_weight(reader: Reader, switch: Value) -> Canary | None:
    weight = reader.get("canary-weight")
    if weight is None:
        if not reader.refused.isdisjoint(annotation.name for annotation in ANNOTATIONS):
            return None
        why = "no annotation says who goes to this canary, so nobody does"
        fix = 'add canary-weight, canary-by-header, canary-by-query or canary-by-cookie; canary-weight: "0" says nobody'
        reader.bad(CANARY_NO_RULE, switch, why, fix)
        return Canary(origin=switch.origin)
    denominator = reader.get("canary-weight-total")
    total = None if denominator is None else values.integer(reader, denominator, 1)
    if denominator is not None and total is None:
        return None
    share = values.integer(reader, weight, 0, total or 100)
    return None if share is None else Canary(weight=share, total=total, origin=weight.origin)


FAMILY = Family("canary", ANNOTATIONS, parse, (features.CONDITIONS, features.SPLIT))
