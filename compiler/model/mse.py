"""`MseIngressConfig`: an existing gateway object of MSE (Alibaba Cloud, MSE Ingress documentation)."""

from typing import Annotated, Literal

from msgspec import Meta, field

from compiler.model.base import ClusterMetadata, Document, Node, Text, syntax

SlbSpec = Literal["slb.s1.small", "slb.s2.small", "slb.s2.medium", "slb.s3.small", "slb.s3.medium", "slb.s3.large"]


class MsePay(Node, frozen=True, kw_only=True):
    """How the gateway is paid."""

    pay_type: Literal["POSTPAY"] = "POSTPAY"
    """Pay as you go; the only value."""


class MseInstanceSpec(Node, frozen=True, kw_only=True):
    """Size of the gateway."""

    spec: Literal["2c4g", "4c8g", "8c16g", "16c32g"] | None = None
    """CPU and memory of one replica; MSE's default is 4c8g."""
    replicas: Annotated[int, Meta(ge=0, le=30)] | None = None
    """Number of replicas; MSE's default is 3."""


class MseNetwork(Node, frozen=True, kw_only=True):
    """Where the gateway is."""

    v_switches: Annotated[tuple[Text, ...], Meta(min_length=1, max_length=2)] | None = None
    """One or two vSwitch ids, primary first."""
    public_slb_spec: SlbSpec | None = field(default=None, name="publicSLBSpec")
    """Size of the public load balancer."""
    private_slb_spec: SlbSpec | None = field(default=None, name="privateSLBSpec")
    """Size of the private load balancer."""


class MseCommon(Node, frozen=True, kw_only=True):
    """Payment, size, network."""

    pay: MsePay | None = None
    """How the gateway is paid."""
    instance: MseInstanceSpec | None = None
    """Size of the gateway."""
    network: MseNetwork | None = None
    """Where the gateway is."""
    security_group_type: Literal["enterprise", "normal"] | None = None
    """Kind of security group; MSE's default is normal."""


class MseTls(Node, frozen=True, kw_only=True):
    """TLS of the whole gateway."""

    enable_hardware_acceleration: bool | None = None
    """TLS acceleration; MSE's default is true."""


class MseIpAccessControl(Node, frozen=True, kw_only=True):
    """Client addresses for the whole gateway."""

    whitelist: tuple[Text, ...] | None = None
    """Only these addresses or CIDRs."""
    blacklist: tuple[Text, ...] | None = None
    """None of these addresses or CIDRs."""


class MseGlobal(Node, frozen=True, kw_only=True):
    """Settings of the whole gateway."""

    tls: MseTls | None = None
    """TLS."""
    ip_access_control: MseIpAccessControl | None = None
    """Client addresses."""


class MseSls(Node, frozen=True, kw_only=True):
    """Access logs to SLS."""

    reuse_project: str
    """Project; empty = the default one."""


class MseLogging(Node, frozen=True, kw_only=True):
    """Access logs."""

    sls: MseSls | None = None
    """To SLS."""


class MseSampling(Node, frozen=True, kw_only=True):
    """A tracing back end."""

    sample_rate: Annotated[str, syntax(r"^([0-9]|[1-9][0-9]|100)\Z", "a percentage from 0 to 100", "10")] | None = None
    """Percent of the requests, as a string."""


class MseTracing(Node, frozen=True, kw_only=True):
    """Tracing: one of the two."""

    x_trace: MseSampling | None = None
    """To xTrace."""
    open_telemetry: MseSampling | None = None
    """By OpenTelemetry."""


class MseMonitor(Node, frozen=True, kw_only=True):
    """Logs and traces."""

    logging: MseLogging | None = None
    """Access logs."""
    tracing: MseTracing | None = None
    """Traces."""


class MseLocal(Node, frozen=True, kw_only=True):
    """Which Ingresses the gateway reads."""

    ingress_class: str | None = None
    """Class to read; an IngressClass that names this object wins over it."""
    watch_namespace: str | None = None
    """Namespace to read; empty = all."""


class MseIngress(Node, frozen=True, kw_only=True):
    """Where Ingresses come from."""

    local: MseLocal | None = None
    """Ingresses of the fleet instance."""


class MseIngressConfigSpec(Node, frozen=True, kw_only=True):
    """The gateway."""

    name: Text | None = None
    """Name of the gateway; MSE's default is mse-ingress."""
    id: Annotated[str, syntax(r"^gw-[-0-9A-Za-z]+\Z", "the id of a gateway", "gw-0123456789abcdef")] | None = None
    """An existing gateway to reuse."""
    override: bool | None = None
    """With `id`: whether its settings are overwritten."""
    common: MseCommon | None = None
    """Payment, size, network."""
    global_: MseGlobal | None = field(default=None, name="global")
    """Settings of the whole gateway."""
    monitor: MseMonitor | None = None
    """Logs and traces."""
    ingress: MseIngress | None = None
    """Where Ingresses come from."""


class MseIngressConfig(Document, frozen=True, kw_only=True):
    """An MSE gateway; written only where the generated one does not fit. Its name is that of the gateway."""

    api_version: Literal["mse.alibabacloud.com/v1alpha1"]
    kind: Literal["MseIngressConfig"]
    metadata: ClusterMetadata
    """Name of the Fleet's gateway that it stands for."""
    spec: MseIngressConfigSpec
    """The gateway."""
