"""Good and bad texts for every annotation, from its declaration and its type: what the table tests try.

Nothing here names a single annotation but `COMPANIONS` and `SAYS`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from compiler.annotations import retry, upstream_tls
from compiler.annotations.catalog import FAMILIES, catalog
from compiler.annotations.relations import alternatives
from compiler.annotations.values import INT32

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compiler.annotations.catalog import Known
    from compiler.annotations.family import Annotation

BUILT: tuple[Annotation, ...] = tuple(annotation for family in FAMILIES for annotation in family.annotations)
"""Every annotation of an Ingress that a family reads."""


class Bad(NamedTuple):
    """A text that an annotation may not have."""

    text: str
    why: str
    """What the finding says of it, or how that begins."""
    code: str = "annotation-value"
    is_plain: bool = True
    """Whether its type alone refuses it, so that editors see it too."""


_PLACEHOLDERS = {"<code>": "503", "<header>": "x-user", "<query>": "user"}

_NUMBER = "it is not a plain whole number"
_NUMBERS = (
    *(Bad(text, _NUMBER) for text in ("five", "1.5", "+5", "05", "0x5", "1e3", "5 5", "1_000")),
    Bad("\u0665", _NUMBER, is_plain=False),
)
_BOOLEAN = "it is neither true nor false"
_HEADER = "letters, digits and !#$%&'*+-.^_`|~ only"
_COOKIE = "it is no name of a cookie: letters, digits"
_QUERY = "it is no name of a query parameter"
_LOST = "would be lost: only scheme, host and path of the URL are used"
_NOTHING = "there is nothing between two of its commas"
_NO_BLOCK = "is neither an address nor a CIDR block"
_LABEL = "is not a key, a blank and a value"

GOOD: dict[str, tuple[str, ...]] = {
    "bool": ("1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False", " true\n"),
    "int": (" 7 ", "7\n"),
    "duration-seconds": (" 7 ",),
    "header-name": ("X-Stage", "x_stage", "!#$%&'*+-.^_`|~"),
    "cookie-name": ("Stage", "__Host-stage"),
    "query-name": ("stage", "filter[stage]", "a.b-c_d~e"),
    "header-lines": ("x-a one", "\n  x-a   one two \n\n\tx-b\tthree\n", "x-a 'one'"),
    "label": ("a b", "example.com/a b\n\nc d\n"),
    "on-off": (" on ",),
}
"""By type: further good texts."""

BAD: dict[str, tuple[Bad, ...]] = {
    "bool": tuple(Bad(text, _BOOLEAN) for text in ("yes", "no", "on", "2", "TRUe", "tru", "-1", "true false")),
    "int": (*_NUMBERS, Bad("5s", _NUMBER), Bad("5%", _NUMBER)),
    "status-code": (*_NUMBERS, Bad("5xx", _NUMBER), Bad("0", "it is below")),
    "percent": (*_NUMBERS, Bad("5%", "it carries a percent sign"), Bad("101", "it is above 100")),
    "duration-seconds": (
        *_NUMBERS,
        *(Bad(text, "it carries a unit, and MSE would ignore it") for text in ("5s", "100ms", "1m30s", "1 h", "1.5s")),
        Bad("5 days", _NUMBER),
    ),
    "on-off": tuple(Bad(text, f"{text!r} is not one of on, off") for text in ("ON", "true", "yes", "1")),
    "regex": tuple(
        Bad(text, "RE2 cannot compile it: ", "annotation-regex", is_plain=False)
        for text in ("(", "a(?=b)", "(?<!a)b", r"(a)\1", "[z-a]", "*a", "a{1001}")
    ),
    "path": (
        Bad("home", "a path begins with /"),
        Bad("https://a.example.com/b", "a path begins with /"),
        Bad("/a?b=c", "a query is not part of a path"),
        Bad("/a#b", "a fragment is not part of a path"),
        Bad("/a b", "it holds a character that has to be percent-encoded in a path"),
        Bad("/ä", "it holds a character that has to be percent-encoded in a path", is_plain=False),
        Bad("/%zz", "it holds a character that has to be percent-encoded in a path", is_plain=False),
        Bad("/$request_uri", "nginx variables such as $request_uri mean nothing to MSE", is_plain=False),
    ),
    "url": (
        Bad("ftp://a.example.com", "it is no http:// or https:// URL", is_plain=False),
        Bad("https://a.example.com/b?c=d", "the query ?c=d " + _LOST),
        Bad("https://a.example.com/b#c", "the fragment #c " + _LOST),
        Bad("https://me@a.example.com/b", "a user name " + _LOST),
        Bad("https://a.example.com:8443/b", "the port of a.example.com:8443 " + _LOST),
        Bad("https://$host/b", "nginx variables such as $host mean nothing to MSE"),
    ),
    "address": (
        Bad("a.example.com/b#c", "a fragment is never sent to a server"),
        Bad("a.example.com:http", "'http' is no port number from 1 to 65535"),
        Bad("ftp://a.example.com", "'' is no port number from 1 to 65535", is_plain=False),
        Bad("me@a.example.com", "'me@a.example.com' is no host name (RFC 1123)"),
        Bad("/busy", "it names no host"),
        Bad("https://$host/b", "nginx variables such as $host mean nothing to MSE"),
        Bad("a.example.com/b c", "it holds a character that has to be percent-encoded in a path"),
        Bad("a.example.com/b?c d", "its query holds a character that has to be percent-encoded"),
    ),
    "hostname": (
        Bad("*.example.com", "'*.example.com' is no host name (RFC 1123)"),
        Bad("a.example.com:80", "'a.example.com:80' is no host name (RFC 1123)"),
        Bad("https://a.example.com", "'https://a.example.com' is no host name (RFC 1123)"),
        Bad("a_b.example.com", "'a_b.example.com' is no host name (RFC 1123)"),
        Bad("-a.example.com", "'-a.example.com' is no host name (RFC 1123)"),
        Bad("a..example.com", "'a..example.com' is no host name (RFC 1123)", is_plain=False),
        Bad("a" * 64, f"{'a' * 64!r} is no host name (RFC 1123)", is_plain=False),
        Bad("$host", "nginx variables such as $host mean nothing to MSE"),
    ),
    "header-name": (
        Bad("x stage", f"'x stage' is no name of a header: {_HEADER}"),
        Bad("x-stage:", "the name 'x-stage:' ends with a colon"),
        Bad("x-stäge", f"'x-stäge' is no name of a header: {_HEADER}"),
        Bad('"x-stage"', f"'\"x-stage\"' is no name of a header: {_HEADER}"),
    ),
    "cookie-name": tuple(Bad(text, _COOKIE) for text in ("a b", "a=b", "a;b", "a,b", "aäb", '"a"')),
    "query-name": tuple(Bad(text, _QUERY) for text in ("a b", "a=b", "a&b", "a#b", "aäb", "<a>", '"a"')),
    "header-lines": (
        Bad("x-a", "the line 'x-a' has a name and no value"),
        Bad("x-a one\nx-b", "the line 'x-b' has a name and no value"),
        Bad("x-a: one", "the name 'x-a:' ends with a colon"),
        Bad("x-a one\nX-A two", "X-A stands in it twice, and only the last line would count", is_plain=False),
        Bad("x(a) one", f"'x(a)' is no name of a header: {_HEADER}"),
        Bad("x-a é", "'é' holds characters that a header value cannot carry (printable ASCII only)", is_plain=False),
        Bad("x-a 50%", "'50%' holds a percent sign, which Envoy reads as the start of a variable", is_plain=False),
        Bad("x-a \"'one'\"", "a name or value of the line", is_plain=False),
    ),
    "label": (
        Bad("a", f"the line 'a' {_LABEL}"),
        Bad("a b c", f"the line 'a b c' {_LABEL}"),
        Bad("a=b", f"the line 'a=b' {_LABEL}"),
        Bad("a: b", "'a:' is no key of a label"),
        Bad("-a b", "'-a' is no key of a label", is_plain=False),
        Bad("a -b", "'-b' is no value of a label", is_plain=False),
        Bad("a b\na c", "the label a stands in it twice", is_plain=False),
    ),
    "destination-lines": (
        Bad(
            "a.b.svc.cluster.local\nc.b.svc.cluster.local",
            "the line 'a.b.svc.cluster.local' does not begin",
            is_plain=False,
        ),
        Bad(
            "100 a.b.svc.cluster.local", "the line '100 a.b.svc.cluster.local' does not begin with a share such as 60%"
        ),
        Bad("120% a.b.svc.cluster.local", "'120%' is no share from 0% to 100%", is_plain=False),
        Bad("6.5% a.b.svc.cluster.local", "'6.5%' is no share from 0% to 100%"),
        Bad("100%", "the line '100%' names no Service"),
        Bad("100% a.b", "'a.b' is not the full name of a Service, name.namespace.svc.cluster.local", is_plain=False),
        Bad("100% a.b.svc.cluster.local:http", "'http' is no port number from 1 to 65535"),
        Bad("100% a.b.svc.cluster.local:80 v2", "'v2' comes after the Service: a subset is named by service-subset"),
        Bad(
            "60% a.b.svc.cluster.local\n30% c.b.svc.cluster.local",
            "its shares add up to 90 and not to 100",
            is_plain=False,
        ),
        Bad("60% a.b.svc.cluster.local\n40% a.b.svc.cluster.local", "b/a stands in it twice", is_plain=False),
    ),
    "hash-key": (
        Bad("x-user", "'x-user' is a constant, and no variable; MSE would go round robin"),
        *(Bad(text, f"{text!r} combines several", is_plain=False) for text in ("$host$request_uri", "$http_a$arg_b")),
        *(Bad(text, f"{text!r} is not one of $request_uri,", is_plain=False) for text in ("$uri", "$cookie_a", "$")),
        Bad("$http_a b", "'a b' is no name of a header"),
        Bad("$arg_", "'' is no name of a query parameter", is_plain=False),
    ),
    "service-ref": (
        Bad("a/b/c", "'a/b' is no name of a namespace"),
        Bad("Cart", "'Cart' is no name of a Service"),
        Bad("a_b", "'a_b' is no name of a Service"),
        Bad("/cart", "'' is no name of a namespace"),
        Bad("shop/", "'' is no name of a Service"),
    ),
    "secret-ref": (
        Bad("a/b/c", "'a/b' is no name of a namespace"),
        Bad("Accounts", "'Accounts' is no name of a Secret"),
        Bad("a_b", "'a_b' is no name of a Secret"),
        Bad("/accounts", "'' is no name of a namespace"),
        Bad("shop/", "'' is no name of a Secret"),
    ),
    "csv": (Bad("a,,b", _NOTHING), Bad(",a", _NOTHING), Bad("a,", _NOTHING), Bad("a, ,b", _NOTHING, is_plain=False)),
    "cidr-list": (
        Bad("10.0.0.0/8,,10.1.0.1", _NOTHING),
        Bad("10.0.0.0/8;192.168.1.7", f"'10.0.0.0/8;192.168.1.7' {_NO_BLOCK}"),
        Bad("*", "* in it would swallow the whole list", is_plain=False),
        Bad("10.0.0.0/8,*", "* in it would swallow the whole list", is_plain=False),
        Bad("10.0.0.1/8", "'10.0.0.1/8' has bits behind its prefix: the block is 10.0.0.0/8", is_plain=False),
        Bad("10.0.0.0/255.0.0.0", f"'10.0.0.0/255.0.0.0' {_NO_BLOCK}", is_plain=False),
        *(
            Bad(text, f"{text!r} {_NO_BLOCK}", is_plain=False)
            for text in ("10.0.0", "10.0.0.0/33", "10.0.0.256", "a.example.com", "fe80::1%eth0", "10.0.0.0/", "::g")
        ),
    ),
    "cipher-list": (
        Bad("AES128-SHA:,AES256-SHA", "it separates suites by commas and by colons", is_plain=False),
        Bad("AES128-SHA::AES256-SHA", "there is nothing between two of its separators", is_plain=False),
        Bad("AES128-SAH", "'AES128-SAH' is no cipher suite of the gateway, did you mean AES128-SHA?", is_plain=False),
        Bad("HIGH:!aNULL", "'HIGH' is an expression of OpenSSL", is_plain=False),
        Bad("TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256 belongs to TLS 1.3", is_plain=False),
    ),
    "json": (
        Bad("{", "it is not JSON: "),
        Bad("{'url': 'a'}", "it is not JSON: ", is_plain=False),
        Bad("url: a", "it is not JSON: "),
        Bad('["a"]', "it is JSON, and not an object between { and }"),
        Bad('"a"', "it is JSON, and not an object between { and }"),
    ),
}
"""By type: what is wrong whatever the annotation."""

COMPANIONS: dict[str, dict[str, str]] = {
    "canary": {"canary-weight": "20"},
    "canary-weight-total": {"canary-weight": "1"},
    "session-cookie-name": {"affinity": "cookie"},
    "session-cookie-path": {"affinity": "cookie"},
    **{annotation.name: {"proxy-next-upstream-tries": "3"} for annotation in retry.ANNOTATIONS},
    **{annotation.name: {"backend-protocol": "HTTPS"} for annotation in upstream_tls.ANNOTATIONS},
}
"""By name: what stands beside an annotation, so that all its good texts make sense."""

SAYS: dict[str, tuple[Bad, ...]] = {
    "canary-by-cookie-value": tuple(
        Bad(text, "a cookie cannot have this value", is_plain=False) for text in ("a b", "a;b", "a,b", '"a"', "\\", "ä")
    ),
    "service-subset": (
        Bad("a b", "it is no name of a subset", is_plain=False),
        Bad("a" * 64, "it is no name of a subset", is_plain=False),
    ),
    "custom-http-errors": tuple(
        Bad(text, f"{item!r} is no status from 400 to 599", is_plain=False)
        for text, item in (("200", "200"), ("502,5xx", "5xx"), ("502 503", "502 503"), ("600", "600"))
    ),
    "rewrite-target": (
        Bad("/$0", "a $ is followed by no digit from 1 to 9", is_plain=False),
        Bad("/a$", "a $ is followed by no digit from 1 to 9", is_plain=False),
        Bad("$1b?c=d", "a query is not part of a path"),
    ),
    "app-root": (Bad("/", "it redirects / to /, forever", is_plain=False),),
    "cors-allow-origin": (
        *(
            Bad(text, f"{text!r} is no origin", is_plain=False)
            for text in ("a.example.com", "https://a.example.com/", "https://a.*.example.com", "https://", "null")
        ),
        Bad("https://a.example.com:0", "'https://a.example.com:0' has no port from 1 to 65535", is_plain=False),
        Bad("*,https://a.example.com", "* allows everything, so the other items are lost", is_plain=False),
    ),
    "cors-allow-methods": (
        Bad("FETCH", "'FETCH' is no HTTP method", is_plain=False),
        Bad("get", "'get' is no HTTP method, did you mean GET?", is_plain=False),
    ),
    "cors-allow-headers": (Bad("x stage", "'x stage' is no name of a header", is_plain=False),),
    "cors-expose-headers": (Bad("x-a:", "the name 'x-a:' ends with a colon", is_plain=False),),
    "request-header-control-remove": (
        Bad("host", "Envoy refuses to change the header host this way", is_plain=False),
        Bad("content-length", "content-length frames the message", is_plain=False),
    ),
    "response-header-control-remove": (Bad("x a", "'x a' is no name of a header", is_plain=False),),
    "proxy-next-upstream": (
        Bad("errors", "'errors' is not one of error, timeout", is_plain=False),
        Bad("http_200", "'http_200' is no failure: a status from 400 to 599 is meant", is_plain=False),
        Bad("off,error", "off switches retries off, and the other words switch them on", is_plain=False),
    ),
    "server-alias": (
        Bad("~^www", "'~^www' is a regular expression", is_plain=False),
        Bad("*", "* is every host: a rule without a host says that", is_plain=False),
        Bad("a_b.example.com", "'a_b.example.com' is no host name (RFC 1123)", is_plain=False),
        Bad("www.example.com:80", "'www.example.com:80' is no host name (RFC 1123)", is_plain=False),
    ),
    "auth-realm": tuple(Bad(text, "a realm is sent between quotes", is_plain=False) for text in ('a"b', "a\\b", "ä")),
    "default-backend": (Bad("shop/cart:80", "it names a port, and the first port of the Service", is_plain=False),),
    "mirror-target-service": (
        Bad("shop/cart:0", "'0' is no port number from 1 to 65535", is_plain=False),
        Bad("shop/cart:http", "'http' is no port number from 1 to 65535"),
    ),
    "session-cookie-path": (Bad("/a;b", "a semicolon ends the path in the header Set-Cookie", is_plain=False),),
}
"""By name: what is wrong with values of one annotation alone."""


def name_of(each: Annotation | Known) -> str:
    """What a test calls its parameter."""
    return each.name


def good(annotation: Annotation) -> tuple[str, ...]:
    """Its example, its default, its words, its bounds, and good texts of its type."""
    bounds = [str(bound) for bound in (annotation.low, annotation.high) if bound is not None]
    default = [annotation.default] if annotation.default else []
    return tuple(
        dict.fromkeys(
            [annotation.example, *default, *words(annotation), *_respelt(annotation), *bounds, *_within(annotation)],
        )
    )


def _respelt(annotation: Annotation) -> tuple[str, ...]:
    """Its words in other letter case, where that does not count."""
    return tuple(word.lower() for word in annotation.values) if annotation.any_case else ()


def words(annotation: Annotation) -> tuple[str, ...]:
    """Its words, with something in place of what stands in angle brackets."""
    return tuple(re.sub(r"<[a-z]+>", lambda found: _PLACEHOLDERS[found[0]], word) for word in annotation.values)


def bad(annotation: Annotation) -> tuple[Bad, ...]:
    """What its type, its bounds and its words refuse."""
    return tuple(dict.fromkeys([*BAD.get(annotation.type, ()), *_beyond(annotation), *SAYS.get(annotation.name, ())]))


def required(annotation: Annotation) -> dict[str, str]:
    """What an annotation needs, each with its example."""
    known = catalog()
    needed: dict[str, str] = {}
    for each in annotation.requires:
        other = known[alternatives(each)[0]].annotation
        assert other is not None, "an annotation is built together with what it needs"
        needed[other.name] = other.example
    return needed


def with_requirements(annotation: Annotation) -> dict[str, str]:
    """What an annotation needs, and the annotation with its own example."""
    return {**required(annotation), **COMPANIONS.get(annotation.name, {}), annotation.name: annotation.example}


def _within(annotation: Annotation) -> Iterator[str]:
    """Good texts of its type that are in its bounds."""
    for text in GOOD.get(annotation.type, ()):
        number = text.strip()
        if not number.isdecimal() or (annotation.low or 0) <= int(number) <= (annotation.high or INT32):
            yield text


def _beyond(annotation: Annotation) -> Iterator[Bad]:
    if annotation.low is not None:
        yield Bad(str(annotation.low - 1), f"it is below {annotation.low}")
    if annotation.high is not None:
        yield Bad(str(annotation.high + 1), f"it is above {annotation.high}")
    elif annotation.low is not None:
        yield Bad(str(INT32 + 1), "it is above ", is_plain=False)
    if annotation.type == "enum":
        listed = ", ".join(annotation.values)
        for text in ("nonsense", f"{annotation.values[0]}x", f"{annotation.values[0]},{annotation.values[0]}"):
            yield Bad(text, f"{text!r} is not one of {listed}")
