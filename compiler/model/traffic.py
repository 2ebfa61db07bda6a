"""`TrafficPolicy`, `TrafficState`, `TrafficPin`: how a Service's traffic is spread over clusters."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from compiler.model.base import (
    ClusterMetadata,
    DnsLabel,
    DnsSubdomain,
    Document,
    Duration,
    Metadata,
    Node,
    Path,
    Percent,
    Text,
    Weight,
    syntax,
)
from compiler.model.fleet import Loss

Instant = Annotated[
    str,
    syntax(
        r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?"
        r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])\Z",
        "a point in time with its zone (RFC 3339)",
        "2026-11-23T10:00:00Z",
        max_length=40,
    ),
]


class Demand(Node, frozen=True, kw_only=True):
    """Declared peak, for the capacity proof."""

    requests_per_second: Annotated[float, Meta(ge=0, le=1e12)]
    """Requests per second, all clusters together."""


class TargetRef(Node, frozen=True, kw_only=True):
    """A Service that a policy governs."""

    kind: Literal["Service"] = "Service"
    """Always Service."""
    name: DnsLabel
    """Name of the Service, in the namespace of the policy."""
    demand: Demand | None = None
    """Declared peak of this Service."""


class ClusterWeight(Node, frozen=True, kw_only=True):
    """One cluster's weight."""

    cluster: DnsSubdomain
    """Cluster name."""
    weight: Weight
    """Relative share; 0 = standby: only when all others are lost."""


class ActiveActive(Node, frozen=True, kw_only=True):
    """All clusters serve at once."""

    weights: tuple[ClusterWeight, ...] = ()
    """Fixed shares; absent = in proportion to replicas."""


class TierCluster(Node, frozen=True, kw_only=True):
    """A cluster in a tier."""

    cluster: DnsSubdomain
    """Cluster name."""
    weight: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    """Relative share in the tier; absent everywhere = in proportion to replicas."""


class Tier(Node, frozen=True, kw_only=True):
    """Clusters that serve together."""

    clusters: Annotated[tuple[TierCluster, ...], Meta(min_length=1)]
    """The clusters of the tier."""


class Spillover(Node, frozen=True, kw_only=True):
    """When traffic leaves a tier."""

    below_healthy_percent: Percent = 0
    """Healthy share below which traffic spills; 0 = only when nothing of the tier is left."""


class PrimarySecondary(Node, frozen=True, kw_only=True):
    """Ordered tiers: a later one serves when those before it are lost."""

    tiers: Annotated[tuple[Tier, ...], Meta(min_length=2)]
    """The tiers, primary first."""
    spillover: Spillover = Spillover()
    """When traffic leaves a tier."""


class Excluded(Node, frozen=True, kw_only=True):
    """A cluster that gets nothing."""

    cluster: DnsSubdomain
    """Cluster name."""
    reason: Text
    """Why."""


class Spread(Node, frozen=True, kw_only=True):
    """How traffic is spread over the clusters."""

    type: Literal["ActiveActive", "PrimarySecondary"]
    """`ActiveActive`: all serve. `PrimarySecondary`: ordered tiers."""
    active_active: ActiveActive | None = None
    """Settings of type ActiveActive."""
    primary_secondary: PrimarySecondary | None = None
    """Settings of type PrimarySecondary."""
    excluded: tuple[Excluded, ...] = ()
    """Clusters that get nothing, not even as last resort."""


class Survive(Node, frozen=True, kw_only=True):
    """Losses that this spread must survive."""

    losses: tuple[Loss, ...]
    """Instead of the Fleet's."""
    reason: Text | None = None
    """Why fewer than the Fleet's; required then."""


class HealthCheck(Node, frozen=True, kw_only=True):
    """How a gateway finds out which endpoints serve."""

    protocol: Literal["HTTP", "TCP", "GRPC"] = "HTTP"
    """What is spoken."""
    path: Path | None = None
    """Path to request, with protocol HTTP."""
    interval: Duration = "5s"
    """Time between checks."""
    timeout: Duration = "1s"
    """Time for one check."""
    unhealthy_threshold: Annotated[int, Meta(ge=1, le=100)] = 2
    """Failures in a row until unhealthy."""
    healthy_threshold: Annotated[int, Meta(ge=1, le=100)] = 2
    """Successes in a row until healthy."""


