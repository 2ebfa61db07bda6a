"""Redirect: answer with another address instead of a backend; plain HTTP to HTTPS; the start page of a host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from compiler.annotations import values
from compiler.annotations.family import Annotation, Family
from compiler.ir import features
from compiler.ir.traffic import Redirect

if TYPE_CHECKING:
    from compiler.annotations.family import Reader, Value

ANNOTATIONS = (
    Annotation(
        "ssl-redirect",
        ("nginx", "mse"),
        "bool",
        "ingress",
        "Redirects HTTP to HTTPS with status 308; the same as force-ssl-redirect. Off by default, with TLS too: there "
        "ingress-nginx redirects by default, and whoever comes from it and relies on that writes it out.",
        default="false",
        example="true",
    ),
    Annotation(
        "force-ssl-redirect",
        ("nginx", "mse"),
        "bool",
        "ingress",
        "Redirects HTTP to HTTPS with status 308, without a TLS section too; the same as ssl-redirect.",
        default="false",
        example="true",
    ),
    Annotation(
        "permanent-redirect",
        ("nginx", "mse"),
        "url",
        "ingress",
        "Answers every request with a redirect to this http or https URL, with status 301 or permanent-redirect-code. "
        "A URL without a path keeps the path of the request.",
        overrides=("ssl-redirect", "force-ssl-redirect"),
        example="https://new.example.com",
    ),
    Annotation(
        "permanent-redirect-code",
        ("nginx", "mse"),
        "status-code",
        "ingress",
        "Status of permanent-redirect, 300 to 308.",
        default="301",
        requires=("permanent-redirect",),
        example="308",
        low=300,
        high=308,
    ),
    Annotation(
        "temporal-redirect",
        ("nginx", "mse"),
        "url",
        "ingress",
        "Answers every request with a redirect (status 302) to this http or https URL.",
        overrides=("permanent-redirect", "permanent-redirect-code", "ssl-redirect", "force-ssl-redirect"),
        example="https://sorry.example.com/soon",
    ),
    Annotation(
        "app-root",
        ("nginx", "mse"),
        "path",
        "ingress",
        "Answers a request for exactly `/` on the hosts of the Ingress with a redirect (status 302) to this path. An "
        "Exact rule for `/` comes before it.",
        example="/home",
    ),
)


class Redirects(Struct, frozen=True, gc=False):
    """What an Ingress answers without its backends."""

    target: Redirect | None = None
    """To every request of its routes: an absolute URL; "" as path keeps the path of the request."""
    https: Redirect | None = None
    """To requests without TLS, where there is no `target`: the same address with https."""
    app_root: Redirect | None = None
    """To requests for exactly `/` on the hosts of the Ingress, unless an Exact rule for `/` exists."""


def parse(reader: Reader) -> Redirects | None:
    """What is answered without a backend; None where nothing is, or a value is bad."""
    target = _target(reader, "temporal-redirect", 302) or _target(reader, "permanent-redirect", 301)
    https = _https(reader)
    root = reader.get("app-root")
    start = None if root is None else _app_root(reader, root)
    if target is None and https is None and start is None:
        return None
    return Redirects(target, https, start)


def _target(reader: Reader, name: str, status: int) -> Redirect | None:
    value = reader.get(name)
    if value is None:
        return None
    code = reader.get("permanent-redirect-code") if name == "permanent-redirect" else None
    number = status if code is None else values.integer(reader, code, 300, 308)
    url = values.url(reader, value)
    if url is None or number is None:
        return None
    return Redirect(number, url.scheme, url.host, path=url.path, origin=value.origin)


def _https(reader: Reader) -> Redirect | None:
    """Either annotation switches it on; both are read, so that a bad value in one is not missed."""
    found = [value for name in ("ssl-redirect", "force-ssl-redirect") if (value := reader.get(name)) is not None]
    switched_on = [value for value in found if values.boolean(reader, value)]
    return Redirect(308, "https", origin=switched_on[0].origin) if switched_on else None


def _app_root(reader: Reader, value: Value) -> Redirect | None:
    path = values.path(reader, value)
    if path == "/":
        why = "it redirects / to /, forever"
        reader.bad(values.ANNOTATION_VALUE, value, why, "write the path of the start page, such as /home")
        return None
    return None if path is None else Redirect(302, path=path, origin=value.origin)


FAMILY = Family("redirects", ANNOTATIONS, parse, (features.REDIRECTS,))
