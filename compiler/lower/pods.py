"""A PodSpec in the words of the model -> the parts of a Workload.

Variants of an app differ in few fields, so only the parts that a change reaches are made anew, and items that two
variants have in common are the same nodes: targets then write the text of each once.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from compiler.ir import workload as ir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from compiler.model import app as model

GRACE_BEYOND_PAUSE_S = 30
"""Default time between the signal to end and the kill, as Kubernetes has it."""
PRE_STOP_S = 15
"""Default pause before the signal: longer than gateways need to take a pod out."""


class Parts:
    """Makes the parts of one app's workloads; equal items of its layers become one node."""

    def __init__(self, app_name: str) -> None:
        self.app_name = app_name
        self._made: dict[int, Any] = {}

    def all(self, spec: model.PodSpec) -> dict[str, Any]:
        """Every part, by field of the Workload."""
        return {part: make(self, spec) for part, make in _PARTS.items()}

    def changed(self, spec: model.PodSpec, fields: frozenset[str]) -> dict[str, Any]:
        """The parts that a change of these fields reaches."""
        return {part: make(self, spec) for part, make in _reached(fields)}

    def environment(self, spec: model.PodSpec) -> tuple[ir.Variable, ...]:
        """The variables of a placement."""
        return self.each(spec.env, _variable)

    def each(self, items: Iterable[Any] | None, make: Callable[[Any], Any]) -> tuple[Any, ...]:
        """What `make` gives for each item, made once for an item that several layers share.

        Items are known by identity: they belong to the App, which outlives this object.
        """
        if not items:
            return ()
        made = self._made
        nodes = []
        for item in items:
            node = made.get(id(item))
            if node is None:
                node = made[id(item)] = make(item)
            nodes.append(node)
        return tuple(nodes)


def port_number(port: int | str, spec: model.PodSpec) -> int | None:
    """The container port that a probe means; None where no port has this name."""
    if isinstance(port, int):
        return port
    return next((p.target_port or p.port for p in spec.ports or () if p.name == port), None)


def grace_seconds(spec: model.PodSpec) -> int:
    """Time that pods have to end, the pause before included."""
    if spec.termination_grace_period_seconds is not None:
        return spec.termination_grace_period_seconds
    return pre_stop_seconds(spec) + GRACE_BEYOND_PAUSE_S


def pre_stop_seconds(spec: model.PodSpec) -> int:
    """Pause before the signal to end."""
    return PRE_STOP_S if spec.pre_stop_seconds is None else spec.pre_stop_seconds


def pairs(mapping: Mapping[str, Any] | None) -> tuple[tuple[str, Any], ...]:
    """Keys and values, sorted by key."""
    return tuple(sorted(mapping.items())) if mapping else ()


def _variable(written: model.EnvVar) -> ir.Variable:
    source = written.value_from
    if source is None:
        return ir.Variable(written.name, written.value or "")
    if source.field_ref is not None:
        return ir.Variable(written.name, "", ir.PodField(source.field_ref.field_path))
    if source.resource_field_ref is not None:
        resource = source.resource_field_ref
        return ir.Variable(written.name, "", ir.ResourceField(resource.resource, resource.divisor))
    if source.secret_key_ref is not None:
        key = source.secret_key_ref
        return ir.Variable(written.name, "", ir.KeyOf("secret", key.name, key.key, key.optional))
    if source.config_map_key_ref is not None:
        key = source.config_map_key_ref
        return ir.Variable(written.name, "", ir.KeyOf("config", key.name, key.key, key.optional))
    return ir.Variable(written.name)


def _variable_set(written: model.EnvFromSource) -> ir.VariableSet:
    if written.secret_ref is not None:
        secret = written.secret_ref
        return ir.VariableSet("secret", secret.name, written.prefix, secret.optional)
    config = written.config_map_ref
    return ir.VariableSet("config", config.name if config else "", written.prefix, config.optional if config else False)


def _port(written: model.Port) -> ir.Port:
    return ir.Port(
        written.name,
        written.port,
        written.target_port or written.port,
        written.protocol,
        written.app_protocol or "",
    )


def _probe(written: model.Probe | None, spec: model.PodSpec) -> ir.Probe | None:
    if written is None:
        return None
    times = (
        written.initial_delay_seconds,
        written.period_seconds,
        written.timeout_seconds,
        written.success_threshold,
        written.failure_threshold,
    )
    if written.http_get is not None:
        http = written.http_get
        headers = tuple((h.name, h.value) for h in http.http_headers)
        port = port_number(http.port, spec) or 0
        return ir.Probe("http", port, http.path, http.scheme, headers, "", (), *times)
    if written.grpc is not None:
        return ir.Probe("grpc", written.grpc.port, "", "HTTP", (), written.grpc.service, (), *times)
    if written.tcp_socket is not None:
        return ir.Probe("tcp", port_number(written.tcp_socket.port, spec) or 0, "", "HTTP", (), "", (), *times)
    command = written.exec.command if written.exec is not None else ()
    return ir.Probe("exec", 0, "", "HTTP", (), "", command, *times)


def _config(written: model.Config | None) -> ir.Config | None:
    return None if written is None else ir.Config(pairs(written.data), written.mount_path or "")


