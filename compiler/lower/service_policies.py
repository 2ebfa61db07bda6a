"""How a gateway speaks to each port of a Service, whatever route leads there: the annotations of service scope.

A policy is kept per Service and port. The first Ingress in order that says anything of it supplies the whole policy
(MSE: the oldest); nothing is merged, and it holds for the routes of all other Ingresses too. Both is told. What
nobody says, the name of the port may: `grpc…` and `http2…` are protocols (MSE annotation reference).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from compiler.diagnostics import Note, error, warning
from compiler.ir.traffic import DEFAULT_POLICY, Balance, ServicePolicy, UpstreamTls
from compiler.lower.traps import tell_unseen_secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from compiler.annotations.family import ServiceRef
    from compiler.annotations.ingress import IngressAnnotations
    from compiler.annotations.protocol import BackendProtocol, Protocol
    from compiler.diagnostics import Code, Diagnostics, Origin
    from compiler.ir.traffic import ConnectionPool, ObjectName, Service, ServicePort
    from compiler.lower.backends import Backends
    from compiler.lower.ingress_paths import IngressInput, RoutePath
    from compiler.lower.traps import GatewaySize

SERVICE_SETTING_LOSES = warning(
    "service-setting-loses",
    "a setting for a Service that another Ingress decides",
    """\
Protocol, load balancing, session affinity, connection limits and TLS to the backend belong to a Service and its port.
Where several Ingresses that route to it say something of them, one decides, whole: nothing is merged, so that its
silence counts too. MSE takes the oldest; Git does not know ages, so fleetgate takes the one of the higher
fleetgate.dev/priority, then the first by namespace/name, and emits its settings on all Ingresses of the Service.

Write all these settings on one Ingress of the Service, or the same on all.""",
)
SERVICE_SETTING_SHARED = warning(
    "service-setting-shared",
    "a setting of one Ingress that changes others of its Service",
    """\
Protocol, load balancing, session affinity, connection limits and TLS to the backend hold for the whole Service: for the
routes of every Ingress that leads there, also of those that say nothing of it, and whose owners may not know.

Write the same on all Ingresses of the Service, so that each of them shows it; or accept the finding in the Fleet.""",
)
PORT_PROTOCOL = error(
    "port-protocol",
    "backend-protocol contradicts the port of the Service",
    """\
A Service port whose name begins with grpc or http2, or with such an appProtocol, is spoken to with HTTP/2, also without
an annotation. An annotation that asks for HTTP/1.1 (HTTP or HTTPS) on such a port is a second answer to one question,
and no documentation says which of them counts.

