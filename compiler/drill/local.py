"""A fleet moved onto this machine: every pod a port of a loopback network, every Secret a file made for it."""

from __future__ import annotations

import base64
import hashlib
import math
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from compiler.drill.stub.spec import Certificates, Endpoint
from compiler.ir import walk
from compiler.ir.traffic import EndpointGroup

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from compiler.ir.traffic import ObjectName, SecretRef, Service, Subset, Traffic

MOST_PODS = 20
"""Per Service and cluster; where there are more, all clusters of the Service get fewer in proportion."""
FIRST_PORT = 20_000
USER, PASSWORD = "preview", "preview"
"""What routes with HTTP basic authentication let pass."""
_TLS = ("HTTPS", "GRPCS")


class NoCertificatesError(Exception):
    """The fleet speaks TLS, and this machine can make no certificate; the text says what to install."""


class LocalFleet(Struct, frozen=True):
    """What of a fleet runs here."""

    traffic: Traffic
    """The program, with the addresses of the stub backends."""
    endpoints: tuple[Endpoint, ...]
    secrets: Path
    """Folder with all Secrets that the program refers to: `<namespace>/<name>/<key>`."""


def localize(traffic: Traffic, folder: Path) -> LocalFleet:
    """Give every Service that some route leads to its pods, and every Secret its files, below `folder`.

    The number of pods is that of the replicas, so that what is shared by replicas is shared here as it will be.
    """
    backends = [backend for _, route in walk.routes(traffic) for backend in walk.backends(route)]
    reached = {backend.service for backend in backends}
    secure = {(backend.service, backend.port) for backend in backends if backend.policy.protocol in _TLS}
    subsets: dict[ObjectName, dict[str, Subset]] = {}
    for backend in backends:
        if backend.subset is not None:
            subsets.setdefault(backend.service, {})[backend.subset.name] = backend.subset
    secrets = folder / "secrets"
    tls = _secrets(traffic, secrets, is_needed=bool(secure))
    pods = _Pods(traffic, secure, tls)
    services = tuple(
        pods.of(service, subsets.get(service.name, {})) if service.name in reached else service
        for service in traffic.services
    )
    clusters = tuple(structs.replace(cluster, entry=None) for cluster in traffic.clusters)
    local = structs.replace(traffic, services=services, clusters=clusters)
    return LocalFleet(local, tuple(pods.endpoints), secrets)


class _Pods:
    """Hands out addresses: one of a loopback network for each cluster, a port for each pod."""

    def __init__(self, traffic: Traffic, secure: set[tuple[ObjectName, int]], tls: Certificates | None) -> None:
        pid = os.getpid()  # previews side by side take networks of their own
        network = f"127.{64 + pid % 128}.{pid // 128 % 256}"
        self._addresses = {c.name: f"{network}.{number % 250 + 1}" for number, c in enumerate(traffic.clusters)}
        self._next = FIRST_PORT
        self._secure = secure
        self._tls = tls
        self.endpoints: list[Endpoint] = []

    def of(self, service: Service, subsets: dict[str, Subset]) -> Service:
        """The Service with endpoints for its pods; each subset has a pod of its own in each cluster."""
        known = [member.replicas for member in service.members if member.replicas is not None]
        scale = max(1, math.ceil(max(known, default=1) / MOST_PODS))
        groups = []
        for member in service.members:
            number = 1 if member.replicas is None else math.ceil(member.replicas / scale)
            for port in service.ports:
                if port.protocol != "TCP":
                    continue
                plain = ("", (), number)
                named = [(subset.name, subset.labels, 1) for subset in subsets.values()]
                for version, labels, count in (plain, *named):
                    for _ in range(count):
                        endpoint = self._endpoint(service, member.cluster, port.number, version)
                        groups.append(
                            EndpointGroup(member.cluster, port.name, endpoint.port, (endpoint.address,), labels)
                        )
        return structs.replace(service, endpoints=tuple(groups))

    def _endpoint(self, service: Service, cluster: str, port: int, version: str) -> Endpoint:
        endpoint = Endpoint(
            address=self._addresses[cluster],
            port=self._next,
            cluster=cluster,
            service=str(service.name),
            service_port=port,
            version=version,
            tls=self._tls if (service.name, port) in self._secure else None,
        )
        self._next += 1
        self.endpoints.append(endpoint)
        return endpoint


# --- Secrets


def _secrets(traffic: Traffic, folder: Path, *, is_needed: bool) -> Certificates | None:
    """Files for every Secret: one certificate for all names, which is its own CA, and one user."""
    refs = {(ref.namespace, ref.name) for ref in _references(traffic)}
    names = set()
    for gateway in traffic.gateways:
        for host in gateway.hosts:
            if host.tls is not None:
                refs.add((host.tls.namespace, host.tls.secret))
            names |= {host.host, *host.aliases}
    if not refs and not is_needed:
        return None
    made = folder / "made"
    made.mkdir(parents=True)
    certificate, key = _certificate(made, sorted(names - {"*"}))
    digest = base64.b64encode(hashlib.sha1(PASSWORD.encode(), usedforsecurity=False).digest()).decode()
    for namespace, name in refs:
        secret = folder / namespace / name
        secret.mkdir(parents=True)
        for file in ("tls.crt", "ca.crt"):
            shutil.copy(certificate, secret / file)
        shutil.copy(key, secret / "tls.key")
        (secret / "auth").write_text(f"{USER}:{{SHA}}{digest}\n", "utf-8")
    return Certificates(certificate=str(certificate), key=str(key))


def _certificate(folder: Path, names: list[str]) -> tuple[Path, Path]:
    program = shutil.which("openssl")
    if program is None:
        raise NoCertificatesError(
            "hosts or backends of this fleet speak TLS: install openssl, which makes certificates"
        )
    certificate, key, settings = folder / "tls.crt", folder / "tls.key", folder / "openssl.cnf"
    alternatives = ",".join(f"DNS:{name}" for name in ("localhost", *names))
    settings.write_text(
        "[req]\ndistinguished_name=dn\nx509_extensions=ext\nprompt=no\n[dn]\nCN=fleetgate preview\n"
        f"[ext]\nbasicConstraints=CA:TRUE\nsubjectAltName={alternatives}\n",
        "utf-8",
    )
    subprocess.run(  # noqa: S603 - our own command, no shell
        [
            *(program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "7", "-config", str(settings), "-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


def _references(traffic: Traffic) -> Iterator[SecretRef]:
    """Every Secret that the program names, beside the certificates of hosts."""
    for gateway in traffic.gateways:
        for host in gateway.hosts:
            if host.tls_settings is not None and host.tls_settings.client_ca is not None:
                yield host.tls_settings.client_ca
    for _, route in walk.routes(traffic):
        if route.policies.auth is not None:
            yield route.policies.auth.secret
        for backend in walk.backends(route):
            tls = backend.policy.tls
            if tls is not None and tls.client_certificate is not None:
                yield tls.client_certificate