def _account(parts: Parts, spec: model.PodSpec) -> ir.Account:
    written = spec.service_account
    if written is None:
        return ir.Account(parts.app_name, owned=True)
    return ir.Account(
        written.name or parts.app_name,
        owned=written.name is None,
        annotations=pairs(written.annotations),
        token=written.automount_token,
    )


_DEFAULT_SECURITY = ir.Security()


def _security(written: model.SecurityContext | None) -> ir.Security:
    if written is None:
        return _DEFAULT_SECURITY
    return ir.Security(
        non_root=written.run_as_non_root,
        user=written.run_as_user,
        group=written.run_as_group,
        files_group=written.fs_group,
        privileged=written.privileged,
        escalation=written.allow_privilege_escalation,
        read_only_root=written.read_only_root_filesystem,
        add_capabilities=written.capabilities.add,
        drop_capabilities=written.capabilities.drop,
        seccomp=written.seccomp_profile.type,
        seccomp_file=written.seccomp_profile.localhost_profile or "",
    )


def _items(written: tuple[model.KeyToPath, ...]) -> tuple[ir.VolumeItem, ...]:
    return tuple(ir.VolumeItem(item.key, item.path, item.mode) for item in written)


def _volume(written: model.Volume) -> ir.Volume:
    if written.config_map is not None:
        config = written.config_map
        return ir.Volume(written.name, "config", config.name, _items(config.items), config.optional)
    if written.secret is not None:
        secret = written.secret
        return ir.Volume(written.name, "secret", secret.secret_name, _items(secret.items), secret.optional)
    if written.persistent_volume_claim is not None:
        claim = written.persistent_volume_claim
        return ir.Volume(written.name, "claim", claim.claim_name, read_only=claim.read_only)
    scratch = written.empty_dir
    if scratch is None:
        return ir.Volume(written.name, "scratch")
    return ir.Volume(written.name, "scratch", in_memory=scratch.medium == "Memory", size_limit=scratch.size_limit)


def _mount(written: model.VolumeMount) -> ir.Mount:
    return ir.Mount(written.name, written.mount_path, written.sub_path or "", written.read_only)


def _toleration(written: model.Toleration) -> ir.Toleration:
    return ir.Toleration(
        written.key or "", written.operator, written.value, written.effect or "", written.toleration_seconds
    )


_PARTS: dict[str, Callable[[Parts, model.PodSpec], Any]] = {
    "image": lambda _, spec: spec.image or "",
    "command": lambda _, spec: spec.command or (),
    "args": lambda _, spec: spec.args or (),
    "env_from": lambda parts, spec: parts.each(spec.env_from, _variable_set),
    "ports": lambda parts, spec: parts.each(spec.ports, _port),
    "readiness": lambda _, spec: _probe(spec.readiness_probe, spec),
    "liveness": lambda _, spec: _probe(spec.liveness_probe, spec),
    "startup": lambda _, spec: _probe(spec.startup_probe, spec),
    "requests": lambda _, spec: pairs(spec.resources.requests) if spec.resources else (),
    "limits": lambda _, spec: pairs(spec.resources.limits) if spec.resources else (),
    "config": lambda _, spec: _config(spec.config),
    "account": _account,
    "security": lambda _, spec: _security(spec.security_context),
    "volumes": lambda parts, spec: parts.each(spec.volumes, _volume),
    "mounts": lambda parts, spec: parts.each(spec.volume_mounts, _mount),
    "pull_secrets": lambda _, spec: tuple(secret.name for secret in spec.image_pull_secrets or ()),
    "node_labels": lambda _, spec: pairs(spec.node_selector),
    "tolerations": lambda parts, spec: parts.each(spec.tolerations, _toleration),
    "grace_s": lambda _, spec: grace_seconds(spec),
    "pre_stop_s": lambda _, spec: pre_stop_seconds(spec),
    "labels": lambda _, spec: pairs(spec.labels),
    "annotations": lambda _, spec: pairs(spec.annotations),
}
"""Part of a Workload -> how it is made."""

_REACHES: dict[str, tuple[str, ...]] = {
    "image": ("image",),
    "command": ("command",),
    "args": ("args",),
    "env": (),
    "env_from": ("env_from",),
    "replicas": (),
    "autoscaling": (),
    "disruption_budget": (),
    "ports": ("ports", "readiness", "liveness", "startup"),
    "readiness_probe": ("readiness",),
    "liveness_probe": ("liveness",),
    "startup_probe": ("startup",),
    "resources": ("requests", "limits"),
    "config": ("config",),
    "service_account": ("account",),
    "security_context": ("security",),
    "volumes": ("volumes",),
    "volume_mounts": ("mounts",),
    "image_pull_secrets": ("pull_secrets",),
    "node_selector": ("node_labels",),
    "tolerations": ("tolerations",),
    "termination_grace_period_seconds": ("grace_s",),
    "pre_stop_seconds": ("pre_stop_s", "grace_s"),
    "labels": ("labels",),
    "annotations": ("annotations",),
    "capacity": (),
}
"""Field of a PodSpec -> the parts that it reaches; what says how many there are is in the Placement."""


@functools.lru_cache(maxsize=256)
def _reached(fields: frozenset[str]) -> tuple[tuple[str, Callable[[Parts, model.PodSpec], Any]], ...]:
    """How the parts are made that these fields reach; the overrides of a fleet set few different ones."""
    return tuple((part, _PARTS[part]) for part in sorted({part for field in fields for part in _REACHES[field]}))
