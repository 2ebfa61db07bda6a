"""Further names of hosts (server-alias): a name means one host, and nothing else answers to it.

An Ingress with several hosts gives its aliases to the first of them, which is only clear where all of them say the
same. What MSE makes of a name that is a host already is documented nowhere, so that is an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from compiler.diagnostics import Note, error, warning
from compiler.lower.host_settings import tell_shared
from compiler.lower.ingress_paths import ANY_HOST, hosts_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from compiler.annotations.alias import Aliases
    from compiler.diagnostics import Code, Diagnostics, Origin
    from compiler.ir.traffic import VirtualHost
    from compiler.lower.host_settings import Owners
    from compiler.lower.ingress_paths import IngressInput
    from compiler.lower.tenancy import Tenancy

ALIAS_CONFLICT = error(
    "alias-conflict",
    "an alias that means something else already",
    """\
A host name leads to one set of routes. This alias is a host with rules of its own, or the alias of another host, and no
documentation says which of the two MSE would serve.

Choose another name, or move the rules of both hosts into Ingresses of one host.""",
)
ALIAS_AMBIGUOUS = error(
    "alias-ambiguous",
    "an alias of several hosts that differ",
    """\
server-alias gives a further name to the hosts of its Ingress. Where an Ingress has several hosts, and they do not have
the same routes, certificate and settings (because of other Ingresses, mostly, or of rules that differ), nobody can say
which of them the alias stands for.

Write the alias on an Ingress that has one host only.""",
)
ALIAS_REDUNDANT = warning(
    "alias-redundant",
    "an alias that its host answers to anyway",
    """\
The alias is a host of the same Ingress, or lies below its wildcard host, or the Ingress has no host and so serves every
one. It changes nothing.

Delete the alias.""",
)
ALIAS_CERTIFICATE = warning(
    "alias-certificate",
    "an alias that the certificate of its host is not said to be for",
    """\
An alias shares the certificate of its host. The entry of spec.tls that names this certificate lists hosts, and the
alias is none of them: most likely the certificate does not hold the name, and clients refuse it.

