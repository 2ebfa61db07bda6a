"""Workloads: what runs, in which clusters, and how many of it.

Workload x Placement. A workload is one variant of an app: placements that run the same variant share the node, and
variants share every part in which they do not differ, so that targets make the text of each part once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from compiler.diagnostics import Origin
    from compiler.ir.delivery import Patch, PlainObject
    from compiler.ir.traffic import ObjectName, Service

Pairs = tuple[tuple[str, str], ...]
"""Keys and values, sorted by key."""
Quantity = str | int | float
"""An amount as it was written, such as `100m` or `128Mi`."""


class Node(Struct, frozen=True, gc=False):
    """A frozen node of the program."""


# --- environment of the process


class KeyOf(Node, frozen=True):
    """One key of a named set of settings or secrets."""

    kind: Literal["config", "secret"]
    name: str
    key: str
    optional: bool = False


class PodField(Node, frozen=True):
    """A field of the running pod, such as its address."""

    path: str


class ResourceField(Node, frozen=True):
    """A request or limit of the container."""

    resource: str
    divisor: Quantity | None = None


class Variable(Node, frozen=True):
    """An environment variable: a text, or where to take it from."""

    name: str
    value: str = ""
    source: KeyOf | PodField | ResourceField | None = None


class VariableSet(Node, frozen=True):
    """Every key of a named set of settings or secrets as a variable."""

    kind: Literal["config", "secret"]
    name: str
    prefix: str = ""
    optional: bool = False


class Config(Node, frozen=True):
    """Settings that belong to the workload; its pods restart when they change."""

    data: Pairs
    mount_path: str = ""
    """Folder in which each key is a file; "" = as environment variables."""


# --- ports and checks


class Port(Node, frozen=True):
    """A port that callers use, and the port of the container behind it."""

    name: str
    number: int
    target: int
    protocol: Literal["TCP", "UDP"] = "TCP"
    app_protocol: str = ""


class Probe(Node, frozen=True):
    """A check of the container. Times in seconds; None = the platform's default."""

    kind: Literal["http", "tcp", "grpc", "exec"]
    port: int = 0
    """Container port; 0 for `exec`."""
    path: str = ""
    scheme: Literal["HTTP", "HTTPS"] = "HTTP"
    headers: Pairs = ()
    """In the order in which they were written."""
    service: str = ""
    command: tuple[str, ...] = ()
    initial_delay_s: int | None = None
    period_s: int | None = None
    timeout_s: int | None = None
    success_threshold: int | None = None
    failure_threshold: int | None = None


# --- files


class VolumeItem(Node, frozen=True):
    """One key as a file."""

    key: str
    path: str
    mode: int | None = None


class Volume(Node, frozen=True):
    """Files for the container."""

    name: str
    kind: Literal["config", "secret", "scratch", "claim"]
    source: str = ""
    """Name of what holds the files; "" for `scratch`."""
    items: tuple[VolumeItem, ...] = ()
    optional: bool = False
    read_only: bool = False
    in_memory: bool = False
    size_limit: Quantity | None = None


class Mount(Node, frozen=True):
    """Where a volume appears."""

    volume: str
    path: str
    sub_path: str = ""
    read_only: bool = False


# --- rights and place


class Account(Node, frozen=True):
    """The identity of the pods."""

    name: str
    owned: bool
    """Whether it is emitted with the app, rather than there already."""
    annotations: Pairs = ()
    token: bool = False
    """Whether pods get a token of it."""


class Security(Node, frozen=True):
    """Rights of the container."""

    non_root: bool = True
    user: int | None = None
    group: int | None = None
    files_group: int | None = None
    privileged: bool = False
    escalation: bool = False
    read_only_root: bool = False
    add_capabilities: tuple[str, ...] = ()
    drop_capabilities: tuple[str, ...] = ("ALL",)
    seccomp: Literal["RuntimeDefault", "Unconfined", "Localhost"] = "RuntimeDefault"
    seccomp_file: str = ""


class Toleration(Node, frozen=True):
    """A taint of nodes that pods accept."""

    key: str = ""
    operator: Literal["Exists", "Equal"] = "Equal"
    value: str | None = None
    effect: str = ""
    seconds: int | None = None


# --- how many


class Autoscaling(Node, frozen=True):
    """Bounds of the number of pods, and the mean use over the requests to aim at, in percent."""

    min_replicas: int
    max_replicas: int
    cpu_percent: int | None
    memory_percent: int | None


class Disruption(Node, frozen=True):
    """How many pods planned work on nodes may take at once: one of the two, as number or percent."""

    min_available: int | str | None = None
    max_unavailable: int | str | None = None


# --- the program


class Workload(Node, frozen=True):
    """One variant of an app: everything that its pods are, but for their environment."""

    app: ObjectName
    version: str
    """"" = the stable one."""
    image: str
    command: tuple[str, ...]
    args: tuple[str, ...]
    env_from: tuple[VariableSet, ...]
    ports: tuple[Port, ...]
    readiness: Probe | None
    liveness: Probe | None
    startup: Probe | None
    requests: tuple[tuple[str, Quantity], ...]
    limits: tuple[tuple[str, Quantity], ...]
    config: Config | None
    account: Account
    security: Security
    volumes: tuple[Volume, ...]
    mounts: tuple[Mount, ...]
    pull_secrets: tuple[str, ...]
    node_labels: Pairs
    tolerations: tuple[Toleration, ...]
    grace_s: int
    """Time to end, the pause before included."""
    pre_stop_s: int
    """Pause before the process is told to end; 0 = none."""
    labels: Pairs
    """Extra labels of the pods."""
    annotations: Pairs
    """Extra annotations of the pods."""
    object_labels: Pairs
    """Extra labels of every object."""
    object_annotations: Pairs
    """Extra annotations of every object."""

    @property
    def name(self) -> str:
        """Name of its objects: that of the app, and `-<version>`."""
        return f"{self.app.name}-{self.version}" if self.version else self.app.name


class Placement(Node, frozen=True):
    """A workload in a cluster."""

    cluster: str
    cluster_id: str
    """Identity that its pods are labelled with."""
    workload: Workload
    env: tuple[Variable, ...]
    """Environment of its processes. Of all that clusters differ in, this is what most of them differ in."""
    replicas: int | None
    """Fixed number of pods; None where autoscaled."""
    autoscaling: Autoscaling | None
    disruption: Disruption | None
    patches: tuple[Patch, ...] = ()
    """Changes to its objects, in order."""

    @property
    def floor(self) -> int:
        """Pods that are always there."""
        return self.autoscaling.min_replicas if self.autoscaling is not None else self.replicas or 0


class LoweredApp(Node, frozen=True):
    """An app and all that it needs, in every cluster."""

    name: ObjectName
    placements: tuple[Placement, ...]
    """Sorted by cluster; in each the stable version first, the others in the order in which they were written."""
    services: tuple[Service, ...]
    """What it offers to gateways, sorted by name."""
    objects: tuple[tuple[str, tuple[PlainObject, ...]], ...]
    """(cluster, plain and extra objects in order), sorted by cluster; patched, and with the namespace filled in."""
    origin: Origin
