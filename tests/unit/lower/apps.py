"""Apps in tests: written as YAML, lowered into a small world, findings as tuples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import yaml

from compiler.diagnostics import Diagnostics, Origin
from compiler.lower.workload import lower_app
from compiler.lower.world import Sourced, World
from compiler.model.app import App
from compiler.model.fleet import Cluster, Fleet
from compiler.source.documents import read_documents
from compiler.source.globs import match_glob

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from compiler.diagnostics import Diagnostic
    from compiler.ir.delivery import PlainObject
    from compiler.ir.workload import LoweredApp, Placement
    from compiler.lower.templates import Renderer
    from compiler.source.documents import Document

FILE = "apps/cart/app.yaml"

Found = tuple[str, str, str]
"""(code, path in the document, value)."""


class FakeFiles:
    """Files of a repo, in memory."""

    def __init__(self, contents: Mapping[str, str | bytes]) -> None:
        self._contents = {path: c if isinstance(c, bytes) else c.encode() for path, c in contents.items()}

    def glob(self, base: str, pattern: str) -> Sequence[str]:
        return match_glob(base, pattern, sorted(self._contents))

    def read(self, path: str, findings: Diagnostics) -> bytes | None:  # noqa: ARG002 - the form of Files
        return self._contents[path]

    def documents(self, path: str, findings: Diagnostics) -> Sequence[Document]:
        return read_documents(path, self._contents[path], findings)


def cluster(name: str, identity: str | None = None, **labels: str) -> Sourced[Cluster]:
    spec: dict[str, Any] = {
        "region": "cn-hangzhou",
        "zones": [f"cn-hangzhou-{name[-1]}"],
        "argocd": {"destination": {"server": f"https://{name}:6443"}},
    }
    if identity is not None:
        spec["id"] = identity
    document = {
        "apiVersion": "fleetgate.dev/v1alpha1",
        "kind": "Cluster",
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
    }
    return Sourced(msgspec.convert(document, Cluster), Origin(f"clusters/{name}.yaml"))


def world(*clusters: Sourced[Cluster]) -> World:
    """A fleet with these clusters; by default hz-a (id c-one) and hz-b in production, sh-a in staging."""
    there = clusters or (
        cluster("hz-a", "c-one", env="prod"),
        cluster("hz-b", env="prod"),
        cluster("sh-a", env="stage"),
    )
    fleet = {
        "apiVersion": "fleetgate.dev/v1alpha1",
        "kind": "Fleet",
        "metadata": {"name": "acme"},
        "spec": {
            "gateways": [{"name": "public", "ingressClassName": "mse", "targets": ["mse"]}],
            "argocd": {"repoURL": "https://git.example.com/acme/fleet.git", "project": "acme"},
        },
    }
    by_name = {c.value.metadata.name: c for c in sorted(there, key=lambda c: c.value.metadata.name)}
    return World(Sourced(msgspec.convert(fleet, Fleet), Origin("fleet.yaml")), by_name, {}, (), {}, {})


def app(spec: str, name: str = "cart", metadata: str = "{}") -> Sourced[App]:
    """An App in namespace `shop` with this spec."""
    document = {
        "apiVersion": "fleetgate.dev/v1alpha1",
        "kind": "App",
        "metadata": {"name": name, "namespace": "shop", **yaml.safe_load(metadata)},
        "spec": yaml.safe_load(spec),
    }
    return Sourced(msgspec.convert(document, App), Origin(FILE))


def lower(
    spec: str,
    files: Mapping[str, str | bytes] | None = None,
    *,
    name: str = "cart",
    metadata: str = "{}",
    renderer: Renderer | None = None,
) -> tuple[LoweredApp, tuple[Diagnostic, ...]]:
    """An App in the default world, and what is wrong with it."""
    findings = Diagnostics()
    lowered = lower_app(app(spec, name, metadata), world(), FakeFiles(files or {}), findings, renderer)
    return lowered, findings.sorted()


def good(spec: str, files: Mapping[str, str | bytes] | None = None, **more: Any) -> LoweredApp:
    """An App with which nothing is wrong."""
    lowered, found = lower(spec, files, **more)
    assert found == ()
    return lowered


def found(spec: str, files: Mapping[str, str | bytes] | None = None, **more: Any) -> list[Found]:
    """What is wrong with an App."""
    return [(f.code.name, dotted(f.origin), f.value) for f in lower(spec, files, **more)[1]]


def dotted(origin: Origin) -> str:
    """The path of an origin, behind the file where it is not the App's."""
    path = ".".join(map(str, origin.path))
    return path if origin.file == FILE else f"{origin.file}:{path}"


