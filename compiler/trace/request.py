"""A request as a client sends it, read from what one would give to curl."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

Scheme = Literal["http", "https"]


class BadRequestError(Exception):
    """Words that describe no request; the text says what is wrong and what to write."""


class Request(Struct, frozen=True, gc=False):
    """A request on its way to a gateway."""

    method: str
    scheme: Scheme
    host: str
    """The Host header (HTTP/1.1) or `:authority` (HTTP/2): as sent, with its port if it has one."""
    path: str
    """As sent, without query; begins with a slash."""
    query: str | None = None
    """As sent, without the question mark; None = there is none."""
    headers: tuple[tuple[str, str], ...] = ()
    """Names in lower case, in order; a name may come several times. Without `host`."""
    client: str = ""
    """The client's IP address as the gateway believes it (behind trusted proxies: what they say); "" = not given."""

    @property
    def url(self) -> str:
        """The URL that was asked for."""
        query = "" if self.query is None else f"?{self.query}"
        return f"{self.scheme}://{self.host}{self.path}{query}"

    def values(self, name: str) -> tuple[str, ...]:
        """The values of a header (lower case), in order."""
        return tuple(value for header, value in self.headers if header == name)


_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""Names of methods and headers (RFC 9110, section 5.6.2)."""
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_AUTHORITY = re.compile(r"(?:(?P<user>[^@/]*)@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]@:/\s]+)(?::(?P<port>\d{1,5}))?")
_UNSENDABLE = re.compile(r"[^\x21-\x7e]")
_SHOWN = 80


def read_request(method: str, url: str, headers: Sequence[str] = (), client: str = "") -> Request:
    """The request of `curl -X METHOD -H HEADER… URL`, or a BadRequestError.

    As with curl, a URL without a scheme is http, a fragment is not sent, `user:password@` becomes an Authorization
    header, `-H 'Host: x'` replaces the host, `Name;` is a header without a value, and `Name:` is none. Dots in the path
    are sent as they are (`curl --path-as-is`): the gateway resolves them.
    """
    if not _TOKEN.fullmatch(method):
        raise BadRequestError(f"{_quoted(method)} is no HTTP method: write GET, POST, …")
    scheme, host, target, user = _url(url)
    sent: list[tuple[str, str]] = []
    for header in headers:
        name, value = _header(header)
        if name == "host":
            host = value or host
        elif value is not None:
            sent.append((name, value))
    if user and not any(name == "authorization" for name, _ in sent):
        sent.append(("authorization", _basic(user)))
    path, mark, query = target.partition("?")
    return Request(
        method.upper(),
        scheme,
        host,
        path or "/",
        query if mark else None,
        tuple(sent),
        _address(client) if client else "",
    )


def _url(url: str) -> tuple[Scheme, str, str, str]:
    """Scheme, host with port, path with query, and user of a URL."""
    found = _SCHEME.match(url)
    scheme = found[1].lower() if found else "http"
    rest = url[found.end() :] if found else url
    if scheme not in ("http", "https"):
        raise BadRequestError(f"{scheme}:// is no scheme of a gateway: write http:// or https://")
    rest = rest.partition("#")[0]
    unsendable = _UNSENDABLE.search(rest)
    if unsendable is not None:
        if not re.search("[/?]", rest[: unsendable.start()]):
            raise BadRequestError(f"{_quoted(unsendable[0])} may not stand in a host: write it as DNS has it (xn--…)")
        coded = "".join(f"%{byte:02X}" for byte in unsendable[0].encode("utf-8", "surrogatepass"))
        raise BadRequestError(f"{_quoted(unsendable[0])} may not stand in a URL: write {coded}")
    end = next((i for i, c in enumerate(rest) if c in "/?"), len(rest))
    authority = _AUTHORITY.fullmatch(rest[:end])
    if authority is None:
        raise BadRequestError(f"no host in {_quoted(url)}: write a URL such as https://shop.example.com/cart")
    if authority["port"] and not 0 < int(authority["port"]) < 65_536:
        raise BadRequestError(f"{authority['port']} is no port: write one from 1 to 65535")
    default = "443" if scheme == "https" else "80"
    port = f":{authority['port']}" if authority["port"] not in (None, default) else ""
    return scheme, authority["host"] + port, rest[end:], authority["user"] or ""  # type: ignore[return-value]


def _header(written: str) -> tuple[str, str | None]:
    """Name in lower case and value of `Name: value`; None = curl would not send it."""
    name, colon, value = written.partition(":")
    if not colon and written.endswith(";"):
        name, colon, value = written[:-1], ":", ";"
    name = name.strip()
    if not colon or not _TOKEN.fullmatch(name):
        raise BadRequestError(f"-H {_quoted(written)} is no header: write -H 'name: value'")
    if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value):
        raise BadRequestError(f"-H {_quoted(written)}: a header's value has no control characters")
    value = value.strip(" \t")
    return name.lower(), {"": None, ";": ""}.get(value, value)


def _basic(user: str) -> str:
    """Credentials of a URL as curl sends them (RFC 7617)."""
    import base64  # noqa: PLC0415 - hardly anybody writes credentials into a URL
    import urllib.parse  # noqa: PLC0415 - the same

    name, _, password = user.partition(":")
    plain = f"{urllib.parse.unquote(name)}:{urllib.parse.unquote(password)}"
    return f"Basic {base64.b64encode(plain.encode()).decode()}"


def _address(client: str) -> str:
    import ipaddress  # noqa: PLC0415 - only where an address is given

    try:
        return str(ipaddress.ip_address(client))
    except ValueError:
        raise BadRequestError(f"{_quoted(client)} is no IP address: write one such as 203.0.113.7") from None


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")
