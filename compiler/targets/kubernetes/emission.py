"""Files of target kubernetes: one per app and cluster, one per Namespace and cluster.

Order. Argo CD applies what has one sync wave by kind (Namespaces, accounts, ConfigMaps, Services, Deployments, the
rest), so nothing of an app needs a wave. A later wave would do harm: it waits until everything before it is healthy,
and one broken app would hold up all others of its Application. The Namespace alone comes before (wave -1).
"""

from __future__ import annotations

import functools
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct, structs

from compiler import patches
from compiler.diagnostics import Diagnostics
from compiler.ir import workload as ir
from compiler.manifests import Form, Hole, render, render_all, shared
from compiler.targets.kubernetes import objects, pods
from compiler.targets.kubernetes.objects import MANAGED_BY, Names, names_of
from compiler.targets.target import EDITS, HEAD, Emission, ObjectId, size_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from compiler.ir.delivery import PlainObject
    from compiler.manifests import Node, Shared
    from compiler.targets.kubernetes.objects import Data

SYNC_WAVE = "argocd.argoproj.io/sync-wave"
SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
KEPT = {SYNC_WAVE: "-1", SYNC_OPTIONS: "Delete=false,Prune=false"}
"""Annotations of a Namespace: it comes first, and what others put there outlives its last app."""
DIVIDER = "---\n"


class _Shape(Struct, frozen=True, gc=False):
    """The objects of all workloads that differ in their names and from cluster to cluster alone: both are left open."""

    form: Form
    """Its holes: those of `Names`, then those of a `_Frame`."""
    objects: tuple[tuple[str, str, int], ...]
    """(apiVersion, kind, which of the names is its name) of each object."""
    sites: dict[tuple[int | None, str, int], _Site]
    """What was filled in before, by replicas, id of the cluster, and identity of the environment."""


class _Site(Struct, frozen=True, gc=False):
    """What differs from cluster to cluster, as text. Apps that are alike share them."""

    env: tuple[ir.Variable, ...]
    """Kept, so that no other environment gets its identity."""
    fillings: list[str]
    size: int
    """Bytes of the fillings."""


class _Frame(Struct, frozen=True, gc=False):
    """The objects of a workload with what differs from cluster to cluster left open."""

    form: Form
    """Its holes: replicas, id of the cluster, environment; without those that the workload has not."""
    objects: tuple[ObjectId, ...]
    size: int
    """Bytes of what stands around its holes."""
    sites: dict[tuple[int | None, str, int], _Site]
    """Those of its shape."""


