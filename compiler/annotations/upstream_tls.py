"""Upstream TLS: what the gateway presents to the pods of a Service, and by which name it asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.annotations import protocol, values
from compiler.annotations.family import Annotation, Family
from compiler.annotations.relations import ANNOTATION_CONFLICT
from compiler.diagnostics import Note, warning
from compiler.ir import features
from compiler.ir.traffic import UpstreamTls

if TYPE_CHECKING:
    from compiler.annotations.family import Reader, Value

UPSTREAM_TLS_UNUSED = warning(
    "upstream-tls-unused",
    "settings for TLS to a backend that is spoken to without TLS",
    """\
`proxy-ssl-server-name`, `proxy-ssl-name` and `proxy-ssl-verify` shape the TLS connection to the pods of a Service.
There is one only where `backend-protocol` is HTTPS or GRPCS, or `proxy-ssl-secret` names a certificate to present.
Anywhere else MSE speaks plain HTTP and passes over these settings, in silence.

Write backend-protocol: HTTPS (or GRPCS) if the pods have TLS; delete the settings if they do not.""",
)

UPSTREAM_TLS_IMPLIED = warning(
    "upstream-tls-implied",
    "a client certificate for a backend, and no word on its protocol",
    """\
`proxy-ssl-secret` names a certificate that the gateway presents to the pods, and only TLS can carry one. The pages of
Alibaba Cloud use the annotation alone; public code of the gateway passes over it while the protocol is HTTP. fleetgate
goes by the pages: the backend is spoken to with TLS, and target mse writes HTTPS (GRPCS where the port of the Service
says HTTP/2) beside the Secret, so that no gateway reads it otherwise.

Write backend-protocol: HTTPS or GRPCS to say so yourself.""",
)

_PROTOCOL = f"{protocol.NAME}: HTTPS or GRPCS"

ANNOTATIONS = (
    Annotation(
        "proxy-ssl-secret",
        ("nginx", "mse"),
        "secret-ref",
        "service",
        "Secret (`[namespace/]name`) with the client certificate that the gateway presents to the Service (`tls.crt`, "
        "`tls.key`), and with the CA (`ca.crt`) by which it verifies the Service. Goes with backend-protocol HTTPS or "
        "GRPCS.",
        example="shop/gateway-cert",
    ),
    Annotation(
        "proxy-ssl-name",
        ("nginx", "mse"),
        "hostname",
        "service",
        "Server name (SNI) that is sent to the Service, instead of the Host of the request.",
        requires=("proxy-ssl-server-name",),
        example="cart.internal.example.com",
    ),
    Annotation(
        "proxy-ssl-server-name",
        ("nginx", "mse"),
        "on-off",
        "service",
        "Whether a server name (SNI) is sent to the Service: that of proxy-ssl-name, else the Host of the request.",
        default="off",
        values=("on", "off"),
        example="on",
    ),
    Annotation(
        "proxy-ssl-verify",
        ("nginx", "mse"),
        "on-off",
        "service",
        "Asks for the certificate of the Service to be verified. In MSE it has no effect: there the Secret of "
        "proxy-ssl-secret decides, without which nothing is verified.",
        default="off",
        values=("on", "off"),
        support="partial",
        example="on",
    ),
)


def parse(reader: Reader) -> UpstreamTls | None:
    """How TLS is spoken to the Service; None where nothing is said of it, or a value is bad."""
    secret, name, sends, verify = written = [reader.get(each.name) for each in ANNOTATIONS]
    first = next((value for value in written if value is not None), None)
    certificate = None if secret is None else values.secret_ref(reader, secret)
    server_name = "" if name is None else values.hostname(reader, name)
    sends_name = False if sends is None else values.on_off(reader, sends)
    verifies = False if verify is None else values.on_off(reader, verify)
    is_read = (certificate is None) == (secret is None) and None not in (server_name, sends_name, verifies)
    if first is None or not is_read:
        return None
    asked = [value for value in (name, sends, verify) if value is not None and not values.is_off(value, "on-off")]
    if _is_sound(reader, secret, asked):
        return UpstreamTls(certificate, bool(sends_name), server_name or "", bool(verifies), first.origin)
    return None


def _is_sound(reader: Reader, secret: Value | None, asked: list[Value]) -> bool:
    """Report settings that do not go with the protocol; False where that is an error."""
    named = reader.get(protocol.NAME)
    has_tls = named is not None and protocol.named(named) in protocol.WITH_TLS
    if has_tls or protocol.is_doubtful(reader) or (secret is None and not asked):
        return True
    if secret is None:
        first, *rest = asked
        plain = f"without {protocol.NAME}" if named is None else f"with {named.key}: {named.text.strip()}"
        notes = [Note(named.origin, "the protocol without TLS")] if named is not None else []
        notes += [Note(value.origin, f"{value.key} is lost too") for value in rest]
        why = f"it has no effect: {plain} the gateway speaks to the Service without TLS"
        reader.findings.add(
            UPSTREAM_TLS_UNUSED, first.origin, first.key, why, f"write {_PROTOCOL}, or delete it", tuple(notes)
        )
        return True
    if named is None:
        why = f"no {protocol.NAME} is written, so MSE may pass over it; a certificate needs TLS"
        reader.bad(UPSTREAM_TLS_IMPLIED, secret, why, f"write {_PROTOCOL}")
        return True
    reader.findings.add(
        ANNOTATION_CONFLICT,
        secret.origin,
        secret.key,
        f"a client certificate needs TLS, and {named.key}: {named.text.strip()} has none",
        f"write {_PROTOCOL}, or delete {secret.key}",
        (Note(named.origin, "the protocol without TLS"),),
    )
    return False


FAMILY = Family("upstream_tls", ANNOTATIONS, parse, (features.PROTOCOL,))
