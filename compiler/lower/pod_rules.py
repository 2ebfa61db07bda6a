"""What has to hold for the pods of every placement, before Kubernetes refuses them or traffic is lost.

A rule runs once for each version, and again for a variant only where an override changes what the rule reads. What no
placement uses, because overrides replace it everywhere, is not looked at. The place that is told is that in the layer
which said it last: app, version or override.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from compiler.diagnostics import Code, Note, Origin, error, warning
from compiler.lower.fleet import nearest
from compiler.lower.overrides import FIELDS, MERGE_KEYS
from compiler.lower.pods import grace_seconds, port_number, pre_stop_seconds
from compiler.lower.quantities import amount

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from compiler.diagnostics import Diagnostics
    from compiler.model.app import PodSpec, Probe, Resources

UNKNOWN_PORT = error(
    "unknown-port",
    "a probe names a port that the app does not have",
    "A probe may name one of the app's `ports` or give the number of a container port. With an unknown name the pods "
    "would never start.",
)
UNKNOWN_VOLUME = error(
    "unknown-volume",
    "a mount names a volume that the app does not have",
    "Every entry of `volumeMounts` names an entry of `volumes`. Kubernetes refuses pods that mount anything else.",
)
DUPLICATE_PORT = error(
    "duplicate-port",
    "two ports of an app have the same number",
    "A Service knows its ports by number and protocol, so no two of them may share both. Two ports may lead to the "
    "same `targetPort`.",
)
DUPLICATE_ITEM = error(
    "duplicate-item",
    "a list holds two items of the same key",
    "Items of these lists are known by a key: env, ports, volumes and imagePullSecrets by name, volumeMounts by "
    "mountPath. Kubernetes refuses duplicates, or takes one of them in silence.",
)
REPLICAS_AND_AUTOSCALING = error(
    "replicas-and-autoscaling",
    "fixed replicas beside autoscaling",
    "With `autoscaling` the HorizontalPodAutoscaler decides how many pods there are, and the Deployment has no "
    "replicas. State one of the two in an app, version or override; a version or override that states the other one "
    "replaces what stands before it.",
)
AUTOSCALING_BOUNDS = error(
    "autoscaling-bounds",
    "autoscaling with maxReplicas below minReplicas",
    "The HorizontalPodAutoscaler keeps the number of pods between the two, so maxReplicas cannot be the smaller one.",
)
AUTOSCALING_REQUESTS = error(
    "autoscaling-requests",
    "autoscaling by use of a resource that the pods do not request",
    "Use is measured in percent of the request. Without a request (or a limit, which stands for it) the "
    "HorizontalPodAutoscaler cannot work it out and never scales.",
)
GRACE_TOO_SHORT = error(
    "grace-too-short",
    "pods are killed before their pause is over",
    "A pod that is taken away first pauses for preStopSeconds, so that gateways stop sending to it, and is then told "
    "to end. terminationGracePeriodSeconds covers both; where it is no longer than the pause, requests in flight "
    "would be cut off.",
)
REQUESTS_ABOVE_LIMITS = error(
    "requests-above-limits",
    "a container requests more than its limit",
    "The request of a resource is what the scheduler reserves, the limit what the container may use at most. "
    "Kubernetes refuses pods whose request is above the limit. What pods cannot share, such as GPUs and huge pages, "
    "has a limit that is equal to its request.",
)
NO_READINESS_PROBE = warning(
    "no-readiness-probe",
    "an app that serves traffic has no readinessProbe",
    "Without a readinessProbe a pod gets requests as soon as its process starts, and keeps getting them when it "
    "cannot serve: rolling updates lose requests, and gateways have no path to check its health by.",
)
BLOCKED_DISRUPTION = warning(
    "blocked-disruption",
    "a disruption budget that never lets a pod go",
    "A PodDisruptionBudget says how many pods planned work, such as the upgrade of a node, may take at once. With "
    "none, nodes cannot be drained until somebody deletes the budget.",
)
RESERVED_LABEL = error(
    "reserved-label",
    "a label that fleetgate sets itself",
    "app.kubernetes.io/name and app.kubernetes.io/instance select the pods of an app and of each of its versions, "
    "topology.istio.io/cluster says in which cluster a pod runs, and app.kubernetes.io/managed-by who wrote the "
    "object. They cannot be set by hand.",
)
CODES: tuple[Code, ...] = (
    UNKNOWN_PORT,
    UNKNOWN_VOLUME,
    DUPLICATE_PORT,
    DUPLICATE_ITEM,
    REPLICAS_AND_AUTOSCALING,
    AUTOSCALING_BOUNDS,
    AUTOSCALING_REQUESTS,
    GRACE_TOO_SHORT,
    REQUESTS_ABOVE_LIMITS,
    NO_READINESS_PROBE,
    BLOCKED_DISRUPTION,
    RESERVED_LABEL,
)

CLUSTER_LABEL = "topology.istio.io/cluster"
RESERVED_LABELS = frozenset(
    {"app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/managed-by", CLUSTER_LABEL}
)
_SHARED = frozenset({"cpu", "memory", "ephemeral-storage"})
"""Resources of which pods may use more than they request."""
CONFIG_VOLUME = "fleetgate-config"
"""Name of the volume that mounts an app's `config`."""


