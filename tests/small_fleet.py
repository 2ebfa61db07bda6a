"""Small fleets in tests: documents as plain data, compiled from a folder of their own, findings as short tuples."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import yaml

from compiler.diagnostics import Diagnostics, Severity
from compiler.pipeline.compile import compile_fleet
from compiler.pipeline.deliver import deliver
from compiler.pipeline.options import Options
from compiler.pipeline.root import open_root

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from compiler.diagnostics import Diagnostic, Origin
    from compiler.ir.traffic import Route, VirtualHost
    from compiler.pipeline.compile_cell import CellResult
    from compiler.targets.target import Emission

NGINX = "nginx.ingress.kubernetes.io/"
MSE = "mse.ingress.kubernetes.io/"
OWN = {"apiVersion": "fleetgate.dev/v1alpha1"}
HOST = "shop.example.com"

Document = dict[str, Any]
Found = tuple[str, str, str]
"""(code, place, value); the place is `<file>:<path>`, with the name of the document's object as file."""


def fleet(*clusters: str, gateway: Mapping[str, Any] | None = None, **spec: Any) -> list[Document]:
    """A Fleet with gateway `public`, and clusters in zones of their own; ids are `c-<name>`."""
    entry = {"name": "public", "region": "hz", "ingressClassName": "mse", "targets": ["mse"], **(gateway or {})}
    argocd = {"repoURL": "https://git.example.com/acme/fleet.git", "project": "acme", **spec.pop("argocd", {})}
    body = {"gateways": [entry], "argocd": argocd, **spec}
    return [{**OWN, "kind": "Fleet", "metadata": {"name": "acme"}, "spec": body}, *map(cluster, clusters)]


def cluster(name: str, **spec: Any) -> Document:
    """A Cluster in region `hz`, in a zone of its own."""
    where = {"region": "hz", "zones": [f"zone-{name}"], "argocd": {"destination": {"name": name}}}
    return {**OWN, "kind": "Cluster", "metadata": {"name": name}, "spec": {"id": f"c-{name}", **where, **spec}}


def app(name: str, *clusters: str, namespace: str = "shop", **spec: Any) -> Document:
    """An App that serves on port 80."""
    body = {
        "image": f"registry.example.com/{name}:1.0.0",
        "ports": [{"name": "http", "port": 80, "targetPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"}},
        "placement": {"clusters": list(clusters)},
    }
    return {**OWN, "kind": "App", "metadata": {"name": name, "namespace": namespace}, "spec": {**body, **spec}}


def service(name: str, *clusters: str, namespace: str = "shop") -> Document:
    """A Service that somebody else deploys, with port 80."""
    metadata = {"name": name, "namespace": namespace, "annotations": {"fleetgate.dev/clusters": ",".join(clusters)}}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"ports": [{"name": "http", "port": 80}]},
    }


def policy(name: str, spread: Mapping[str, Any], **spec: Any) -> Document:
    """A TrafficPolicy of one Service."""
    body = {"targetRefs": [{"name": name}], "spread": spread, **spec}
    return {**OWN, "kind": "TrafficPolicy", "metadata": {"name": name, "namespace": "shop"}, "spec": body}


def weights(**shares: int) -> dict[str, Any]:
    """A spread by weights; `hz_a=70` is cluster hz-a."""
    listed = [{"cluster": name.replace("_", "-"), "weight": weight} for name, weight in shares.items()]
    return {"type": "ActiveActive", "activeActive": {"weights": listed}}


def tiers(*ordered: Sequence[str]) -> dict[str, Any]:
    """A spread over tiers, primary first."""
    listed = [{"clusters": [{"cluster": name} for name in tier]} for tier in ordered]
    return {"type": "PrimarySecondary", "primarySecondary": {"tiers": listed}}


def path(to: str, path: str = "/cart", kind: str = "Prefix") -> dict[str, Any]:
    """A path of a rule, to port 80 of a Service."""
    return {"path": path, "pathType": kind, "backend": {"service": {"name": to, "port": {"number": 80}}}}


