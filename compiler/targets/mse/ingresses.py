"""The Ingresses of a gateway: pieces of routes, put together by what they say, each with a name of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compiler.diagnostics import Note
from compiler.ir.regex import literal_prefix
from compiler.ir.traffic import ObjectName
from compiler.manifests import render
from compiler.targets.mse.codes import MSE_ROUTE_ORDER
from compiler.targets.mse.pieces import Translator
from compiler.targets.target import EDITS, Emission, ObjectId

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from compiler.diagnostics import Diagnostics
    from compiler.ir.delivery import IngressObject, MseGateway
    from compiler.ir.traffic import Gateway, Service, Tls
    from compiler.targets.mse.pieces import Piece

MANAGED_BY = ("app.kubernetes.io/managed-by", "fleetgate")
LONGEST_NAME = 250
"""Of an Ingress that fleetgate names: with `.yaml` the longest name of a file (Kubernetes would allow 253)."""


def emit_ingresses(
    gateway: Gateway,
    settings: MseGateway,
    ids: Mapping[str, str],
    ingresses: Mapping[ObjectName, IngressObject],
    services: Iterable[Service],
    taken: set[ObjectName],
    findings: Diagnostics,
) -> Iterator[Emission]:
    """One file per Ingress: `gateways/<gateway>/mse/<namespace>/<name>.yaml`.

    `taken`: names that are not free for what fleetgate names itself: those of all Ingresses of the repo, and those that
    were given before.
    """
    translator = Translator(settings, ids, ingresses, services, findings)
    pieces = [piece for host in gateway.hosts for piece in translator.pieces(host)]
    translator.tell()
    named = _named(pieces, taken)
    _check_order(named, findings)
    certificates = _certificates(gateway, named, ingresses)
    for name, group in named.items():
        owner = group[0].owner
        document = _ingress(name, group, settings, ingresses[owner], certificates.get(name, {}))
        # no object is called so: its file would be that of the Namespace
        file = "namespace_" if name.name == "namespace" else name.name
        yield Emission(
            f"gateways/{gateway.name}/mse/{name.namespace}/{file}.yaml",
            (render(document, comment=f"Compiled by fleetgate from Ingress {owner}. {EDITS}"),),
            ("gateway", gateway.name, name.namespace),
            (ObjectId("networking.k8s.io/v1", "Ingress", name.namespace, name.name),),
        )


# --- names


def _named(pieces: Iterable[Piece], taken: set[ObjectName]) -> dict[ObjectName, list[Piece]]:
    """The pieces of each emitted Ingress, by its name.

    An Ingress keeps its name while all of its paths say the same. Otherwise it becomes one per Service, so that a
    change to one Service changes one object: a path that moves from one object to another is unserved in between.
    """
    by_name: dict[tuple[ObjectName, str], dict[tuple[tuple[str, str], ...], list[Piece]]] = {}
    for piece in pieces:
        by_name.setdefault((piece.owner, piece.variant), {}).setdefault(piece.annotations, []).append(piece)
    named: dict[ObjectName, list[Piece]] = {}
    for (owner, variant), by_annotations in by_name.items():
        stem = f"{owner.name}.{variant}" if variant else owner.name
        if len(by_annotations) == 1:
            (group,) = by_annotations.values()
            own = ObjectName(owner.namespace, stem)
            named[_free(own, group, taken) if variant else own] = group
            continue
        by_service: dict[str, list[list[Piece]]] = {}
        for group in by_annotations.values():
            services: dict[str, list[Piece]] = {}
            for piece in group:
                services.setdefault(piece.backend.service.name, []).append(piece)
            for service, theirs in services.items():
                by_service.setdefault(service, []).append(theirs)
        for service, groups in by_service.items():
            wanted = ObjectName(owner.namespace, f"{stem}.{service}")
            for group in groups:
                named[_free(wanted, group, taken, is_shared=len(groups) > 1)] = group
    return named


def _free(wanted: ObjectName, group: list[Piece], taken: set[ObjectName], *, is_shared: bool = False) -> ObjectName:
    """A name of our own making that nothing else has; it depends on what the Ingress says alone."""
    free = wanted
    if is_shared or wanted in taken or len(wanted.name) > LONGEST_NAME:
        import hashlib  # noqa: PLC0415 - names rarely meet

        said = repr((wanted, group[0].annotations)).encode()
        for size in range(4, 65):
            tail = hashlib.blake2b(said, digest_size=size).hexdigest()
            stem = wanted.name[: LONGEST_NAME - 1 - len(tail)].rstrip("-.")
            free = ObjectName(wanted.namespace, f"{stem}.{tail}")
            if free not in taken:
                break
    taken.add(free)
    return free


def _check_order(named: Mapping[ObjectName, list[Piece]], findings: Diagnostics) -> None:
    """Report regular expressions between which MSE would decide by the age of their Ingresses."""
    by_length: dict[tuple[str, int], list[tuple[ObjectName, Piece]]] = {}
    for name, group in named.items():
        for piece in group:
            if piece.path.kind == "regex" and not piece.is_canary:
                by_length.setdefault((piece.host, len(piece.path.value)), []).append((name, piece))
    for found in by_length.values():
        found.sort(key=lambda pair: pair[1].path.value)
        for index, (name, piece) in enumerate(found):
            for other_name, other in found[:index]:
                if name != other_name and not _are_disjoint(piece.path.value, other.path.value):
                    findings.add(
                        MSE_ROUTE_ORDER,
                        piece.origin,
                        piece.path.value,
                        f"{other.path.value} of Ingress {other.owner} is as long, and MSE would try that of the older "
                        "Ingress first",
                        "make one of the patterns longer, or let them begin with different text",
                        (Note(other.origin, "the other pattern"),),
                    )


def _are_disjoint(one: str, other: str) -> bool:
    """Whether no path can match both patterns, as far as the text shows that they begin with."""
    a, b = literal_prefix(one), literal_prefix(other)
    return not a.startswith(b) and not b.startswith(a)


# --- documents


def _certificates(
    gateway: Gateway, named: Mapping[ObjectName, list[Piece]], ingresses: Mapping[ObjectName, IngressObject]
) -> dict[ObjectName, dict[str, Tls]]:
    """The certificates that each emitted Ingress names, by host.

    They are those that its author named there; where such an Ingress is gone, because its routes lost, that of another
    one in the namespace of the Secret.
    """
    found: dict[ObjectName, dict[str, Tls]] = {}
    serving: dict[tuple[str, str], dict[ObjectName, Piece]] = {}
    for name, group in named.items():
        for piece in group:
            serving.setdefault((piece.host, name.namespace), {}).setdefault(name, piece)
    for host in gateway.hosts:
        if host.tls is None:
            continue
        there = serving.get((host.host, host.tls.namespace), {})
        own = [name for name, piece in there.items() if host.host in ingresses[piece.owner].secured]
        bases = [name for name, piece in there.items() if not piece.is_canary]
        for name in own or bases or there:
            # an alias shares the certificate, and is named with it as its author had to name it
            found.setdefault(name, {}).update(dict.fromkeys((host.host, *host.aliases), host.tls))
    return found


def _ingress(
    name: ObjectName,
    group: list[Piece],
    settings: MseGateway,
    source: IngressObject,
    certificates: Mapping[str, Tls],
) -> dict[str, Any]:
    hosts: dict[str, list[dict[str, Any]]] = {}
    for piece in group:
        hosts.setdefault(piece.host, []).append(_path(piece))
    metadata: dict[str, Any] = {
        "name": name.name,
        "namespace": name.namespace,
        "labels": dict(sorted({**dict(source.labels), MANAGED_BY[0]: MANAGED_BY[1]}.items())),
    }
    annotations = {**dict(source.annotations), **dict(group[0].annotations)}
    if annotations:
        metadata["annotations"] = dict(sorted(annotations.items()))
    spec: dict[str, Any] = {"ingressClassName": settings.ingress_class}
    if certificates:
        spec["tls"] = _tls(certificates)
    spec["rules"] = [
        {"host": host, "http": {"paths": paths}} if host != "*" else {"http": {"paths": paths}}
        for host, paths in hosts.items()
    ]
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec}


def _tls(certificates: Mapping[str, Tls]) -> list[dict[str, Any]]:
    """Hosts by certificate; a rule for every host has its certificate in an entry without hosts."""
    by_secret: dict[tuple[str, bool], list[str]] = {}
    for host, certificate in certificates.items():
        by_secret.setdefault((certificate.secret, host == "*"), []).append(host)
    return [
        {"secretName": secret} if is_for_all else {"hosts": hosts, "secretName": secret}
        for (secret, is_for_all), hosts in by_secret.items()
    ]


def _path(piece: Piece) -> dict[str, Any]:
    kind = {"exact": "Exact", "prefix": "Prefix", "regex": "ImplementationSpecific"}[piece.path.kind]
    # a regular expression of an Ingress goes on with .*, which the program spells out
    path = piece.path.value.removesuffix(".*") if piece.path.kind == "regex" else piece.path.value
    return {
        "path": path,
        "pathType": kind,
        "backend": {"service": {"name": piece.backend.service.name, "port": {"number": piece.backend.port}}},
    }
