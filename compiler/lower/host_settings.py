"""What an Ingress says of its whole hosts: client TLS, lists of client addresses.

Of several Ingresses of a host the first one in order that says anything decides, whole: nothing is merged (MSE: the
oldest). Its setting holds for the routes of all others too, and both is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

from compiler.diagnostics import Note, error, warning
from compiler.lower.ingress_paths import hosts_of
from compiler.lower.traps import tell_unseen_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from compiler.diagnostics import Code, Diagnostics, Origin
    from compiler.ir.traffic import AddressList, ObjectName, Tls, TlsSettings
    from compiler.lower.ingress_paths import IngressInput, RoutePath
    from compiler.lower.tenancy import Tenancy
    from compiler.lower.traps import GatewaySize

HOST_SETTING_LOSES = warning(
    "host-setting-loses",
    "a setting for a whole host that another Ingress decides",
    """\
Client TLS and the lists of domain-whitelist-source-range and domain-blacklist-source-range belong to a host. Where
several Ingresses of a host say something of it, one of them decides, whole: nothing is merged. MSE takes the oldest;
Git does not know ages, so fleetgate takes that of the higher fleetgate.dev/priority, then the first by namespace/name,
and leaves the others out of what it emits.

Write the setting on one Ingress of the host, or the same on all.""",
)
HOST_SETTING_SHARED = warning(
    "host-setting-shared",
    "a setting of one Ingress that changes others of its host",
    """\
Client TLS, domain-whitelist-source-range, domain-blacklist-source-range and server-alias hold for the whole host: for
the routes of every Ingress that has it, also of those that say nothing of it, and whose owners may not know.

Write the same on all Ingresses of the host, so that each of them shows it; or accept the finding in the Fleet.""",
)
TLS_SETTINGS_UNUSED = warning(
    "tls-settings-unused",
    "client TLS for a host without a certificate",
    """\
tls-min-protocol-version, tls-max-protocol-version and ssl-cipher shape the TLS of a host. A host has TLS where some
Ingress names a certificate for it in spec.tls; for any other host MSE ignores them in silence.

Add the certificate to spec.tls, or delete the settings.""",
)
CLIENT_CA = error(
    "client-ca",
    "a CA for client certificates that MSE would ignore",
    """\
auth-tls-secret names a Secret with the CA by which clients have to prove who they are. MSE reads it only beside the
certificate of the host: in the same namespace, and called like the certificate's Secret with `-cacert` behind it, or
that Secret itself. Anything else it ignores in silence: plain TLS stays on, and everybody gets in.

