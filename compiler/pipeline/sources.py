"""Files of a root -> decoded documents, and the keys by which they belong together."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct

from compiler.annotations import read_annotations
from compiler.diagnostics import Code, Diagnostics, error
from compiler.lower.fleet import parse_version
from compiler.lower.world import Sourced
from compiler.model.app import App
from compiler.model.decode import decode
from compiler.model.fleet import Cluster, Fleet
from compiler.model.kinds import KINDS
from compiler.model.kubernetes import EndpointSlice, Ingress, IngressClass, Service
from compiler.model.mse import MseIngressConfig
from compiler.model.traffic import TrafficPin, TrafficPolicy
from compiler.pipeline.cells import HOST
from compiler.pipeline.follow_ons import Broken
from compiler.pipeline.nested import is_fleet, report_nested
from compiler.source.documents import read_documents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from compiler.annotations.ingress import IngressAnnotations
    from compiler.diagnostics import Diagnostic, Origin
    from compiler.model.base import Document as Struct_
    from compiler.pipeline.root import Root
    from compiler.source.documents import Document

STATE_IN_TREE = error(
    "state-in-tree",
    "a TrafficState among the declared documents",
    "Effective weights are written by the agent on a Git ref of their own, so that they never mix with what people "
    "declare. A build takes them from there with --state REF (or --state FILE).",
)
CODES: tuple[Code, ...] = (STATE_IN_TREE,)
OWN_KINDS = (App, Cluster, Fleet, TrafficPin, TrafficPolicy)
"""Kinds that nobody but fleetgate reads, so that no manifest holds them."""
WORLD_KINDS = (Fleet, Cluster, IngressClass, MseIngressConfig)
"""Kinds that every cell depends on."""
SERVICE_LABEL = "kubernetes.io/service-name"
_KINDS = frozenset(kind for _, kind, _ in KINDS)


T = TypeVar("T", bound="Struct_")


class Decoded(Struct, frozen=True, gc=False):
    """A document that could be decoded."""

    value: Struct_
    origin: Origin


class SourceFile(Struct, gc=False):
    """One file: its documents, and what of it could not be read."""

    path: str
    documents: tuple[Decoded, ...]
    broken: tuple[Broken, ...] = ()
    claims: tuple[str, ...] = ()
    """Files that its Apps name as manifests or templates."""
    patterns: tuple[tuple[str, str], ...] = ()
    """(folder, glob) by which they are named."""
    names: tuple[str, ...] = ()
    """Keys of the objects in these manifests."""

    @property
    def has_ingresses(self) -> bool:
        """Whether one of its documents is an Ingress."""
        return any(type(d.value) is Ingress for d in self.documents)

    @property
    def is_worldly(self) -> bool:
        """Whether other files depend on one of its documents."""
        return bool(self.broken) or any(type(d.value) in WORLD_KINDS for d in self.documents)

    def release(self) -> None:
        """Let go of documents that are compiled: the memory of a build grows with cells, not with the fleet."""
        self.documents = tuple([d for d in self.documents if type(d.value) in WORLD_KINDS])


class Sources(Struct):
    """All files of a root that hold documents."""

    files: dict[str, SourceFile]
    is_partial: bool = False
    """Whether some file or folder of the root could not even be listed."""

    def of(self, kind: type[T], files: Iterable[str] | None = None) -> list[Sourced[T]]:
        """Documents of a kind, in order of path and position."""
        chosen = self.files.values() if files is None else (self.files[f] for f in files)
        return [Sourced(d.value, d.origin) for file in chosen for d in file.documents if type(d.value) is kind]

    def by_kind(self, files: Iterable[str]) -> dict[type, list[Sourced[Any]]]:
        """Documents of these files by their kind, in order of path and position."""
        found: dict[type, list[Sourced[Any]]] = {}
        for file in files:
            for document in self.files[file].documents:
                found.setdefault(type(document.value), []).append(Sourced(document.value, document.origin))
        return found

    @property
    def broken(self) -> list[Broken]:
        """Everything that could not be read or decoded."""
        unseen = [Broken("", "")] if self.is_partial else []
        return [*unseen, *(broken for file in self.files.values() for broken in file.broken)]


class Held(Struct, gc=False):
    """A document that was read: what it decodes to, and what was found on the way. Its data is let go of."""

    origin: Origin
    value: Struct_ | None
    findings: Diagnostics
    namespace: str
    """"" where none is written."""
    name: str
    is_fleet: bool
    broken: Broken | None = None
    """Where it has errors."""


def read_sources(
    root: Root, findings: Diagnostics, progress: Callable[[str, int, int], None], paths: Sequence[str] | None = None
) -> Sources:
    """Read and decode the document files of the root (or `paths` alone): without those of nested roots, and without
    those that Apps claim as manifests or templates.
    """
    is_partial = False
    if paths is None:
        paths = root.list(findings)
        is_partial = findings.has_errors
        if not is_partial and _is_strange(root, paths):
            return Sources({})
    held: dict[str, tuple[Diagnostics, list[Held]]] = {}
    nested: dict[str, Origin] = {}
    for index, path in enumerate(paths):
        if index % 500 == 0:
            progress("read", index, len(paths))
        reading = Diagnostics()
        raw = root.read_document(path, reading)
        documents = [] if raw is None else read_documents(path, raw, reading)
        held[path] = (reading, [_decoded(d) for d in documents])
        place = next((d.origin for d in held[path][1] if d.is_fleet), None)
        if place is not None and "/" in path:
            nested.setdefault(posixpath.dirname(path) + "/", place)
    root.nested = sorted(nested)
    if nested:
        held = {p: h for p, h in held.items() if not p.startswith(tuple(nested))}
        own = (d.value for _, documents in held.values() for d in documents if isinstance(d.value, Fleet))
        report_nested(nested, next((fleet.metadata.name for fleet in own), ""), findings)
    return Sources(_files(held, root, findings), is_partial)


def _is_strange(root: Root, paths: Sequence[str]) -> bool:
    """Whether this folder is plainly no root: then that is the only thing to say of it, not what its files are.

    A Fleet stands directly in the root, so only files there are looked at; of further roots below their files tell.
    """
    if any(posixpath.basename(path).startswith("fleet.") for path in paths):
        return False
    texts = [root.read_document(path, Diagnostics()) for path in paths if "/" not in path]
    return all(text is not None and b"Fleet" not in text for text in texts)


def _decoded(document: Document) -> Held:
    mine = Diagnostics()
    value = decode(document, mine)
    metadata = document.data.get("metadata")
    namespace, name = (metadata.get("namespace"), metadata.get("name")) if isinstance(metadata, dict) else ("", "")
    return Held(
        document.origin,
        value,
        mine,
        str(namespace or ""),
        str(name),
        is_fleet(document),
        _broken(document) if mine.has_errors else None,
    )


def _broken(document: Document) -> Broken:
    kind = document.data.get("kind")
    return Broken(kind if isinstance(kind, str) and kind in _KINDS else "", repr(document.data))


def _files(
    held: Mapping[str, tuple[Diagnostics, list[Held]]], root: Root, findings: Diagnostics
) -> dict[str, SourceFile]:
    patterns = {path: found for path, (_, documents) in held.items() if (found := _patterns(path, documents))}
    claims = {
        path: tuple(sorted({claim for folder, pattern in found for claim in root.glob(folder, pattern)}))
        for path, found in patterns.items()
    }
    claimed = {c for found in claims.values() for c in found}
    # a glob that names an App too must not make it vanish, with all that it says: whoever reads the manifests tells
    claimed -= {c for c in claimed if c in held and any(type(d.value) in OWN_KINDS for d in held[c][1])}
    files: dict[str, SourceFile] = {}
    for path, (reading, documents) in held.items():
        if path in claimed:
            continue
        findings.extend(_relevant(reading, documents) if len(reading) else ())
        broken = [Broken("", root.text(path) or "")] if reading.has_errors else []
        told: set[str] = set()
        decoded: list[Decoded] = []
        for document in documents:
            mine = document.findings
            if len(mine):
                findings.extend(f for f in mine if not (f.code.name == "unread-kind" and f.value in told))
                told.update(f.value for f in mine if f.code.name == "unread-kind")
            if document.value is not None:
                decoded.append(Decoded(document.value, document.origin))
            if document.broken is not None:
                broken.append(document.broken)
        if decoded or broken:
            mine_claims = claims.get(path, ())
            names = _names(decoded, mine_claims, held) if mine_claims else ()
            files[path] = SourceFile(path, tuple(decoded), tuple(broken), mine_claims, patterns.get(path, ()), names)
    return files


def _relevant(reading: Diagnostics, documents: Sequence[Held]) -> Iterator[Diagnostic]:
    """Findings of reading, without doubts about values that are wrong anyway, or of kinds that are not read."""
    foreign = {d.origin.document for d in documents if d.value is None and not d.broken}
    wrong = {(f.origin.document, f.origin.path) for d in documents for f in d.findings}
    for finding in reading:
        place = finding.origin
        if finding.code.name != "yaml-ambiguous" or (
            place.document not in foreign and (place.document, place.path) not in wrong
        ):
            yield finding


def _patterns(path: str, documents: Sequence[Held]) -> tuple[tuple[str, str], ...]:
    """(folder, glob) of everything that the Apps of a file name."""
    folder = posixpath.dirname(path)
    specs = [document.value.spec for document in documents if isinstance(document.value, App)]
    return tuple([(folder, pattern) for spec in specs for pattern in (*spec.manifests, *spec.templates)])


def _names(
    decoded: Sequence[Decoded], claims: Sequence[str], held: Mapping[str, tuple[Diagnostics, list[Held]]]
) -> tuple[str, ...]:
    """Keys of the objects in claimed manifests; one without a namespace is in that of its App, or in none."""
    namespaces = sorted({d.value.metadata.namespace for d in decoded if type(d.value) is App})
    keys: set[str] = set()
    for path in claims:
        for document in held[path][1] if path in held else ():
            own = document.namespace
            keys.update(f"name:{namespace}/{document.name}" for namespace in ([own] if own else ["", *namespaces]))
    return tuple(sorted(keys))


class ReadIngress(Struct, frozen=True, gc=False):
    """An Ingress and what its annotations say."""

    value: Ingress
    origin: Origin
    annotations: IngressAnnotations


def read_ingresses(fleet: Fleet | None, file: SourceFile, findings: Diagnostics) -> list[ReadIngress]:
    """Ingresses of a file with their annotations read, by the version of the gateway that they belong to."""
    found = []
    for document in file.documents:
        ingress = document.value
        if type(ingress) is not Ingress:
            continue
        version = None
        has_default_limit = True
        dialects: tuple[str, ...] = ()
        if fleet is not None:
            dialects = fleet.spec.dialects
            for gateway in fleet.spec.gateways:
                if gateway.ingress_class_name != ingress.spec.ingress_class_name:
                    continue
                if "mse" in gateway.targets:
                    version = parse_version(gateway.mse.version)
                # our own Envoy is told to accept more, and its target tells what is too large for it
                has_default_limit = set(gateway.targets) != {"envoy"}
        metadata = ingress.metadata
        said = read_annotations(
            metadata.annotations,
            document.origin.at("metadata"),
            metadata.namespace,
            version,
            dialects,
            findings,
            has_default_limit=has_default_limit,
        )
        found.append(ReadIngress(ingress, document.origin, said))
    return found


def keys_of(file: SourceFile, ingresses: Sequence[ReadIngress]) -> list[str]:
    """What a file mentions: `name:<namespace>/<name>` of objects, `host:<class>|<host>`, `ingress:…`."""
    keys = list(file.names)
    for document in file.documents:
        value = document.value
        if isinstance(value, App):
            namespace, name = value.metadata.namespace, value.metadata.name
            keys.append(f"name:{namespace}/{name}")
            keys += [f"name:{namespace}/{name}-{v.name}" for v in value.spec.versions]
            if value.spec.templates:
                # what templates emit is known only once they are rendered, all in one child process
                keys.append("templates")
        elif isinstance(value, Service):
            keys.append(f"name:{value.metadata.namespace}/{value.metadata.name}")
        elif isinstance(value, TrafficPolicy):
            namespace = value.metadata.namespace
            keys += [f"name:{namespace}/{r.name}" for r in value.spec.target_refs]
            keys.append(f"policy:{namespace}/{value.metadata.name}")
        elif isinstance(value, TrafficPin):
            namespace = value.metadata.namespace
            keys += [f"name:{namespace}/{value.spec.service}", f"pin:{namespace}/{value.metadata.name}"]
        elif isinstance(value, EndpointSlice):
            namespace = value.metadata.namespace
            keys.append(f"name:{namespace}/{value.metadata.labels.get(SERVICE_LABEL, '')}")
            keys.append(f"slice:{namespace}/{value.metadata.name}")
    for ingress in ingresses:
        keys += _ingress_keys(ingress)
    return keys


def _ingress_keys(ingress: ReadIngress) -> list[str]:
    metadata, spec, said = ingress.value.metadata, ingress.value.spec, ingress.annotations
    namespace = metadata.namespace
    keys = [f"ingress:{namespace}/{metadata.name}"]
    # names that targets make begin with that of an Ingress and a dot
    parts = metadata.name.split(".")
    keys += [f"ingress:{namespace}/{'.'.join(parts[:n])}" for n in range(1, len(parts))]
    backends = [spec.default_backend] if spec.default_backend else []
    for rule in spec.rules:
        keys.append(f"{HOST}{spec.ingress_class_name}|{rule.host or '*'}")
        if rule.http is not None:
            backends += [path.backend for path in rule.http.paths]
    if spec.default_backend is not None:
        keys.append(f"{HOST}{spec.ingress_class_name}|*")
    keys += [f"name:{namespace}/{b.service.name}" for b in backends if b.service is not None]
    if said.aliases is not None:
        keys += [f"{HOST}{spec.ingress_class_name}|{name}" for name in said.aliases.names]
    if said.destination is not None:
        keys += [f"name:{t.service.namespace}/{t.service.name}" for t in said.destination.targets]
    if said.fallback is not None:
        keys.append(f"name:{said.fallback.namespace}/{said.fallback.name}")
    if said.mirror is not None:
        keys.append(f"name:{said.mirror.service.namespace}/{said.mirror.service.name}")
    return keys
