"""The objects of a workload in a cluster, as plain data, in the key order in which people write them.

Subtrees that the placements of an app have in common are marked as shared, so that their text is made once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compiler.manifests import shared
from compiler.targets.kubernetes import pods

if TYPE_CHECKING:
    from collections.abc import Callable

    from compiler.ir import workload as ir

Data = dict[str, Any]

CLUSTER_LABEL = "topology.istio.io/cluster"
"""Label of pods by which gateways of several clusters tell them apart (MSE, Istio)."""
MANAGED_BY = {"app.kubernetes.io/managed-by": "fleetgate"}
CONFIG_DIGEST = "fleetgate.dev/config-digest"
"""Annotation of pods that changes with the app's config, so that they restart."""


class Objects:
    """Makes the objects of one app's workloads."""

    def __init__(self, *, share: bool = True) -> None:
        """`share`: mark common subtrees; without it the objects are plain data that can be patched."""
        self._share: Callable[[Any], Any] = shared if share else _as_it_is
        self._made: dict[tuple[str, int | str], Any] = {}

    def service_account(self, workload: ir.Workload) -> Data:
        """ServiceAccount, v1. Pods say themselves whether they want a token of it."""
        account = workload.account
        document: Data = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata(workload, account.name)}
        if account.annotations:
            document["metadata"]["annotations"] = dict(workload.object_annotations + account.annotations)
        return document

    def config_map(self, workload: ir.Workload, config: ir.Config) -> Data:
        """ConfigMap, v1."""
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(workload), "data": dict(config.data)}

    def deployment(self, placement: ir.Placement) -> Data:
        """Deployment, apps/v1; without `replicas` where a HorizontalPodAutoscaler sets them."""
        workload = placement.workload
        spec: Data = {} if placement.replicas is None else {"replicas": placement.replicas}
        spec["selector"] = self._of_version("selector", workload, _selector)
        spec["strategy"] = self._of_version("strategy", workload, _strategy)
        spec["template"] = {
            "metadata": self._pod_metadata(workload, placement.cluster_id),
            "spec": self._pod_spec(workload),
        }
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": self._of_version("metadata", workload, metadata),
            "spec": spec,
        }

    def service(self, workload: ir.Workload) -> Data:
        """Service, v1, of type ClusterIP."""
        ports = []
        for port in workload.ports:
            entry: Data = {"name": port.name, "port": port.number, "targetPort": port.target}
            if port.protocol != "TCP":
                entry["protocol"] = port.protocol
            if port.app_protocol:
                entry["appProtocol"] = port.app_protocol
            ports.append(entry)
        return {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata(workload),
            "spec": {"selector": identity_labels(workload), "ports": ports},
        }

    def autoscaler(self, workload: ir.Workload, autoscaling: ir.Autoscaling) -> Data:
        """HorizontalPodAutoscaler, autoscaling/v2."""
        metrics = [
            {
                "type": "Resource",
                "resource": {"name": name, "target": {"type": "Utilization", "averageUtilization": aim}},
            }
            for name, aim in (("cpu", autoscaling.cpu_percent), ("memory", autoscaling.memory_percent))
            if aim is not None
        ]
        return {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": metadata(workload),
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": workload.name},
                "minReplicas": autoscaling.min_replicas,
                "maxReplicas": autoscaling.max_replicas,
                "metrics": metrics,
            },
        }

    def disruption_budget(self, workload: ir.Workload, disruption: ir.Disruption) -> Data:
        """PodDisruptionBudget, policy/v1. Pods that are not ready may always go: they serve nobody."""
        spec: Data = {"selector": {"matchLabels": identity_labels(workload)}}
        if disruption.min_available is not None:
            spec["minAvailable"] = disruption.min_available
        if disruption.max_unavailable is not None:
            spec["maxUnavailable"] = disruption.max_unavailable
        spec["unhealthyPodEvictionPolicy"] = "AlwaysAllow"
        return {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": metadata(workload),
            "spec": spec,
        }

    def _pod_metadata(self, workload: ir.Workload, cluster_id: str) -> Data:
        labels = identity_labels(workload)
        labels[CLUSTER_LABEL] = cluster_id
        if workload.labels:
            labels.update(workload.labels)
        if workload.config is None and not workload.annotations:
            return {"labels": labels}
        annotations = dict(workload.annotations)
        if workload.config is not None:
            annotations[CONFIG_DIGEST] = self._part("digest", workload.config, _digest)
        return {"labels": labels, "annotations": annotations}

    def _pod_spec(self, workload: ir.Workload) -> Data:
        spec: Data = {
            "serviceAccountName": workload.account.name,
            "automountServiceAccountToken": workload.account.token,
            "securityContext": self._part("pod security", workload.security, pods.pod_security),
            "terminationGracePeriodSeconds": workload.grace_s,
            "topologySpreadConstraints": self._of_version("spread", workload, _topology_spread),
        }
        if workload.pull_secrets:
            spec["imagePullSecrets"] = self._part("pull secrets", workload.pull_secrets, pods.pull_secrets)
        if workload.node_labels:
            spec["nodeSelector"] = self._part("mapping", workload.node_labels, dict)
        if workload.tolerations:
            spec["tolerations"] = self._part("tolerations", workload.tolerations, pods.tolerations)
        spec["containers"] = [self._container(workload)]
        volumes = [self._part("volume", volume, pods.volume) for volume in workload.volumes]
        if workload.config is not None and workload.config.mount_path:
            volumes.append({"name": pods.CONFIG_VOLUME, "configMap": {"name": workload.name}})
        if volumes:
            spec["volumes"] = volumes
        return spec

    def _container(self, workload: ir.Workload) -> Data:
        part = self._part
        container: Data = {"name": workload.app.name, "image": workload.image}
        if workload.command:
            container["command"] = part("list", workload.command, list)
        if workload.args:
            container["args"] = part("list", workload.args, list)
        if workload.env:
            container["env"] = [part("variable", variable, pods.variable) for variable in workload.env]
        self._add_config(workload, container)
        if workload.ports:
            container["ports"] = part("ports", workload.ports, pods.container_ports)
        if workload.readiness is not None:
            container["readinessProbe"] = part("probe", workload.readiness, pods.probe)
        if workload.liveness is not None:
            container["livenessProbe"] = part("probe", workload.liveness, pods.probe)
        if workload.startup is not None:
            container["startupProbe"] = part("probe", workload.startup, pods.probe)
        if workload.requests or workload.limits:
            container["resources"] = self._resources(workload)
        if workload.pre_stop_s:
            container["lifecycle"] = self._pause(workload.pre_stop_s)
        container["securityContext"] = part("container security", workload.security, pods.container_security)
        return container

    def _add_config(self, workload: ir.Workload, container: Data) -> None:
        """The app's own config first: what is listed after it wins."""
        config = workload.config
        sources = [self._part("variables", variables, pods.variable_set) for variables in workload.env_from]
        mounts = [self._part("mount", mount, pods.mount) for mount in workload.mounts]
        if config is not None and config.mount_path:
            mounts.append({"name": pods.CONFIG_VOLUME, "mountPath": config.mount_path, "readOnly": True})
        elif config is not None:
            sources.insert(0, {"configMapRef": {"name": workload.name}})
        if sources:
            container["envFrom"] = sources
        if mounts:
            container["volumeMounts"] = mounts

    def _resources(self, workload: ir.Workload) -> Data:
        resources = {}
        if workload.requests:
            resources["requests"] = self._part("mapping", workload.requests, dict)
        if workload.limits:
            resources["limits"] = self._part("mapping", workload.limits, dict)
        return resources

    def _pause(self, seconds: int) -> Any:
        key = ("pause", seconds)
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = self._share({"preStop": {"sleep": {"seconds": seconds}}})
        return made

    def _part(self, name: str, node: Any, make: Callable[[Any], Any]) -> Any:
        """What `make` gives for this very node, made once. Nodes belong to the app, which outlives this object."""
        key = (name, id(node))
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = self._share(make(node))
        return made

    def _of_version(self, name: str, workload: ir.Workload, make: Callable[[ir.Workload], Any]) -> Any:
        """What `make` gives for every variant of a version alike, made once."""
        key = (name, workload.version)
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = self._share(make(workload))
        return made


