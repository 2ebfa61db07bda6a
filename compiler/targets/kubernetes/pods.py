"""Parts of a pod: nodes of the program -> plain data of the Kubernetes API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compiler.ir import workload as ir

if TYPE_CHECKING:
    from collections.abc import Iterable

    from compiler.manifests import Node

Data = dict[str, Any]

CONFIG_VOLUME = "fleetgate-config"
"""Name of the volume that mounts an app's config."""


def container(workload: ir.Workload, app: Node, config: Node, image: Node, env: Node) -> Data:
    """The one Container, named like the app; `env` is left out where it is None. `config`: name of its ConfigMap."""
    pause = {"preStop": {"sleep": {"seconds": workload.pre_stop_s}}}
    fields: tuple[tuple[str, Any], ...] = (
        ("name", app),
        ("image", image),
        ("command", list(workload.command)),
        ("args", list(workload.args)),
        ("env", env),
        ("envFrom", _variable_sets(workload, config)),
        ("ports", container_ports(workload.ports)),
        ("readinessProbe", workload.readiness and probe(workload.readiness)),
        ("livenessProbe", workload.liveness and probe(workload.liveness)),
        ("startupProbe", workload.startup and probe(workload.startup)),
        ("resources", _resources(workload)),
        ("lifecycle", pause if workload.pre_stop_s else None),
        ("securityContext", container_security(workload.security)),
        ("volumeMounts", _mounts(workload)),
    )
    return {field: value for field, value in fields if value}


def _variable_sets(workload: ir.Workload, config: Node) -> list[Data]:
    """The app's own config first: what is listed after it wins."""
    found = [variable_set(node) for node in workload.env_from]
    if workload.config is not None and not workload.config.mount_path:
        found.insert(0, {"configMapRef": {"name": config}})
    return found


def _mounts(workload: ir.Workload) -> list[Data]:
    found = [mount(node) for node in workload.mounts]
    if workload.config is not None and workload.config.mount_path:
        found.append({"name": CONFIG_VOLUME, "mountPath": workload.config.mount_path, "readOnly": True})
    return found


def _resources(workload: ir.Workload) -> Data:
    sides = {"requests": dict(workload.requests), "limits": dict(workload.limits)}
    return {side: amounts for side, amounts in sides.items() if amounts}


def volumes(workload: ir.Workload, config: Node) -> list[Data]:
    """Volumes, that of the app's config last; `config`: name of its ConfigMap."""
    found = [volume(node) for node in workload.volumes]
    if workload.config is not None and workload.config.mount_path:
        found.append({"name": CONFIG_VOLUME, "configMap": {"name": config}})
    return found


def variable(node: ir.Variable) -> Data:
    """EnvVar."""
    match node.source:
        case None:
            return {"name": node.name, "value": node.value}
        case ir.PodField(path):
            source: Data = {"fieldRef": {"fieldPath": path}}
        case ir.ResourceField(resource, divisor):
            source = {"resourceFieldRef": {"resource": resource}}
            if divisor is not None:
                source["resourceFieldRef"]["divisor"] = divisor
        case ir.KeyOf(kind, name, key, optional):
            reference = _optional({"name": name, "key": key}, optional=optional)
            source = {"secretKeyRef" if kind == "secret" else "configMapKeyRef": reference}
    return {"name": node.name, "valueFrom": source}


def variable_set(node: ir.VariableSet) -> Data:
    """EnvFromSource."""
    reference = _optional({"name": node.name}, optional=node.optional)
    found: Data = {"secretRef" if node.kind == "secret" else "configMapRef": reference}
    return {"prefix": node.prefix, **found} if node.prefix else found


def container_ports(ports: Iterable[ir.Port]) -> list[Data]:
    """ContainerPorts: each number and protocol once, because Kubernetes knows them by these two."""
    found: dict[tuple[int, str], Data] = {}
    for port in ports:
        entry: Data = {"name": port.name, "containerPort": port.target}
        if port.protocol != "TCP":
            entry["protocol"] = port.protocol
        found.setdefault((port.target, port.protocol), entry)
    return list(found.values())


