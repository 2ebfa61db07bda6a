"""Plain manifests of an App: any Kubernetes objects, read as they are, placed in the app's clusters."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any

import msgspec

from compiler.diagnostics import Code, error
from compiler.ir.delivery import PlainObject
from compiler.lower.pod_rules import CLUSTER_LABEL, RESERVED_LABEL
from compiler.model.base import ANNOTATION_KEY, LABEL_KEY, LABEL_VALUE
from compiler.model.credentials import credentials_in
from compiler.model.exported import without_server_fields
from compiler.source.globs import leaves_root

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from compiler.diagnostics import Diagnostics, Origin
    from compiler.lower.world import Files, Sourced
    from compiler.model.app import App

NO_SUCH_MANIFEST = error(
    "no-such-manifest",
    "a glob of an App matches no file",
    "`manifests` and `templates` are globs relative to the folder of the App's file (`*` within a name, `**` for "
    "any number of folders). One that matches nothing would deploy nothing, in silence.",
)
PATH_ESCAPE = error(
    "path-escape",
    "a glob that leaves the folder of its App",
    "`manifests` and `templates` name files in the folder of the App's file or below it. Absolute paths and `..` are "
    "refused: what an App consists of stands together, and belongs to the same tenant.",
)
BAD_MANIFEST = error(
    "bad-manifest",
    "a plain manifest is no Kubernetes object",
    "Every document of a manifest is one object with apiVersion, kind and metadata.name. "
    'Labels and annotations are texts: write "true" and "8080" in quotes.',
)
OWN_KIND = error(
    "own-kind-in-manifest",
    "a plain manifest holds a kind of fleetgate",
    "Files that an App names in `manifests` or `templates` are emitted to the clusters as they are, and nothing else "
    "reads them. Kinds of fleetgate.dev belong into files of their own.",
)
CODES: tuple[Code, ...] = (NO_SUCH_MANIFEST, PATH_ESCAPE, BAD_MANIFEST, OWN_KIND)

CLUSTER_SCOPED = frozenset(
    {
        ("", "Namespace"),
        ("", "Node"),
        ("", "PersistentVolume"),
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("apiregistration.k8s.io", "APIService"),
        ("certificates.k8s.io", "CertificateSigningRequest"),
        ("certificates.k8s.io", "ClusterTrustBundle"),
        ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
        ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
        ("gateway.networking.k8s.io", "GatewayClass"),
        ("mse.alibabacloud.com", "MseIngressConfig"),
        ("networking.k8s.io", "IPAddress"),
        ("networking.k8s.io", "IngressClass"),
        ("networking.k8s.io", "ServiceCIDR"),
        ("node.k8s.io", "RuntimeClass"),
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("resource.k8s.io", "DeviceClass"),
        ("resource.k8s.io", "DeviceTaintRule"),
        ("resource.k8s.io", "ResourceSlice"),
        ("scheduling.k8s.io", "PriorityClass"),
        ("storage.k8s.io", "CSIDriver"),
        ("storage.k8s.io", "CSINode"),
        ("storage.k8s.io", "StorageClass"),
        ("storage.k8s.io", "VolumeAttachment"),
        ("storage.k8s.io", "VolumeAttributesClass"),
        ("storagemigration.k8s.io", "StorageVersionMigration"),
    }
)
"""(API group, kind) without a namespace; source: the API reference of Kubernetes 1.36."""

POD_TEMPLATES = frozenset(
    {
        ("", "Pod"),
        ("", "ReplicationController"),
        ("apps", "DaemonSet"),
        ("apps", "Deployment"),
        ("apps", "ReplicaSet"),
        ("apps", "StatefulSet"),
        ("apps.kruise.io", "CloneSet"),
        ("apps.kruise.io", "DaemonSet"),
        ("apps.kruise.io", "StatefulSet"),
        ("argoproj.io", "Rollout"),
    }
)
"""(API group, kind) of what runs pods that may serve traffic; a Job's pods do not, and its template cannot change."""


_KEYS = {"labels": LABEL_KEY, "annotations": ANNOTATION_KEY}
_NAMES = {
    # most kinds want a DNS name, but roles, custom resources and the like need not
    "name": (
        re.compile(r"(?!\.{1,2}\Z)[^/%\x00-\x20\x7f]{1,253}"),
        "at most 253 characters, no blanks, `/` and `%`, and is not `.` or `..`",
    ),
    "namespace": (
        re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"),
        "at most 63 lower-case letters, digits and `-`, and begins and ends with a letter or digit",
    ),
}
"""Field of metadata -> what every API server takes for it; its words."""


def group(api_version: str) -> str:
    """API group of an apiVersion; "" for the core group."""
    return api_version.rpartition("/")[0]


