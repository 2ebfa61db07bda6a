"""Which Ingress says how a Service is spoken to, and what no Ingress can say.

An Ingress says it for all of its Services. So each Ingress of a Service says the whole policy, or none where MSE does
so by itself; where an Ingress leads to several Services with different policies, others have to say them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.diagnostics import Note
from compiler.targets.mse.codes import MSE_BACKEND_VERIFY, MSE_SERVICE_POLICY
from compiler.targets.mse.services import is_native, service_policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from compiler.diagnostics import Diagnostics
    from compiler.ir.traffic import Backend, ObjectName, Service, Share
    from compiler.targets.mse.keys import Pairs


class Spoken:
    """What the Ingresses of one gateway say of their Services."""

    def __init__(self, services: Iterable[Service], findings: Diagnostics) -> None:
        self._names = {
            (service.name, port.number): port.name
            for service in services
            for port in service.ports
            if port.protocol == "TCP"
        }
        self._findings = findings
        self._said: set[tuple[ObjectName, int]] = set()
        self._unverified: dict[ObjectName, Backend] = {}
        self._unsaid: dict[tuple[ObjectName, int], tuple[Backend, str]] = {}

    def by(self, backend: Backend) -> Pairs:
        """What an Ingress says that leads to this Service, and to no other one."""
        if self._is_native(backend):
            return []
        self._said.add((backend.service, backend.port))
        tls = backend.policy.tls
        if tls is not None and tls.verifies and tls.client_certificate is None:
            self._unverified.setdefault(backend.service, backend)
        return service_policy(backend.policy)

    def by_list(self, shares: Sequence[Share]) -> Pairs:
        """What an Ingress says that lists several Services: something only where it is the same for all."""
        backends = [share.backend for share in shares]
        if all(backend.policy == backends[0].policy and not self._is_native(backend) for backend in backends):
            first, *_ = [self.by(backend) for backend in backends]
            return first
        for backend in backends:
            self.beside(backend, "one of a list of Services with other settings")
        return []

    def beside(self, backend: Backend, role: str) -> None:
        """Remember a Service that an Ingress leads to, and can't speak for."""
        if not self._is_native(backend):
            self._unsaid.setdefault((backend.service, backend.port), (backend, role))

    def tell(self) -> None:
        """Report, once all is said, what is not, and what MSE passes over."""
        for key, (backend, role) in self._unsaid.items():
            if key not in self._said:
                place = backend.policy.origin
                self._findings.add(
                    MSE_SERVICE_POLICY,
                    backend.origin,
                    str(backend.service),
                    f"here it is {role}, and no Ingress leads to port {backend.port} of it alone, which could say how "
                    f"it is spoken to ({', '.join(text for _, text in service_policy(backend.policy))})",
                    "add an Ingress that leads to it alone, or let its port and its Ingresses ask for nothing special",
                    (Note(place, "what is asked for"),) if place.file else (),
                )
        for service, backend in self._unverified.items():
            tls = backend.policy.tls
            assert tls is not None, "it is remembered for its TLS"
            self._findings.add(
                MSE_BACKEND_VERIFY,
                tls.origin,
                str(service),
                "proxy-ssl-verify is on, and MSE verifies no certificate of a Service without the CA of a Secret",
                "name a Secret with ca.crt, tls.crt and tls.key in proxy-ssl-secret, or delete proxy-ssl-verify",
            )

    def _is_native(self, backend: Backend) -> bool:
        return is_native(backend.policy, self._names.get((backend.service, backend.port), ""))
