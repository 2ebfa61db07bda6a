"""Virtual hosts, and what is presented to clients that come with TLS.

Envoy chooses one virtual host by name and never falls from an exact name to a wildcard. Here a request that no route of
its host wants is tried with the wildcards that cover it, so their routes stand again behind those of the host.

With TLS each certificate has a filter chain of its own, with the hosts behind it and no others: what one host asks of
its clients can't be passed by with the connection of another (421, and the client opens the right one).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from compiler.targets.envoy import extensions as ext
from compiler.targets.envoy.answers import BODY_BUFFER_BYTES
from compiler.targets.envoy.fragments import Fragment, text_of
from compiler.targets.envoy.limits import buckets_of
from compiler.targets.envoy.tls import chain_key, downstream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from compiler.ir.traffic import AddressList, Gateway, Route, VirtualHost
    from compiler.targets.envoy.routes import Routes, Rule
    from compiler.targets.envoy.secrets import Secrets

Plain = dict[str, Any]

ANY = "*"


def host_fragments(gateway: Gateway, routes: Routes, secrets: Secrets) -> Iterator[Fragment]:
    """What the hosts of a gateway add to its listeners."""
    table = _Table(gateway, routes, secrets)
    for host in gateway.hosts:
        yield from table.fragments(host)


class _Table:
    """The hosts of a gateway, as far as one cell knows them: all that may answer for each other."""

    def __init__(self, gateway: Gateway, routes: Routes, secrets: Secrets) -> None:
        self._gateway = gateway.name
        self._secrets = secrets
        self._routes = routes
        self._rules: dict[tuple[str, AddressList | None], list[Rule]] = {}
        self._wide: dict[str, VirtualHost] = {}
        for host in gateway.hosts:
            for name in (host.host, *host.aliases):
                if name.startswith(ANY):
                    self._wide[name] = host

    def fragments(self, host: VirtualHost) -> Iterator[Fragment]:
        """The virtual hosts of a host: names that fall back alike share one."""
        alike: dict[tuple[str, ...], list[str]] = {}
        for name in (host.host, *host.aliases):
            alike.setdefault(tuple(h.host for h in self._behind(host, name)), []).append(name)
        for names in alike.values():
            yield from self._group(host, names)

    def _group(self, host: VirtualHost, names: Sequence[str]) -> Iterator[Fragment]:
        hosts = [host, *self._behind(host, names[0])]
        rules: list[Rule] = []
        access = None
        for reached in hosts:
            # what a host says of addresses holds for its requests, also where they fall back to a wildcard
            access = access or reached.access
            rules += self._rules_of(reached, access)
            if any(catches_all(route) for route in reached.routes):
                break
        plain = text_of(_virtual_host(names, rules, [entry for rule in rules for entry in rule.plain]))
        yield Fragment(self._gateway, "host", "", names[0], plain)
        secure = plain
        if any(rule.plain is not rule.secure for rule in rules):
            secure = text_of(_virtual_host(names, rules, [entry for rule in rules for entry in rule.secure]))
        presenting = next((h for h in hosts if h.tls is not None), None)
        if presenting is None or presenting.tls is None:
            return
        key = chain_key(presenting.tls, presenting.tls_settings)
        yield Fragment(self._gateway, "secure-host", key, names[0], secure)
        if presenting is host:
            transport = downstream(presenting.tls, presenting.tls_settings, self._secrets)
            yield Fragment(self._gateway, "chain", key, "", text_of(transport))
            for name in names:
                yield Fragment(self._gateway, "name", key, name, "")

    def _behind(self, host: VirtualHost, name: str) -> list[VirtualHost]:
        """The wildcards that cover a name, nearest first."""
        found: list[VirtualHost] = []
        for wide in covering(name):
            other = self._wide.get(wide)
            if other is not None and other is not host and all(other is not h for h in found):
                found.append(other)
        return found

    def _rules_of(self, host: VirtualHost, access: AddressList | None) -> list[Rule]:
        """The rules of a host for requests that are held to a list of addresses, unless a route has its own."""
        key = host.host, access
        if key not in self._rules:
            self._rules[key] = self._routes.rules(host if access == host.access else replace(host, access=access))
        return self._rules[key]


def covering(name: str) -> Iterator[str]:
    """Wildcards that cover a name, nearest first: `*.example.com`, `*.com`, `*` for `a.example.com`."""
    labels = name.removeprefix("*.").split(".")
    for index in range(0 if name.startswith("*.") else 1, len(labels)):
        wide = f"*.{'.'.join(labels[index:])}"
        if wide != name:
            yield wide
    if name != ANY:
        yield ANY


def catches_all(route: Route) -> bool:
    """Whether every request of the host that gets to this route stays there."""
    match = route.match
    is_open = not (match.headers or match.query or match.cookies or match.methods)
    return is_open and match.path.kind == "prefix" and match.path.value == "/"


def _virtual_host(names: Sequence[str], rules: Iterable[Rule], entries: list[Plain]) -> Plain:
    found: Plain = {"name": names[0], "domains": list(names), "request_body_buffer_limit": BODY_BUFFER_BYTES}
    buckets = {key: bucket for rule in rules for key, bucket in rule.buckets.items()}
    if buckets:
        found["typed_per_filter_config"] = {ext.LOCAL_LIMIT_NAME: buckets_of(buckets)}
    found["routes"] = entries
    return found


def misdirected() -> Plain:
    """What answers requests for a host that the presented certificate is not for (RFC 9110, 15.5.20)."""
    answer = {"match": {"prefix": "/"}, "direct_response": {"status": 421}}
    return {"name": "fleetgate/misdirected", "domains": [ANY], "routes": [answer]}