class Layers(Struct, frozen=True, gc=False):
    """What lies over what: the app, perhaps a version, and overrides in order; places are worked out on demand."""

    base: tuple[tuple[PodSpec, Origin], ...]
    """The app, and the version."""
    overrides: tuple[tuple[int, PodSpec], ...] = ()
    """(index in the app's overrides, what it sets)."""
    app: Origin = Origin("")

    @property
    def layers(self) -> list[tuple[PodSpec, Origin]]:
        """Every layer and its place, lowest first."""
        return [*self.base, *((layer, self.app.at("spec", "overrides", i, "set")) for i, layer in self.overrides)]

    def place(self, field: str) -> Origin:
        """Where a field was said last; the place of the app's spec where nobody said it."""
        for layer, origin in reversed(self.layers):
            if getattr(layer, field) is not None:
                return origin.at(FIELDS[field])
        return self.base[0][1]

    def item(self, field: str, key: str) -> Origin:
        """Where the item of a list was said last that has this key."""
        for layer, origin in reversed(self.layers):
            for index, item in enumerate(getattr(layer, field) or ()):
                if getattr(item, MERGE_KEYS[field]) == key:
                    return origin.at(FIELDS[field], index)
        return self.place(field)

    def resource(self, side: Literal["requests", "limits"], name: str) -> Origin:
        """Where a request or limit was said last."""
        for layer, origin in reversed(self.layers):
            if layer.resources is not None and name in getattr(layer.resources, side):
                return origin.at("resources", side, name)
        return self.place("resources")


def _probe_ports(spec: PodSpec, layers: Layers, findings: Diagnostics) -> None:
    for field in ("readiness_probe", "liveness_probe", "startup_probe"):
        probe: Probe | None = getattr(spec, field)
        if probe is None:
            continue
        for handler, action in (("httpGet", probe.http_get), ("tcpSocket", probe.tcp_socket)):
            if action is not None and port_number(action.port, spec) is None:
                findings.add(
                    UNKNOWN_PORT,
                    layers.place(field).at(handler, "port"),
                    str(action.port),
                    "no port of the app has this name",
                    nearest(str(action.port), [port.name for port in spec.ports or ()])
                    or "add it to `ports`, or give the number of the container port",
                )


def _mounted_volumes(spec: PodSpec, layers: Layers, findings: Diagnostics) -> None:
    volumes = [volume.name for volume in spec.volumes or ()]
    config_path = (spec.config.mount_path or "").rstrip("/") if spec.config is not None else ""
    if config_path and CONFIG_VOLUME in volumes:
        findings.add(
            DUPLICATE_ITEM,
            layers.item("volumes", CONFIG_VOLUME).at("name"),
            CONFIG_VOLUME,
            "the volume of the app's `config` has this name",
            "rename the volume",
            (Note(layers.place("config"), "the config"),),
        )
    for mount in spec.volume_mounts or ():
        if mount.name not in volumes:
            findings.add(
                UNKNOWN_VOLUME,
                layers.item("volume_mounts", mount.mount_path).at("name"),
                mount.name,
                f"no entry of `volumes` has this name, but {mount.mount_path} mounts it",
                nearest(mount.name, volumes) or "add it to `volumes`",
            )
        elif config_path and mount.mount_path.rstrip("/") == config_path:
            findings.add(
                DUPLICATE_ITEM,
                layers.item("volume_mounts", mount.mount_path).at("mountPath"),
                mount.mount_path,
                "the app's `config` is mounted at this path",
                "mount one of them elsewhere",
                (Note(layers.place("config"), "the config"),),
            )


