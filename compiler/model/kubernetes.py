"""The Kubernetes kinds that are read: Ingress, IngressClass, Service, EndpointSlice, MseIngressConfig."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from compiler.model.base import (
    DNS_LABEL,
    LABEL_KEY,
    ClusterMetadata,
    DnsSubdomain,
    Document,
    Host,
    Labels,
    Metadata,
    Node,
    PortName,
    PortNumber,
    Text,
    syntax,
)

ServicePortName = Annotated[
    str, syntax(DNS_LABEL, "a port name: lower-case letters, digits and `-`", "http", max_length=63)
]
"""DNS label; other than the ports of containers, those of Services may have longer names."""
SlicePortName = Annotated[
    str,
    syntax(
        r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?\Z",
        "empty or a port name: lower-case letters, digits and `-`",
        "http",
        max_length=63,
    ),
]
AppProtocol = Annotated[
    str,
    syntax(LABEL_KEY, "an application protocol", "http", "grpc", "kubernetes.io/h2c", max_length=317),
]
IngressPath = Annotated[
    str,
    syntax(r"^(/[^\x00-\x1f\x7f]*)?\Z", "a path that begins with `/`, without control characters", "/cart"),
]


class ServiceBackendPort(Node, frozen=True, kw_only=True):
    """A Service port: exactly one of the two (Ingress v1, `backend.service.port`)."""

    name: PortName | None = None
    """By name."""
    number: PortNumber | None = None
    """By number."""


class IngressServiceBackend(Node, frozen=True, kw_only=True):
    """A Service that gets the traffic."""

    name: DnsSubdomain
    """Name of the Service, in the namespace of the Ingress."""
    port: ServiceBackendPort
    """Its port."""


class TypedReference(Node, frozen=True, kw_only=True):
    """An object as backend (Ingress v1, `backend.resource`)."""

    api_group: str | None = None
    """Its API group."""
    kind: Text
    """Its kind."""
    name: DnsSubdomain
    """Its name."""


class IngressBackend(Node, frozen=True, kw_only=True):
    """Where matched traffic goes."""

    service: IngressServiceBackend | None = None
    """A Service."""
    resource: TypedReference | None = None
    """Another object; no target here can express it."""


class HttpIngressPath(Node, frozen=True, kw_only=True):
    """A path and its backend."""

    path: IngressPath | None = None
    """Path to match; absent = `/`."""
    path_type: Literal["Exact", "Prefix", "ImplementationSpecific"] = "ImplementationSpecific"
    """How it is matched; ImplementationSpecific means Prefix (MSE)."""
    backend: IngressBackend
    """Where matched traffic goes."""


class HttpIngressRule(Node, frozen=True, kw_only=True):
    """The paths of a host."""

    paths: Annotated[tuple[HttpIngressPath, ...], Meta(min_length=1)]
    """Paths and their backends."""


class IngressRule(Node, frozen=True, kw_only=True):
    """A host and its paths."""

    host: Host | None = None
    """Exact name, or `*.` and a domain; absent = every host."""
    http: HttpIngressRule | None = None
    """The paths of the host."""


class IngressTls(Node, frozen=True, kw_only=True):
    """A certificate and its hosts."""

    hosts: tuple[Host, ...] = ()
    """Names that the certificate covers."""
    secret_name: DnsSubdomain | None = None
    """Secret of type kubernetes.io/tls, in the namespace of the Ingress."""


class IngressSpec(Node, frozen=True, kw_only=True):
    """Rules of an Ingress (Kubernetes IngressSpec)."""

    ingress_class_name: DnsSubdomain | None = None
    """Which gateway it belongs to."""
    default_backend: IngressBackend | None = None
    """Where unmatched traffic goes."""
    tls: tuple[IngressTls, ...] = ()
    """Certificates."""
    rules: tuple[IngressRule, ...] = ()
    """Hosts and paths."""


class IngressMetadata(Metadata, frozen=True, kw_only=True):
    """Name, labels and annotations of an Ingress (Kubernetes ObjectMeta)."""


class Ingress(Document, frozen=True, kw_only=True):
    """A fleet Ingress: a plain Kubernetes Ingress for Services of many clusters."""

    api_version: Literal["networking.k8s.io/v1"]
    kind: Literal["Ingress"]
    metadata: IngressMetadata
    """Name, namespace, and the MSE and ingress-nginx annotations."""
    spec: IngressSpec
    """Hosts, paths, backends."""


class IngressClassParameters(Node, frozen=True, kw_only=True):
    """The configuration of an IngressClass."""

    api_group: str | None = None
    """API group of the object."""
    kind: Text
    """Kind of the object."""
    name: Text
    """Name of the object."""
    namespace: str | None = None
    """Namespace of the object, with scope Namespace."""
    scope: Literal["Cluster", "Namespace"] | None = None
    """Whether the object has a namespace."""


class IngressClassSpec(Node, frozen=True, kw_only=True):
    """Who serves the class."""

    controller: Text
    """Name of the controller."""
    parameters: IngressClassParameters | None = None
    """Its configuration."""


class IngressClass(Document, frozen=True, kw_only=True):
    """Who serves the Ingresses that name it; written only where the generated one does not fit."""

    api_version: Literal["networking.k8s.io/v1"]
    kind: Literal["IngressClass"]
    metadata: ClusterMetadata
    """Name of the class."""
    spec: IngressClassSpec
    """Who serves it."""


class ServicePort(Node, frozen=True, kw_only=True):
    """A port of a plain Service."""

    name: ServicePortName | None = None
    """Its name; required when there are several."""
    port: PortNumber
    """Its number."""
    target_port: PortNumber | PortName | None = None
    """Port of the pods."""
    protocol: Literal["TCP", "UDP", "SCTP"] = "TCP"
    """Transport protocol."""
    app_protocol: AppProtocol | None = None
    """Application protocol."""
    node_port: PortNumber | None = None
    """Port of the nodes."""


class ServiceSpec(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """What a gateway needs to know of a plain Service; other fields belong to the tool that deploys it."""

    ports: Annotated[tuple[ServicePort, ...], Meta(min_length=1)]
    """Its ports."""
    type: Literal["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"] = "ClusterIP"
    """Its type; ExternalName has no endpoints and is refused."""
    selector: Labels = msgspec.field(default_factory=dict)
    """Labels of its pods."""


class ServiceMetadata(Metadata, frozen=True, kw_only=True):
    """Name, labels and annotations of a Service (Kubernetes ObjectMeta)."""


class Service(Document, frozen=True, kw_only=True):
    """A Service that another tool deploys, for people who want the gateway only.

    The annotation `fleetgate.dev/clusters` says where it exists: Cluster names separated by commas.
    """

    api_version: Literal["v1"]
    kind: Literal["Service"]
    metadata: ServiceMetadata
    """Name, namespace, and where it exists."""
    spec: ServiceSpec
    """Its ports."""


class EndpointConditions(Node, frozen=True, kw_only=True):
    """State of an endpoint."""

    ready: bool | None = None
    """Whether it may get traffic."""
    serving: bool | None = None
    """Whether it can serve."""
    terminating: bool | None = None
    """Whether it is about to end."""


class Endpoint(Node, frozen=True, kw_only=True):
    """A backend address."""

    addresses: Annotated[tuple[Text, ...], Meta(min_length=1, max_length=100)]
    """IP addresses; the first is used."""
    conditions: EndpointConditions = EndpointConditions()
    """Its state."""
    hostname: Text | None = None
    """Host name."""
    node_name: Text | None = None
    """Node that it runs on."""
    zone: Text | None = None
    """Zone that it runs in."""
    target_ref: dict[str, Any] | None = None
    """The Pod behind it."""
    hints: dict[str, Any] | None = None
    """Topology hints."""


class EndpointPort(Node, frozen=True, kw_only=True):
    """A port of the endpoints."""

    name: SlicePortName = ""
    """Name of the Service port."""
    port: PortNumber
    """Port number of the pods."""
    protocol: Literal["TCP", "UDP", "SCTP"] = "TCP"
    """Transport protocol."""
    app_protocol: AppProtocol | None = None
    """Application protocol."""


class EndpointSlice(Document, frozen=True, kw_only=True):
    """Static backend addresses of a Service in one cluster.

    Labels: `kubernetes.io/service-name` names the Service, `topology.istio.io/cluster` the cluster. Other labels are
    taken for those of its pods. Endpoints that are not ready, or terminate, get nothing.
    """

    api_version: Literal["discovery.k8s.io/v1"]
    kind: Literal["EndpointSlice"]
    metadata: Metadata
    """Name, namespace, and the two labels."""
    address_type: Literal["IPv4", "IPv6"]
    """Kind of the addresses."""
    endpoints: Annotated[tuple[Endpoint, ...], Meta(max_length=1000)]
    """The addresses."""
    ports: tuple[EndpointPort, ...] = ()
    """The ports."""
