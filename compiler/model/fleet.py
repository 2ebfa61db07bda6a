"""`Fleet`: one per root. Gateways, Argo CD, tenants, the losses to survive, accepted findings."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from compiler.model.base import (
    ClusterMetadata,
    DnsLabel,
    DnsSubdomain,
    Document,
    Duration,
    Host,
    IPAddresses,
    LabelSelector,
    Node,
    PortNumber,
    Quantity,
    Text,
    syntax,
)

TargetName = Annotated[
    str, syntax(r"^[a-z][a-z0-9-]*\Z", "the name of a target; `fleetgate targets` lists them", "mse", max_length=32)
]
_VERSION = r"[0-9]+(\.[0-9]+)*((a|b|rc)[0-9]+)?"
_BOUND = rf"(==|!=|<=|>=|<|>) *{_VERSION}"
VersionRange = Annotated[
    str,
    syntax(
        rf"^ *{_BOUND}( *, *{_BOUND})* *\Z",
        "a range of versions: `==`, `!=`, `<`, `<=`, `>` or `>=` and a version, several joined by commas",
        ">=0.1,<0.2",
        max_length=128,
    ),
]
ServerURL = Annotated[
    str,
    syntax(
        r"^https://[!-.0-~]+(/[!-~]*)?\Z",
        "the https URL of an API server",
        "https://10.0.0.1:6443",
        max_length=1024,
    ),
]
MseVersion = Annotated[
    str, syntax(r"^[0-9]+\.[0-9]+\.[0-9]+\Z", "three numbers joined by dots", "1.2.30", max_length=32)
]
Folder = Annotated[
    str,
    syntax(r"^([^/\x00-\x1f][^\x00-\x1f]*)?\Z", "a relative path with forward slashes", "rendered", max_length=1024),
]
AbsoluteFolder = Annotated[
    str,
    syntax(
        r"^(/[A-Za-z0-9._-]*[A-Za-z0-9_-][A-Za-z0-9._-]*)+\Z",
        "an absolute path of letters, digits, `.`, `_` and `-`",
        "/etc/fleetgate/secrets",
        max_length=255,
    ),
]
ClusterId = Annotated[
    str,
    syntax(
        r"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?\Z",
        "a label value: letters, digits, `-`, `_` and `.`, beginning and ending with a letter or digit",
        "c-one",
        max_length=63,
    ),
]
Day = Annotated[
    str, syntax(r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])\Z", "a day in the form YYYY-MM-DD", "2026-12-31")
]
Loss = Literal["Cluster", "Zone", "Region"]


class Listener(Node, frozen=True, kw_only=True):
    """A port that the gateway listens on."""

    name: DnsLabel
    """Name, unique per gateway."""
    port: PortNumber
    """Port number, 1 to 65535."""
    protocol: Literal["HTTP", "HTTPS"] = "HTTP"
    """What is spoken on the port."""


class Destination(Node, frozen=True, kw_only=True):
    """A cluster as Argo CD knows it: by API server or by name (Application `spec.destination`)."""

    server: ServerURL | None = None
    """URL of the API server."""
    name: Text | None = None
    """Name that the cluster has in Argo CD."""


class MseInstance(Node, frozen=True, kw_only=True):
    """Size of the MSE gateway (MseIngressConfig `spec.common.instance`)."""

    spec: Literal["2c4g", "4c8g", "8c16g", "16c32g"] = "4c8g"
    """CPU and memory of one replica."""
    replicas: Annotated[int, Meta(ge=0, le=30)] = 3
    """Number of gateway replicas."""


class MseGateway(Node, frozen=True, kw_only=True):
    """The MSE side of a gateway: a `MseIngressConfig` in the fleet instance."""

    destination: Destination = msgspec.field(
        default_factory=lambda: Destination(server="https://kubernetes.default.svc")
    )
    """The fleet instance, where the Ingresses and the MseIngressConfig are applied."""
    version: MseVersion | None = None
    """Version of the running gateway; annotations that are newer are findings."""
    instance: MseInstance = MseInstance()
    """Size of the gateway."""
    v_switches: Annotated[tuple[Text, ...], Meta(max_length=2)] = ()
    """One or two vSwitch ids, primary first."""


class EnvoyPlacement(Node, frozen=True, kw_only=True):
    """Clusters in which the Envoy gateway runs."""

    clusters: tuple[DnsSubdomain, ...] = ()
    """Cluster names; at least two, so that the loss of one is survived. Without any, no Kubernetes objects are made."""
    namespace: DnsLabel = "gateways"
    """Namespace of the gateway's objects in each of them."""