class PolicyRetry(Node, frozen=True, kw_only=True):
    """Which requests may be repeated."""

    idempotent_methods: tuple[Literal["PUT", "DELETE", "POST", "PATCH"], ...] = ()
    """Methods beyond GET, HEAD and OPTIONS that backends execute safely twice."""


class Hedge(Node, frozen=True, kw_only=True):
    """A second try while the first is still waiting."""

    delay: Duration
    """How long a request waits for an answer before it goes to another pod too; best near the 99th percentile.

    That is so for GET, HEAD, OPTIONS and the methods of `retry.idempotentMethods`; all others wait for the pod that has
    them. It waits so after each try, and a tier gets two tries before the next is asked (more where it has six pods or
    several clusters): behind a frozen primary `150ms` costs 300 ms, until the frozen pods are left out."""


class Failback(Node, frozen=True, kw_only=True):
    """How traffic returns after recovery."""

    hold: Duration = "60s"
    """Healthy time before the first step."""
    steps: Annotated[tuple[Annotated[int, Meta(ge=1, le=100)], ...], Meta(min_length=1)] = (10, 30, 60, 100)
    """Percent of the declared share, step by step; ends at 100."""
    step_interval: Duration = "15s"
    """Time between steps."""


class TrafficPolicySpec(Node, frozen=True, kw_only=True):
    """Which Services, and how."""

    target_refs: Annotated[tuple[TargetRef, ...], Meta(min_length=1)]
    """Services of the policy's namespace."""
    spread: Spread
    """How traffic is spread over the clusters."""
    survive: Survive | None = None
    """Losses to survive; default: the Fleet's."""
    health_check: HealthCheck | None = None
    """Default: the app's readinessProbe, where it asks the only port of the app by plain HTTP and without headers.

    An entry of a cluster (`spec.reach`) is asked only what is declared, with an exact host of the Service's routes.
    """
    retry: PolicyRetry = PolicyRetry()
    """Which requests may be repeated."""
    hedge: Hedge | None = None
    """Guard against frozen backends; absent = none."""
    failback: Failback = Failback()
    """How traffic returns after recovery."""


class TrafficPolicy(Document, frozen=True, kw_only=True):
    """How the traffic of some Services is spread over clusters."""

    api_version: Literal["fleetgate.dev/v1alpha1"]
    kind: Literal["TrafficPolicy"]
    metadata: Metadata
    """Name and namespace."""
    spec: TrafficPolicySpec
    """Which Services, and how."""


class ServiceRef(Node, frozen=True, kw_only=True):
    """A Service by namespace and name."""

    namespace: DnsLabel
    """Its namespace."""
    name: DnsLabel
    """Its name."""


class ServiceWeights(Node, frozen=True, kw_only=True):
    """Effective weights of one Service."""

    service: ServiceRef
    """The Service."""
    weights: Annotated[tuple[ClusterWeight, ...], Meta(min_length=1)]
    """A vector over its clusters, never all zero."""


class TrafficStateSpec(Node, frozen=True, kw_only=True):
    """Effective weights."""

    services: tuple[ServiceWeights, ...] = ()
    """One entry per Service whose weights differ from the declared ones."""


class TrafficState(Document, frozen=True, kw_only=True):
    """Effective weights of a gateway, written by the agent only, on a Git ref of its own."""

    api_version: Literal["fleetgate.dev/v1alpha1"]
    kind: Literal["TrafficState"]
    metadata: ClusterMetadata
    """Name of the gateway."""
    spec: TrafficStateSpec
    """Effective weights."""
    status: dict[str, Any] = msgspec.field(default_factory=dict)
    """What the agent saw; read by people, not by the compiler."""


class TrafficPinSpec(Node, frozen=True, kw_only=True):
    """What is pinned, and until when."""

    service: DnsLabel
    """Name of the Service, in the namespace of the pin."""
    weights: Annotated[tuple[ClusterWeight, ...], Meta(min_length=1)]
    """Weights to hold."""
    excluded: tuple[DnsSubdomain, ...] = ()
    """Clusters that get nothing meanwhile."""
    until: Instant
    """End of the pin (RFC 3339); compared by the agent, never while compiling."""
    reason: Text
    """Why."""


class TrafficPin(Document, frozen=True, kw_only=True):
    """A human's pin of weights; the compiler only validates it, the agent applies it."""

    api_version: Literal["fleetgate.dev/v1alpha1"]
    kind: Literal["TrafficPin"]
    metadata: Metadata
    """Name and namespace."""
    spec: TrafficPinSpec
    """What is pinned, and until when."""
