"""What belongs to a host as a whole: its certificate and its start page. The first Ingress in order decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from compiler.diagnostics import Note
from compiler.ir.traffic import Match, PathMatch, Route, Tls
from compiler.lower import codes
from compiler.lower.aliases import home_of
from compiler.lower.ingress_paths import hosts_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from compiler.diagnostics import Diagnostics, Origin
    from compiler.ir.traffic import ObjectName
    from compiler.lower.ingress_paths import IngressInput
    from compiler.lower.tenancy import Tenancy
    from compiler.model.kubernetes import Ingress, IngressTls

EXACT_ROOT = Match(PathMatch("exact", "/"))


def start_pages(
    ingresses: Sequence[IngressInput], taken: Mapping[str, Origin], findings: Diagnostics
) -> dict[str, Route]:
    """The redirect of `/` by host. `taken`: hosts that have an Exact rule for `/`, which wins, and its place."""
    pages: dict[str, Route] = {}
    places: dict[str, Origin] = {}
    for ingress in ingresses:
        redirects = ingress.annotations.redirects
        root = redirects.app_root if redirects is not None else None
        if root is None:
            continue
        for host in hosts_of(ingress.value):
            if host not in taken and host not in pages:
                pages[host] = Route(match=EXACT_ROOT, action=root, owner=ingress.name, origin=root.origin)
                places[host] = root.origin
                continue
            findings.add(
                codes.APP_ROOT_LOSES,
                root.origin,
                root.path,
                f"host {host} has " + ("an Exact rule for / already" if host in taken else "an app-root already"),
                "delete one of the two",
                (Note(taken.get(host) or places[host], "what wins"),),
            )
    return pages


def certificates(
    ingresses: Sequence[IngressInput],
    routed: Mapping[str, AbstractSet[str]],
    tenancy: Tenancy,
    findings: Diagnostics,
) -> dict[str, Tls]:
    """The certificate of each host. `routed`: host -> namespaces of the Ingresses that have routes of it."""
    found: dict[str, Tls] = {}
    served: dict[ObjectName, list[list[str]]] = {}
    for ingress in ingresses:
        entries = ingress.value.spec.tls
        if not entries:
            continue
        namespace = ingress.name.namespace
        place = ingress.origin.at("spec", "tls")
        mine = served[ingress.name] = [[] for _ in entries]
        for host in hosts_of(ingress.value):
            fitting = _fitting(host, entries)
            for index in fitting:
                mine[index].append(host)
            if namespace not in routed.get(host, ()):
                continue  # all its rules for the host lose, which is told there
            for index in fitting:
                secret = entries[index].secret_name
                assert secret is not None, "the model asks for it"
                tls = Tls(namespace, secret, place.at(index))
                first = found.setdefault(host, tls)
                is_other = (first.namespace, first.secret) != (tls.namespace, tls.secret)
                if is_other and not tenancy.is_foreign_setting(first.origin, (tls.origin,), first.secret):
                    _report_conflict(host, first, tls, findings)
    for ingress in ingresses:
        for index, (entry, hosts) in enumerate(zip(ingress.value.spec.tls, served.get(ingress.name, ()), strict=True)):
            said = ingress.annotations.aliases
            aliases = said.names if said is not None and ingress.annotations.canary is None else ()
            _report_unused(
                entry,
                hosts,
                _Shared(aliases, home_of(ingress) or "", found),
                [host for host in hosts_of(ingress.value) if host not in found],
                ingress.origin.at("spec", "tls", index),
                findings,
            )
    return found


class _Shared(Struct, frozen=True):
    """What the aliases of an Ingress share: the certificate of its first host."""

    aliases: tuple[str, ...]
    home: str
    certificates: Mapping[str, Tls]

    def uses(self, host: str, entry: IngressTls) -> bool:
        """Whether a host of an entry is an alias whose certificate is that of the entry."""
        certificate = self.certificates.get(self.home)
        is_meant = any(host in (name, _wildcard(name)) for name in self.aliases)
        return is_meant and certificate is not None and certificate.secret == entry.secret_name


def secured_hosts(ingress: Ingress) -> tuple[str, ...]:
    """The hosts for which an Ingress names a certificate."""
    return tuple(host for host in hosts_of(ingress) if _fitting(host, ingress.spec.tls))


def _report_unused(
    entry: IngressTls,
    served: Sequence[str],
    shared: _Shared,
    bare: Sequence[str],
    place: Origin,
    findings: Diagnostics,
) -> None:
    """Report the hosts of an entry that no rule uses. `bare`: hosts of the Ingress that have no certificate at all."""
    why = "no rule of this Ingress is for this host, or another entry is for it more exactly"
    if bare:
        why += f"; without TLS now: {', '.join(bare)}"
    fix = "write the host as the rules have it, or delete it here"
    if not entry.hosts and not served:
        findings.add(codes.TLS_UNUSED, place, entry.secret_name or "", why.replace("this host", "a host"), fix)
    for number, host in enumerate(entry.hosts):
        if any(host in (name, _wildcard(name)) for name in served) or shared.uses(host, entry):
            continue
        if host in shared.aliases:
            mine = shared.certificates.get(shared.home)
            theirs = "no certificate" if mine is None else f"certificate {mine.namespace}/{mine.secret}"
            alone = f"it is an alias, which shares the certificate of its host, and {shared.home} has {theirs}"
            findings.add(codes.TLS_UNUSED, place.at("hosts", number), host, alone, "list it where its host is listed")
        else:
            findings.add(codes.TLS_UNUSED, place.at("hosts", number), host, why, fix)


def _fitting(host: str, entries: Sequence[IngressTls]) -> list[int]:
    """Indices of the entries that are for a host: those that name it, else its wildcard, else those without hosts."""
    wildcard = _wildcard(host)
    named = [index for index, entry in enumerate(entries) if host in entry.hosts]
    return (
        named
        or [index for index, entry in enumerate(entries) if wildcard in entry.hosts]
        or [index for index, entry in enumerate(entries) if not entry.hosts]
    )


def _wildcard(host: str) -> str:
    return f"*.{host.partition('.')[2]}"


def _report_conflict(host: str, first: Tls, tls: Tls, findings: Diagnostics) -> None:
    findings.add(
        codes.TLS_CONFLICT,
        tls.origin.at("secretName"),
        tls.secret,
        f"host {host} has certificate {first.namespace}/{first.secret} from an Ingress that comes first",
        "name the same Secret in both, or in one alone",
        (Note(first.origin, "the certificate that wins"),),
    )