def placement(lowered: LoweredApp, where: str, version: str = "") -> Placement:
    """The placement of a version in a cluster."""
    (one,) = (p for p in lowered.placements if (p.cluster, p.workload.version) == (where, version))
    return one


def objects(lowered: LoweredApp, where: str) -> list[PlainObject]:
    """The plain and extra objects in a cluster."""
    return list(dict(lowered.objects).get(where, ()))


EVERYTHING = """
image: registry.example.com/cart:1.4.2
command: [/bin/cart]
args: [--listen, ":8080"]
env:
- {name: LEVEL, value: "off"}
- {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
- {name: CPUS, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 1m}}}
- {name: MEMORY, valueFrom: {resourceFieldRef: {resource: limits.memory}}}
- {name: DB, valueFrom: {secretKeyRef: {name: db, key: url, optional: true}}}
- {name: MODE, valueFrom: {configMapKeyRef: {name: shared, key: mode}}}
envFrom:
- {prefix: DB_, secretRef: {name: db, optional: true}}
- {configMapRef: {name: shared}}
ports:
- {name: http, port: 80, targetPort: 8080, appProtocol: http}
- {name: web, port: 81, targetPort: 8080}
- {name: dns, port: 53, protocol: UDP}
readinessProbe: {httpGet: {path: /healthz, port: http, scheme: HTTPS, httpHeaders: [{name: X-Probe, value: fleet}]}}
livenessProbe:
  {tcpSocket: {port: web}, initialDelaySeconds: 0, periodSeconds: 10, timeoutSeconds: 2, failureThreshold: 3}
startupProbe: {exec: {command: [/bin/ready]}, successThreshold: 1}
resources: {requests: {cpu: 0.5, memory: 128Mi}, limits: {cpu: 1, memory: 256Mi}}
config: {data: {cart.yaml: "a: 1\\nb: 2\\n"}, mountPath: /etc/cart}
serviceAccount: {annotations: {example.com/role: cart}, automountToken: true}
securityContext:
  runAsUser: 1000
  runAsGroup: 1000
  fsGroup: 2000
  readOnlyRootFilesystem: true
  capabilities: {add: [NET_BIND_SERVICE], drop: [ALL]}
  seccompProfile: {type: Localhost, localhostProfile: profiles/cart.json}
volumes:
- {name: tmp, emptyDir: {}}
- {name: cache, emptyDir: {medium: Memory, sizeLimit: 64Mi}}
- {name: shared, configMap: {name: shared, items: [{key: a, path: a.txt, mode: 256}], optional: true}}
- {name: db, secret: {secretName: db}}
- {name: data, persistentVolumeClaim: {claimName: data, readOnly: true}}
volumeMounts:
- {name: tmp, mountPath: /tmp}
- {name: cache, mountPath: /cache}
- {name: shared, mountPath: /shared, subPath: a.txt, readOnly: true}
- {name: db, mountPath: /db}
- {name: data, mountPath: /data}
imagePullSecrets: [{name: registry}]
nodeSelector: {disk: ssd}
tolerations:
- {key: spot, operator: Exists, effect: NoExecute, tolerationSeconds: 60}
- {key: team, value: shop}
labels: {team: shop}
annotations: {example.com/scrape: "true"}
preStopSeconds: 20
terminationGracePeriodSeconds: 90
capacity: {requestsPerSecond: 400}
replicas: 3
placement: {clusters: [hz-a, hz-b]}
versions:
- name: next
  image: registry.example.com/cart:1.5.0
  autoscaling:
    {minReplicas: 2, maxReplicas: 9, targetCPUUtilizationPercentage: 60, targetMemoryUtilizationPercentage: 70}
  readinessProbe: {grpc: {port: 8080, service: cart}}
  serviceAccount: {name: robot}
  disruptionBudget: {minAvailable: 50%}
overrides:
- where: {clusters: [hz-b]}
  set: {replicas: 5, env: [{name: ZONE, value: b}]}
- where: {clusters: [hz-b], versions: [stable]}
  patch:
  - {spec: {template: {spec: {containers: [{name: cart, tty: true}, {name: log, image: "example.com/log:1"}]}}}}
  - {kind: Service, spec: {sessionAffinity: ClientIP}}
"""
"""An App that uses every field."""
