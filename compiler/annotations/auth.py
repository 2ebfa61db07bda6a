"""Basic auth: who gets past the routes of an Ingress with a name and a password."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, cast

from compiler.annotations import values
from compiler.annotations.family import Annotation, Family
from compiler.ir import features
from compiler.ir.traffic import BasicAuth

if TYPE_CHECKING:
    from compiler.annotations.family import Reader

_QUOTABLE = re.compile(r"[ !#-\[\]-~]*")
_FORMS: tuple[Literal["auth-file", "auth-map"], ...] = ("auth-file", "auth-map")

ANNOTATIONS = (
    Annotation(
        "auth-type",
        ("nginx", "mse"),
        "enum",
        "ingress",
        "Asks callers for a name and a password (401 without). Only `basic` exists.",
        values=("basic",),
        requires=("auth-secret",),
        support="partial",
        example="basic",
    ),
    Annotation(
        "auth-secret",
        ("nginx", "mse"),
        "secret-ref",
        "ingress",
        "Secret (`[namespace/]name`) with the accounts; the namespace of the Ingress where none is written. "
        "With target envoy each line of its key `auth` is `user:{SHA}hash`, as `htpasswd -s` makes them: Envoy refuses "
        "the form that htpasswd writes by default ($apr1$), and bcrypt.",
        requires=("auth-type",),
        example="shop/accounts",
    ),
    Annotation(
        "auth-secret-type",
        ("nginx", "mse"),
        "enum",
        "ingress",
        "Form of the Secret. `auth-file`: its key `auth` holds a line `user:hash` per account; `auth-map`: each key is "
        "a user, its value the hash.",
        default="auth-file",
        values=_FORMS,
        requires=("auth-type", "auth-secret"),
        example="auth-map",
    ),
    Annotation(
        "auth-realm",
        ("nginx", "mse"),
        "string",
        "ingress",
        "Realm that callers are shown. Accounts are shared inside a realm: two Ingresses with one realm and two "
        "Secrets let in the accounts of both.",
        requires=("auth-type", "auth-secret"),
        example="Staff only",
    ),
)


def parse(reader: Reader) -> BasicAuth | None:
    """The accounts to ask for; None where there are none, or a value is bad."""
    kind, secret, form, realm = (reader.get(annotation.name) for annotation in ANNOTATIONS)
    if kind is None or secret is None:
        return None
    scheme = values.word(reader, kind, ("basic",))
    ref = values.secret_ref(reader, secret)
    word = _FORMS[0] if form is None else values.word(reader, form, _FORMS)
    text = "" if realm is None else realm.text.strip()
    if realm is not None and not _QUOTABLE.fullmatch(text):
        why = "a realm is sent between quotes, so it is printable ASCII without quotes and backslashes"
        reader.bad(values.ANNOTATION_VALUE, realm, why, "write a few plain words")
        return None
    if scheme is None or ref is None or word is None:
        return None
    return BasicAuth(ref, cast('Literal["auth-file", "auth-map"]', word), text, kind.origin)


FAMILY = Family("auth", ANNOTATIONS, parse, (features.BASIC_AUTH,))