Rename the port, or write a protocol that goes with it: GRPC, HTTP2, or GRPCS with TLS.""",
)
CODES: tuple[Code, ...] = (SERVICE_SETTING_LOSES, SERVICE_SETTING_SHARED, PORT_PROTOCOL)

ServicePortKey = tuple["ObjectName", int]
"""A Service and the number of its port."""

_Aspect = Literal["protocol", "balance", "pool", "tls"]
_ASPECTS: tuple[_Aspect, ...] = ("protocol", "balance", "pool", "tls")
_BY_NAME: tuple[tuple[str, Protocol], ...] = (("grpc", "GRPC"), ("http2", "HTTP2"))
_BY_APP_PROTOCOL: dict[str, Protocol] = {
    "kubernetes.io/h2c": "HTTP2",
    "h2c": "HTTP2",
    "http2": "HTTP2",
    "grpc": "GRPC",
}
_WITH_TLS = frozenset(("HTTPS", "GRPCS"))
_HTTP2 = frozenset(("HTTP2", "GRPC", "GRPCS"))
_SHOWN = 3
"""Ingresses or Services that a finding lists."""


class Use(Struct, frozen=True, gc=False):
    """A path of an Ingress that leads to a Service."""

    path: RoutePath
    ref: ServiceRef | None = None
    """By which an annotation names the Service; None = the backend of the path."""

    @property
    def ingress(self) -> IngressInput:
        """The Ingress that routes there."""
        return self.path.ingress

    @property
    def place(self) -> Origin:
        """Where it names the Service."""
        return self.path.backend_place.at("service", "name") if self.ref is None else self.ref.origin


Uses = dict[ServicePortKey, "dict[ObjectName, Use]"]
"""By Service and port, the Ingresses that route there, each with its first path."""


class Declared(Struct, frozen=True, gc=False):
    """What one Ingress says of the Services that it routes to. None = nothing."""

    protocol: BackendProtocol | None
    balance: Balance | None
    pool: ConnectionPool | None
    tls: UpstreamTls | None

    def origin(self, aspect: _Aspect) -> Origin | None:
        """Where it says something of this."""
        said = getattr(self, aspect)
        if said is None and aspect == "protocol" and self.tls is not None:
            said = self.tls  # a certificate may imply a protocol
        return None if said is None else said.origin

    @property
    def first_origin(self) -> Origin:
        """Where it says anything."""
        return next(place for aspect in _ASPECTS if (place := self.origin(aspect)) is not None)


class ServicePolicies:
    """The policies of one gateway."""

    def __init__(self, services: Mapping[ObjectName, Service], findings: Diagnostics) -> None:
        self._services = services
        self._findings = findings
        self._decided: dict[ServicePortKey, ServicePolicy] = {}

    def of(self, service: ObjectName, port: int) -> ServicePolicy:
        """The policy of a port of a Service."""
        found = self._decided.get((service, port))
        if found is None:
            found = self._decided[service, port] = policy_of(None, self._protocol(service, port))
        return found

    def decide(self, paths: Iterable[RoutePath], backends: Backends, size: GatewaySize) -> None:
        """Take over what the Ingresses of these paths say."""
        uses: Uses = {}
        for path in paths:
            for key, ref in backends.targets_of(path):
                uses.setdefault(key, {}).setdefault(path.ingress.name, Use(path, ref))
        told = _Told()
        declared: dict[ObjectName, Declared | None] = {}
        for key, users in uses.items():
            for name, use in users.items():
                if name not in declared:
                    declared[name] = declared_by(use.ingress.annotations)
            if any(declared[name] is not None for name in users):
                self._decide(key, sorted(users.values(), key=lambda use: use.ingress.rank), declared, told)
        told.tell(self._findings)
        certificates = {
            policy.owner: policy.tls.client_certificate
            for policy in self._decided.values()
            if policy.tls is not None and policy.tls.client_certificate is not None
        }
        for certificate in certificates.values():
            tell_unseen_secret(certificate, "no certificate is presented to the Service", size, self._findings)

    def _decide(
        self,
        key: ServicePortKey,
        users: Sequence[Use],
        declared: Mapping[ObjectName, Declared | None],
        told: _Told,
    ) -> None:
        service, port = key
        by_port = self._protocol(service, port)
        winner = next(use for use in users if declared[use.ingress.name] is not None)
        said = declared[winner.ingress.name]
        assert said is not None, "somebody says something"
        policy = policy_of(said, by_port)
        self._decided[key] = msgspec.structs.replace(policy, owner=winner.ingress.name, origin=said.first_origin)
        if said.protocol is not None and by_port is not None and said.protocol.name not in _HTTP2:
            self._tell_contradiction(said.protocol, by_port, service, port)
        for use in users:
            if use is not winner:
                told.compare(service, winner, said, policy, use, declared[use.ingress.name], by_port)

    def _protocol(self, service: ObjectName, port: int) -> Protocol | None:
        """What the port of a Service says of its protocol."""
        found = self._services.get(service)
        ports = () if found is None else found.ports
        return next((protocol_of(each) for each in ports if each.number == port and each.protocol == "TCP"), None)

    def _tell_contradiction(self, said: BackendProtocol, by_port: Protocol, service: ObjectName, port: int) -> None:
        found = self._services[service]
        named = next(each for each in found.ports if each.number == port and each.protocol == "TCP")
        shown = f"is called {named.name}" if _by_name(named) else f"has appProtocol {named.app_protocol}"
        self._findings.add(
            PORT_PROTOCOL,
            said.origin,
            f"{said.origin.path[-1]}: {said.name}",
            f"port {port} of Service {service} {shown}, which asks for {by_port}",
            f"write {by_port}, or GRPCS where the pods have TLS, or change the port",
            (Note(found.origin, "the Service"),),
        )


def protocol_of(port: ServicePort) -> Protocol | None:
    """The protocol that a port asks for by its name, else by its appProtocol; None = it does not say."""
    return _by_name(port) or _BY_APP_PROTOCOL.get(port.app_protocol)


def _by_name(port: ServicePort) -> Protocol | None:
    return next((protocol for word, protocol in _BY_NAME if port.name.startswith(word)), None)


def declared_by(said: IngressAnnotations) -> Declared | None:
    """What the annotations of an Ingress say of its Services; None = nothing that has an effect."""
    balance, tls = said.balance, said.upstream_tls
    if said.affinity is not None:
        balance = Balance(affinity=said.affinity, origin=said.affinity.origin)
    if tls is not None and not _has_tls(said.protocol, tls):
        tls = None  # told where it is read
    if said.protocol is None and balance is None and said.pool is None and tls is None:
        return None
    return Declared(said.protocol, balance, said.pool, tls)


def _has_tls(protocol: BackendProtocol | None, tls: UpstreamTls) -> bool:
    return tls.client_certificate is not None if protocol is None else protocol.name in _WITH_TLS


def policy_of(said: Declared | None, by_port: Protocol | None) -> ServicePolicy:
    """The policy that an Ingress asks for (None: that without any), on a port that asks for a protocol."""
    if said is None:
        return DEFAULT_POLICY if by_port is None else ServicePolicy(by_port)
    protocol: Protocol = said.protocol.name if said.protocol is not None else by_port or "HTTP"
    if said.tls is not None and protocol not in _WITH_TLS:
        protocol = "GRPCS" if protocol in _HTTP2 else "HTTPS"
    return ServicePolicy(
        protocol,
        None if said.balance == Balance() else said.balance,
        said.pool,
        None if said.tls == UpstreamTls() else said.tls,
    )


class _Loss(Struct):
    """A setting that does not count."""

    place: Origin
    winner: ObjectName
    deciding: Origin
    is_answered: bool
    """Whether the winner says something else, rather than nothing."""
    services: list[ObjectName]


class _Change(Struct):
    """A setting that counts for others too."""

    places: list[Origin]
    services: list[ObjectName]
    others: dict[ObjectName, Use]


class _Told:
    """What Ingresses do to each other: told once per setting, whatever the number of Services."""

    def __init__(self) -> None:
        self._losses: dict[tuple[ObjectName, _Aspect, ObjectName], _Loss] = {}
        self._changes: dict[ObjectName, _Change] = {}

    def compare(
        self,
        service: ObjectName,
        winner: Use,
        said: Declared,
        policy: ServicePolicy,
        other: Use,
        theirs: Declared | None,
        by_port: Protocol | None,
    ) -> None:
        """Note what another Ingress would have without the winner."""
        own = policy_of(theirs, by_port)
        for aspect in _ASPECTS:
            if getattr(own, aspect) == getattr(policy, aspect):
                continue
            place = None if theirs is None else theirs.origin(aspect)
            answer = said.origin(aspect)
            name = winner.ingress.name
            if place is not None:
                key = (other.ingress.name, aspect, name)
                loss = _Loss(place, name, answer or said.first_origin, answer is not None, [])
                _append(self._losses.setdefault(key, loss).services, service)
            else:
                change = self._changes.setdefault(name, _Change([], [], {}))
                _append_place(change.places, answer or said.first_origin)
                _append(change.services, service)
                change.others.setdefault(other.ingress.name, other)

    def tell(self, findings: Diagnostics) -> None:
        """Report it."""
        for loss in self._losses.values():
            findings.add(
                SERVICE_SETTING_LOSES,
                loss.place,
                str(loss.place.path[-1]),
                f"{_named(loss.services)} {'has' if len(loss.services) == 1 else 'have'} all such settings from "
                f"{loss.winner}, which comes first" + ("" if loss.is_answered else ", and says nothing of this one"),
                "write all of them on one of the two Ingresses, or the same on both",
                (Note(loss.deciding, f"{loss.deciding.path[-1]} decides"),),
            )
        for change in self._changes.values():
            place, *more = change.places
            others = list(change.others.values())
            names = [str(use.ingress.name) for use in others[:_SHOWN]]
            tail = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
            notes = [Note(each, f"{each.path[-1]} does so too") for each in more]
            notes += [Note(use.place, f"{use.ingress.name} routes there too") for use in others[:_SHOWN]]
            findings.add(
                SERVICE_SETTING_SHARED,
                place,
                str(place.path[-1]),
                f"it is for all of {_named(change.services)}, and so changes the routes of {', '.join(names)}{tail}",
                "write the same on all Ingresses of the Service, or accept this finding in the Fleet with a reason",
                tuple(notes),
            )


def _append(services: list[ObjectName], service: ObjectName) -> None:
    if service not in services:
        services.append(service)


def _append_place(places: list[Origin], place: Origin) -> None:
    if all(place.path != other.path for other in places):  # of one Ingress; origins are equal to each other
        places.append(place)


def _named(services: Iterable[ObjectName]) -> str:
    names = [str(service) for service in services]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"Service{'s' * (len(names) > 1)} {', '.join(names[:_SHOWN])}{more}"