Order a certificate that holds the name too, and list the alias in the `hosts` of the entry.""",
)
CODES: tuple[Code, ...] = (ALIAS_CONFLICT, ALIAS_AMBIGUOUS, ALIAS_REDUNDANT, ALIAS_CERTIFICATE)


def home_of(ingress: IngressInput) -> str | None:
    """The host that the aliases of an Ingress are further names of; None where it has no host by name."""
    return next((host for host in hosts_of(ingress.value) if host != ANY_HOST), None)


def with_aliases(
    hosts: Sequence[VirtualHost],
    ingresses: Sequence[IngressInput],
    owners: Owners,
    unread: AbstractSet[str],
    tenancy: Tenancy,
    findings: Diagnostics,
) -> tuple[VirtualHost, ...]:
    """The same hosts, in the same order, with their aliases.

    `ingresses`: all in order, canaries too, which may name certificates and have no aliases. `unread`: hosts of
    Ingresses that could not be read, of which nobody knows whether they are the same as others.
    """
    book = _Book({host.host: host for host in hosts}, owners, unread, tenancy, findings)
    for ingress in ingresses:
        if ingress.annotations.aliases is not None and ingress.annotations.canary is None:
            book.claim(ingress, ingress.annotations.aliases)
    if not book.names:
        return tuple(hosts)
    book.check_certificates(ingresses)
    by_home: dict[str, list[str]] = {}
    for name, (home, _) in sorted(book.names.items()):
        by_home.setdefault(home, []).append(name)
    return tuple(
        msgspec.structs.replace(host, aliases=tuple(by_home[host.host])) if host.host in by_home else host
        for host in hosts
    )


class _Book:
    """Who claims which name."""

    def __init__(
        self,
        hosts: Mapping[str, VirtualHost],
        owners: Owners,
        unread: AbstractSet[str],
        tenancy: Tenancy,
        findings: Diagnostics,
    ) -> None:
        self._hosts = hosts
        self._unread = unread
        self._owners = owners
        self._tenancy = tenancy
        self._findings = findings
        self.names: dict[str, tuple[str, Aliases]] = {}
        """Alias -> its host, and who said so first."""

    def claim(self, ingress: IngressInput, said: Aliases) -> None:
        """Take down the aliases of an Ingress; findings for those that can't be."""
        mine = [host for host in hosts_of(ingress.value) if host in self._hosts]
        named = [host for host in mine if host != ANY_HOST]
        if not named:
            self._tell_redundant(said, said.names, "a rule without a host", mine)
            return
        home = self._hosts[named[0]]
        other = next((host for host in named[1:] if not _is_same(home, self._hosts[host])), None)
        if other is not None and self._unread.isdisjoint(named):
            self._findings.add(
                ALIAS_AMBIGUOUS,
                said.origin,
                ",".join(said.names),
                f"the hosts {home.host} and {other} of this Ingress do not have the same routes and settings",
                "write it on an Ingress that has one of these hosts only",
                tuple(Note(place, "one of the hosts") for place in self._places(ingress, home.host, other)),
            )
            return
        redundant = [name for name in said.names if self._is_served(name, named)]
        if redundant:
            self._tell_redundant(said, redundant, "a host", named)
        taken = [name for name in said.names if name not in redundant and self._take(name, home.host, said)]
        others = [
            path
            for owner, path in self._owners[home.host].items()
            if owner != ingress.name
            and not {*taken} <= {*(path.ingress.annotations.aliases.names if path.ingress.annotations.aliases else ())}
        ]
        if taken and others:
            tell_shared(said.origin, [home.host], others, self._tenancy, self._findings)

    def check_certificates(self, ingresses: Sequence[IngressInput]) -> None:
        """Report aliases that no entry of the certificate of their host is for."""
        for name, (home, said) in sorted(self.names.items()):
            certificate = self._hosts[home].tls
            if certificate is None:
                continue
            entries = [
                entry
                for ingress in ingresses
                if ingress.name.namespace == certificate.namespace
                for entry in ingress.value.spec.tls
                if entry.secret_name == certificate.secret
            ]
            wildcard = f"*.{name.partition('.')[2]}"
            if not any(not entry.hosts or name in entry.hosts or wildcard in entry.hosts for entry in entries):
                self._findings.add(
                    ALIAS_CERTIFICATE,
                    said.origin,
                    name,
                    f"it shares the certificate {certificate.namespace}/{certificate.secret} of {home}, whose entry in "
                    "spec.tls does not list it",
                    "list it in the hosts of the entry, once the certificate holds the name",
                    (Note(certificate.origin, "the entry"),),
                )

    def _take(self, name: str, home: str, said: Aliases) -> bool:
        """Whether nothing else answers to a name; a finding where something does."""
        other: Origin
        if name in self._hosts:
            path = next(iter(self._owners[name].values()))
            why, other = f"it is a host of {path.ingress.name} with rules of its own", path.host_place
        else:
            owner, first = self.names.setdefault(name, (home, said))
            if owner == home:
                return True
            why, other = f"it is an alias of host {owner} already", first.origin
        fix = "choose another name, or bring the rules of both hosts together"
        self._findings.add(ALIAS_CONFLICT, said.origin, name, why, fix, (Note(other, "what it means already"),))
        return False

    def _is_served(self, name: str, named: Sequence[str]) -> bool:
        """Whether a host of the Ingress answers to a name by itself: no other host is a longer wildcard for it."""
        if name in named:
            return True
        below = [host for host in self._hosts if host.startswith("*.") and name.endswith(host[1:]) and name != host]
        return name not in self._hosts and bool(below) and max(below, key=len) in named

    def _places(self, ingress: IngressInput, *hosts: str) -> list[Origin]:
        rules = ingress.value.spec.rules
        indices = [next(i for i, rule in enumerate(rules) if rule.host == host) for host in hosts]
        return [ingress.origin.at("spec", "rules", index, "host") for index in indices]

    def _tell_redundant(self, said: Aliases, names: Sequence[str], by: str, mine: Sequence[str]) -> None:
        places = [path.host_place for host in mine[:1] for path in self._owners[host].values()]
        self._findings.add(
            ALIAS_REDUNDANT,
            said.origin,
            ",".join(names),
            f"{by} of this Ingress answers to it anyway",
            "delete it",
            tuple(Note(place, "what answers to it") for place in places[:1]),
        )


def _is_same(one: VirtualHost, other: VirtualHost) -> bool:
    """Whether two hosts are the same but for their names."""
    return msgspec.structs.replace(one, host="") == msgspec.structs.replace(other, host="")
