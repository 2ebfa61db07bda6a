"""TLS to the pods of a Service: what is presented, which name is asked for, what is verified."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.drill.stub.spec import Certificates
from tests.envoy.certificates import certify
from tests.envoy.compiled import seen
from tests.envoy.effects.case import Case, Effects, Group
from tests.envoy.effects.protocol import certified, with_tls

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.envoy.effects.case import Side

TLS = {"backend-protocol": "HTTPS"}
SECRET = {"proxy-ssl-secret": "NAMESPACE/gateway"}


def _both_certified(side: Side) -> None:
    certified(side)
    certify(side.all_secrets, "gateway", namespace=side.namespace)


def _signed_by_another(side: Side) -> None:
    certify(side.all_secrets, "pod", host="pod.internal", namespace=side.namespace, ca="other-ca")
    certify(side.all_secrets, "gateway", namespace=side.namespace)


def _demanding(side: Side) -> tuple[Group, ...]:
    """One pod that wants to see a certificate."""
    mine = f"{side.secrets}/pod/tls"
    return (
        Group(
            count=1,
            tls=Certificates(certificate=f"{mine}.crt", key=f"{mine}.key", client_ca=f"{side.all_secrets}/ca/crt"),
        ),
    )


def _client(side: Side) -> tuple[int, str]:
    """The status, and the certificate that the pod saw."""
    answer = side.get()
    return answer.status, seen(answer).client if answer.status == 200 else ""


def _server_name(side: Side) -> str:
    """The name that was asked for; HOST for that of the request."""
    return side.said().server_name.replace(side.host, "HOST")


def _status(side: Side) -> int:
    return side.get().status


def _case(
    name: str,
    proves: dict[str, str],
    see: Callable[[Side], object],
    seen: object,
    otherwise: object,
    **more: object,
) -> Case:
    return Case(name, proves, see, seen, otherwise, **{"beside": TLS, "groups": with_tls, "prepare": certified, **more})  # type: ignore[arg-type]  # fields of a case


EFFECTS = Effects(
    "upstream TLS",
    (
        _case(
            "secret",
            SECRET,
            _client,
            seen=(200, "commonName=gateway"),
            otherwise=(503, ""),
            groups=_demanding,
            prepare=_both_certified,
        ),
        _case(
            "secret-alone",
            SECRET,
            _client,
            seen=(200, "commonName=gateway"),
            otherwise=(503, ""),
            beside={},
            groups=_demanding,
            prepare=_both_certified,
            findings=("upstream-tls-implied",),
        ),
        _case("authority", SECRET, _status, seen=503, otherwise=200, prepare=_signed_by_another),
        _case("server-name", {"proxy-ssl-server-name": "on"}, _server_name, seen="HOST", otherwise=""),
        _case(
            "name",
            {"proxy-ssl-name": "safe.internal"},
            _server_name,
            seen="safe.internal",
            otherwise="HOST",
            beside={**TLS, "proxy-ssl-server-name": "on"},
        ),
        _case("verify", {"proxy-ssl-verify": "on"}, _status, seen=503, otherwise=200),
        _case(
            "verify-name",
            {"proxy-ssl-verify": "on"},
            _status,
            seen=503,
            otherwise=200,
            beside={**TLS, **SECRET, "proxy-ssl-server-name": "on", "proxy-ssl-name": "other.internal"},
            prepare=_both_certified,
        ),
        _case(
            "verify-right-name",
            {"proxy-ssl-verify": "on"},
            _status,
            seen=200,
            otherwise=200,
            beside={**TLS, **SECRET, "proxy-ssl-server-name": "on", "proxy-ssl-name": "pod.internal"},
            prepare=_both_certified,
        ),
        _case(
            "verify-host",
            {"proxy-ssl-verify": "on"},
            _status,
            seen=503,
            otherwise=200,
            beside={**TLS, **SECRET, "proxy-ssl-server-name": "on"},
            prepare=_both_certified,
        ),
        _case(
            "verify-right-host",
            {"proxy-ssl-verify": "on"},
            _status,
            seen=200,
            otherwise=200,
            beside={**TLS, **SECRET, "proxy-ssl-server-name": "on", "upstream-vhost": "pod.internal"},
            prepare=_both_certified,
        ),
    ),
)