def identity_labels(workload: ir.Workload) -> dict[str, str]:
    """Labels that select the pods of one version and of no other; a version that is added later changes none."""
    return {"app.kubernetes.io/name": workload.app.name, "app.kubernetes.io/instance": workload.name}


def metadata(workload: ir.Workload, name: str = "") -> Data:
    """Metadata of an object of a workload; by default it is named like the workload."""
    found: Data = {
        "name": name or workload.name,
        "namespace": workload.app.namespace,
        "labels": {**identity_labels(workload), **MANAGED_BY, **dict(workload.object_labels)},
    }
    if workload.object_annotations:
        found["annotations"] = dict(workload.object_annotations)
    return found


def _as_it_is(value: Any) -> Any:
    return value


def _selector(workload: ir.Workload) -> Data:
    return {"matchLabels": identity_labels(workload)}


def _strategy(_: ir.Workload) -> Data:
    """New pods are ready before old ones go, so that a rolling update loses no request."""
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}}


def _topology_spread(workload: ir.Workload) -> list[Data]:
    """Over zones, then over hosts, each new generation of pods by itself; better crowded than not running."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": _selector(workload),
            "matchLabelKeys": ["pod-template-hash"],
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]


def _digest(config: ir.Config) -> str:
    # Few apps have a config; the others do not pay for these imports.
    import hashlib  # noqa: PLC0415

    import msgspec  # noqa: PLC0415

    return hashlib.sha256(msgspec.json.encode(config.data)).hexdigest()[:16]