def _port_numbers(spec: PodSpec, layers: Layers, findings: Diagnostics) -> None:
    first: dict[tuple[int, str], str] = {}
    for port in spec.ports or ():
        other = first.setdefault((port.port, port.protocol), port.name)
        if other != port.name:
            findings.add(
                DUPLICATE_PORT,
                layers.item("ports", port.name).at("port"),
                str(port.port),
                f"port {other} has this number and protocol already",
                "give each port its own number; they may share a targetPort",
                (Note(layers.item("ports", other).at("port"), "the other port"),),
            )


def _autoscaling(spec: PodSpec, layers: Layers, findings: Diagnostics) -> None:
    scaling = spec.autoscaling
    if scaling is None:
        return
    place = layers.place("autoscaling")
    if scaling.max_replicas < scaling.min_replicas:
        findings.add(
            AUTOSCALING_BOUNDS,
            place.at("maxReplicas"),
            str(scaling.max_replicas),
            f"minReplicas is {scaling.min_replicas}",
            f"write {scaling.min_replicas} or more",
        )
    requested = {**spec.resources.limits, **spec.resources.requests} if spec.resources else {}
    by_memory = scaling.target_memory_utilization_percentage is not None
    by_cpu = scaling.target_cpu_utilization_percentage is not None or not by_memory
    for resource, wanted in (("cpu", by_cpu), ("memory", by_memory)):
        if wanted and resource not in requested:
            findings.add(
                AUTOSCALING_REQUESTS,
                place,
                "",
                f"it aims at a use of {resource}, and the pods request no {resource}",
                f"add resources.requests.{resource}",
            )


def _grace(spec: PodSpec, layers: Layers, findings: Diagnostics) -> None:
    grace, pause = grace_seconds(spec), pre_stop_seconds(spec)
    if grace <= pause:
        findings.add(
            GRACE_TOO_SHORT,
            layers.place("termination_grace_period_seconds"),
            str(grace),
            f"the pause before the end alone takes {pause} seconds (preStopSeconds)",
            f"write more than {pause}, or leave it out: the default is preStopSeconds + 30",
        )


def _limits(spec: PodSpec, layers: Layers, findings: Diagnostics) -> None:
    if spec.resources is None:
        return
    _whole_resources(spec.resources, layers, findings)
    for resource, limit in spec.resources.limits.items():
        request = spec.resources.requests.get(resource)
        if request is not None and amount(request) > amount(limit) * (1 + 1e-9):
            findings.add(
                REQUESTS_ABOVE_LIMITS,
                layers.resource("requests", resource),
                str(request),
                f"the limit of {resource} is {limit}",
                "lower the request, or raise the limit",
                (Note(layers.resource("limits", resource), "the limit"),),
            )


def _whole_resources(resources: Resources, layers: Layers, findings: Diagnostics) -> None:
    for resource, request in resources.requests.items():
        limit = resources.limits.get(resource)
        if resource not in _SHARED and (limit is None or amount(limit) > amount(request)):
            findings.add(
                REQUESTS_ABOVE_LIMITS,
                layers.resource("requests", resource),
                str(request),
                f"{resource} is never shared, so its limit has to be equal, and "
                + ("there is none" if limit is None else f"it is {limit}"),
                f"write resources.limits.{resource}: {request}",
            )


def _readiness(spec: PodSpec, layers: Layers, findings: Diagnostics) -> None:
    if spec.ports and spec.readiness_probe is None:
        findings.add(
            NO_READINESS_PROBE,
            layers.place("ports"),
            "",
            "the app has ports, and nothing says when a pod may get traffic",
            "add a readinessProbe, such as {httpGet: {path: /healthz, port: " + spec.ports[0].name + "}}",
        )