class _App:
    """Emits the files of one app. What it remembers by identity belongs to the app, which outlives it."""

    def __init__(self, app: ir.LoweredApp) -> None:
        self._app = app
        self._frames: dict[tuple[object, ...], _Frame] = {}
        self._variables: dict[int, Shared] = {}
        self._plain: dict[int, tuple[str, ObjectId]] = {}
        self._parts: dict[int, Shared] = {}

    def files(self) -> Iterator[Emission]:
        """One per cluster, sorted by cluster."""
        name = self._app.name
        head = f"# Compiled by fleetgate from App {name}. {EDITS}\n"
        head_size = size_of((head,))
        end = f"/{name.namespace}/{name.name}.yaml"
        placements: dict[str, list[ir.Placement]] = {}
        for placement in self._app.placements:
            placements.setdefault(placement.cluster, []).append(placement)
        plain = dict(self._app.objects)
        for cluster in sorted(placements.keys() | plain.keys()) if plain else placements:
            pieces = [head]
            size = head_size
            identities: tuple[ObjectId, ...] = ()
            accounts: set[str] = set()
            for placement in placements.get(cluster, ()):
                texts, found, length = self._workload(placement, accounts)
                if identities:
                    pieces.append(DIVIDER)
                    size += len(DIVIDER)
                    found = identities + found
                pieces += texts
                size += length
                identities = found
            for item in plain.get(cluster, ()):
                text, identity = self._plain_object(item)
                if identities:
                    pieces.append(DIVIDER)
                    size += len(DIVIDER)
                pieces.append(text)
                size += size_of((text,))
                identities = (*identities, identity)
            if identities:
                yield Emission(
                    f"clusters/{cluster}{end}", tuple(pieces), ("cluster", cluster, name.namespace), identities, size
                )

    def _workload(self, placement: ir.Placement, accounts: set[str]) -> tuple[Sequence[str], tuple[ObjectId, ...], int]:
        """Text, in pieces, objects and size of a placement; `accounts`: those that stand in the file already."""
        account = placement.workload.account
        with_account = account.owned and account.name not in accounts
        if with_account:
            accounts.add(account.name)
        if placement.patches:
            documents = _patched(placement, with_account=with_account)
            texts = (render_all(documents),)
            return texts, tuple([_identity(document) for document in documents]), size_of(texts)
        frame = self._frame(placement, with_account=with_account)
        site = frame.sites.get((placement.replicas, placement.cluster_id, id(placement.env)))
        if site is None:
            site = self._site(placement, frame)
        return frame.form.around(site.fillings), frame.objects, frame.size + site.size

    def _site(self, placement: ir.Placement, frame: _Frame) -> _Site:
        values: list[Any] = [placement.cluster_id]
        if placement.replicas is not None:
            values.insert(0, placement.replicas)
        if placement.env:
            values.append(self._environment(placement.env))
        fillings = frame.form.fillings(values)
        site = _Site(placement.env, fillings, size_of(fillings))
        if len(frame.sites) >= _SITES:
            frame.sites.clear()
        frame.sites[placement.replicas, placement.cluster_id, id(placement.env)] = site
        return site

    def _environment(self, variables: tuple[ir.Variable, ...]) -> Node:
        if len(variables) == 1 and variables[0].source is None:
            return _only_variable(variables[0])
        return [self._variable(variable) for variable in variables]

    def _variable(self, variable: ir.Variable) -> Shared:
        if variable.source is None:
            return _text_variable(variable)
        made = self._variables.get(id(variable))
        if made is None:
            made = self._variables[id(variable)] = shared(pods.variable(variable))
        return made

    def _frame(self, placement: ir.Placement, *, with_account: bool) -> _Frame:
        """The frame of a placement, made once for all that differ in nothing but what it leaves open."""
        scaling, disruption = placement.autoscaling, placement.disruption
        is_scaled, has_env = placement.replicas is None, bool(placement.env)
        key = (id(placement.workload), with_account, is_scaled, has_env, id(scaling), id(disruption))
        frame = self._frames.get(key)
        if frame is None:
            said = (is_scaled, has_env, scaling, disruption)
            frame = self._frames[key] = _frame(placement, said, with_account=with_account)
        return frame

    def _plain_object(self, plain: PlainObject) -> tuple[str, ObjectId]:
        key = id(plain.data)
        made = self._plain.get(key)
        if made is None:
            data = _kept(plain.data) if plain.data["kind"] == "Namespace" else plain.data
            made = self._plain[key] = (render(self._shared_beside(data, _POD_LABELS)), _identity(data))
        return made

    def _shared_beside(self, data: Data, path: Sequence[str]) -> Data:
        """The same, with everything beside `path` marked as shared: there alone its copies in clusters differ."""
        marked = {}
        for key, value in data.items():
            if not isinstance(value, (dict, list)):
                marked[key] = value
            elif path and key == path[0] and isinstance(value, dict):
                marked[key] = self._shared_beside(value, path[1:])
            else:
                part = self._parts.get(id(value))
                if part is None:
                    part = self._parts[id(value)] = shared(value)
                marked[key] = part
        return marked


@functools.lru_cache(maxsize=1 << 12)
def _text_variable(variable: ir.Variable) -> Shared:
    """The entry of a variable with a text: one that says in which region it runs stands in every app."""
    return shared(pods.variable(variable))


@functools.lru_cache(maxsize=1 << 12)
def _only_variable(variable: ir.Variable) -> Shared:
    """The environment with no other entry."""
    return shared([pods.variable(variable)])


_NAMED = frozenset({"app", "version", "image", "account"})
"""Fields of a Workload of which a shape says nothing."""
_unnamed = itemgetter(*[index for index, name in enumerate(ir.Workload.__struct_fields__) if name not in _NAMED])
_SHAPES = 1 << 10
"""Bound of their memory; a full one is emptied and fills again."""
_SITES = 1 << 8
"""The same for the sites of a shape."""
_shapes: dict[bytes, _Shape] = {}
"""By all that it is made from, encoded: unlike tuples, bytes tell 1 from 1.0, which are written differently."""
_encode = msgspec.msgpack.Encoder().encode
_POD_LABELS = ("spec", "template", "metadata", "labels")


def emit(app: ir.LoweredApp) -> list[Emission]:
    """The files of an app, one per cluster. Its patches have passed `check_patches`."""
    return list(_App(app).files())