def probe(node: ir.Probe) -> Data:
    """Probe."""
    found: Data
    if node.kind == "http":
        action: Data = {"path": node.path, "port": node.port}
        if node.scheme != "HTTP":
            action["scheme"] = node.scheme
        if node.headers:
            action["httpHeaders"] = [{"name": name, "value": value} for name, value in node.headers]
        found = {"httpGet": action}
    elif node.kind == "tcp":
        found = {"tcpSocket": {"port": node.port}}
    elif node.kind == "grpc":
        found = {"grpc": {"port": node.port, "service": node.service} if node.service else {"port": node.port}}
    else:
        found = {"exec": {"command": list(node.command)}}
    for field, value in (
        ("initialDelaySeconds", node.initial_delay_s),
        ("periodSeconds", node.period_s),
        ("timeoutSeconds", node.timeout_s),
        ("successThreshold", node.success_threshold),
        ("failureThreshold", node.failure_threshold),
    ):
        if value is not None:
            found[field] = value
    return found


def volume(node: ir.Volume) -> Data:
    """Volume."""
    source: Data
    items = [
        {"key": item.key, "path": item.path} | ({} if item.mode is None else {"mode": item.mode}) for item in node.items
    ]
    if node.kind == "scratch":
        source = {"medium": "Memory"} if node.in_memory else {}
        if node.size_limit is not None:
            source["sizeLimit"] = node.size_limit
        return {"name": node.name, "emptyDir": source}
    if node.kind == "claim":
        source = {"claimName": node.source}
        if node.read_only:
            source["readOnly"] = True
        return {"name": node.name, "persistentVolumeClaim": source}
    is_secret = node.kind == "secret"
    source = {"secretName" if is_secret else "name": node.source}
    if items:
        source["items"] = items
    return {"name": node.name, "secret" if is_secret else "configMap": _optional(source, optional=node.optional)}


def mount(node: ir.Mount) -> Data:
    """VolumeMount."""
    found: Data = {"name": node.volume, "mountPath": node.path}
    if node.sub_path:
        found["subPath"] = node.sub_path
    if node.read_only:
        found["readOnly"] = True
    return found


def pod_security(node: ir.Security) -> Data:
    """PodSecurityContext: what holds for every container, those that a patch adds included."""
    found: Data = {"runAsNonRoot": node.non_root}
    for field, value in (("runAsUser", node.user), ("runAsGroup", node.group), ("fsGroup", node.files_group)):
        if value is not None:
            found[field] = value
    found["seccompProfile"] = {"type": node.seccomp}
    if node.seccomp_file:
        found["seccompProfile"]["localhostProfile"] = node.seccomp_file
    return found


def container_security(node: ir.Security) -> Data:
    """SecurityContext of the container."""
    found: Data = {"privileged": True} if node.privileged else {}
    # Kubernetes refuses a container with this capability that may not escalate: it could anyway.
    if node.escalation or not {"SYS_ADMIN", "CAP_SYS_ADMIN"}.intersection(node.add_capabilities):
        found["allowPrivilegeEscalation"] = node.escalation
    if node.read_only_root:
        found["readOnlyRootFilesystem"] = True
    capabilities: Data = {}
    if node.add_capabilities:
        capabilities["add"] = list(node.add_capabilities)
    if node.drop_capabilities:
        capabilities["drop"] = list(node.drop_capabilities)
    if capabilities:
        found["capabilities"] = capabilities
    return found


def toleration(node: ir.Toleration) -> Data:
    """Toleration."""
    found: Data = {"key": node.key} if node.key else {}
    found["operator"] = node.operator
    if node.value is not None:
        found["value"] = node.value
    if node.effect:
        found["effect"] = node.effect
    if node.seconds is not None:
        found["tolerationSeconds"] = node.seconds
    return found


def _optional(reference: Data, *, optional: bool) -> Data:
    if optional:
        reference["optional"] = True
    return reference
