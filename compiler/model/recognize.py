"""Which kind a document is of, and what to say of one that is none of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compiler.diagnostics import Code, error, warning
from compiler.model.credentials import credentials_in
from compiler.model.kinds import KINDS
from compiler.model.words import joined, nearest, shown

if TYPE_CHECKING:
    from compiler.diagnostics import Diagnostics, Origin

MISSING_KIND = error(
    "missing-kind",
    "a document without apiVersion or kind",
    "Every document of a root is an object with `apiVersion` and `kind`; the kind decides what is done with it, not "
    "the path of the file. Files that hold something else (values, CI settings ...) are named in `.fleetgateignore`.",
)
UNKNOWN_KIND = error(
    "unknown-kind",
    "an apiVersion or kind that nearly is one that fleetgate reads",
    "The apiVersion and kind of this document are not read, but they are so close to some that are read that this is "
    "almost certainly a slip: a mistyped kind, or an old version such as extensions/v1beta1. Going "
    "on without it would drop what it says.",
)
UNREAD_KIND = warning(
    "unread-kind",
    "a document of a kind that fleetgate does not read",
    "A root holds the documents that fleetgate compiles. A plain manifest, such as a Deployment, reaches the clusters "
    "only where an App names its file in `manifests`; a file that is for another tool is named in `.fleetgateignore`. "
    "Reported once per file and kind, so that nothing is missed by a slip.",
)
CODES: tuple[Code, ...] = (MISSING_KIND, UNKNOWN_KIND, UNREAD_KIND)

OWN_GROUP = "fleetgate.dev"
_VERSION_OF = {kind: api_version for api_version, kind, _ in KINDS}
_OTHERS = frozenset(
    (
        *("APIService", "ConfigMap", "CronJob", "CustomResourceDefinition", "DaemonSet", "Deployment", "Endpoints"),
        *("HorizontalPodAutoscaler", "Job", "NetworkPolicy", "PersistentVolumeClaim", "Pod", "PodDisruptionBudget"),
        *("Role", "RoleBinding", "Secret", "ServiceAccount", "ServiceCIDR", "StatefulSet"),
    )
)
"""Kinds of Kubernetes that nobody means another by, some of them with names that come close to one that we read."""


def report_unknown(data: dict[str, Any], origin: Origin, findings: Diagnostics) -> None:
    """Say why a document is none that we read."""
    for field in ("apiVersion", "kind"):
        value = data.get(field)
        if not isinstance(value, str) or not value:
            findings.add(
                MISSING_KIND,
                origin.at(field) if field in data else origin,
                shown(value) if field in data else field,
                f"`{field}` must be a text" if field in data else f"the document has no `{field}`",
                _missing_fix(data, field),
            )
            return
    if not (data["kind"] == "Secret" and _leaks(data, origin, findings)):
        _report_kind(data["apiVersion"], data["kind"], origin, findings)


def _leaks(secret: dict[str, Any], origin: Origin, findings: Diagnostics) -> bool:
    """Whether a Secret holds values, which are reported as where an App places it: in Git they have leaked."""
    told = len(findings)
    credentials_in(secret, origin, findings)
    return len(findings) > told


def _missing_fix(data: dict[str, Any], field: str) -> str:
    kind = data.get("kind")
    if field == "apiVersion" and isinstance(kind, str) and (meant := nearest(kind, _VERSION_OF, 0.8)):
        return f"add `apiVersion: {_VERSION_OF[meant]}`"
    here = [name for api_version, name, _ in KINDS if api_version == data.get("apiVersion")]
    if field == "kind" and here:
        return f"add `kind`; of {data['apiVersion']} fleetgate reads {joined(here, 'and')}"
    return "add it, or name the file in .fleetgateignore"


def _report_kind(api_version: str, kind: str, origin: Origin, findings: Diagnostics) -> None:
    meant = _meant(api_version, kind)
    if meant is None:
        findings.add(
            UNREAD_KIND,
            origin.at("kind"),
            f"{api_version} {kind}",
            "fleetgate does not read this kind, so nothing is done with this document",
            "name the file in `manifests:` of an App to have it placed, or in .fleetgateignore",
        )
    elif meant == kind:
        findings.add(
            UNKNOWN_KIND,
            origin.at("apiVersion"),
            api_version,
            f"fleetgate reads {kind} as {_VERSION_OF[kind]}",
            f"write `apiVersion: {_VERSION_OF[kind]}`{_migration(api_version, kind)}",
        )
    elif meant:
        also = "" if _VERSION_OF[meant] == api_version else f" with `apiVersion: {_VERSION_OF[meant]}`"
        findings.add(UNKNOWN_KIND, origin.at("kind"), kind, "there is no such kind", f"write `kind: {meant}`{also}")
    else:
        own = [name for name, version in _VERSION_OF.items() if version.startswith(f"{OWN_GROUP}/")]
        findings.add(
            UNKNOWN_KIND,
            origin.at("kind"),
            kind,
            f"there is no such kind in the group {OWN_GROUP}",
            f"write one of its kinds: {joined(own)}",
        )


def _meant(api_version: str, kind: str) -> str | None:
    """The kind that is probably meant; "" for one that our own group does not have; None for another tool's."""
    group = _group(api_version)
    if kind in _VERSION_OF:
        return kind if _is_slip(group, kind) else None
    if kind in _OTHERS and group != OWN_GROUP:
        return None
    for near in (nearest(kind, _kinds_of(group), 0.8), nearest(kind, _VERSION_OF, 0.8)):
        if near is not None and _is_slip(group, near):
            return near
    return "" if group == OWN_GROUP else None


def _kinds_of(group: str) -> list[str]:
    return [name for name, version in _VERSION_OF.items() if _group(version) == group]


def _is_slip(group: str, kind: str) -> bool:
    """Whether somebody who writes `group` means our `kind`: Knative has a Service, and Agones a Fleet, too."""
    ours = _group(_VERSION_OF[kind])
    if group in (ours, OWN_GROUP) or "." not in group:
        # the groups without a dot are Kubernetes' own, and none of them has a second kind of a name that we read
        return True
    if group.endswith(".k8s.io") and not ours.startswith(OWN_GROUP):
        return True
    if ours == OWN_GROUP and group.startswith("fleetgate"):
        return True
    return bool(ours) and nearest(group, (ours,), 0.8) is not None


def _group(api_version: str) -> str:
    """The group of an apiVersion; empty for the core group."""
    group, slash, _ = api_version.partition("/")
    return group if slash else ""


def _migration(api_version: str, kind: str) -> str:
    if kind == "Ingress" and api_version.endswith("beta1"):
        return ", and `service: {name, port}` instead of `serviceName` and `servicePort`"
    return ""