class EnvoyService(Node, frozen=True, kw_only=True):
    """The Service in front of the Envoy pods."""

    type: Literal["ClusterIP", "NodePort", "LoadBalancer"] = "LoadBalancer"
    """Kubernetes Service type."""
    annotations: dict[str, str] = msgspec.field(default_factory=dict)
    """Annotations for the load balancer of the cloud."""


class EnvoyGateway(Node, frozen=True, kw_only=True):
    """The Envoy side of a gateway."""

    image: Text = "envoyproxy/envoy:v1.40.0"
    """Container image of Envoy."""
    sidecar_image: Text = "fleetgate:v0.1.0"
    """Container image of fleetgate, built from `tools/Containerfile`: it serves Envoy what was compiled."""
    replicas: Annotated[int, Meta(ge=1, le=100)] = 2
    """Envoy pods per cluster."""
    cpu: Annotated[int, Meta(ge=1, le=64)] = 2
    """CPU limit of an Envoy, in cores, and the number of its worker threads."""
    memory: Quantity = "1Gi"
    """Memory of an Envoy, requested and limited."""
    placement: EnvoyPlacement = EnvoyPlacement()
    """Where the gateway runs."""
    xff_num_trusted_hops: Annotated[int, Meta(ge=0, le=10)] = 0
    """Trusted proxies in front of the gateway, for the client address."""
    service: EnvoyService = EnvoyService()
    """The Service in front of it."""
    secrets_folder: AbsoluteFolder = "/etc/fleetgate/secrets"
    """Folder in which Envoy finds Secrets, each key a file: `<folder>/<namespace>/<name>/<key>`."""


class Gateway(Node, frozen=True, kw_only=True):
    """One entry for traffic to many clusters."""

    name: DnsLabel
    """Name, unique in the fleet."""
    region: DnsLabel | None = None
    """Region of the entry; its members default to the clusters of this region."""
    cluster_selector: LabelSelector | None = None
    """Member clusters by label; default: all clusters of the region."""
    ingress_class_name: DnsSubdomain
    """The Ingresses that belong to this gateway, by `spec.ingressClassName`."""
    targets: Annotated[tuple[TargetName, ...], Meta(min_length=1)]
    """Which gateway configurations are emitted; `fleetgate targets` lists them."""
    listeners: tuple[Listener, ...] = (Listener(name="http", port=80),)
    """Ports that the gateway listens on."""
    mse: MseGateway = msgspec.field(default_factory=MseGateway)
    """Settings of target `mse`."""
    envoy: EnvoyGateway = msgspec.field(default_factory=EnvoyGateway)
    """Settings of target `envoy`."""


class ArgoCD(Node, frozen=True, kw_only=True):
    """How Argo CD delivers the rendered tree."""

    repo_url: Text = msgspec.field(name="repoURL")
    """Git repository that holds the rendered tree."""
    branch: Text = "rendered"
    """Branch of the rendered tree (`targetRevision`)."""
    path: Folder = ""
    """Folder of the rendered tree in that repository; empty = its top."""
    namespace: DnsLabel = "argocd"
    """Namespace in which Argo CD runs."""
    project: DnsSubdomain
    """Name of the AppProject."""
    granularity: Literal["cluster", "namespace", "app"] = "namespace"
    """One Application per cluster, per cluster and namespace, or per cluster and app."""


