"""Types of annotation values: each parser reads one, or reports exactly what is wrong with it.

MSE logs a value that it cannot use and goes on as if the annotation were absent; here every such value is an
error. Parsers get a `Value` that is not empty, and return None after they have reported. Control characters, and
line feeds in values of one line, are refused before any of them runs (`compiler.annotations.read`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from compiler.annotations.family import ServiceRef
from compiler.annotations.words import nearest
from compiler.diagnostics import error
from compiler.ir.traffic import SecretRef

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compiler.annotations.family import Reader, Value

ANNOTATION_VALUE = error(
    "annotation-value",
    "an annotation has a value that cannot be used",
    """\
MSE never refuses an Ingress because of a bad annotation value: it writes a log line and goes on with the default,
or as if the annotation were not there. A canary with a mistyped weight then gets no traffic, a timeout of `10s`
is no timeout at all, and nobody is told. So every value that MSE would drop, cut or replace is an error here.

Write a value of the annotation's type; `fleetgate explain ANNOTATION` shows the type, the default and an example.""",
)

TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))
FALSE = frozenset(("0", "f", "F", "FALSE", "false", "False"))
"""The forms that Go's `strconv.ParseBool` reads, which is what MSE calls."""

INT32 = 2_147_483_647
"""Largest number that the gateway's own types hold."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters but tab and line feed, and halves of surrogate pairs."""
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110 token: names of headers and methods; RFC 6265: names of cookies."""
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_DURATION = re.compile(r"(?:[0-9.]+\s*(?:ms|s|m|h|sec|min))+")
_QUERY_NAME = re.compile(r"[!$'()*+,./0-9:;?@A-Z\[\]_a-z~%-]+")
_PATH = re.compile(r"/(?:[!$&'()*+,./0-9:;=@A-Z_a-z~-]|%[0-9A-Fa-f]{2})*")
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)
_HOST = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")
_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?")
_LABEL_KEY = re.compile(rf"(?:{_HOST.pattern}/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?")
_LABEL_VALUE = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?")
_NGINX_VARIABLE = re.compile(r"\$\{?[A-Za-z_]\w*\}?")


def text_problem(text: str, *, multiline: bool) -> str | None:
    """Why no value may hold this text, whatever its type, or None where it may."""
    if found := _CONTROL.search(text):
        return f"it holds the control character U+{ord(found[0]):04X}"
    if not multiline and "\n" in text.strip():
        return "it has several lines, and can have one only"
    return None


def boolean(reader: Reader, value: Value) -> bool | None:
    """A Go boolean (`strconv.ParseBool`)."""
    text = value.text.strip()
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    reader.bad(ANNOTATION_VALUE, value, "it is neither true nor false", 'write "true" or "false"')
    return None


def is_off(value: Value, kind: str) -> bool:
    """Whether the text of an annotation that is a switch says no; `kind`: its type."""
    if kind == "bool":
        return value.text.strip() in FALSE
    return kind == "on-off" and value.text.strip() == "off"


def on_off(reader: Reader, value: Value) -> bool | None:
    """`on` or `off`, in lower case; to MSE everything else is off."""
    text = value.text.strip()
    if text in ("on", "off"):
        return text == "on"
    why, fix = f"{text!r} is not one of on, off, and MSE would take it as off", 'write "on" or "off", in quotes'
    reader.bad(ANNOTATION_VALUE, value, why, fix)
    return None


def integer(reader: Reader, value: Value, low: int, high: int = INT32) -> int | None:
    """A plain decimal number from `low` to `high`, without a unit, a plus or leading zeros."""
    text = value.text.strip()
    why = "it is not a plain whole number"
    if _INTEGER.fullmatch(text):
        number = int(text)
        if low <= number <= high:
            return number
        why = f"it is below {low}" if number < low else f"it is above {high}"
    wanted = f"write a whole number of at least {low}" if high == INT32 else f"write a number from {low} to {high}"
    reader.bad(ANNOTATION_VALUE, value, why, wanted)
    return None


def seconds(reader: Reader, value: Value, low: int = 0) -> int | None:
    """A time in whole seconds, without a unit."""
    if _DURATION.fullmatch(value.text.strip()):
        reader.bad(
            ANNOTATION_VALUE,
            value,
            "it carries a unit, and MSE would ignore it",
            "write the time in whole seconds, without a unit",
        )
        return None
    return integer(reader, value, low)


def percent(reader: Reader, value: Value) -> int | None:
    """A whole number from 0 to 100, without the sign."""
    if value.text.strip().endswith("%"):
        reader.bad(ANNOTATION_VALUE, value, "it carries a percent sign", "write the number alone, from 0 to 100")
        return None
    return integer(reader, value, 0, 100)


def header_name(reader: Reader, value: Value) -> str | None:
    """The name of a header (RFC 9110 token), in lower case."""
    name = value.text.strip()
    problem = header_name_problem(name)
    if problem is None:
        return name.lower()
    reader.bad(ANNOTATION_VALUE, value, problem, "write the name of one header, such as x-stage")
    return None


def header_name_problem(name: str) -> str | None:
    """Why `name` cannot name a header, or None where it can."""
    if _TOKEN.fullmatch(name):
        return None
    if name.endswith(":"):
        return f"the name {name!r} ends with a colon"
    return f"{name!r} is no name of a header: letters, digits and !#$%&'*+-.^_`|~ only"


def cookie_name(reader: Reader, value: Value) -> str | None:
    """The name of a cookie (RFC 6265 token); letter case matters."""
    name = value.text.strip()
    if _TOKEN.fullmatch(name):
        return name
    reader.bad(
        ANNOTATION_VALUE,
        value,
        "it is no name of a cookie: letters, digits and !#$%&'*+-.^_`|~ only",
        "write the name of one cookie, without its value",
    )
    return None


def cookie_value(reader: Reader, value: Value) -> str | None:
    """The value of a cookie (RFC 6265 cookie-octets)."""
    text = value.text.strip()
    if text.isascii() and text.isprintable() and not any(c in ' ",;\\' for c in text):
        return text
    reader.bad(
        ANNOTATION_VALUE,
        value,
        "a cookie cannot have this value: blanks, quotes, commas, semicolons and backslashes never arrive in one",
        "write the value exactly as the browser sends it",
    )
    return None


def query_name(reader: Reader, value: Value) -> str | None:
    """The name of a query parameter; letter case matters."""
    name = value.text.strip()
    if is_query_name(name):
        return name
    reader.bad(
        ANNOTATION_VALUE,
        value,
        "it is no name of a query parameter: it holds a character that would end the name or has to be encoded",
        "write the name of one parameter, without = and its value",
    )
    return None


def is_query_name(name: str) -> bool:
    """Whether `name` may name a query parameter."""
    return bool(_QUERY_NAME.fullmatch(name))


def path(reader: Reader, value: Value) -> str | None:
    """An absolute path (RFC 3986), without query and fragment."""
    text = value.text.strip()
    problem = path_problem(text)
    if problem is None:
        return text
    reader.bad(ANNOTATION_VALUE, value, problem, "write a path that begins with /, such as /home")
    return None


def path_problem(text: str) -> str | None:
    """Why `text` cannot be an absolute path, or None where it can."""
    if not text.startswith("/"):
        return "a path begins with /"
    for mark, name in (("?", "a query"), ("#", "a fragment")):
        if mark in text:
            return f"{name} is not part of a path"
    if found := _NGINX_VARIABLE.search(text):
        return f"nginx variables such as {found[0]} mean nothing to MSE"
    if not _PATH.fullmatch(text):
        return "it holds a character that has to be percent-encoded in a path"
    return None


class Url(Struct, frozen=True, gc=False):
    """The parts of a redirect target that count."""

    scheme: str
    host: str
    path: str
    """"" = none."""


def url(reader: Reader, value: Value) -> Url | None:
    """An http or https URL of scheme, host and path: MSE drops all other parts, so they are refused."""
    fix = "write scheme, host and path only, such as https://shop.example.com/new"
    text = value.text.strip()
    if found := _NGINX_VARIABLE.search(text):
        reader.bad(ANNOTATION_VALUE, value, f"nginx variables such as {found[0]} mean nothing to MSE", fix)
        return None
    parts = _URL.fullmatch(text)
    if parts is None or parts[1].lower() not in ("http", "https"):
        reader.bad(ANNOTATION_VALUE, value, "it is no http:// or https:// URL, so MSE would not redirect at all", fix)
        return None
    scheme, authority, tail = parts[1].lower(), parts[2], parts[3]
    problem = _extra_part(authority, parts[4], parts[5])
    if problem is None:
        problem = hostname_problem(authority.lower())
    if problem is None and tail:
        problem = path_problem(tail)
    if problem is None:
        return Url(scheme, authority.lower(), tail)
    reader.bad(ANNOTATION_VALUE, value, problem, fix)
    return None


def _extra_part(authority: str, query: str | None, fragment: str | None) -> str | None:
    """Which part of a URL a redirect would lose."""
    if query is not None:
        return f"the query {query} would be lost: only scheme, host and path of the URL are used"
    if fragment is not None:
        return f"the fragment {fragment} would be lost: only scheme, host and path of the URL are used"
    if "@" in authority:
        return "a user name would be lost: only scheme, host and path of the URL are used"
    if ":" in authority:
        return f"the port of {authority} would be lost: only scheme, host and path of the URL are used"
    return None


def hostname(reader: Reader, value: Value) -> str | None:
    """One host name, in lower case; no wildcard, no port."""
    text = value.text.strip().lower()
    problem = hostname_problem(text)
    if problem is None:
        return text
    reader.bad(ANNOTATION_VALUE, value, problem, "write one host name, such as shop.example.com")
    return None


def hostname_problem(text: str) -> str | None:
    """Why `text` (in lower case) cannot be a host name, or None where it can."""
    if not text:
        return "it names no host"
    if found := _NGINX_VARIABLE.search(text):
        return f"nginx variables such as {found[0]} mean nothing to MSE"
    if len(text) > 253 or any(len(part) > 63 for part in text.split(".")) or not _HOST.fullmatch(text):
        return f"{text!r} is no host name (RFC 1123)"
    return None


def csv(reader: Reader, value: Value) -> tuple[str, ...] | None:
    """Items between commas, in order, each once; blanks around them do not count."""
    items = [item.strip() for item in value.text.split(",")]
    if all(items):
        return tuple(dict.fromkeys(items))
    reader.bad(ANNOTATION_VALUE, value, "there is nothing between two of its commas", "delete the comma too many")
    return None


def word(reader: Reader, value: Value, words: tuple[str, ...], text: str | None = None) -> str | None:
    """One of `words`, exactly; `text` is the item that is meant where the value has several."""
    item = value.text.strip() if text is None else text
    if item in words:
        return item
    near = nearest(item, words) or nearest(item.lower(), words) or nearest(item.upper(), words)
    fix = f"write {near}" if near else f"write one of {', '.join(words)}"
    reader.bad(ANNOTATION_VALUE, value, f"{item!r} is not one of {', '.join(words)}", fix)
    return None


def lines(value: Value) -> Iterator[str]:
    """The lines of a value that say something, without blanks around them."""
    return filter(None, map(str.strip, value.text.split("\n")))


def header_lines(reader: Reader, value: Value) -> tuple[tuple[str, str], ...] | None:
    """Pairs of header name and value, one `name value` per line, in order, each name once.

    The first run of blanks separates; quotes around the name or the value do not belong to them.
    """
    fix = "write one header per line, as name, a blank, value: x-stage trial"
    pairs: dict[str, tuple[str, str]] = {}
    for entry in lines(value):
        name, _, text = entry.replace("\t", " ").partition(" ")
        header, content = _unquoted(name), _unquoted(text.strip())
        if not content:
            problem: str | None = f"the line {entry!r} has a name and no value"
        elif header.lower() in pairs:
            problem = f"{header} stands in it twice, and only the last line would count"
        elif _would_shrink(header) or _would_shrink(content):
            problem = f"a name or value of the line {entry!r} begins or ends with a blank or quote that MSE would strip"
        else:
            problem = header_name_problem(header) or header_value_problem(content)
        if problem is not None:
            reader.bad(ANNOTATION_VALUE, value, problem, fix)
            return None
        pairs[header.lower()] = (header, content)
    return tuple(pairs.values())


def header_value_problem(text: str) -> str | None:
    """Why `text` cannot be sent as the value of a header, or None where it can."""
    if not (text.isascii() and text.isprintable()):
        return f"{text!r} holds characters that a header value cannot carry (printable ASCII only)"
    if "%" in text:
        return f"{text!r} holds a percent sign, which Envoy reads as the start of a variable"
    return None


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return text


def _would_shrink(text: str) -> bool:
    """Whether a reader that strips blanks and quotes would change a text that went through one already."""
    return text.strip(" \"'") != text


def labels(reader: Reader, value: Value) -> tuple[tuple[str, str], ...] | None:
    """Pairs of label key and value, one `key value` per line, in order, each key once."""
    fix = "write one label per line, as key, a blank, value: topology.istio.io/cluster c-one"
    pairs: dict[str, str] = {}
    problem: str | None
    for entry in lines(value):
        words = entry.split()
        if len(words) != 2:
            problem = f"the line {entry!r} is not a key, a blank and a value"
        elif words[0] in pairs:
            problem = f"the label {words[0]} stands in it twice"
        else:
            problem = _label_problem(*words)
        if problem is not None:
            reader.bad(ANNOTATION_VALUE, value, problem, fix)
            return None
        pairs[words[0]] = words[1]
    return tuple(pairs.items())


def _label_problem(key: str, text: str) -> str | None:
    if not is_qualified_name(key):
        return f"{key!r} is no key of a label"
    if not is_label_value(text):
        return f"{text!r} is no value of a label"
    return None


def is_qualified_name(key: str) -> bool:
    """Whether `key` may be the key of a label or, in lower case, of an annotation (Kubernetes qualified name)."""
    prefix, slash, name = key.rpartition("/")
    return bool(_LABEL_KEY.fullmatch(key)) and len(name) <= 63 and (not slash or len(prefix) <= 253)


def is_label_value(text: str) -> bool:
    """Whether `text` may be the value of a label, not an empty one."""
    return len(text) <= 63 and bool(_LABEL_VALUE.fullmatch(text))


def is_dns_label(text: str) -> bool:
    """Whether `text` may name a namespace or a Service (RFC 1123 label)."""
    return len(text) <= 63 and bool(_LABEL.fullmatch(text))


def service_ref(reader: Reader, value: Value, *, with_port: bool) -> ServiceRef | None:
    """`[namespace/]name`, and `[:port]` where one is allowed; the namespace defaults to that of the Ingress."""
    fix = "write [namespace/]name[:port], such as shop/cart:80" if with_port else "write [namespace/]name"
    text = value.text.strip()
    place, colon, digits = text.partition(":")
    namespace, slash, name = place.rpartition("/")
    port = port_number(digits) if colon else None
    if colon and not with_port:
        problem = "it names a port, and the first port of the Service is always used"
    elif colon and port is None:
        problem = f"{digits!r} is no port number from 1 to 65535"
    elif slash and not is_dns_label(namespace):
        problem = f"{namespace!r} is no name of a namespace"
    elif not is_dns_label(name):
        problem = f"{name!r} is no name of a Service"
    else:
        return ServiceRef(namespace or reader.namespace, name, port, value.origin)
    reader.bad(ANNOTATION_VALUE, value, problem, fix)
    return None


def port_number(digits: str) -> int | None:
    """A port from 1 to 65535, or None where `digits` is none."""
    if not _INTEGER.fullmatch(digits):
        return None
    number = int(digits)
    return number if 1 <= number <= 65535 else None


def secret_ref(reader: Reader, value: Value) -> SecretRef | None:
    """`[namespace/]name` of a Secret; the namespace defaults to that of the Ingress."""
    namespace, slash, name = value.text.strip().rpartition("/")
    if slash and not is_dns_label(namespace):
        problem: str | None = f"{namespace!r} is no name of a namespace"
    else:
        problem = None if hostname_problem(name) is None else f"{name!r} is no name of a Secret"
    if problem is None:
        return SecretRef(namespace or reader.namespace, name, value.origin)
    reader.bad(ANNOTATION_VALUE, value, problem, "write [namespace/]name of a Secret, such as shop/accounts")
    return None