def files_of(app: Sourced[App], field: str, patterns: Iterable[str], files: Files, findings: Diagnostics) -> list[str]:
    """Files that the globs of a field match, each once, in the order of the globs, then by path."""
    folder = posixpath.dirname(app.origin.file)
    found: dict[str, None] = {}
    for index, pattern in enumerate(patterns):
        place = app.origin.at("spec", field, index)
        if leaves_root(pattern):
            findings.add(
                PATH_ESCAPE,
                place,
                pattern,
                "this path is absolute or climbs with `..`",
                "name files in the folder of this file or below it, and move others there",
            )
            continue
        matched = files.glob(folder, pattern)
        found.update(dict.fromkeys(matched))
        if not matched:
            why = f"no file below {folder or 'the root'} matches"
            findings.add(NO_SUCH_MANIFEST, place, pattern, why, "mend the glob, or remove it")
    return list(found)


def read_manifests(app: Sourced[App], files: Files, findings: Diagnostics) -> list[PlainObject]:
    """The objects of an App's plain manifests, in order."""
    return [
        plain_object(document.data, document.origin, findings)
        for path in files_of(app, "manifests", app.value.spec.manifests, files, findings)
        for document in files.documents(path, findings)
        if is_object(document.data, document.origin, findings)
    ]


def plain_object(data: dict[str, Any], origin: Origin, findings: Diagnostics) -> PlainObject:
    """An object as it is emitted: as written, without what a cluster has added to it where it was exported from one."""
    return PlainObject(without_server_fields(data, origin, findings, is_manifest=True), origin)


def is_object(document: dict[str, Any], origin: Origin, findings: Diagnostics) -> bool:
    """Whether this has what every object needs, and may be emitted as it is; findings where not."""
    credentials_in(document, origin, findings)
    return (
        _is_text(document, "apiVersion", origin, findings)
        and _is_text(document, "kind", origin, findings)
        and _is_foreign(document, origin, findings)
        and _has_metadata(document, origin, findings)
        and _has_data(document, origin, findings)
    )


def _is_text(mapping: dict[str, Any], field: str, origin: Origin, findings: Diagnostics) -> bool:
    value = mapping.get(field)
    if isinstance(value, str) and value:
        return True
    place = origin.at(field) if field in mapping else origin
    fix = f"add {field}, or leave this file out of the App's globs"
    _bad(place, value, f"every object has a text as {field}", fix, findings)
    return False


def _is_foreign(document: dict[str, Any], origin: Origin, findings: Diagnostics) -> bool:
    if group(document["apiVersion"]) != "fleetgate.dev":
        return True
    findings.add(
        OWN_KIND,
        origin.at("kind"),
        document["kind"],
        "this file is emitted as it is, because an App names it in its globs; fleetgate does not read it",
        "move this document into a file that no App names",
    )
    return False


def _has_metadata(document: dict[str, Any], origin: Origin, findings: Diagnostics) -> bool:
    metadata = document.get("metadata")
    place = origin.at("metadata")
    if not isinstance(metadata, dict):
        _bad(place if metadata else origin, metadata, "every object has metadata", "add metadata.name", findings)
        return False
    sound = _is_named(metadata, "name", place, findings)
    if metadata.get("namespace") not in (None, ""):
        sound = _is_named(metadata, "namespace", place, findings) and sound
    for field in ("labels", "annotations"):
        mapping = {} if metadata.get(field) is None else metadata[field]
        if not isinstance(mapping, dict):
            _bad(place.at(field), mapping, f"{field} are a mapping", "write keys and values", findings)
            return False
        for key, value in mapping.items():
            if not isinstance(value, str):
                sound = False
                _bad(place.at(field, key), value, f"values of {field} are texts", "write it in quotes", findings)
            elif not re.match(_KEYS[field], key) or (field == "labels" and not re.match(LABEL_VALUE, value)):
                sound = False
                why = f"API servers take no {field} of this form"
                _bad(
                    place.key(field, key),
                    f"{key}: {value}",
                    why,
                    "write a key and a value of the form of labels"
                    if field == "labels"
                    else "write a key of the form of labels",
                    findings,
                )
    return sound


def _has_data(document: dict[str, Any], origin: Origin, findings: Diagnostics) -> bool:
    """Whether the values of a ConfigMap are texts; API servers take no others."""
    if (document["apiVersion"], document["kind"]) != ("v1", "ConfigMap"):
        return True
    data = {} if document.get("data") is None else document["data"]
    if not isinstance(data, dict):
        _bad(origin.at("data"), data, "data is a mapping", "write keys and texts", findings)
        return False
    wrong = [key for key, value in data.items() if not isinstance(value, str)]
    for key in wrong:
        why = "the values of a ConfigMap are texts"
        _bad(origin.at("data", key), data[key], why, "write it in quotes", findings)
    return not wrong


