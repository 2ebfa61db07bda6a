"""Client TLS: which versions and ciphers a host offers, and whether clients have to present a certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from compiler.annotations import values
from compiler.annotations.family import Annotation, Family
from compiler.annotations.relations import ANNOTATION_CONFLICT, ANNOTATION_NO_EFFECT
from compiler.annotations.words import nearest
from compiler.diagnostics import Note
from compiler.ir import features
from compiler.ir.delivery import TLS_DEFAULTS
from compiler.ir.traffic import TlsSettings

if TYPE_CHECKING:
    from compiler.annotations.family import Reader, Value

Version = Literal["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
VERSIONS: tuple[Version, ...] = ("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
"""In order."""

CIPHERS = (*TLS_DEFAULTS.ciphers, "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305")
"""The suites that the gateway knows (MSE's default list, and the list of its sibling, APIG)."""

ANNOTATIONS = (
    Annotation(
        "tls-min-protocol-version",
        ("mse",),
        "enum",
        "domain",
        "Lowest TLS version that clients of the hosts may use.",
        default=TLS_DEFAULTS.min_version,
        values=VERSIONS,
        support="exclusive",
        example="TLSv1.2",
    ),
    Annotation(
        "tls-max-protocol-version",
        ("mse",),
        "enum",
        "domain",
        "Highest TLS version that clients of the hosts may use.",
        default=TLS_DEFAULTS.max_version,
        values=VERSIONS,
        support="exclusive",
        example="TLSv1.2",
    ),
    Annotation(
        "ssl-cipher",
        ("nginx", "mse"),
        "cipher-list",
        "domain",
        "Cipher suites that clients of the hosts may use up to TLS 1.2, by their OpenSSL names, between commas (or "
        "between colons), the preferred one first. ingress-nginx calls it ssl-ciphers.",
        default=":".join(TLS_DEFAULTS.ciphers),
        example="ECDHE-ECDSA-AES128-GCM-SHA256,ECDHE-RSA-AES128-GCM-SHA256",
    ),
    Annotation(
        "auth-tls-secret",
        ("nginx", "mse"),
        "secret-ref",
        "domain",
        "Secret (`[namespace/]name`) with the CA (`ca.crt`) by which every client of the hosts has to present a "
        "certificate. It stands beside the certificate of the host, and is called like that with -cacert behind it, "
        "or is that Secret itself.",
        support="partial",
        example="shop/shop-tls-cacert",
    ),
)


def parse(reader: Reader) -> TlsSettings | None:
    """The settings, without an owner; None where there are none, or a value is bad."""
    lowest, highest, suites, ca = (reader.get(annotation.name) for annotation in ANNOTATIONS)
    found = [value for value in (lowest, highest, suites, ca) if value is not None]
    if not found:
        return None
    low = None if lowest is None else values.word(reader, lowest, VERSIONS)
    high = None if highest is None else values.word(reader, highest, VERSIONS)
    ciphers = () if suites is None else _ciphers(reader, suites)
    client_ca = None if ca is None else values.secret_ref(reader, ca)
    is_read = (low is None, high is None, client_ca is None) == (lowest is None, highest is None, ca is None)
    if not is_read or ciphers is None or not _is_range(reader, lowest, highest):
        return None
    if low == VERSIONS[-1] and suites is not None and lowest is not None:
        reader.findings.add(
            ANNOTATION_NO_EFFECT,
            suites.origin,
            suites.key,
            "it has no effect where TLSv1.3 is the lowest version: the suites of TLS 1.3 cannot be chosen",
            "delete it, or allow TLSv1.2 too",
            (Note(lowest.origin, "this one decides"),),
        )
        ciphers = ()
    return TlsSettings(
        cast("Version | None", low), cast("Version | None", high), ciphers, client_ca, None, found[0].origin
    )


def _is_range(reader: Reader, lowest: Value | None, highest: Value | None) -> bool:
    """Whether some version lies between the lowest and the highest."""
    if lowest is None or highest is None or lowest.text.strip() <= highest.text.strip():
        return True
    reader.findings.add(
        ANNOTATION_CONFLICT,
        lowest.origin,
        f"{lowest.key}: {lowest.text!r}",
        f"it is above {highest.key}, which says {highest.text.strip()}: no version is left",
        "write a lowest version that is not above the highest",
        (Note(highest.origin, "the highest version"),),
    )
    return False


def _ciphers(reader: Reader, value: Value) -> tuple[str, ...] | None:
    """Suites in order, each once. MSE's reference separates them by commas, its sibling's and their code by colons."""
    text = value.text
    fix = "write names between commas, such as ECDHE-ECDSA-AES128-GCM-SHA256,ECDHE-RSA-AES128-GCM-SHA256"
    if "," in text and ":" in text:
        reader.bad(values.ANNOTATION_VALUE, value, "it separates suites by commas and by colons", fix)
        return None
    items = [item.strip() for item in text.replace(":", ",").split(",")]
    problem = next(filter(None, map(_cipher_problem, items)), None)
    if problem is None:
        return tuple(dict.fromkeys(items))
    reader.bad(values.ANNOTATION_VALUE, value, problem, fix)
    return None


def _cipher_problem(name: str) -> str | None:
    """Why MSE would pass over a suite, or None where it knows it."""
    if name in CIPHERS:
        return None
    if not name:
        return "there is nothing between two of its separators"
    if (
        name.startswith("TLS_")
        and name.endswith(("_GCM_SHA256", "_GCM_SHA384", "_POLY1305_SHA256"))
        and "WITH" not in name
    ):
        return f"{name} belongs to TLS 1.3, whose suites cannot be chosen"
    if name[0] in "!+-@" or name.isalpha():
        return f"{name!r} is an expression of OpenSSL, and the gateway knows names of single suites only"
    near = nearest(name.upper(), CIPHERS)
    return f"{name!r} is no cipher suite of the gateway" + (f", did you mean {near}?" if near else "")


FAMILY = Family("tls", ANNOTATIONS, parse, (features.CLIENT_TLS,))
