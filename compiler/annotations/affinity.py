"""Session affinity: the gateway sets a cookie, and requests that carry it go to one pod."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.annotations import values
from compiler.annotations.family import Annotation, Family
from compiler.diagnostics import warning
from compiler.ir import features
from compiler.ir.traffic import Affinity

if TYPE_CHECKING:
    from compiler.annotations.family import Reader

AFFINITY_CANARY_BEHAVIOR = warning(
    "affinity-canary-behavior",
    "affinity-canary-behavior sticky has no effect in MSE",
    """\
In ingress-nginx `sticky`, which is also its default, keeps a caller with the canary, or with the base, that its cookie
was set for. In MSE the choice of a canary never looks at that cookie: each request is counted anew (the behaviour that
ingress-nginx calls `legacy`), so a caller may go back and forth between base and canary.

Delete the annotation or write legacy. To keep callers with one side, choose them by a header, a query parameter or a
cookie of your own (canary-by-header, canary-by-query, canary-by-cookie).""",
)

COOKIE = "INGRESSCOOKIE"
_SWITCHES = "affinity | session-cookie-name | session-cookie-path"
_HIDDEN = ("upstream-hash-by", "load-balance", "warmup")

ANNOTATIONS = (
    Annotation(
        "affinity",
        ("nginx", "mse"),
        "enum",
        "service",
        "Requests of one caller go to one pod of the Service: the gateway sets a cookie and hashes by it. Without it "
        "there is no affinity, unless session-cookie-name or session-cookie-path is there.",
        values=("cookie",),
        overrides=_HIDDEN,
        example="cookie",
    ),
    Annotation(
        "affinity-mode",
        ("nginx", "mse"),
        "enum",
        "service",
        "What happens to sessions when the number of pods changes. There is only balanced: some of them move.",
        default="balanced",
        values=("balanced",),
        requires=("affinity",),
        support="partial",
        example="balanced",
    ),
    Annotation(
        "affinity-canary-behavior",
        ("nginx", "mse"),
        "enum",
        "service",
        "Whether a caller stays with the canary that it once reached. In MSE it never does, which is legacy.",
        default="legacy",
        values=("sticky", "legacy"),
        requires=("affinity",),
        support="partial",
        example="legacy",
    ),
    Annotation(
        "session-cookie-name",
        ("nginx", "mse"),
        "cookie-name",
        "service",
        "Name of the cookie. Alone it switches affinity on already.",
        default=COOKIE,
        overrides=_HIDDEN,
        example="cart-session",
    ),
    Annotation(
        "session-cookie-path",
        ("nginx", "mse"),
        "path",
        "service",
        "Path of the cookie. Alone it switches affinity on already.",
        default="/",
        overrides=_HIDDEN,
        example="/cart",
    ),
    Annotation(
        "session-cookie-max-age",
        ("nginx", "mse"),
        "duration-seconds",
        "service",
        "Lifetime of the cookie in seconds. Without it, and with 0, it ends with the session of the browser.",
        requires=(_SWITCHES,),
        overrides=("session-cookie-expires",),
        example="3600",
        low=0,
    ),
    Annotation(
        "session-cookie-expires",
        ("nginx", "mse"),
        "duration-seconds",
        "service",
        "The same as session-cookie-max-age, which is read first.",
        requires=(_SWITCHES,),
        example="3600",
        low=0,
    ),
)


def parse(reader: Reader) -> Affinity | None:
    """The cookie; None where there is no affinity, or a value is bad."""
    switch, name, path = (reader.get(each) for each in ("affinity", "session-cookie-name", "session-cookie-path"))
    first = next((value for value in (switch, name, path) if value is not None), None)
    if first is None:
        return None
    age = reader.get("session-cookie-max-age") or reader.get("session-cookie-expires")
    cookie = COOKIE if name is None else values.cookie_name(reader, name)
    where = "/" if path is None else _path(reader)
    lifetime = 0 if age is None else values.seconds(reader, age)
    is_understood = [_is_cookie(reader), _is_balanced(reader), _is_legacy(reader)]
    if cookie is None or where is None or lifetime is None or not all(is_understood):
        return None
    return Affinity(cookie, where, lifetime or None, first.origin)


def _is_cookie(reader: Reader) -> bool:
    value = reader.get("affinity")
    if value is None or value.text.strip() == "cookie":
        return True
    why = f"{value.text.strip()!r} is not one of cookie, and MSE would switch that one on whatever stands here"
    reader.bad(values.ANNOTATION_VALUE, value, why, "write cookie, or delete it")
    return False


def _is_balanced(reader: Reader) -> bool:
    value = reader.get("affinity-mode")
    if value is None or value.text.strip() == "balanced":
        return True
    why = f"{value.text.strip()!r} is not one of balanced, and MSE would go by that: sessions move when pods do"
    reader.bad(values.ANNOTATION_VALUE, value, why, "write balanced, or delete it")
    return False


def _is_legacy(reader: Reader) -> bool:
    value = reader.get("affinity-canary-behavior")
    word = None if value is None else values.word(reader, value, ("sticky", "legacy"))
    if value is not None and word == "sticky":
        why = (
            "MSE chooses between base and canary anew for each request, where ingress-nginx stays with the first choice"
        )
        fix = "write legacy, which is what happens, or choose callers by a header, a query parameter or a cookie"
        reader.bad(AFFINITY_CANARY_BEHAVIOR, value, why, fix)
    return value is None or word is not None


def _path(reader: Reader) -> str | None:
    value = reader.values["session-cookie-path"]
    path = values.path(reader, value)
    if path is not None and ";" in path:
        why = "a semicolon ends the path in the header Set-Cookie"
        reader.bad(values.ANNOTATION_VALUE, value, why, "write a path without semicolons, such as /cart")
        return None
    return path


FAMILY = Family("affinity", ANNOTATIONS, parse, (features.BALANCE,))
