"""Rules of App that need no other document and no overrides; those of merged pods are in `compiler.lower.pod_rules`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec import structs

from compiler.model.app import AppSpec, Override, PodSpec, Version
from compiler.model.known import LISTS, Known
from compiler.model.problems import BAD_VALUE, MISSING_FIELD
from compiler.model.rules.report import CONFLICTING_FIELDS, Path, Report, climbs

if TYPE_CHECKING:
    from collections.abc import Callable

    from compiler.model.app import (
        App,
        DisruptionBudget,
        EnvFromSource,
        EnvSource,
        EnvVar,
        Placement,
        Probe,
        Resources,
        SecurityContext,
        ServiceAccount,
        Toleration,
        Volume,
        VolumeMount,
    )

_POD_FIELD = (
    r"metadata\.(name|namespace|uid|(labels|annotations)\['[^']+'\])"
    r"|spec\.(nodeName|serviceAccountName)|status\.(hostIPs?|podIPs?)"
)
_CONTAINER_RESOURCE = r"(requests|limits)\.(cpu|memory|ephemeral-storage|hugepages-[0-9]+[KMG]i)"
"""What the downward API knows (Kubernetes, "Downward API")."""
_sound = Known[Override]()
"""Overrides with which nothing is wrong."""
_all_sound = Known[tuple[Override, ...]](LISTS)
"""The same of all overrides of an app."""


def check_app(app: App, report: Report) -> None:
    """All rules of one App."""
    spec = app.spec
    _check_pod(spec, ("spec",), report)
    _check_placement(spec.placement, ("spec", "placement"), report)
    if spec.values and not spec.templates:
        report.add(
            CONFLICTING_FIELDS,
            ("spec", "values"),
            ", ".join(spec.values),
            "only templates see these values, and the App has none",
            "add `templates`, or delete the values",
        )
    for index, version in enumerate(spec.versions):
        path = ("spec", "versions", index)
        _check_pod(version, path, report)
        if version.placement is not None:
            _check_placement(version.placement, (*path, "placement"), report)
    if spec.overrides and _all_sound.get(spec.overrides) is None:
        _check_overrides(spec.overrides, report)


def _check_overrides(overrides: tuple[Override, ...], report: Report) -> None:
    before_all = report.count
    for index, override in enumerate(overrides):
        if _sound.get(override) is not None:
            continue
        path = ("spec", "overrides", index)
        before = report.count
        if override.set is not None:
            _check_pod(override.set, (*path, "set"), report)
        elif override.patch is None:
            report.add(
                MISSING_FIELD,
                path,
                "set",
                "an override without `set` and `patch` changes nothing",
                "add `set` or `patch`, or delete the override",
            )
        if report.count == before:
            _sound.put(override, override)
    if report.count == before_all:
        _all_sound.put(overrides, overrides)


def _check_placement(placement: Placement, path: Path, report: Report) -> None:
    if placement.clusters:
        if placement.cluster_selector is not None:
            given = {"clusters": placement.clusters, "clusterSelector": placement.cluster_selector}
            report.exactly_one(path, "", given, "a placement")
        report.unique((*path, "clusters"), placement.clusters, (), "cluster")


def _check_pod(pod: PodSpec, path: Path, report: Report) -> None:
    values = structs.astuple(pod)
    for index, field, check in _RULES_AT[type(pod)]:
        value = values[index]
        if value:
            check(value, (*path, field), report)


def _check_env(env: tuple[EnvVar, ...], path: Path, report: Report) -> None:
    for index, variable in enumerate(env):
        if (variable.value is None) == (variable.value_from is None):
            given = {"value": variable.value, "valueFrom": variable.value_from}
            report.exactly_one((*path, index), variable.name, given, "an environment variable")
        elif variable.value_from is not None:
            _check_source(variable.value_from, (*path, index, "valueFrom"), variable.name, report)


def _check_source(source: EnvSource, path: Path, name: str, report: Report) -> None:
    given = {
        "secretKeyRef": source.secret_key_ref,
        "configMapKeyRef": source.config_map_key_ref,
        "fieldRef": source.field_ref,
        "resourceFieldRef": source.resource_field_ref,
    }
    report.exactly_one(path, name, given, "`valueFrom`")
    if source.field_ref is not None and not re.fullmatch(_POD_FIELD, source.field_ref.field_path):
        report.add(
            BAD_VALUE,
            (*path, "fieldRef", "fieldPath"),
            source.field_ref.field_path,
            "Kubernetes hands out no such field of a pod",
            "name one of metadata.name, .namespace, .uid, .labels['<key>'], .annotations['<key>'], spec.nodeName, "
            ".serviceAccountName, status.hostIP, .hostIPs, .podIP, .podIPs",
        )
    if source.resource_field_ref is not None and not re.fullmatch(
        _CONTAINER_RESOURCE, source.resource_field_ref.resource
    ):
        report.add(
            BAD_VALUE,
            (*path, "resourceFieldRef", "resource"),
            source.resource_field_ref.resource,
            "Kubernetes hands out requests and limits of cpu, memory, ephemeral-storage and huge pages alone",
            "write one such as limits.cpu or requests.memory",
        )


def _check_resources(resources: Resources, path: Path, report: Report) -> None:
    for side, amounts in (("requests", resources.requests), ("limits", resources.limits)):
        for name, amount in amounts.items():
            if name == "memory" and str(amount).endswith("m"):
                report.add(
                    BAD_VALUE,
                    (*path, side, name),
                    str(amount),
                    "`m` stands for thousandths, and memory is counted in bytes: with less than one no pod starts",
                    f"write {str(amount)[:-1]}M or {str(amount)[:-1]}Mi",
                )
            elif "/" in name and not str(amount).isdecimal():
                report.add(
                    BAD_VALUE,
                    (*path, side, name),
                    str(amount),
                    "extended resources are counted in whole numbers",
                    "write a whole number",
                )


def _check_env_from(sources: tuple[EnvFromSource, ...], path: Path, report: Report) -> None:
    for index, source in enumerate(sources):
        given = {"configMapRef": source.config_map_ref, "secretRef": source.secret_ref}
        report.exactly_one((*path, index), "", given, "an entry of envFrom")


def _check_probe(probe: Probe, path: Path, report: Report) -> None:
    given = {
        "httpGet": probe.http_get,
        "tcpSocket": probe.tcp_socket,
        "grpc": probe.grpc,
        "exec": probe.exec,
    }
    report.exactly_one(path, "", given, "a probe")


def _check_single_probe(probe: Probe, path: Path, report: Report) -> None:
    _check_probe(probe, path, report)
    if probe.success_threshold not in (None, 1):
        report.add(
            BAD_VALUE,
            (*path, "successThreshold"),
            str(probe.success_threshold),
            "Kubernetes takes one success as enough for liveness and startup probes, and allows no other number",
            "write 1, or delete the line",
        )


def _check_volumes(volumes: tuple[Volume, ...], path: Path, report: Report) -> None:
    for index, volume in enumerate(volumes):
        _check_volume(volume, (*path, index), report)


def _check_volume(volume: Volume, path: Path, report: Report) -> None:
    given = {
        "configMap": volume.config_map,
        "secret": volume.secret,
        "emptyDir": volume.empty_dir,
        "persistentVolumeClaim": volume.persistent_volume_claim,
    }
    report.exactly_one(path, volume.name, given, "a volume")
    for field, source in (("configMap", volume.config_map), ("secret", volume.secret)):
        if source is not None:
            for index, item in enumerate(source.items):
                if climbs(item.path):
                    _report_climbing(item.path, (*path, field, "items", index, "path"), report)


def _check_mounts(mounts: tuple[VolumeMount, ...], path: Path, report: Report) -> None:
    for index, mount in enumerate(mounts):
        if mount.sub_path is not None and climbs(mount.sub_path):
            _report_climbing(mount.sub_path, (*path, index, "subPath"), report)


def _check_budget(budget: DisruptionBudget, path: Path, report: Report) -> None:
    given = {"minAvailable": budget.min_available, "maxUnavailable": budget.max_unavailable}
    report.exactly_one(path, "", given, "a disruption budget")


def _check_account(account: ServiceAccount, path: Path, report: Report) -> None:
    if account.name and account.annotations:
        report.add(
            CONFLICTING_FIELDS,
            (*path, "annotations"),
            account.name,
            "annotations are for the ServiceAccount that fleetgate emits, and `name` names an existing one",
            "delete `annotations`, or delete `name` to have one emitted",
            ((*path, "name"), "the name of the existing one"),
        )


def _report_climbing(value: str, path: Path, report: Report) -> None:
    report.add(BAD_VALUE, path, value, "the path must stay inside the volume", "write a relative path without `..`")


def _check_security(context: SecurityContext, path: Path, report: Report) -> None:
    if context.privileged and not context.allow_privilege_escalation:
        report.add(
            CONFLICTING_FIELDS,
            (*path, "privileged"),
            "true",
            "a privileged container may gain rights, and `allowPrivilegeEscalation` is false: Kubernetes refuses both",
            "add `allowPrivilegeEscalation: true`, or delete `privileged`",
        )
    if context.run_as_non_root and context.run_as_user == 0:
        report.add(
            CONFLICTING_FIELDS,
            (*path, "runAsUser"),
            "0",
            "user 0 is root, and `runAsNonRoot` is true: the container would never start",
            "choose another user, or add `runAsNonRoot: false`",
        )
    profile = context.seccomp_profile
    if (profile.type == "Localhost") != (profile.localhost_profile is not None):
        needs = profile.type == "Localhost"
        report.add(
            MISSING_FIELD if needs else CONFLICTING_FIELDS,
            (*path, "seccompProfile") if needs else (*path, "seccompProfile", "localhostProfile"),
            "localhostProfile" if needs else profile.localhost_profile or "",
            "a profile of type Localhost needs its file" if needs else f"a profile of type {profile.type} has no file",
            "add `localhostProfile`" if needs else "delete it, or write `type: Localhost`",
        )


def _check_tolerations(tolerations: tuple[Toleration, ...], path: Path, report: Report) -> None:
    for index, toleration in enumerate(tolerations):
        _check_toleration(toleration, (*path, index), report)


def _check_toleration(toleration: Toleration, path: Path, report: Report) -> None:
    if toleration.key is None and toleration.operator == "Equal":
        report.add(
            MISSING_FIELD,
            path,
            "key",
            "a toleration without `key` is for every taint, and needs `operator: Exists`",
            "add `key`, or `operator: Exists`",
        )
    elif toleration.operator == "Exists" and toleration.value:
        report.add(
            CONFLICTING_FIELDS,
            (*path, "value"),
            toleration.value,
            "`operator: Exists` compares no value",
            "delete `value`, or write `operator: Equal`",
        )
    if toleration.toleration_seconds is not None and toleration.effect != "NoExecute":
        report.add(
            CONFLICTING_FIELDS,
            (*path, "tolerationSeconds"),
            str(toleration.toleration_seconds),
            "it has an effect on taints of effect NoExecute only",
            "add `effect: NoExecute`, or delete it",
        )


_POD_RULES: tuple[tuple[str, str, Callable[[Any, Path, Report], None]], ...] = (
    ("env", "env", _check_env),
    ("env_from", "envFrom", _check_env_from),
    ("resources", "resources", _check_resources),
    ("readiness_probe", "readinessProbe", _check_probe),
    ("liveness_probe", "livenessProbe", _check_single_probe),
    ("startup_probe", "startupProbe", _check_single_probe),
    ("volumes", "volumes", _check_volumes),
    ("volume_mounts", "volumeMounts", _check_mounts),
    ("disruption_budget", "disruptionBudget", _check_budget),
    ("service_account", "serviceAccount", _check_account),
    ("security_context", "securityContext", _check_security),
    ("tolerations", "tolerations", _check_tolerations),
)
"""(attribute of a PodSpec, its name in a document, rule for what it holds)."""
_RULES_AT = {
    struct: tuple((struct.__struct_fields__.index(name), field, rule) for name, field, rule in _POD_RULES)
    for struct in (PodSpec, AppSpec, Version)
}
"""The same with the index of the attribute: most fields of most layers are not set, and this looks at them quickly."""
