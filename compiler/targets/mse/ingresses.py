"""The Ingresses of a gateway: pieces of routes, put together by what they say, each with a name of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from compiler.diagnostics import Note
from compiler.ir.regex import literal_prefix
from compiler.ir.traffic import ObjectName
from compiler.manifests import Form, Hole, render
from compiler.targets.mse.codes import MSE_ROUTE_ORDER
from compiler.targets.mse.pieces import Translator
from compiler.targets.target import EDITS, Emission, ObjectId

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from compiler.diagnostics import Diagnostics
    from compiler.ir.delivery import IngressObject, MseGateway
    from compiler.ir.traffic import Gateway, Service, Tls
    from compiler.manifests import Node
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
        text = _text(name, group, settings, ingresses[owner], certificates.get(name, {}))
        # no object is called so: its file would be that of the Namespace
        file = "namespace_" if name.name == "namespace" else name.name
        yield Emission(
            f"gateways/{gateway.name}/mse/{name.namespace}/{file}.yaml",
            (f"# Compiled by fleetgate from Ingress {owner}. {EDITS}\n", text),
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


class _Shape(Struct, frozen=True, gc=False):
    """What Ingresses have in common that differ in their names and values alone."""

    labels: tuple[tuple[str, str], ...]
    annotations: tuple[str, ...]
    """Their keys."""
    ingress_class: str
    rules: tuple[tuple[bool, tuple[tuple[str, int], ...]], ...]
    """Of each rule: whether it is for every host, and type and port of its paths."""


_shapes: dict[_Shape, Form | None] = {}
"""None for a shape that was met once: a form is worth its making where it is used again."""
_SHAPES = 1 << 8
"""Bound of their memory; a full one is emptied and fills again."""


def _text(
    name: ObjectName,
    group: list[Piece],
    settings: MseGateway,
    source: IngressObject,
    certificates: Mapping[str, Tls],
) -> str:
    annotations = dict(sorted({**dict(source.annotations), **dict(group[0].annotations)}.items()))
    hosts: dict[str, list[Piece]] = {}
    for piece in group:
        hosts.setdefault(piece.host, []).append(piece)
    values: list[Node] = [name.name, name.namespace, *annotations.values()]
    for host, pieces in hosts.items():
        if host != "*":
            values.append(host)
        for piece in pieces:
            values += (_path(piece), piece.backend.service.name)
    shape = _Shape(
        tuple(sorted({**dict(source.labels), MANAGED_BY[0]: MANAGED_BY[1]}.items())),
        tuple(annotations),
        settings.ingress_class,
        tuple(
            [
                (host == "*", tuple([(_TYPES[piece.path.kind], piece.backend.port) for piece in pieces]))
                for host, pieces in hosts.items()
            ]
        ),
    )
    if certificates:
        return render(_ingress(shape, values, _tls(certificates)))
    form = _shapes.get(shape)
    if form is not None:
        return form.fill(values)
    if shape in _shapes:
        holes = [Hole() for _ in values]
        form = _shapes[shape] = Form([_ingress(shape, holes)], holes)
        return form.fill(values)
    if len(_shapes) >= _SHAPES:
        _shapes.clear()
    _shapes[shape] = None
    return render(_ingress(shape, values))


def _ingress(shape: _Shape, values: Iterable[Node], tls: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """`values`: name, namespace, those of the annotations; of each rule its host, unless it is for all, and of its
    paths path and Service. They may be holes.
    """
    rest = iter(values)
    metadata: dict[str, Any] = {"name": next(rest), "namespace": next(rest), "labels": dict(shape.labels)}
    if shape.annotations:
        metadata["annotations"] = {key: next(rest) for key in shape.annotations}
    spec: dict[str, Any] = {"ingressClassName": shape.ingress_class}
    if tls is not None:
        spec["tls"] = tls
    spec["rules"] = rules = []
    for is_for_all, paths in shape.rules:
        host = {} if is_for_all else {"host": next(rest)}
        entries = [
            {
                "path": next(rest),
                "pathType": path_type,
                "backend": {"service": {"name": next(rest), "port": {"number": port}}},
            }
            for path_type, port in paths
        ]
        rules.append({**host, "http": {"paths": entries}})
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


_TYPES = {"exact": "Exact", "prefix": "Prefix", "regex": "ImplementationSpecific"}


def _path(piece: Piece) -> str:
    # a regular expression of an Ingress goes on with .*, which the program spells out
    return piece.path.value.removesuffix(".*") if piece.path.kind == "regex" else piece.path.value
