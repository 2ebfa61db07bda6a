"""Documents exported from a cluster (`kubectl get -o yaml`): what the cluster has added is told and left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compiler.diagnostics import Code, Note, warning

if TYPE_CHECKING:
    from compiler.diagnostics import Diagnostics, Origin

SERVER_FIELD = warning(
    "server-field",
    "fields that the API server or a controller sets",
    "What `kubectl get -o yaml` prints holds more than what somebody wrote: the status, and metadata that belong to "
    "the one object in the one cluster it was taken from. They mean nothing in Git and are not compiled. Delete them, "
    "so that the file says only what you want.",
)
CODES: tuple[Code, ...] = (SERVER_FIELD,)

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""Annotation in which `kubectl apply` keeps a copy of the whole object."""

_SERVER_METADATA = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generation",
    "managedFields",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
)
"""Kubernetes ObjectMeta: fields that only the API server or controllers set."""


_ALSO_WRITTEN = frozenset({"finalizers", "ownerReferences"})
"""Those that people write too, into manifests that are emitted as they are."""


def without_server_fields(
    data: dict[str, Any], origin: Origin, findings: Diagnostics, *, is_manifest: bool = False
) -> dict[str, Any]:
    """`data` without what a cluster has added to it, after one warning that names all of these fields.

    `is_manifest`: it is emitted as it is. Nothing is set on our own kinds, which live in Git only: there such a field
    is a mistake like any other.
    """
    metadata = data.get("metadata")
    if not isinstance(metadata, dict):
        return data
    left_out: list[tuple[str, ...]] = []
    if not data["apiVersion"].startswith("fleetgate.dev/"):
        kept = _ALSO_WRITTEN if is_manifest else ()
        left_out += [("metadata", name) for name in _SERVER_METADATA if name in metadata and name not in kept]
        if "generateName" in metadata and metadata.get("name"):
            left_out.append(("metadata", "generateName"))
        if "status" in data:
            left_out.append(("status",))
    annotations = metadata.get("annotations")
    if isinstance(annotations, dict) and LAST_APPLIED in annotations:
        left_out.append(("metadata", "annotations", LAST_APPLIED))
    if not left_out:
        return data
    first, *others = left_out
    findings.add(
        SERVER_FIELD,
        origin.key(*first),
        ", ".join(path[-1] for path in left_out),
        f"set by the cluster from which this {data['kind']} was exported, and ignored",
        f"delete {'them' if others else 'it'}: Git holds what you want, and the API server adds the rest",
        tuple(Note(origin.key(*path), f"{path[-1]} is here") for path in others),
    )
    for path in left_out:
        data = _without(data, path)
    return data


def _without(data: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """A copy without one entry; what is beside the path is shared."""
    step, *rest = path
    if rest:
        return {**data, step: _without(data[step], tuple(rest))}
    return {key: value for key, value in data.items() if key != step}