def check_patches(app: ir.LoweredApp, findings: Diagnostics) -> None:
    """Report patches that cannot be merged into the objects that they are for."""
    for placement in app.placements:
        if placement.patches:
            _patched(placement, with_account=True, findings=findings)


def namespace_emission(cluster: str, namespace: str) -> Emission:
    """The file with a Namespace."""
    document: Data = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": namespace,
            "labels": MANAGED_BY,
            "annotations": KEPT,
        },
    }
    return Emission(
        f"clusters/{cluster}/{namespace}/namespace.yaml",
        (render(document, comment=HEAD),),
        ("cluster", cluster, namespace),
        (ObjectId("v1", "Namespace", "", namespace),),
    )


def _kept(namespace: Data) -> Data:
    """A Namespace of the repo, which stands for the one that would be written, and is kept like it."""
    metadata = namespace["metadata"]
    return {**namespace, "metadata": {**metadata, "annotations": {**KEPT, **(metadata.get("annotations") or {})}}}


def _frame(placement: ir.Placement, scaling: tuple[object, ...], *, with_account: bool) -> _Frame:
    names = structs.astuple(names_of(placement.workload))
    shape = _shape(placement, scaling, with_account=with_account)
    namespace = placement.workload.app.namespace
    identities = [ObjectId(version, kind, namespace, names[place]) for version, kind, place in shape.objects]
    form = shape.form.bind(names)
    return _Frame(form, tuple(identities), size_of(form.texts), shape.sites)


def _shape(placement: ir.Placement, scaling: tuple[object, ...], *, with_account: bool) -> _Shape:
    """The shape of a workload, made once for all apps that have it."""
    account = placement.workload.account
    said = _unnamed(structs.astuple(placement.workload))
    key = _encode((said, scaling, account.annotations, account.token, with_account))
    shape = _shapes.get(key)
    if shape is None:
        if len(_shapes) >= _SHAPES:
            _shapes.clear()
        shape = _shapes[key] = _make_shape(placement, with_account=with_account)
    return shape


def _make_shape(placement: ir.Placement, *, with_account: bool) -> _Shape:
    names = Names(Hole(), Hole(), Hole(), Hole(), Hole())
    replicas = None if placement.replicas is None else Hole()
    cluster_id = Hole()
    env = Hole() if placement.env else None
    documents = _documents(placement, names, replicas, cluster_id, env, with_account=with_account)
    holes = [hole for hole in (*structs.astuple(names), replicas, cluster_id, env) if hole is not None]
    identities = [(each["apiVersion"], each["kind"], holes.index(each["metadata"]["name"])) for each in documents]
    return _Shape(Form(documents, holes), tuple(identities), {})


def _documents(
    placement: ir.Placement, names: Names, replicas: Node, cluster_id: Node, env: Node, *, with_account: bool
) -> list[Data]:
    """The objects of a placement, in the order in which they stand in the file."""
    workload = placement.workload
    documents: list[Data] = []
    if with_account:
        documents.append(objects.service_account(workload, names))
    if workload.config is not None:
        documents.append(objects.config_map(workload, names, workload.config))
    documents.append(objects.deployment(workload, names, replicas, cluster_id, env))
    if workload.ports:
        documents.append(objects.service(workload, names))
    if placement.autoscaling is not None:
        documents.append(objects.autoscaler(workload, names, placement.autoscaling))
    if placement.disruption is not None:
        documents.append(objects.disruption_budget(workload, names, placement.disruption))
    return documents


def _patched(placement: ir.Placement, *, with_account: bool, findings: Diagnostics | None = None) -> list[Data]:
    """The objects of a placement with its patches merged into them, in order.

    Raises ValueError for a patch that does not merge, unless it goes to `findings`: `check_patches` has told it.
    """
    told = Diagnostics() if findings is None else findings
    env = [pods.variable(variable) for variable in placement.env]
    names = names_of(placement.workload)
    documents = _documents(
        placement, names, placement.replicas, placement.cluster_id, env or None, with_account=with_account
    )
    for patch in placement.patches:
        for index, document in enumerate(documents):
            if (document["kind"], document["metadata"]["name"]) == (patch.kind, patch.name):
                documents[index] = patches.apply(document, patch.data, patch.origin, told)
    if findings is None and len(told):
        raise ValueError(f"patches of {placement.workload.name} were not checked: {next(iter(told))}")
    return documents


def _identity(document: Data) -> ObjectId:
    metadata = document["metadata"]
    return ObjectId(document["apiVersion"], document["kind"], metadata.get("namespace", ""), metadata["name"])
