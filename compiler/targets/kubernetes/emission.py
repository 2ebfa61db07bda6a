"""Files of target kubernetes: one per app and cluster, one per Namespace and cluster.

Order. Argo CD applies what has one sync wave by kind (Namespaces, accounts, ConfigMaps, Services, Deployments, the
rest), so nothing of an app needs a wave. A later wave would do harm: it waits until everything before it is healthy,
and one broken app would hold up all others of its Application. The Namespace alone comes before (wave -1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from compiler import patches
from compiler.diagnostics import Diagnostics
from compiler.manifests import render, shared
from compiler.targets.kubernetes.objects import MANAGED_BY, Objects
from compiler.targets.target import Emission, ObjectId

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from compiler.ir import workload as ir
    from compiler.ir.delivery import PlainObject
    from compiler.targets.kubernetes.objects import Data

SYNC_WAVE = "argocd.argoproj.io/sync-wave"
SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
DIVIDER = "---\n"


class _Frame(Struct, frozen=True, gc=False):
    """What stands before and after the Deployment of a workload: the same text in many clusters."""

    before: str
    after: str
    objects: tuple[ObjectId, ...]


class _App:
    """Emits the files of one app."""

    def __init__(self, app: ir.LoweredApp) -> None:
        self._app = app
        self._objects = Objects()
        self._frames: dict[tuple[str | int | bool, ...], _Frame] = {}
        self._plain: dict[int, tuple[str, ObjectId]] = {}
        self._parts: dict[int, Any] = {}

    def files(self) -> Iterator[Emission]:
        """One per cluster, sorted by cluster."""
        name = self._app.name
        head = f"# Compiled by fleetgate from App {name}. Edits are lost: the next build writes this file anew.\n"
        placements: dict[str, list[ir.Placement]] = {}
        for placement in self._app.placements:
            placements.setdefault(placement.cluster, []).append(placement)
        plain = dict(self._app.objects)
        for cluster in sorted(placements.keys() | plain.keys()):
            texts: list[str] = []
            objects: tuple[ObjectId, ...] = ()
            accounts: set[str] = set()
            for placement in placements.get(cluster, ()):
                text, identities = self._workload(placement, accounts)
                texts.append(text)
                objects = objects + identities if objects else identities
            for item in plain.get(cluster, ()):
                text, identity = self._plain_object(item)
                texts.append(text)
                objects = (*objects, identity)
            if texts:
                path = f"clusters/{cluster}/{name.namespace}/{name.name}.yaml"
                yield Emission(path, head + DIVIDER.join(texts), ("cluster", cluster, name.namespace), objects)

    def _workload(self, placement: ir.Placement, accounts: set[str]) -> tuple[str, tuple[ObjectId, ...]]:
        """Text and objects of a placement; `accounts`: those that stand in the file already."""
        workload = placement.workload
        account = workload.account
        with_account = account.owned and account.name not in accounts
        if with_account:
            accounts.add(account.name)
        if placement.patches:
            documents = _patched(placement, with_account=with_account)
            return DIVIDER.join([render(d) for d in documents]), tuple([_identity(d) for d in documents])
        key = (
            workload.version,
            with_account,
            id(account),
            id(workload.config),
            id(workload.ports),
            id(placement.autoscaling),
            id(placement.disruption),
        )
        frame = self._frames.get(key)
        if frame is None:
            frame = self._frames[key] = self._frame(placement, with_account=with_account)
        return frame.before + render(self._objects.deployment(placement)) + frame.after, frame.objects

    def _frame(self, placement: ir.Placement, *, with_account: bool) -> _Frame:
        before = list(_before(self._objects, placement, with_account=with_account))
        after = list(_after(self._objects, placement))
        workload = placement.workload
        deployment = ObjectId("apps/v1", "Deployment", workload.app.namespace, workload.name)
        return _Frame(
            "".join([render(document) + DIVIDER for document in before]),
            "".join([DIVIDER + render(document) for document in after]),
            (*map(_identity, before), deployment, *map(_identity, after)),
        )

    def _plain_object(self, plain: PlainObject) -> tuple[str, ObjectId]:
        key = id(plain.data)
        made = self._plain.get(key)
        if made is None:
            made = self._plain[key] = (render(self._shared_beside(plain.data, _POD_LABELS)), _identity(plain.data))
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
    """The file with a Namespace. It may hold what others put there, so it is never deleted with its last app."""
    document: Data = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": namespace,
            "labels": MANAGED_BY,
            "annotations": {SYNC_WAVE: "-1", SYNC_OPTIONS: "Delete=false,Prune=false"},
        },
    }
    head = "Compiled by fleetgate. Edits are lost: the next build writes this file anew."
    return Emission(
        f"clusters/{cluster}/{namespace}/namespace.yaml",
        render(document, comment=head),
        ("cluster", cluster, namespace),
        (ObjectId("v1", "Namespace", "", namespace),),
    )


def _before(objects: Objects, placement: ir.Placement, *, with_account: bool) -> Iterator[Data]:
    workload = placement.workload
    if with_account:
        yield objects.service_account(workload)
    if workload.config is not None:
        yield objects.config_map(workload, workload.config)


def _after(objects: Objects, placement: ir.Placement) -> Iterator[Data]:
    workload = placement.workload
    if workload.ports:
        yield objects.service(workload)
    if placement.autoscaling is not None:
        yield objects.autoscaler(workload, placement.autoscaling)
    if placement.disruption is not None:
        yield objects.disruption_budget(workload, placement.disruption)


def _patched(placement: ir.Placement, *, with_account: bool, findings: Diagnostics | None = None) -> list[Data]:
    """The objects of a placement with its patches merged into them, in order.

    Raises ValueError for a patch that does not merge, unless it goes to `findings`: `check_patches` has told it.
    """
    told = Diagnostics() if findings is None else findings
    objects = Objects(share=False)
    documents: list[Data] = [
        *_before(objects, placement, with_account=with_account),
        objects.deployment(placement),
        *_after(objects, placement),
    ]
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