def rule(*paths: dict[str, Any], host: str | None = HOST) -> dict[str, Any]:
    """A rule of an Ingress."""
    return {**({"host": host} if host else {}), "http": {"paths": list(paths)}}


def ingress(name: str, *rules: dict[str, Any], namespace: str = "shop", **more: Any) -> Document:
    """An Ingress; `more`: `annotations`, `labels`, and fields of its spec."""
    metadata = {"name": name, "namespace": namespace}
    metadata |= {field: more.pop(field) for field in ("annotations", "labels") if field in more}
    spec = {"ingressClassName": "mse", "rules": list(rules), **more}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec}


def canary(name: str, *rules: dict[str, Any], **said: str) -> Document:
    """A canary Ingress; `weight="20"`, `by_header="x-stage"`, or whole annotation keys."""
    annotations = {NGINX + "canary": "true"}
    annotations |= {k if "/" in k else f"{NGINX}canary-{k.replace('_', '-')}": v for k, v in said.items()}
    return ingress(name, *rules, annotations=annotations)


def pin(cluster: str) -> dict[str, str]:
    """Annotations that pin to a cluster."""
    return {MSE + "service-subset": cluster, MSE + "subset-labels": f"topology.istio.io/cluster c-{cluster}"}


class Compiled(msgspec.Struct):
    """What documents compile to."""

    cells: list[CellResult]
    files: dict[str, str]
    findings: tuple[Diagnostic, ...]
    found: list[Found]

    @property
    def has_errors(self) -> bool:
        """Whether a build would write nothing."""
        return any(f.code.severity is Severity.ERROR for f in self.findings)

    @property
    def codes(self) -> list[str]:
        """Codes of the findings."""
        return [code for code, _, _ in self.found]

    @property
    def hosts(self) -> list[VirtualHost]:
        """The hosts of the first gateway."""
        programs = [cell.program for cell in self.cells if cell.program is not None]
        return [host for program in programs for host in program.traffic.gateways[0].hosts]

    @property
    def routes(self) -> list[Route]:
        """The routes of the one host."""
        (host,) = self.hosts
        return list(host.routes)

    def document(self, path: str) -> Document:
        """The one document of an emitted file."""
        loaded: Document = yaml.safe_load(self.files[path])
        return loaded

    def ingresses(self) -> dict[str, Document]:
        """Emitted Ingresses by name."""
        texts = [text for path, text in self.files.items() if path.startswith("gateways/")]
        emitted = [document for text in texts for document in yaml.safe_load_all(text)]
        return {e["metadata"]["name"]: e for e in emitted if e["kind"] == "Ingress"}


def compiled(documents: Iterable[Document], *, files: Mapping[str, str] | None = None, **options: Any) -> Compiled:
    """Compile documents, each in a file named like its object; `files`: further files by path."""
    with tempfile.TemporaryDirectory() as folder:
        for document in documents:
            name = f"{document['kind'].lower()}-{document['metadata']['name'][:99]}.yaml"
            with Path(folder, name).open("a") as file:
                file.write("---\n" + yaml.safe_dump(document))
        for name, text in (files or {}).items():
            Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
            Path(folder, name).write_text(text)
        return _compiled(Options(root=folder, **options))


def _compiled(options: Options) -> Compiled:
    programs = msgspec.structs.replace(options, stop_after="ir")
    late = Diagnostics()
    delivered: list[Emission] = []
    with open_root(programs) as root:
        cells, facts, fleetwide = compile_fleet(root, programs, lambda *_: None)
        if not fleetwide.has_errors:
            prepared = cells.prepared
            assert prepared is not None
            delivered = list(deliver(facts, prepared.context.gateways, prepared.argocd, late, prepared.context.envoys))
    emitted = [*(e for cell in cells.cells for e in cell.emissions), *delivered]
    findings = (*fleetwide.findings, *late.sorted())
    found = [(f.code.name, place(f.origin), f.value) for f in findings]
    return Compiled(cells.cells, {e.path: e.text for e in emitted}, findings, found)


def place(origin: Origin) -> str:
    """A short form of a place."""
    name = origin.file.removesuffix(".yaml")
    return f"{name}:{'.'.join(map(str, origin.path))}"
