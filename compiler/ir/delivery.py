"""Delivery: settings of single targets and frozen plain manifests. The only place of the IR with vendor words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from compiler.diagnostics import Origin

if TYPE_CHECKING:
    from compiler.ir.traffic import Listener, ObjectName


GATEWAY_NAMESPACE = "fleetgate-gateways"
"""Namespace in which Envoy gateways run, and their own Secrets are."""


class Node(Struct, frozen=True, gc=False):
    """A frozen node of the program."""


class Destination(Node, frozen=True):
    """A cluster as Argo CD knows it; one of the two is set."""

    server: str = ""
    name: str = ""


class CorsDefaults(Node, frozen=True):
    """What MSE takes where an Ingress with enable-cors says nothing else (MSE annotation reference)."""

    origins: tuple[str, ...] = ("*",)
    methods: tuple[str, ...] = ("GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS")
    headers: tuple[str, ...] = (
        "DNT",
        "X-CustomHeader",
        "Keep-Alive",
        "User-Agent",
        "X-Requested-With",
        "If-Modified-Since",
        "Cache-Control",
        "Content-Type",
        "Authorization",
    )
    max_age_s: int = 1_728_000


CORS_DEFAULTS = CorsDefaults()


class TlsDefaults(Node, frozen=True):
    """What MSE offers the clients of a host where no Ingress says anything else (MSE annotation reference)."""

    min_version: str = "TLSv1.0"
    max_version: str = "TLSv1.3"
    ciphers: tuple[str, ...] = (
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES128-SHA",
        "ECDHE-RSA-AES128-SHA",
        "AES128-GCM-SHA256",
        "AES128-SHA",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-AES256-SHA",
        "ECDHE-RSA-AES256-SHA",
        "AES256-GCM-SHA384",
        "AES256-SHA",
    )


TLS_DEFAULTS = TlsDefaults()


class PlainObject(Node, frozen=True):
    """A manifest that somebody else wrote, as plain data. Nobody changes it in place."""

    data: dict[str, Any]
    origin: Origin = Origin("")


class Patch(Node, frozen=True):
    """A change to one object that a target emits; see `compiler.patches`."""

    kind: str
    name: str
    data: dict[str, Any]
    origin: Origin = Origin("")


class MergedCanary(Node, frozen=True):
    """A canary Ingress that says the share of one cluster, and so became a weight in the spread of its base."""

    host: str
    kind: str
    path: str
    """Kind and value of the path match."""
    cluster: str
    name: ObjectName
    """The canary."""


class IngressObject(Node, frozen=True):
    """What an Ingress carries beside routing, so that a target which speaks Ingress can emit it again."""

    name: ObjectName
    ingress_class: str
    labels: tuple[tuple[str, str], ...]
    annotations: tuple[tuple[str, str], ...]
    """Annotations of prefixes that are not ours: they pass through untouched; sorted."""
    secured: tuple[str, ...] = ()
    """Hosts for which it names a certificate."""
    merged: tuple[MergedCanary, ...] = ()
    """Canaries that became part of this Ingress's spreads."""
    origin: Origin = Origin("")


class MseGateway(Node, frozen=True):
    """An MSE gateway: where its objects go and what it consists of."""

    gateway: str
    destination: Destination
    ingress_class: str
    version: tuple[int, int, int] | None
    instance_spec: str
    instance_replicas: int
    v_switches: tuple[str, ...]
    remote_clusters: tuple[str, ...]
    """Cluster ids, sorted."""
    config: PlainObject | None = None
    """The MseIngressConfig of the repo that stands for the generated one."""
    ingress_class_object: PlainObject | None = None
    """The IngressClass of the repo that stands for the generated one."""
    origin: Origin = Origin("")


class EnvoyGateway(Node, frozen=True):
    """A gateway that Envoy runs: what its configuration and the objects around it need beside routing."""

    gateway: str
    image: str
    replicas: int
    """Envoy pods per cluster of the placement."""
    placement: tuple[str, ...]
    """Names of the clusters in which it runs, as declared."""
    listeners: tuple[Listener, ...]
    trusted_hops: int
    """Proxies in front of it whose `X-Forwarded-For` is trusted."""
    service_type: Literal["ClusterIP", "NodePort", "LoadBalancer"]
    service_annotations: tuple[tuple[str, str], ...]
    """Sorted."""
    secrets_folder: str
    """Where Secrets are mounted: `<folder>/<namespace>/<name>/<key>`."""
    namespace: str = "gateways"
    """Of its objects in each cluster of the placement."""
    sidecar_image: str = ""
    """With `fleetgate gateway`."""
    cpu: int = 2
    """Cores, and worker threads."""
    memory: str = "1Gi"
    """Kubernetes quantity."""
    memory_bytes: int = 1 << 30
    """The same as a number."""
    origin: Origin = Origin("")

    @property
    def instances(self) -> int:
        """Envoy processes that share its traffic; one where nobody said where it runs."""
        return self.replicas * len(self.placement) or 1


class ArgoCD(Node, frozen=True):
    """How Argo CD delivers the rendered tree."""

    fleet: str
    repo_url: str
    branch: str
    path: str
    namespace: str
    project: str
    granularity: Literal["cluster", "namespace", "app"]
    destinations: tuple[tuple[str, Destination], ...]
    """(cluster name, destination), sorted."""
    origin: Origin = Origin("")