ServiceName = Annotated[
    str,
    syntax(
        r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?/[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z",
        "a Service as `namespace/name`",
        "platform/sorry",
        max_length=127,
    ),
]


class Tenant(Node, frozen=True, kw_only=True):
    """Which paths of the repo may define what."""

    name: DnsLabel
    """Name, unique in the fleet."""
    paths: Annotated[tuple[Text, ...], Meta(min_length=1)]
    """Folders below the root that belong to the tenant."""
    namespaces: tuple[DnsLabel, ...] = ()
    """Namespaces that its objects may be in."""
    hosts: tuple[Host, ...] = ()
    """Hosts that its Ingresses may serve: exact, or `*.` and a domain (any depth)."""
    kinds: tuple[Text, ...] = ()
    """Kinds that its plain and extra manifests may have; empty = all namespaced kinds."""
    references: tuple[ServiceName, ...] = ()
    """Services of other namespaces that annotations of its Ingresses may name: a common fallback, for example."""
    addresses: tuple[Text, ...] = ()
    """Networks (CIDR, such as 10.8.0.0/16) that the addresses in its EndpointSlices are of; empty = it writes none."""


class DrillBudgets(Node, frozen=True, kw_only=True):
    """Bounds that a drill must keep."""

    failed: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    """Failed requests."""
    p999: Duration = "100ms"
    """99.9th percentile of the request time above the control run."""
    frozen: Duration = "500ms"
    """The same where pods freeze or packets vanish: requests wait for the delay of their hedge, twice or more."""
    shift: Duration = "1s"
    """Time until no request fails, is late, or goes to a cluster that should get none."""


class Drill(Node, frozen=True, kw_only=True):
    """Settings of `fleetgate drill`."""

    budgets: DrillBudgets = DrillBudgets()
    """Bounds that a drill must keep."""


class Acceptance(Node, frozen=True, kw_only=True):
    """A finding that is accepted on purpose: a warning that is not shown and `--strict` lets pass."""

    code: Text
    """Code of the finding."""
    where: Text
    """Path of the file, or a glob of paths, from the root. `*` stands for characters of one name, `**` for folders.

    So `apps/*` means no file in a folder of `apps`, `apps/*/*.yaml` does, and `apps/**` means all that is below.
    """
    reason: Text
    """Why it is accepted."""
    until: Day | None = None
    """Last day of the acceptance (YYYY-MM-DD); compared only by `check --as-of`."""


class FleetSpec(Node, frozen=True, kw_only=True):
    """What a fleet consists of."""

    compiler: VersionRange | None = None
    """Versions of fleetgate that may compile this fleet, such as `>=0.1,<0.2`."""
    gateways: Annotated[tuple[Gateway, ...], Meta(min_length=1)]
    """Entries for traffic."""
    argocd: ArgoCD
    """How Argo CD delivers the rendered tree."""
    tenants: tuple[Tenant, ...] = ()
    """Who may define what. Files outside every tenant's folders belong to the platform and may do everything."""
    survive: tuple[Loss, ...] = ()
    """Losses that every spread must survive."""
    dialects: tuple[Literal["higress"], ...] = ()
    """Further annotation dialects to read: `higress` = the annotations under `higress.io/` that routing can express."""
    drill: Drill = Drill()
    """Settings of `fleetgate drill`."""
    accept: tuple[Acceptance, ...] = ()
    """Findings accepted on purpose."""


class Fleet(Document, frozen=True, kw_only=True):
    """The fleet of one root."""

    api_version: Literal["fleetgate.dev/v1alpha1"]
    kind: Literal["Fleet"]
    metadata: ClusterMetadata
    """Name of the fleet."""
    spec: FleetSpec
    """What it consists of."""


class ReachTls(Node, frozen=True, kw_only=True):
    """TLS from the gateway to a cluster's entry."""

    server_name: DnsSubdomain
    """Name to send (SNI) and to verify."""
    ca_secret: DnsSubdomain | None = None
    """Secret of the gateway's namespace with the CA (`ca.crt`); default: the system's CAs."""


class Reach(Node, frozen=True, kw_only=True):
    """How a gateway reaches the pods of a cluster."""

    type: Literal["PodIP", "Address"] = "PodIP"
    """`PodIP`: pod addresses directly. `Address`: the cluster's own entry, where a Service has no EndpointSlice."""
    addresses: IPAddresses = ()
    """IP addresses of the cluster's entry, with type `Address`."""
    port: PortNumber | None = None
    """Port of the cluster's entry, with type `Address`."""
    tls: ReachTls | None = None
    """TLS to the cluster's entry, with type `Address`; absent = plain."""


class ClusterArgoCD(Node, frozen=True, kw_only=True):
    """The cluster as Argo CD knows it."""

    destination: Destination
    """By API server or by name."""


class ClusterSpec(Node, frozen=True, kw_only=True):
    """Where a cluster is and how it is reached."""

    id: ClusterId | None = None
    """Value of the label `topology.istio.io/cluster`: with MSE the ACK cluster id; default: the name."""
    region: DnsLabel
    """Region of the cluster."""
    zones: Annotated[tuple[DnsLabel, ...], Meta(min_length=1)]
    """Zones of the cluster; a lost zone takes down the clusters that have no other."""
    argocd: ClusterArgoCD
    """The cluster as Argo CD knows it."""
    reach: Reach = Reach()
    """How a gateway reaches its pods."""


class Cluster(Document, frozen=True, kw_only=True):
    """A member cluster."""

    api_version: Literal["fleetgate.dev/v1alpha1"]
    kind: Literal["Cluster"]
    metadata: ClusterMetadata
    """Name of the cluster; overrides, placements and weights refer to it."""
    spec: ClusterSpec
    """Where it is and how it is reached."""
