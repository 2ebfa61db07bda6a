"""The objects of a workload in a cluster, as plain data, in the key order in which people write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from compiler.targets.kubernetes import pods

if TYPE_CHECKING:
    from compiler.ir import workload as ir
    from compiler.manifests import Node

Data = dict[str, Any]

CLUSTER_LABEL = "topology.istio.io/cluster"
"""Label of pods by which gateways of several clusters tell them apart (MSE, Istio)."""
MANAGED_BY = {"app.kubernetes.io/managed-by": "fleetgate"}
CONFIG_DIGEST = "fleetgate.dev/config-digest"
"""Annotation of pods that changes with the app's config, so that they restart."""


class Names(Struct, frozen=True, gc=False):
    """What the objects of a workload are called: all that differs between apps that are otherwise alike.

    Each may be a hole.
    """

    app: Node
    workload: Node
    namespace: Node
    account: Node
    image: Node


def names_of(workload: ir.Workload) -> Names:
    """The names of a workload."""
    app = workload.app
    return Names(app.name, workload.name, app.namespace, workload.account.name, workload.image)


def service_account(workload: ir.Workload, names: Names) -> Data:
    """ServiceAccount, v1. Pods say themselves whether they want a token of it."""
    account = workload.account
    document: Data = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(workload, names, names.account),
    }
    if account.annotations:
        document["metadata"]["annotations"] = dict(workload.object_annotations + account.annotations)
    return document


def config_map(workload: ir.Workload, names: Names, config: ir.Config) -> Data:
    """ConfigMap, v1."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(workload, names), "data": dict(config.data)}


def deployment(workload: ir.Workload, names: Names, replicas: Node, cluster_id: Node, env: Node) -> Data:
    """Deployment, apps/v1.

    `replicas` is None where a HorizontalPodAutoscaler sets them; `env` is left out where it is None. All three may be
    holes.
    """
    spec: Data = {} if replicas is None else {"replicas": replicas}
    spec["selector"] = {"matchLabels": identity_labels(names)}
    # New pods are ready before old ones go, so that a rolling update loses no request.
    spec["strategy"] = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}}
    spec["template"] = {"metadata": _pod_metadata(workload, names, cluster_id), "spec": _pod_spec(workload, names, env)}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata(workload, names), "spec": spec}


def service(workload: ir.Workload, names: Names) -> Data:
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
        "metadata": metadata(workload, names),
        "spec": {"selector": identity_labels(names), "ports": ports},
    }


def autoscaler(workload: ir.Workload, names: Names, autoscaling: ir.Autoscaling) -> Data:
    """HorizontalPodAutoscaler, autoscaling/v2."""
    metrics = [
        {"type": "Resource", "resource": {"name": name, "target": {"type": "Utilization", "averageUtilization": aim}}}
        for name, aim in (("cpu", autoscaling.cpu_percent), ("memory", autoscaling.memory_percent))
        if aim is not None
    ]
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": metadata(workload, names),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": names.workload},
            "minReplicas": autoscaling.min_replicas,
            "maxReplicas": autoscaling.max_replicas,
            "metrics": metrics,
        },
    }


def disruption_budget(workload: ir.Workload, names: Names, disruption: ir.Disruption) -> Data:
    """PodDisruptionBudget, policy/v1. Pods that are not ready may always go: they serve nobody."""
    spec: Data = {"selector": {"matchLabels": identity_labels(names)}}
    if disruption.min_available is not None:
        spec["minAvailable"] = disruption.min_available
    if disruption.max_unavailable is not None:
        spec["maxUnavailable"] = disruption.max_unavailable
    spec["unhealthyPodEvictionPolicy"] = "AlwaysAllow"
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(workload, names),
        "spec": spec,
    }


def _pod_metadata(workload: ir.Workload, names: Names, cluster_id: Node) -> Data:
    found: Data = {"labels": {**identity_labels(names), CLUSTER_LABEL: cluster_id, **dict(workload.labels)}}
    annotations = dict(workload.annotations)
    if workload.config is not None:
        annotations[CONFIG_DIGEST] = _digest(workload.config)
    if annotations:
        found["annotations"] = annotations
    return found


def _pod_spec(workload: ir.Workload, names: Names, env: Node) -> Data:
    spec: Data = {
        "serviceAccountName": names.account,
        "automountServiceAccountToken": workload.account.token,
        "securityContext": pods.pod_security(workload.security),
        "terminationGracePeriodSeconds": workload.grace_s,
        "topologySpreadConstraints": _topology_spread(names),
    }
    if workload.pull_secrets:
        spec["imagePullSecrets"] = [{"name": name} for name in workload.pull_secrets]
    if workload.node_labels:
        spec["nodeSelector"] = dict(workload.node_labels)
    if workload.tolerations:
        spec["tolerations"] = [pods.toleration(node) for node in workload.tolerations]
    spec["containers"] = [pods.container(workload, names.app, names.workload, names.image, env)]
    volumes = pods.volumes(workload, names.workload)
    if volumes:
        spec["volumes"] = volumes
    return spec


def identity_labels(names: Names) -> Data:
    """Labels that select the pods of one version and of no other; a version that is added later changes none."""
    return {"app.kubernetes.io/name": names.app, "app.kubernetes.io/instance": names.workload}


def metadata(workload: ir.Workload, names: Names, name: Node = None) -> Data:
    """Metadata of an object of a workload; by default it is named like the workload."""
    found: Data = {
        "name": names.workload if name is None else name,
        "namespace": names.namespace,
        "labels": {**identity_labels(names), **MANAGED_BY, **dict(workload.object_labels)},
    }
    if workload.object_annotations:
        found["annotations"] = dict(workload.object_annotations)
    return found


def _topology_spread(names: Names) -> list[Data]:
    """Over zones, then over hosts, each new generation of pods by itself; better crowded than not running."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": identity_labels(names)},
            "matchLabelKeys": ["pod-template-hash"],
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]


def _digest(config: ir.Config) -> str:
    # Few apps have a config; the others do not pay for these imports.
    import hashlib  # noqa: PLC0415

    import msgspec  # noqa: PLC0415

    return hashlib.sha256(msgspec.json.encode(config.data)).hexdigest()[:16]
