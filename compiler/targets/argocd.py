"""Target `argocd`: an AppProject, an app of apps, and Applications that deliver clusters and gateways.

Facts: Argo CD Application and AppProject specification, declarative setup, directory sources, sync options.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from compiler.diagnostics import warning
from compiler.ir.delivery import Destination
from compiler.manifests import render
from compiler.targets.target import HEAD, Emission, ObjectId

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from compiler.diagnostics import Diagnostics
    from compiler.ir.delivery import ArgoCD, MseGateway

API = "argoproj.io/v1alpha1"
FINALIZER = "resources-finalizer.argocd.argoproj.io"
SYNC_WAVE = "argocd.argoproj.io/sync-wave"
GENERATE_PATHS = "argocd.argoproj.io/manifest-generate-paths"
LABELS = {"app.kubernetes.io/managed-by": "fleetgate"}
IN_CLUSTER = "https://kubernetes.default.svc"

MAX_OBJECTS = 2000
"""Status and last operation of an Application name every object, about 0.7 kB each; etcd takes 1.5 MiB."""
APPLICATION_BYTES = 1_500
"""About the size of the file of an Application."""
MAX_BYTES = 8_000_000
"""The repo server refuses directory sources above 10 MB; a fifth is left for growth."""

ARGOCD_LIMITS = warning(
    "argocd-limits",
    "an Argo CD Application grows towards a limit",
    "An Application lists every object in its status, and etcd takes 1.5 MiB for all of it: about 2,000 objects. The "
    "repo server reads at most 10 MB from a directory. Choose a finer `spec.argocd.granularity` in the Fleet "
    "(cluster, namespace, app), or split the namespace, before a sync fails. Where the app of apps itself grows too "
    "large, because it lists every Application, choose a coarser one.",
)
CODES = (ARGOCD_LIMITS,)


class Load(Struct, frozen=True, gc=False):
    """What one Application would deliver."""

    objects: int
    size: int
    """Bytes of manifests."""


class Group(Struct, frozen=True, gc=False, order=True):
    """Files that are delivered together: those of a namespace in a cluster, or of a gateway."""

    kind: str
    """`cluster` or `gateway`."""
    name: str
    """Name of that cluster or gateway."""
    namespace: str
    """Empty for what is cluster-scoped."""
    app: str = ""
    """One app alone, with granularity `app`."""


def emit(
    settings: ArgoCD,
    gateways: Sequence[MseGateway],
    loads: Mapping[Group, Load],
    cluster_kinds: Iterable[tuple[str, str]],
    guests: Iterable[tuple[str, str]],
    findings: Diagnostics,
) -> Iterator[Emission]:
    """All files below `argocd/`.

    `cluster_kinds`: (API group, kind) of every cluster-scoped object emitted. `guests`: (cluster, namespace) of objects
    that an Application of another namespace delivers.
    """
    destinations = dict(settings.destinations)
    by_gateway = {g.gateway: g for g in gateways}
    used = {(destinations[c].server, destinations[c].name, namespace): None for c, namespace in guests}
    applications = _applications(settings, loads)
    _check_root(settings, len(applications), findings)
    for name, path, sort, target, load in applications:
        if sort == "gateway":
            gateway = by_gateway[target.name]
            destination, namespace = gateway.destination, ""
            origin_name = gateway.gateway
        else:
            destination, namespace = destinations[target.name], target.namespace
            origin_name = target.name
        if _is_too_much(load):
            findings.add(
                ARGOCD_LIMITS,
                settings.origin.at("granularity"),
                settings.granularity,
                f"Application {name} delivers {load.objects} objects in {load.size / 1e6:.1f} MB "
                f"(limits: {MAX_OBJECTS} objects, {MAX_BYTES / 1e6:.0f} MB)",
                "choose a finer granularity, or split the namespace",
            )
        recurse = sort == "gateway" or not target.namespace
        include = f"{target.app}.yaml" if target.app else ""
        document = _application(settings, name, path, destination, namespace, recurse=recurse, include=include)
        used[(destination.server, destination.name, namespace or "*")] = None
        folder = "gateways" if sort == "gateway" else f"clusters/{origin_name}"
        file = name.removeprefix(f"{origin_name}.") if sort == "cluster" else origin_name
        yield _file(settings, f"argocd/{folder}/{file}.yaml", document)
    yield _file(settings, "argocd/project.yaml", _project(settings, used, cluster_kinds))
    yield _file(settings, "argocd/root.yaml", _root(settings))


def server_of(destination: Destination) -> str:
    """What tells API servers apart, as far as it can be told: a server has one address, and a cluster one name."""
    return IN_CLUSTER if destination.name == "in-cluster" else destination.server or destination.name


def passes_limits(settings: ArgoCD, loads: Mapping[Group, Load]) -> bool:
    """Whether `emit` would report a limit; a little earlier than it, because what it adds itself is small."""
    applications = _applications(settings, loads)
    return _is_too_much(_root_load(len(applications))) or any(
        _is_too_much(Load(load.objects + 100, load.size + 100_000)) for *_, load in applications
    )


def _check_root(settings: ArgoCD, applications: int, findings: Diagnostics) -> None:
    """Report more Applications than the app of apps can hold."""
    if _is_too_much(_root_load(applications)):
        findings.add(
            ARGOCD_LIMITS,
            settings.origin.at("granularity"),
            settings.granularity,
            f"the app of apps delivers {applications} Applications (limit: {MAX_OBJECTS} objects)",
            "choose a coarser granularity, or give each region a Fleet of its own",
        )


def _root_load(applications: int) -> Load:
    """What the app of apps delivers: the Applications, itself and the AppProject."""
    return Load(applications + 2, applications * APPLICATION_BYTES)


def _is_too_much(load: Load) -> bool:
    return load.objects > MAX_OBJECTS or load.size > MAX_BYTES


def _applications(settings: ArgoCD, loads: Mapping[Group, Load]) -> list[tuple[str, str, str, Group, Load]]:
    """(name, path below the rendered tree, kind, group, load) of each Application, in order."""
    merged: dict[Group, Load] = {}
    for group, load in loads.items():
        if group.kind == "gateway":
            key = Group("gateway", group.name, "")
        elif settings.granularity == "cluster":
            key = Group("cluster", group.name, "")
        elif settings.granularity == "namespace":
            key = Group("cluster", group.name, group.namespace)
        else:
            key = group if group.app else Group("cluster", group.name, group.namespace, "namespace")
        before = merged.get(key, Load(0, 0))
        merged[key] = Load(before.objects + load.objects, before.size + load.size)
    found = []
    for group in sorted(merged):
        if group.kind == "gateway":
            # beside that folder lie files of other targets that are no manifests;
            # one dot-free word: no cluster and namespace joined by a dot can be equal to it
            found.append((f"gateway-{group.name}", f"gateways/{group.name}/mse", "gateway", group, merged[group]))
        elif not group.namespace:
            found.append((f"{group.name}.cluster", f"clusters/{group.name}", "cluster", group, merged[group]))
        else:
            name = f"{group.name}.{group.namespace}" + (f".{group.app}" if group.app else "")
            path = f"clusters/{group.name}/{group.namespace}"
            found.append((name, path, "cluster", group, merged[group]))
    return found


def _file(settings: ArgoCD, path: str, document: dict[str, Any]) -> Emission:
    metadata = document["metadata"]
    identity = ObjectId(API, document["kind"], settings.namespace, metadata["name"])
    text = render(document, comment=HEAD)
    return Emission(path, (text,), ("argocd", settings.project, settings.namespace), (identity,))


def _application(
    settings: ArgoCD,
    name: str,
    path: str,
    destination: Destination,
    namespace: str,
    *,
    recurse: bool,
    include: str,
) -> dict[str, Any]:
    directory: dict[str, Any] = {"recurse": recurse}
    if include:
        directory["include"] = include
    return {
        "apiVersion": API,
        "kind": "Application",
        "metadata": {
            "name": name,
            "namespace": settings.namespace,
            "labels": LABELS,
            # a commit that touches nothing of this (relative to the path of the source) does not refresh it
            "annotations": {GENERATE_PATHS: include or "."},
            # its objects go when its last file goes
            "finalizers": [FINALIZER],
        },
        "spec": {
            "project": settings.project,
            "source": {
                "repoURL": settings.repo_url,
                "targetRevision": settings.branch,
                "path": f"{settings.path}/{path}".strip("/"),
                "directory": directory,
            },
            "destination": _destination(destination, namespace),
            "syncPolicy": {
                "automated": {"prune": True, "selfHeal": True},
                # client-side apply fails for objects above 262,144 bytes; what goes, goes after what comes
                "syncOptions": ["ServerSideApply=true", "PruneLast=true"],
                "retry": {"limit": 5, "backoff": {"duration": "5s", "factor": 2, "maxDuration": "3m"}},
            },
        },
    }


def _destination(destination: Destination, namespace: str) -> dict[str, Any]:
    found: dict[str, Any] = {"server": destination.server} if destination.server else {"name": destination.name}
    if namespace:
        found["namespace"] = namespace
    return found


def _project(
    settings: ArgoCD, used: Iterable[tuple[str, str, str]], cluster_kinds: Iterable[tuple[str, str]]
) -> dict[str, Any]:
    destinations = sorted({*used, (IN_CLUSTER, "", settings.namespace)})
    every = {(server, name) for server, name, namespace in destinations if namespace == "*"}
    return {
        "apiVersion": API,
        "kind": "AppProject",
        "metadata": {
            "name": settings.project,
            "namespace": settings.namespace,
            "labels": LABELS,
            "annotations": {SYNC_WAVE: "-1"},
        },
        "spec": {
            "description": f"Everything that fleetgate compiles for fleet {settings.fleet}",
            "sourceRepos": [settings.repo_url],
            "destinations": [
                {**({"server": server} if server else {"name": name}), "namespace": namespace}
                for server, name, namespace in destinations
                if namespace == "*" or (server, name) not in every
            ],
            "clusterResourceWhitelist": [
                {"group": group, "kind": kind} for group, kind in sorted({*cluster_kinds, ("", "Namespace")})
            ],
        },
    }


def _root(settings: ArgoCD) -> dict[str, Any]:
    """The app of apps. It has no finalizer: deleting it by hand leaves everything running."""
    name = f"fleet-{settings.fleet.replace('.', '-')}"
    document = _application(
        settings, name, "argocd", Destination(server=IN_CLUSTER), settings.namespace, recurse=True, include=""
    )
    del document["metadata"]["finalizers"]
    return document