def _is_named(metadata: dict[str, Any], field: str, place: Origin, findings: Diagnostics) -> bool:
    if not _is_text(metadata, field, place, findings):
        return False
    form, words = _NAMES[field]
    if form.fullmatch(metadata[field]):
        return True
    _bad(place.at(field), metadata[field], f"a {field} has {words}", "write a name that API servers take", findings)
    return False


def _bad(place: Origin, value: Any, why: str, fix: str, findings: Diagnostics) -> None:
    shown = value if isinstance(value, str) else "" if value is None else msgspec.json.encode(value).decode()
    findings.add(BAD_MANIFEST, place, shown, why, fix)


def with_namespace(plain: PlainObject, namespace: str, scopes: dict[tuple[str, str], bool]) -> PlainObject:
    """The object with the App's namespace where it has none and needs one.

    `scopes`: (group, kind) -> whether it has a namespace, from the definitions among the App's own manifests. An
    explicit `namespace: ""` says that an object of a kind unknown here has none. Where a kind has none, API servers
    pass over a namespace, and so do we: whoever asks whether an object is in a namespace gets the truth.
    """
    data = plain.data
    metadata = data["metadata"]
    written = metadata.get("namespace")
    kind = (group(data["apiVersion"]), data["kind"])
    is_scoped = kind in CLUSTER_SCOPED or not scopes.get(kind, True)
    if written and not is_scoped:
        return plain
    if written is None and not is_scoped:
        rest = {key: value for key, value in metadata.items() if key not in {"name", "namespace"}}
        return PlainObject(
            {**data, "metadata": {"name": metadata["name"], "namespace": namespace, **rest}}, plain.origin
        )
    if "namespace" in metadata:
        rest = {key: value for key, value in metadata.items() if key != "namespace"}
        return PlainObject({**data, "metadata": rest}, plain.origin)
    return plain


def defined_scopes(objects: Iterable[PlainObject]) -> dict[tuple[str, str], bool]:
    """(group, kind) -> whether it has a namespace, by the CustomResourceDefinitions among the objects."""
    scopes = {}
    for plain in objects:
        spec = plain.data.get("spec")
        if plain.data["kind"] == "CustomResourceDefinition" and isinstance(spec, dict):
            names = spec.get("names")
            if isinstance(names, dict):
                scopes[str(spec.get("group", "")), str(names.get("kind", ""))] = spec.get("scope") != "Cluster"
    return scopes


def pod_metadata_path(data: dict[str, Any]) -> tuple[str, ...] | None:
    """Where the labels of an object's pods stand; None for an object that runs none."""
    kind = (group(data["apiVersion"]), data["kind"])
    if kind not in POD_TEMPLATES:
        return None
    return ("metadata",) if kind == ("", "Pod") else ("spec", "template", "metadata")


def pod_labels(data: dict[str, Any]) -> dict[str, str] | None:
    """Labels of an object's pods; None for an object that runs none."""
    path = pod_metadata_path(data)
    if path is None:
        return None
    part: Any = data
    for step in (*path, "labels"):
        part = part.get(step) if isinstance(part, dict) else None
    return part if isinstance(part, dict) else {}


def with_cluster_label(plain: PlainObject, cluster_id: str, findings: Diagnostics) -> PlainObject:
    """The object with the cluster's label on its pods, so that gateways can tell them from those of other clusters."""
    path = pod_metadata_path(plain.data)
    if path is None:
        return plain
    written = (pod_labels(plain.data) or {}).get(CLUSTER_LABEL)
    if written == cluster_id:
        return plain
    if written is not None:
        place = plain.origin.at(*path, "labels", CLUSTER_LABEL)
        why = "fleetgate sets this label itself, to the id of each cluster"
        findings.add(RESERVED_LABEL, place, str(written), why, "remove it")
        return plain
    labelled = _with(plain.data, (*path, "labels"), (), cluster_id)
    if isinstance(labelled, dict):
        return PlainObject(labelled, plain.origin)
    _bad(plain.origin.at(*labelled), None, "this is no mapping", "write keys and values", findings)
    return plain


def _with(data: Any, path: Sequence[str], above: tuple[str, ...], cluster_id: str) -> dict[str, Any] | tuple[str, ...]:
    """A copy with the label in the mapping at `path`, the rest shared; or the path to what is no mapping."""
    if data is None:
        data = {}
    if not isinstance(data, dict):
        return above
    if not path:
        return {**data, CLUSTER_LABEL: cluster_id}
    below = _with(data.get(path[0]), path[1:], (*above, path[0]), cluster_id)
    return {**data, path[0]: below} if isinstance(below, dict) else below