Name that Secret, and add the certificate of the host to spec.tls where it has none.""",
)
CODES: tuple[Code, ...] = (HOST_SETTING_LOSES, HOST_SETTING_SHARED, TLS_SETTINGS_UNUSED, CLIENT_CA)

Owners = dict[str, "dict[ObjectName, RoutePath]"]
"""Host -> the Ingresses that have routes of it, each with its first one."""

T = TypeVar("T")
_SHOWN = 3
"""Ingresses that a finding lists; a host may have hundreds."""


def tls_settings(
    ingresses: Sequence[IngressInput],
    certificates: Mapping[str, Tls],
    owners: Owners,
    unread: AbstractSet[str],
    size: GatewaySize,
    tenancy: Tenancy,
    findings: Diagnostics,
) -> dict[str, TlsSettings]:
    """What clients of each host may use; only of hosts with a certificate.

    `unread`: hosts of Ingresses that could not be read, and may name one.
    """
    decided = _decide(ingresses, _tls, lambda one, other: one == other, "TLS settings", tenancy, findings)
    with_tls = {host: found for host, found in decided.items() if host in certificates}
    _tell_shared(with_tls, owners, lambda path: _tls(path.ingress) is None, tenancy, findings)
    for ingress in ingresses:
        mine = _tls(ingress)
        if mine is not None:
            mine_alone = [host for host in hosts_of(ingress.value) if decided[host][0] is ingress]
            hosts = [host for host in mine_alone if host in certificates or host not in unread]
            if _is_certified(mine, hosts, certificates, owners, findings) and mine.client_ca is not None:
                tell_unseen_secret(mine.client_ca, "every client gets in without a certificate", size, findings)
    return {
        host: msgspec.structs.replace(settings, owner=ingress.name) for host, (ingress, settings) in with_tls.items()
    }


def host_lists(
    ingresses: Sequence[IngressInput], owners: Owners, tenancy: Tenancy, findings: Diagnostics
) -> dict[str, AddressList]:
    """Which clients may use each host, where a route says nothing else."""
    decided = _decide(ingresses, _host_list, _same_list, "list of client addresses", tenancy, findings)
    _tell_shared(decided, owners, lambda path: path.ingress.annotations.access is None, tenancy, findings)
    return {host: found for host, (_, found) in decided.items()}


def _tls(ingress: IngressInput) -> TlsSettings | None:
    return ingress.annotations.tls


def _host_list(ingress: IngressInput) -> AddressList | None:
    access = ingress.annotations.access
    return None if access is None else access.host


def _same_list(one: AddressList, other: AddressList) -> bool:
    """Whether two lists say the same; the order of their blocks means nothing."""
    return one.kind == other.kind and set(one.ranges) == set(other.ranges)


def _decide(
    ingresses: Iterable[IngressInput],
    setting_of: Callable[[IngressInput], T | None],
    is_same: Callable[[T, T], bool],
    what: str,
    tenancy: Tenancy,
    findings: Diagnostics,
) -> dict[str, tuple[IngressInput, T]]:
    """By host, the first Ingress that says anything, and what it says; losers that say something else are told."""
    found: dict[str, tuple[IngressInput, T]] = {}
    for ingress in ingresses:
        mine = setting_of(ingress)
        if mine is None:
            continue
        lost: dict[ObjectName, list[str]] = {}
        for host in hosts_of(ingress.value):
            winner, theirs = found.setdefault(host, (ingress, mine))
            if not is_same(mine, theirs):
                lost.setdefault(winner.name, []).append(host)
        for hosts in lost.values():
            winner, theirs = found[hosts[0]]
            place: Origin = mine.origin  # type: ignore[attr-defined]
            decider: Origin = theirs.origin  # type: ignore[attr-defined]
            if tenancy.is_foreign_setting(decider, (place,), str(decider.path[-1])):
                continue
            findings.add(
                HOST_SETTING_LOSES,
                place,
                str(place.path[-1]),
                f"{_named(hosts)} {'has its' if len(hosts) == 1 else 'have their'} {what} from {winner.name}, which "
                "comes first, and this one has no effect there",
                "write it on one of the two Ingresses, or the same on both",
                (Note(decider, "what decides"),),
            )
    return found


def _tell_shared(
    decided: Mapping[str, tuple[IngressInput, T]],
    owners: Owners,
    is_changed: Callable[[RoutePath], bool],
    tenancy: Tenancy,
    findings: Diagnostics,
) -> None:
    """Report once per deciding Ingress whose routes its setting changes too."""
    changed: dict[ObjectName, tuple[Origin, list[str], dict[ObjectName, RoutePath]]] = {}
    for host, (winner, setting) in decided.items():
        others = {n: p for n, p in owners.get(host, {}).items() if n != winner.name and is_changed(p)}
        if others:
            place: Origin = setting.origin  # type: ignore[attr-defined]
            _, hosts, all_others = changed.setdefault(winner.name, (place, [], {}))
            hosts.append(host)
            all_others.update(others)
    for place, hosts, others in changed.values():
        tell_shared(place, hosts, list(others.values()), tenancy, findings)


def tell_shared(
    place: Origin, hosts: Sequence[str], others: Sequence[RoutePath], tenancy: Tenancy, findings: Diagnostics
) -> None:
    """Report that the setting at `place` holds for `hosts` as a whole, so for the routes of others too."""
    if tenancy.is_foreign_setting(place, (path.host_place for path in others), str(place.path[-1])):
        return
    names = [str(path.ingress.name) for path in others[:_SHOWN]]
    more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
    findings.add(
        HOST_SETTING_SHARED,
        place,
        str(place.path[-1]),
        f"it is for all of {_named(hosts)}, and so changes the routes of {', '.join(names)}{more}",
        "write the same on all Ingresses of the host, or accept this finding in the Fleet with a reason",
        tuple(Note(path.host_place, f"{path.ingress.name} has the host too") for path in others[:_SHOWN]),
    )


def _is_certified(
    settings: TlsSettings,
    hosts: Sequence[str],
    certificates: Mapping[str, Tls],
    owners: Owners,
    findings: Diagnostics,
) -> bool:
    """Whether the hosts have the certificates that the settings need; findings for those that have not."""
    bare = [host for host in hosts if host not in certificates]
    ca = settings.client_ca
    served = [path for host in bare[:1] for path in owners.get(host, {}).values()]
    notes = tuple(Note(path.host_place, "a host without a certificate") for path in served[:1])
    if bare and ca is None:
        findings.add(
            TLS_SETTINGS_UNUSED,
            settings.origin,
            bare[0],
            f"no Ingress names a certificate for {_named(bare)}, so there is no TLS that {settings.origin.path[-1]} "
            "could shape",
            "name a certificate in spec.tls, or delete the setting",
            notes,
        )
    if ca is None or not hosts:
        return False
    if bare:
        findings.add(
            CLIENT_CA,
            ca.origin,
            bare[0],
            f"no Ingress names a certificate for {_named(bare)}, so no client is asked for one by {ca} either",
            "name a certificate in spec.tls",
            notes,
        )
    is_beside = True
    for host in hosts:
        certificate = certificates.get(host)
        if certificate is None:
            continue
        wanted = f"{certificate.namespace}/{certificate.secret}"
        if str(ca) not in (wanted, f"{wanted}-cacert"):
            is_beside = False
            findings.add(
                CLIENT_CA,
                ca.origin,
                str(ca),
                f"the certificate of {_named([host])} is {wanted}, and MSE reads {wanted}-cacert beside it alone: "
                "everybody would get in",
                f"name the Secret {wanted}-cacert",
                (Note(certificate.origin, "the certificate"),),
            )
    return is_beside and not bare


def _named(hosts: Sequence[str]) -> str:
    return f"host{'s' * (len(hosts) > 1)} {', '.join(hosts[:_SHOWN])}" + (
        f" and {len(hosts) - _SHOWN} more" if len(hosts) > _SHOWN else ""
    )