def _disruption(spec: PodSpec, layers: Layers, findings: Diagnostics) -> None:
    budget = spec.disruption_budget
    if budget is None:
        return
    floor = spec.autoscaling.min_replicas if spec.autoscaling else 1 if spec.replicas is None else spec.replicas
    least = budget.min_available
    if budget.max_unavailable in (0, "0%"):
        field, value = "maxUnavailable", str(budget.max_unavailable)
    elif least == "100%" or (isinstance(least, int) and 0 < floor <= least):
        field, value = "minAvailable", str(least)
    else:
        return
    findings.add(
        BLOCKED_DISRUPTION,
        layers.place("disruption_budget").at(field),
        value,
        f"with {floor} {'pod' if floor == 1 else 'pods'} this lets none go, so nodes cannot be drained",
        "let one pod go (maxUnavailable: 1), or leave the budget out",
    )


_RULES: tuple[tuple[frozenset[str], Callable[[PodSpec, Layers, Diagnostics], None]], ...] = (
    (frozenset({"ports", "readiness_probe", "liveness_probe", "startup_probe"}), _probe_ports),
    (frozenset({"volumes", "volume_mounts", "config"}), _mounted_volumes),
    (frozenset({"ports"}), _port_numbers),
    (frozenset({"autoscaling", "resources"}), _autoscaling),
    (frozenset({"termination_grace_period_seconds", "pre_stop_seconds"}), _grace),
    (frozenset({"resources"}), _limits),
    (frozenset({"ports", "readiness_probe"}), _readiness),
    (frozenset({"disruption_budget", "replicas", "autoscaling"}), _disruption),
)
"""(fields that a rule reads, rule)."""


@functools.lru_cache(maxsize=256)
def _reading(changed: frozenset[str]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The rules that read one of these fields, and the others; the overrides of a fleet set few different ones."""
    indices = range(len(_RULES))
    touched = tuple(index for index in indices if not _RULES[index][0].isdisjoint(changed))
    return touched, tuple(index for index in indices if index not in touched)


def check_pods(spec: PodSpec, layers: Layers, changed: frozenset[str], done: set[int], findings: Diagnostics) -> None:
    """Every rule that reads a field which overrides changed, and the others where they were not run yet.

    `done`: rules that were run for the version without changes to what they read; it grows.
    """
    touched, others = _reading(changed)
    for index in touched:
        _RULES[index][1](spec, layers, findings)
    if not done.issuperset(others):
        for index in others:
            if index not in done:
                done.add(index)
                _RULES[index][1](spec, layers, findings)


def check_layer(layer: PodSpec, fields: Iterable[str], place: Callable[[], Origin], findings: Diagnostics) -> None:
    """What can be seen in one layer alone; `fields`: those that it sets. `place` is asked only for findings."""
    for field in fields:
        key = MERGE_KEYS.get(field)
        if key is not None:
            items = getattr(layer, field)
            if len(items) > 1 and len({getattr(item, key) for item in items}) < len(items):
                _report_duplicates(items, key, place().at(FIELDS[field]), findings)
        elif field == "labels" and layer.labels is not None and not RESERVED_LABELS.isdisjoint(layer.labels):
            check_labels(layer.labels, place().at("labels"), findings)
        elif field == "replicas" and layer.autoscaling is not None:
            findings.add(
                REPLICAS_AND_AUTOSCALING,
                place().at("replicas"),
                str(layer.replicas),
                "autoscaling decides how many pods there are",
                "remove replicas, or autoscaling",
                (Note(place().at("autoscaling"), "the autoscaling"),),
            )


def check_labels(labels: Iterable[str], origin: Origin, findings: Diagnostics) -> None:
    """Labels that are ours may not be set; `origin`: the place of the mapping."""
    for label in labels:
        if label in RESERVED_LABELS:
            findings.add(RESERVED_LABEL, origin.key(label), label, "fleetgate sets this label itself", "remove it")


def _report_duplicates(items: Iterable[Any], key: str, origin: Origin, findings: Diagnostics) -> None:
    first: dict[str, int] = {}
    for index, item in enumerate(items):
        value = getattr(item, key)
        other = first.setdefault(value, index)
        if other != index:
            findings.add(
                DUPLICATE_ITEM,
                origin.at(index),
                value,
                "this list has an item of the same key already",
                "rename or remove one of them",
                (Note(origin.at(other), "the other item"),),
            )
