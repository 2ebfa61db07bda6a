"""What clients of a host may use of TLS, asked with `openssl s_client`."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from compiler.drill.load import Ask, ClientTls
from tests.envoy.certificates import LISTENERS, certify
from tests.envoy.effects.case import Case, Effects

if TYPE_CHECKING:
    from tests.envoy.effects.case import Side
    from tests.small_fleet import Document

VERSIONS = ("tls1", "tls1_1", "tls1_2", "tls1_3")
SUITES = ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305")


def _prepare(side: Side) -> None:
    certify(side.all_secrets, "host", host=side.host, namespace=side.namespace)


def _prepare_clients(side: Side) -> None:
    _prepare(side)
    certify(side.all_secrets, "me", namespace=side.namespace)
    certify(side.all_secrets, "stranger", namespace=side.namespace, ca="other-ca")
    authority = side.secrets / "host-cacert"
    authority.mkdir()
    (authority / "ca.crt").write_bytes((side.all_secrets / "ca" / "crt").read_bytes())


def _documents(side: Side) -> list[Document]:
    return [side.ingress(tls=[{"hosts": [side.host], "secretName": "host"}])]


def _handshake(side: Side, *options: str) -> str:
    """`<version> <suite>` of a connection; "" = it is refused."""
    address, port = side.gateway.envoy.address("https")
    command = ("openssl", "s_client", "-brief", "-connect", f"{address}:{port}", "-servername", side.host, *options)
    ended = subprocess.run(command, input=b"", capture_output=True, timeout=20, check=False)
    said = dict(line.partition(": ")[::2] for line in ended.stderr.decode().splitlines())
    if ended.returncode:
        return ""
    return f"{said['Protocol version']} {said['Ciphersuite']}"


def _versions(side: Side) -> list[str]:
    """Versions that are accepted from a client that can only speak this one."""
    return [each for each in VERSIONS if _handshake(side, f"-{each}", "-cipher", "ALL:@SECLEVEL=0")]


def _suites(side: Side) -> list[str]:
    """Suites of TLS 1.2 that are accepted from a client that has only this one."""
    return [each for each in SUITES if _handshake(side, "-tls1_2", "-cipher", each)]


def _callers(side: Side) -> list[int]:
    """Statuses for a client with a certificate of the CA, with one of another CA, and with none; 0 = refused."""

    def status(client: str) -> int:
        mine = f"{side.secrets}/{client}/tls"
        certificate = {"certificate": f"{mine}.crt", "key": f"{mine}.key"} if client else {}
        tls = ClientTls(server_name=side.host, ca=f"{side.all_secrets}/ca/crt", **certificate)
        return side.ask(Ask(), listener="https", tls=tls)[0].status

    return [status(client) for client in ("me", "stranger", "")]


def _case(name: str, proves: dict[str, str], see: object, seen: object, otherwise: object) -> Case:
    assert callable(see)
    return Case(name, proves, see, seen, otherwise, documents=_documents, prepare=_prepare)


MODERN = ["tls1_2", "tls1_3"]

EFFECTS = Effects(
    "client TLS",
    (
        _case("min", {"tls-min-protocol-version": "TLSv1.3"}, _versions, ["tls1_3"], MODERN),
        _case("min-lower", {"tls-min-protocol-version": "TLSv1.1"}, _versions, ["tls1_1", *MODERN], MODERN),
        _case("min-lowest", {"tls-min-protocol-version": "TLSv1.0"}, _versions, list(VERSIONS), MODERN),
        _case("max", {"tls-max-protocol-version": "TLSv1.2"}, _versions, ["tls1_2"], MODERN),
        _case("suites", {"ssl-cipher": SUITES[1]}, _suites, [SUITES[1]], list(SUITES)),
        Case(
            "certificates",
            {"auth-tls-secret": "NAMESPACE/host-cacert"},
            _callers,
            seen=[200, 0, 0],
            otherwise=[200, 200, 200],
            documents=_documents,
            prepare=_prepare_clients,
        ),
    ),
    gateway={"listeners": LISTENERS},
)
