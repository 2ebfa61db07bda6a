"""`App`: what runs, in which clusters, and how each of them differs. Field names are those of Kubernetes."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from compiler.model.base import (
    LABEL_KEY,
    Annotations,
    DnsLabel,
    DnsSubdomain,
    Document,
    Labels,
    LabelSelector,
    LocalReference,
    Metadata,
    Node,
    Path,
    PortName,
    PortNumber,
    Quantity,
    Text,
    syntax,
)

EnvName = Annotated[
    str,
    syntax(
        r"^[-._a-zA-Z][-._a-zA-Z0-9]*\Z",
        "a variable name: letters, digits, `_`, `-` and `.`, not beginning with a digit",
        "LOG_LEVEL",
        max_length=1024,
    ),
]
EnvPrefix = Annotated[
    str,
    syntax(
        r"^([-._a-zA-Z][-._a-zA-Z0-9]*)?\Z",
        "the beginning of a variable name: letters, digits, `_`, `-` and `.`, not beginning with a digit",
        "CART_",
        max_length=1024,
    ),
]
ConfigKey = Annotated[
    str,
    syntax(
        r"^[.]?[-_a-zA-Z0-9][-._a-zA-Z0-9]*\Z",
        "a key of a ConfigMap or Secret: letters, digits, `-`, `_` and `.`",
        "application.properties",
        max_length=253,
    ),
]
HeaderName = Annotated[str, syntax(r"^[-A-Za-z0-9]+\Z", "a header name: letters, digits and `-`", "X-Probe")]
HeaderValue = Annotated[str, syntax(r"^[^\x00\r\n]*\Z", "a header value: one line of text", "fleet")]
Image = Annotated[
    str,
    syntax(r"^[!-~]+\Z", "a container image: printable ASCII without blanks", "registry.example.com/shop/cart:1.4.2"),
]
MountPath = Annotated[
    str, syntax(r"^/[^:\x00]*\Z", "an absolute path in the container, without `:`", "/etc/cart", max_length=4096)
]
AppProtocol = Annotated[
    str, syntax(LABEL_KEY, "an application protocol", "http", "grpc", "kubernetes.io/h2c", max_length=317)
]
ResourceName = Annotated[
    str,
    syntax(
        r"^(cpu|memory|ephemeral-storage|hugepages-[0-9]+[KMG]i|[-a-z0-9.]+/[-A-Za-z0-9_.]+)\Z",
        "a resource: cpu, memory, ephemeral-storage, hugepages-<size>, or an extended resource with its domain",
        "memory",
        "nvidia.com/gpu",
        max_length=317,
    ),
]
PodShare = Annotated[str, syntax(r"^([0-9]|[1-9][0-9]|100)%\Z", "a percentage from `0%` to `100%`", "25%")]
UserId = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Seconds = Annotated[int, Meta(ge=0, le=86400)]
Replicas = Annotated[int, Meta(ge=0, le=10000)]


class KeyReference(Node, frozen=True, kw_only=True):
    """One key of a ConfigMap or Secret."""

    name: DnsSubdomain
    """Name of the ConfigMap or Secret."""
    key: ConfigKey
    """Key in it."""
    optional: bool = False
    """Whether the pod starts without it."""


class FieldReference(Node, frozen=True, kw_only=True):
    """A field of the pod itself (downward API)."""

    field_path: Text
    """Path such as `metadata.name` or `status.podIP`."""


class ResourceFieldReference(Node, frozen=True, kw_only=True):
    """A resource request or limit of the container (downward API)."""

    resource: Text
    """Such as `limits.cpu`."""
    divisor: Quantity | None = None
    """Unit of the value."""


class EnvSource(Node, frozen=True, kw_only=True):
    """Where the value of an environment variable comes from."""

    secret_key_ref: KeyReference | None = None
    """A key of a Secret; the value itself never enters the repo."""
    config_map_key_ref: KeyReference | None = None
    """A key of a ConfigMap."""
    field_ref: FieldReference | None = None
    """A field of the pod."""
    resource_field_ref: ResourceFieldReference | None = None
    """A resource of the container."""


class EnvVar(Node, frozen=True, kw_only=True):
    """An environment variable: `value` or `valueFrom`."""

    name: EnvName
    """Name of the variable."""
    value: str | None = None
    """Its value; quote numbers and booleans."""
    value_from: EnvSource | None = None
    """Where its value comes from."""


class OptionalReference(Node, frozen=True, kw_only=True):
    """A ConfigMap or Secret as a whole."""

    name: DnsSubdomain
    """Its name."""
    optional: bool = False
    """Whether the pod starts without it."""


class EnvFromSource(Node, frozen=True, kw_only=True):
    """All keys of a ConfigMap or Secret as environment variables."""

    prefix: EnvPrefix = ""
    """Put before each name."""
    config_map_ref: OptionalReference | None = None
    """The ConfigMap."""
    secret_ref: OptionalReference | None = None
    """The Secret."""


class Port(Node, frozen=True, kw_only=True):
    """A port of the Service and of the container behind it."""

    name: PortName
    """Name, unique per app; probes and Ingresses may refer to it."""
    port: PortNumber
    """Port of the Service."""
    target_port: PortNumber | None = None
    """Port of the container; default: `port`."""
    protocol: Literal["TCP", "UDP"] = "TCP"
    """Transport protocol."""
    app_protocol: AppProtocol | None = None
    """Application protocol of the Service port, such as `http`, `grpc` or `kubernetes.io/h2c`."""


class HttpHeader(Node, frozen=True, kw_only=True):
    """A header that a probe sends."""

    name: HeaderName
    """Header name."""
    value: HeaderValue
    """Header value."""


class HttpGetAction(Node, frozen=True, kw_only=True):
    """A probe by HTTP GET: 200 to 399 is success."""

    path: Path = "/"
    """Path to request."""
    port: PortNumber | PortName
    """Container port, by number or name."""
    scheme: Literal["HTTP", "HTTPS"] = "HTTP"
    """Plain or TLS."""
    http_headers: tuple[HttpHeader, ...] = ()
    """Extra headers."""


class TcpSocketAction(Node, frozen=True, kw_only=True):
    """A probe by opening a connection."""

    port: PortNumber | PortName
    """Container port, by number or name."""


class GrpcAction(Node, frozen=True, kw_only=True):
    """A probe by the gRPC health protocol."""

    port: PortNumber
    """Container port."""
    service: str = ""
    """Service to ask for."""


class ExecAction(Node, frozen=True, kw_only=True):
    """A probe by a command in the container."""

    command: Annotated[tuple[str, ...], Meta(min_length=1)]
    """Command and arguments; no shell."""


class Probe(Node, frozen=True, kw_only=True):
    """A check of the container: exactly one of `httpGet`, `tcpSocket`, `grpc`, `exec`."""

    http_get: HttpGetAction | None = None
    """By HTTP GET."""
    tcp_socket: TcpSocketAction | None = None
    """By opening a connection."""
    grpc: GrpcAction | None = None
    """By the gRPC health protocol."""
    exec: ExecAction | None = None
    """By a command."""
    initial_delay_seconds: Seconds | None = None
    """Wait before the first check."""
    period_seconds: Annotated[int, Meta(ge=1, le=86400)] | None = None
    """Time between checks."""
    timeout_seconds: Annotated[int, Meta(ge=1, le=86400)] | None = None
    """Time for one check."""
    success_threshold: Annotated[int, Meta(ge=1, le=100)] | None = None
    """Successes in a row until healthy."""
    failure_threshold: Annotated[int, Meta(ge=1, le=10000)] | None = None
    """Failures in a row until unhealthy."""


class Resources(Node, frozen=True, kw_only=True):
    """What a container asks for and may use at most."""

    requests: dict[ResourceName, Quantity] = msgspec.field(default_factory=dict)
    """Reserved."""
    limits: dict[ResourceName, Quantity] = msgspec.field(default_factory=dict)
    """At most."""


class KeyToPath(Node, frozen=True, kw_only=True):
    """One key of a ConfigMap or Secret as a file."""

    key: ConfigKey
    """The key."""
    path: Text
    """File below the mount path."""
    mode: Annotated[int, Meta(ge=0, le=511)] | None = None
    """File mode."""


class ConfigMapVolume(Node, frozen=True, kw_only=True):
    """A ConfigMap as files."""

    name: DnsSubdomain
    """Name of the ConfigMap."""
    items: tuple[KeyToPath, ...] = ()
    """Which keys; default: all."""
    optional: bool = False
    """Whether the pod starts without it."""


class SecretVolume(Node, frozen=True, kw_only=True):
    """A Secret as files."""

    secret_name: DnsSubdomain
    """Name of the Secret."""
    items: tuple[KeyToPath, ...] = ()
    """Which keys; default: all."""
    optional: bool = False
    """Whether the pod starts without it."""


class EmptyDirVolume(Node, frozen=True, kw_only=True):
    """Scratch space that goes with the pod."""

    medium: Literal["", "Memory"] = ""
    """Disk, or memory."""
    size_limit: Quantity | None = None
    """At most."""


class PersistentVolumeClaimVolume(Node, frozen=True, kw_only=True):
    """An existing claim."""

    claim_name: DnsSubdomain
    """Name of the PersistentVolumeClaim."""
    read_only: bool = False
    """Whether it is mounted read-only."""


class Volume(Node, frozen=True, kw_only=True):
    """Files for the container: exactly one source."""

    name: DnsLabel
    """Name that `volumeMounts` refer to."""
    config_map: ConfigMapVolume | None = None
    """A ConfigMap."""
    secret: SecretVolume | None = None
    """A Secret."""
    empty_dir: EmptyDirVolume | None = None
    """Scratch space."""
    persistent_volume_claim: PersistentVolumeClaimVolume | None = None
    """An existing claim."""


class VolumeMount(Node, frozen=True, kw_only=True):
    """Where a volume appears in the container."""

    name: DnsLabel
    """Name of the volume."""
    mount_path: MountPath
    """Absolute path in the container."""
    sub_path: Text | None = None
    """Path in the volume."""
    read_only: bool = False
    """Whether writing is refused."""


class Capabilities(Node, frozen=True, kw_only=True):
    """Linux capabilities."""

    add: tuple[Text, ...] = ()
    """Added ones."""
    drop: tuple[Text, ...] = ()
    """Dropped ones."""


class SeccompProfile(Node, frozen=True, kw_only=True):
    """System calls that are allowed."""

    type: Literal["RuntimeDefault", "Unconfined", "Localhost"] = "RuntimeDefault"
    """Kind of profile."""
    localhost_profile: Text | None = None
    """File of a `Localhost` profile."""


class SecurityContext(Node, frozen=True, kw_only=True):
    """Rights of the container; the defaults are those of the restricted Pod Security Standard."""

    run_as_non_root: bool = True
    """Refuse to start as root."""
    run_as_user: UserId | None = None
    """User id."""
    run_as_group: UserId | None = None
    """Group id."""
    fs_group: UserId | None = None
    """Group id of mounted volumes."""
    privileged: bool = False
    """Whether it has all rights of the host."""
    allow_privilege_escalation: bool = False
    """Whether a child may have more rights than its parent."""
    read_only_root_filesystem: bool = False
    """Whether the root file system is read-only."""
    capabilities: Capabilities = Capabilities(drop=("ALL",))
    """Linux capabilities; all are dropped by default."""
    seccomp_profile: SeccompProfile = SeccompProfile()
    """System calls that are allowed."""


class Toleration(Node, frozen=True, kw_only=True):
    """A node taint that pods accept."""

    key: Text | None = None
    """Key of the taint; absent = all."""
    operator: Literal["Exists", "Equal"] = "Equal"
    """How the value is compared."""
    value: str | None = None
    """Value of the taint."""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    """Effect of the taint; absent = all."""
    toleration_seconds: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    """How long a NoExecute taint is accepted."""


class Autoscaling(Node, frozen=True, kw_only=True):
    """A HorizontalPodAutoscaler; the Deployment then has no `replicas`."""

    min_replicas: Annotated[int, Meta(ge=1, le=10000)]
    """Lower bound; the replicas that weights and capacity count on."""
    max_replicas: Annotated[int, Meta(ge=1, le=10000)]
    """Upper bound."""
    target_cpu_utilization_percentage: Annotated[int, Meta(ge=1, le=1000)] | None = msgspec.field(
        default=None, name="targetCPUUtilizationPercentage"
    )
    """Mean CPU use over the requests to aim at; 80 where no target is given."""
    target_memory_utilization_percentage: Annotated[int, Meta(ge=1, le=1000)] | None = None
    """Mean memory use over the requests to aim at."""


class DisruptionBudget(Node, frozen=True, kw_only=True):
    """A PodDisruptionBudget: exactly one of the two."""

    min_available: Replicas | PodShare | None = None
    """Pods that must stay, by number or percent."""
    max_unavailable: Replicas | PodShare | None = None
    """Pods that may go, by number or percent."""


class Config(Node, frozen=True, kw_only=True):
    """A ConfigMap of the app; pods restart when it changes."""

    data: Annotated[dict[ConfigKey, str], Meta(min_length=1)]
    """Keys and texts."""
    mount_path: MountPath | None = None
    """Where the keys appear as files; absent = as environment variables."""


class ServiceAccount(Node, frozen=True, kw_only=True):
    """The identity of the pods."""

    name: DnsSubdomain | None = None
    """An existing ServiceAccount; absent = one with the name of the app is emitted."""
    annotations: Annotations = msgspec.field(default_factory=dict)
    """Annotations of the emitted one, such as a cloud role."""
    automount_token: bool = False
    """Whether pods get the token of the account."""


class Capacity(Node, frozen=True, kw_only=True):
    """What one replica carries."""

    requests_per_second: Annotated[float, Meta(gt=0, le=1e9)]
    """Requests per second of one replica."""


class Placement(Node, frozen=True, kw_only=True):
    """Where an app runs: by name or by label, not both."""

    clusters: tuple[DnsSubdomain, ...] = ()
    """Cluster names."""
    cluster_selector: LabelSelector | None = None
    """Clusters by label."""


class Where(Node, frozen=True, kw_only=True):
    """Which placements an override is for; all given conditions hold."""

    clusters: tuple[DnsSubdomain, ...] = ()
    """Cluster names."""
    cluster_selector: LabelSelector | None = None
    """Clusters by label."""
    versions: tuple[DnsLabel, ...] = ()
    """Versions of the app, `stable` for the one that `spec` itself describes; absent = all."""


class PodSpec(Node, frozen=True, kw_only=True):
    """What overrides and versions may change; every field is optional here."""

    image: Image | None = None
    """Container image."""
    command: tuple[str, ...] | None = None
    """Entry point; default: that of the image."""
    args: tuple[str, ...] | None = None
    """Arguments of the entry point."""
    env: tuple[EnvVar, ...] | None = None
    """Environment variables, merged by name: one of the same name is replaced as a whole."""
    env_from: tuple[EnvFromSource, ...] | None = None
    """Environment variables from ConfigMaps and Secrets."""
    replicas: Replicas | None = None
    """Pods per cluster; default 1. A version or override that states them replaces autoscaling stated before."""
    autoscaling: Autoscaling | None = None
    """A HorizontalPodAutoscaler; a version or override that states it replaces it as a whole, and fixed replicas."""
    disruption_budget: DisruptionBudget | None = None
    """A PodDisruptionBudget; default with two replicas and more: one pod may go."""
    ports: tuple[Port, ...] | None = None
    """Ports of the Service, merged by name: one of the same name is replaced as a whole."""
    readiness_probe: Probe | None = None
    """When a pod may get traffic."""
    liveness_probe: Probe | None = None
    """When a pod is restarted."""
    startup_probe: Probe | None = None
    """When a pod has started."""
    resources: Resources | None = None
    """Requests and limits, each merged by resource."""
    config: Config | None = None
    """A ConfigMap of the app; its data is merged by key."""
    service_account: ServiceAccount | None = None
    """The identity of the pods."""
    security_context: SecurityContext | None = None
    """Rights of the container."""
    volumes: tuple[Volume, ...] | None = None
    """Volumes, merged by name."""
    volume_mounts: tuple[VolumeMount, ...] | None = None
    """Mounts, merged by path."""
    image_pull_secrets: tuple[LocalReference, ...] | None = None
    """Secrets for the image registry, merged by name."""
    node_selector: Labels | None = None
    """Labels of the nodes to run on, merged by key."""
    tolerations: tuple[Toleration, ...] | None = None
    """Taints that pods accept."""
    termination_grace_period_seconds: Seconds | None = None
    """Time to end, the pause before included; default: preStopSeconds + 30."""
    pre_stop_seconds: Seconds | None = None
    """Pause before a pod is told to end, so that gateways take it out first; default 15."""
    labels: Labels | None = None
    """Extra labels of the pods, merged by key."""
    annotations: Annotations | None = None
    """Extra annotations of the pods, merged by key."""
    capacity: Capacity | None = None
    """What one replica carries."""


class Version(PodSpec, frozen=True, kw_only=True):
    """A further version, Deployment and Service `<app>-<name>`: it has everything of the app but what it sets."""

    name: DnsLabel
    """Name of the version."""
    placement: Placement | None = None
    """Where it runs; default: where the app runs."""


class Override(Node, frozen=True, kw_only=True):
    """How some placements differ. Overrides apply in order."""

    where: Where
    """Which placements are meant."""
    set: PodSpec | None = None
    """Fields to replace, as a whole. Only lists of named items and mappings are merged, as their descriptions say."""
    patch: tuple[dict[str, Any], ...] | dict[str, Any] | None = None
    """Patch on an object, found by `kind` (default: Deployment) and `metadata.name` (default: that of the app).

    A strategic merge patch, with `$patch: delete` and `$patch: replace`; for custom resources a JSON merge patch.
    """


class AppSpec(PodSpec, frozen=True, kw_only=True):
    """What an app is."""

    placement: Placement
    """Where it runs."""
    versions: tuple[Version, ...] = ()
    """Versions beside the stable one."""
    overrides: tuple[Override, ...] = ()
    """How some placements differ."""
    manifests: tuple[Text, ...] = ()
    """Globs of plain manifests to place and patch, relative to this file: `*` within one name, `**` for folders."""
    templates: tuple[Text, ...] = ()
    """Globs of Jinja2 templates of extra manifests, relative to this file; they see app, cluster, fleet, values."""
    values: dict[str, Any] = msgspec.field(default_factory=dict)
    """Values for the templates."""


class App(Document, frozen=True, kw_only=True):
    """An application and the clusters it runs in."""

    api_version: Literal["fleetgate.dev/v1alpha1"]
    kind: Literal["App"]
    metadata: Metadata
    """Name and namespace; labels and annotations go to every emitted object."""
    spec: AppSpec
    """What it is and where it runs."""
