"""The one patch form: a strategic merge patch, as kubectl reads it; a JSON merge patch for custom resources.

Sources: the Kubernetes API conventions ("strategic merge patch"), the merge keys that the OpenAPI document of
Kubernetes states (`x-kubernetes-patch-merge-key`, the same in 1.25 to 1.37), RFC 7386.
Lowering patches plain manifests with it, targets what they emit: so it stands below both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compiler.diagnostics import Code, error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from compiler.diagnostics import Diagnostics, Origin, PathStep

    Report = Callable[[tuple[PathStep, ...], str, str, str], None]
    """(path in the patch, offending value, why, fix) of something that cannot be merged."""

BAD_PATCH = error(
    "bad-patch",
    "a patch cannot be merged",
    "A patch is a strategic merge patch: mappings merge by key, null removes a key, and the lists that Kubernetes "
    "merges by a key of their items (containers and env by name, volumeMounts by mountPath, ports of a container by "
    "containerPort and of a Service by port …) merge item by item; every other list is replaced. `$patch: delete` in "
    "an item or a mapping removes it, `$patch: replace` replaces a mapping or a list instead of merging it. For a "
    "custom resource it is a JSON merge patch: lists are always replaced and there are no directives.",
)
PATCH_TARGET = error(
    "patch-target",
    "a patch matches no object",
    "A patch finds its object by `kind` (default: Deployment) and `metadata.name` (default: the object of the app, or "
    "of each of its versions). `where.versions` limits it to the objects of these versions; plain and extra manifests "
    "belong to the version `stable`.",
)
PATCH_IDENTITY = error(
    "patch-identity",
    "a patch changes what an object is known by",
    "apiVersion, kind, name and namespace say which object is meant, and selectors say which pods belong to it: "
    "Kubernetes refuses to change most of them, and a Service that selects other pods would lose its traffic. Patch "
    "other fields, or define another object.",
)
CODES: tuple[Code, ...] = (BAD_PATCH, PATCH_TARGET, PATCH_IDENTITY)

MERGE_KEYS: dict[str, tuple[str, ...]] = {
    "containers": ("name",),
    "env": ("name",),
    "ephemeralContainers": ("name",),
    "hostAliases": ("ip",),
    "imagePullSecrets": ("name",),
    "initContainers": ("name",),
    "matchConditions": ("name",),
    "ownerReferences": ("uid",),
    "ports": ("containerPort", "port"),
    "resourceClaims": ("name",),
    "schedulingGates": ("name",),
    "secrets": ("name",),
    "topologySpreadConstraints": ("topologyKey",),
    "variables": ("name",),
    "volumeDevices": ("devicePath",),
    "volumeMounts": ("mountPath",),
    "volumes": ("name",),
    "webhooks": ("name",),
}
"""List -> the keys by which its items merge; `ports` are those of a container or of a Service. Others are replaced."""

SETS = frozenset({"finalizers"})
"""Lists of plain values to which a patch adds."""

BUILT_IN_GROUPS = frozenset(
    {
        "",
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "apps",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "autoscaling",
        "batch",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "flowcontrol.apiserver.k8s.io",
        "networking.k8s.io",
        "node.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
        "storagemigration.k8s.io",
    }
)
"""API groups of Kubernetes itself; the API server merges kinds of any other group by RFC 7386 alone."""

SELECTORS: dict[str, tuple[tuple[str, ...], ...]] = {
    "DaemonSet": (("spec", "selector"),),
    "Deployment": (("spec", "selector"),),
    "HorizontalPodAutoscaler": (("spec", "scaleTargetRef"),),
    "PodDisruptionBudget": (("spec", "selector"),),
    "ReplicaSet": (("spec", "selector"),),
    "Service": (("spec", "selector"),),
    "StatefulSet": (("spec", "selector"), ("spec", "serviceName")),
}
"""Kind -> fields that say to which other objects it belongs."""

IDENTITY: tuple[tuple[str, ...], ...] = (
    ("apiVersion",),
    ("kind",),
    ("metadata", "name"),
    ("metadata", "namespace"),
)

_DIRECTIVE = "$patch"
_ABSENT = object()


def apply(document: dict[str, Any], patch: dict[str, Any], origin: Origin, findings: Diagnostics) -> dict[str, Any]:
    """`document` with `patch` merged into it; `document` as it was after a finding.

    Neither is changed; the result shares what is equal. `origin`: the place of the patch.
    """
    found: list[tuple[tuple[PathStep, ...], str, str, str]] = []

    def report(path: tuple[PathStep, ...], value: str, why: str, fix: str) -> None:
        found.append((path, value, why, fix))

    merged: Any
    if is_built_in(str(document.get("apiVersion", ""))):
        merged = _merge_mapping(document, patch, (), report)
    else:
        merged = merge_json(document, patch)
    for path, value, why, fix in found:
        findings.add(BAD_PATCH, origin.at(*path), value, why, fix)
    if found:
        return document
    kind = str(document.get("kind", ""))
    for path in (*IDENTITY, *SELECTORS.get(kind, ())):
        if value_at(merged, path) != value_at(document, path):
            findings.add(
                PATCH_IDENTITY,
                place(patch, path, origin),
                ".".join(path),
                f"this patch changes {'.'.join(path)} of {kind} {value_at(document, ('metadata', 'name'))}",
                "leave this field out of the patch",
            )
            return document
    lost = _lost_labels(document, merged)
    if lost:
        path = ("spec", "template", "metadata", "labels")
        why = f"{kind} {value_at(document, ('metadata', 'name'))} selects its pods by this label"
        findings.add(PATCH_IDENTITY, place(patch, path, origin), lost[0], why, "leave this label as it is")
        return document
    result: dict[str, Any] = merged
    return result


def _lost_labels(document: dict[str, Any], merged: dict[str, Any]) -> list[str]:
    """Labels that the selector names and the patched pods no longer carry."""
    selected = value_at(document, ("spec", "selector", "matchLabels"))
    path = ("spec", "template", "metadata", "labels")
    before, after = value_at(document, path), value_at(merged, path)
    if not (isinstance(selected, dict) and isinstance(before, dict)):
        return []
    return [k for k in selected if not isinstance(after, dict) or after.get(k) != before.get(k)]


def is_built_in(api_version: str) -> bool:
    """Whether a kind of this group is one of Kubernetes itself, so that the API server knows its merge keys."""
    group, slash, _ = api_version.rpartition("/")
    return (group if slash else "") in BUILT_IN_GROUPS


def value_at(document: Any, path: Sequence[str]) -> Any:
    """The value at a path of keys; None where there is none."""
    for step in path:
        if not isinstance(document, dict):
            return None
        document = document.get(step)
    return document


def place(patch: Any, path: Sequence[str], origin: Origin) -> Origin:
    """The place of `path` in a patch, or the part of it that the patch holds."""
    steps: list[str] = []
    for step in path:
        if not isinstance(patch, dict) or step not in patch:
            break
        steps.append(step)
        patch = patch[step]
    return origin.at(*steps)


def merge_json(document: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_json(merged.get(key), value)
    return merged


def _merge_mapping(
    document: dict[str, Any], patch: dict[str, Any], path: tuple[PathStep, ...], report: Report
) -> dict[str, Any]:
    directive = patch.get(_DIRECTIVE, _ABSENT)
    if directive == "replace":
        return {key: value for key, value in patch.items() if key != _DIRECTIVE}
    if directive == "delete":
        report((*path, _DIRECTIVE), "delete", "an object cannot be removed by a patch", "patch its fields")
        return document
    if directive not in (_ABSENT, "merge"):
        report((*path, _DIRECTIVE), str(directive), "no such directive", "write delete, replace or merge")
        return document
    merged = dict(document)
    for key, value in patch.items():
        if key == _DIRECTIVE:
            continue
        if key.startswith(("$setElementOrder/", "$deleteFromPrimitiveList/", "$retainKeys")):
            report(
                (*path, key),
                key,
                "this directive is not supported",
                "use `$patch: delete` or `$patch: replace`, or null to remove a key",
            )
        elif value is None or (isinstance(value, dict) and value.get(_DIRECTIVE) == "delete"):
            merged.pop(key, None)
        else:
            merged[key] = _merge_value(merged.get(key), value, (*path, key), report)
    return merged


def _merge_value(old: Any, value: Any, path: tuple[PathStep, ...], report: Report) -> Any:
    if isinstance(value, dict):
        if old is not None and not isinstance(old, dict):
            report(path, "a mapping", f"the object has {_noun(old)} here", "patch it with a value of the same form")
            return old
        return _merge_mapping(old or {}, value, path, report)
    if isinstance(value, list):
        if old is not None and not isinstance(old, list):
            report(path, "a list", f"the object has {_noun(old)} here", "patch it with a value of the same form")
            return old
        return _merge_list(old or [], value, path, report)
    if isinstance(old, dict | list):
        report(path, str(value), f"the object has {_noun(old)} here", "patch it with a value of the same form")
        return old
    return value


def _merge_list(old: list[Any], patch: list[Any], path: tuple[PathStep, ...], report: Report) -> list[Any]:
    name = path[-1]
    if any(isinstance(item, dict) and item.get(_DIRECTIVE) == "replace" and len(item) == 1 for item in patch):
        return [item for item in patch if not (isinstance(item, dict) and _DIRECTIVE in item)]
    if name in SETS and all(isinstance(item, str) for item in patch):
        return _in_order([*old, *(item for item in patch if item not in old)], old, patch, lambda item: item)
    keys = MERGE_KEYS.get(name, ()) if isinstance(name, str) else ()
    key = next((k for k in keys if any(isinstance(i, dict) and k in i for i in (*old, *patch))), None)
    if key is not None:
        return _merge_items(old, patch, key, path, report)
    for index, item in enumerate(patch):
        if isinstance(item, dict) and _DIRECTIVE in item:
            why = f"{name} has no key by which its items merge, so the whole list is replaced"
            report((*path, index, _DIRECTIVE), str(item[_DIRECTIVE]), why, "write the whole list")
    return patch


def _merge_items(old: list[Any], patch: list[Any], key: str, path: tuple[PathStep, ...], report: Report) -> list[Any]:
    merged = list(old)
    for index, item in enumerate(patch):
        place = (*path, index)
        if not isinstance(item, dict) or key not in item:
            report(place, str(item), f"items of {path[-1]} merge by {key}, which is missing", f"add {key}")
            continue
        if _position(patch, key, item[key]) != index:
            report(place, f"{key}: {item[key]}", "the patch names this item twice", "say it once")
            continue
        at = _position(merged, key, item[key])
        if item.get(_DIRECTIVE) == "delete":
            if at is not None:
                del merged[at]
            else:
                report(
                    place, f"{key}: {item[key]}", f"{path[-1]} has no such item to delete", "remove it from the patch"
                )
        elif at is None:
            merged.append(_merge_mapping({}, item, place, report))
        else:
            merged[at] = _merge_mapping(merged[at], item, place, report)
    return _in_order(merged, old, patch, lambda item: item.get(key) if isinstance(item, dict) else None)


def _position(items: list[Any], key: str, value: Any) -> int | None:
    return next((i for i, item in enumerate(items) if isinstance(item, dict) and item.get(key) == value), None)


def _in_order(merged: list[Any], old: list[Any], patch: list[Any], key: Callable[[Any], Any]) -> list[Any]:
    """The order that kubectl gives: items of the patch as they stand there, the others as they stood before.

    Where the two may be interleaved, two items that were there before keep their order; an item that is new comes
    as early as it can, which is how a patch puts an init container before the others.
    """
    asked, before = [key(item) for item in patch], [key(item) for item in old]
    patched = sorted((item for item in merged if key(item) in asked), key=lambda item: asked.index(key(item)))
    others = [item for item in merged if key(item) not in asked]
    result: list[Any] = []
    for item in patched:
        if key(item) in before:
            while others and before.index(key(others[0])) < before.index(key(item)):
                result.append(others.pop(0))
        result.append(item)
    return result + others


def _noun(value: Any) -> str:
    return "a list" if isinstance(value, list) else "a mapping" if isinstance(value, dict) else "a plain value"
