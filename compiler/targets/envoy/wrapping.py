"""The Kubernetes objects that run a gateway in a cluster, and the ConfigMaps that bring it its configuration.

Two files per cluster of the placement: `<gateway>.envoy.yaml` with everything that seldom changes, and
`<gateway>.envoy-parts.yaml` with the parts of the configuration. A pod has three containers:

- `fleetgate` (a sidecar: an init container that stays) puts the parts together, and serves them to Envoy by ADS over a
  Unix socket. Envoy is started when it has something to serve.
- `envoy`.
- `drain` waits for the end of the pod: then it lets Envoy finish what it has and send clients elsewhere. Envoy itself
  would end at once, and its image has no program that could tell it anything.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from compiler.manifests import render, render_all
from compiler.targets.envoy import listeners
from compiler.targets.envoy.dynamic import dynamic_bootstrap
from compiler.targets.envoy.parts import parts_of
from compiler.targets.envoy.places import OBJECTS, PARTS
from compiler.targets.target import HEAD, Emission, ObjectId

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from compiler.ir.delivery import EnvoyGateway

Data = dict[str, Any]
SLOTS = 8
"""How many parts a pod has room for, at least: a configuration that grows must not replace pods."""
DRAIN_S = 20
"""How long Envoy sends clients elsewhere before it ends."""
USER = 65_532
"""Whom all containers run as."""
_RUN, _PARTS, _STATE, _BOOTSTRAP = (
    "/run/fleetgate",
    "/etc/fleetgate/parts",
    "/var/lib/fleetgate",
    "/etc/fleetgate/envoy",
)
_FILE = "bootstrap.json"


def wrap(settings: EnvoyGateway, configuration: Sequence[Emission], frame: Mapping[str, Any]) -> Iterator[Emission]:
    """The files of a gateway's placement. `configuration`: what `assemble` gives, the bootstrap first. `frame`: a
    bootstrap of the gateway as plain data, whose resources are not looked at.
    """
    if not settings.placement:
        return
    texts = [each.text for each in configuration]
    parts = parts_of(settings.gateway, texts[0].encode(), [text.encode() for text in texts[1:]])
    slots = SLOTS
    while slots < len(parts):
        slots *= 2
    objects = _objects(settings, frame, _secrets(settings, texts), slots)
    configs = [
        _config_map(settings, f"{_name(settings)}-part-{part.head.part}", {_part(part.head.part): part.text})
        for part in parts
    ]
    yield from _files(settings, OBJECTS, objects, render_all(objects, comment=HEAD))
    # each part is rendered by itself: together they are as large as the whole configuration
    yield from _files(settings, PARTS, configs, "---\n".join(render(each, comment=HEAD) for each in configs))


def kinds_of(settings: EnvoyGateway) -> list[Emission]:
    """The same without content: which objects will be where, whatever the configuration."""
    objects = _objects(settings, {}, (), SLOTS)
    configs = [_config_map(settings, f"{_name(settings)}-part-{number}", {}) for number in range(1, SLOTS + 1)]
    return [*_files(settings, OBJECTS, objects, ""), *_files(settings, PARTS, configs, "")]


def _files(settings: EnvoyGateway, name: str, objects: Sequence[Data], text: str) -> Iterator[Emission]:
    namespace = settings.namespace
    ids = tuple(ObjectId(each["apiVersion"], each["kind"], namespace, each["metadata"]["name"]) for each in objects)
    for cluster in sorted(set(settings.placement)):
        path = f"clusters/{cluster}/{namespace}/{settings.gateway}.{name}"
        yield Emission(path, (text,), ("cluster", cluster, namespace), ids)


def _secrets(settings: EnvoyGateway, texts: Iterable[str]) -> tuple[tuple[str, str, str], ...]:
    """(namespace, name, key) of every Secret that the configuration reads from a file."""
    pattern = re.compile(re.escape(f'"{settings.secrets_folder}/') + r'([^/"]+)/([^/"]+)/([^/"]+)"')
    return tuple(sorted({found for text in texts for found in pattern.findall(text)}))


# --- objects


def _name(settings: EnvoyGateway) -> str:
    return f"{settings.gateway}-envoy"


def _part(number: int) -> str:
    return f"part-{number}"


def _metadata(settings: EnvoyGateway, name: str, **more: Any) -> Data:
    labels = {**_selector(settings), "app.kubernetes.io/managed-by": "fleetgate"}
    return {"name": name, "namespace": settings.namespace, "labels": labels, **more}


def _selector(settings: EnvoyGateway) -> dict[str, str]:
    return {"app.kubernetes.io/name": "envoy", "app.kubernetes.io/instance": _name(settings)}


def _config_map(settings: EnvoyGateway, name: str, data: dict[str, str]) -> Data:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _metadata(settings, name), "data": data}


def _objects(
    settings: EnvoyGateway, frame: Mapping[str, Any], secrets: Sequence[tuple[str, str, str]], slots: int
) -> list[Data]:
    name = _name(settings)
    bootstrap = json.dumps(dynamic_bootstrap(frame, f"{_RUN}/ads.sock"), indent=2) + "\n"
    return [
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": _metadata(settings, name),
            "automountServiceAccountToken": False,
        },
        _config_map(settings, f"{name}-bootstrap", {_FILE: bootstrap}),
        _service(settings),
        _deployment(settings, bootstrap, secrets, slots),
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": _metadata(settings, name),
            "spec": {"maxUnavailable": 1, "selector": {"matchLabels": _selector(settings)}},
        },
    ]


def _service(settings: EnvoyGateway) -> Data:
    annotations = {"annotations": dict(settings.service_annotations)} if settings.service_annotations else {}
    spec: Data = {"type": settings.service_type}
    if settings.service_type != "ClusterIP":
        spec["externalTrafficPolicy"] = "Local"  # the address of the client stays
    spec["selector"] = _selector(settings)
    spec["ports"] = [{"name": e.name, "port": e.port, "targetPort": e.port} for e in settings.listeners]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(settings, _name(settings), **annotations),
        "spec": spec,
    }


def _deployment(settings: EnvoyGateway, bootstrap: str, secrets: Sequence[tuple[str, str, str]], slots: int) -> Data:
    selector = _selector(settings)
    # Envoy reads its bootstrap once
    digest = {"fleetgate.dev/bootstrap": hashlib.sha256(bootstrap.encode()).hexdigest()[:16]}
    pod: Data = {
        "serviceAccountName": _name(settings),
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": DRAIN_S + 20,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
            "sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}],
        },
        "affinity": _apart(selector),
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "topology.kubernetes.io/zone",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": selector},
            }
        ],
        "initContainers": [_sidecar(settings)],
        "containers": [_envoy(settings), _drain(settings)],
        "volumes": _volumes(settings, secrets, slots),
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(settings, _name(settings)),
        "spec": {
            "replicas": settings.replicas,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "selector": {"matchLabels": selector},
            "template": {
                "metadata": {
                    "labels": {**selector, "app.kubernetes.io/managed-by": "fleetgate"},
                    "annotations": digest,
                },
                "spec": pod,
            },
        },
    }


def _apart(selector: dict[str, str]) -> Data:
    term = {"labelSelector": {"matchLabels": selector}, "topologyKey": "kubernetes.io/hostname"}
    preferred = [{"weight": 100, "podAffinityTerm": term}]
    return {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}


def _sidecar(settings: EnvoyGateway) -> Data:
    return {
        "name": "fleetgate",
        "image": settings.sidecar_image,
        "restartPolicy": "Always",
        "args": [
            "gateway",
            *("--parts", _PARTS),
            *("--gateway", settings.gateway),
            *("--socket", f"{_RUN}/ads.sock"),
            *("--state", _STATE),
            *("--admin", f"127.0.0.1:{listeners.ADMIN_PORT}"),
            *("--health", f"0.0.0.0:{listeners.SIDECAR_PORT}"),
        ],
        "ports": [{"name": "health", "containerPort": listeners.SIDECAR_PORT}],
        # Envoy is started when there is something to serve: however long the first parts take
        "startupProbe": _get("/readyz", listeners.SIDECAR_PORT, periodSeconds=1, failureThreshold=600),
        "livenessProbe": _get(
            "/healthz", listeners.SIDECAR_PORT, periodSeconds=10, timeoutSeconds=5, failureThreshold=6
        ),
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "1Gi"}},
        "securityContext": _restricted(),
        "volumeMounts": [_mount("run", _RUN), _mount("state", _STATE), _mount("parts", _PARTS, readOnly=True)],
    }


def _envoy(settings: EnvoyGateway) -> Data:
    ports = [{"name": each.name, "containerPort": each.port} for each in settings.listeners]
    return {
        "name": "envoy",
        "image": settings.image,
        "command": ["envoy"],
        "args": [
            *("-c", f"{_BOOTSTRAP}/{_FILE}"),
            *("--concurrency", str(settings.cpu)),
            *("--drain-time-s", str(DRAIN_S)),
            *("--log-level", "warning"),
            "--disable-hot-restart",
        ],
        "ports": [*ports, {"name": "status", "containerPort": listeners.STATUS_PORT}],
        "startupProbe": _get("/ready", listeners.STATUS_PORT, periodSeconds=1, failureThreshold=120),
        "readinessProbe": _get("/ready", listeners.STATUS_PORT, periodSeconds=2, failureThreshold=2),
        # a gateway that drains is not ready, and must not be restarted for it
        "livenessProbe": {"tcpSocket": {"port": listeners.STATUS_PORT}, "periodSeconds": 10, "failureThreshold": 6},
        "lifecycle": {"preStop": {"sleep": {"seconds": DRAIN_S + 5}}},
        "resources": {
            "requests": {"cpu": f"{settings.cpu * 250}m", "memory": settings.memory},
            "limits": {"cpu": settings.cpu, "memory": settings.memory},
        },
        "securityContext": _restricted(),
        "volumeMounts": [
            _mount("bootstrap", _BOOTSTRAP, readOnly=True),
            _mount("run", _RUN),
            _mount("secrets", settings.secrets_folder, readOnly=True),
        ],
    }


def _drain(settings: EnvoyGateway) -> Data:
    return {
        "name": "drain",
        "image": settings.sidecar_image,
        "args": [
            "gateway",
            "--drains",
            *("--gateway", settings.gateway),
            *("--admin", f"127.0.0.1:{listeners.ADMIN_PORT}"),
        ],
        "resources": {"requests": {"cpu": "5m", "memory": "48Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": _restricted(),
    }


def _volumes(settings: EnvoyGateway, secrets: Sequence[tuple[str, str, str]], slots: int) -> list[Data]:
    name = _name(settings)
    parts = [
        {
            "configMap": {
                "name": f"{name}-part-{number}",
                "items": [{"key": _part(number), "path": _part(number)}],
                "optional": True,
            }
        }
        for number in range(1, slots + 1)
    ]
    keys: dict[str, list[Data]] = {}
    for namespace, secret, key in secrets:
        keys.setdefault(f"{namespace}.{secret}", []).append({"key": key, "path": f"{namespace}/{secret}/{key}"})
    # a Secret that is not there harms the hosts that need it, and nobody else
    sources = [{"secret": {"name": secret, "items": items, "optional": True}} for secret, items in keys.items()]
    return [
        {"name": "bootstrap", "configMap": {"name": f"{name}-bootstrap"}},
        {"name": "parts", "projected": {"sources": parts}},
        {"name": "secrets", "projected": {"sources": sources}} if sources else {"name": "secrets", "emptyDir": {}},
        {"name": "run", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}},
        {"name": "state", "emptyDir": {"sizeLimit": "128Mi"}},
    ]


def _restricted() -> Data:
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def _get(path: str, port: int, **more: int) -> Data:
    return {"httpGet": {"path": path, "port": port}, **more}


def _mount(name: str, path: str, **more: bool) -> Data:
    return {"name": name, "mountPath": path, **more}
