"""The targets: what can be compiled for, and what each can express of the program in the middle.

`fleetgate targets`, the support matrix and the finding about an unknown target all come from this tuple. What a
target can't express is a finding of its own, named by the capability, at the line that asked for it.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Capability(Struct, frozen=True, gc=False):
    """One thing that people may ask for, and how far a target gets."""

    feature: str
    """What is asked for, in the words of the traffic program; the same for all gateway targets."""
    support: Literal["full", "partial", "none"]
    note: str = ""
    """What is there instead, where it is not the whole."""
    codes: tuple[str, ...] = ()
    """Findings that say so at the line that asks for more."""


class Target(Struct, frozen=True, gc=False):
    """One thing that can be compiled for."""

    name: str
    """What `targets` of a gateway names; `kubernetes` and `argocd` are always compiled for."""
    summary: str
    """What it emits, for whom."""
    serves: Literal["clusters", "gateways", "delivery"]
    is_built: bool
    """False = planned: a Fleet that names it gets a finding that says so."""
    emits: tuple[str, ...] = ()
    """Kinds of the emitted objects."""
    expresses: tuple[Capability, ...] = ()
    """For gateways: every feature of the traffic program, in its order."""


_MSE = (
    Capability(
        "path: exact, prefix, regex",
        "partial",
        "equally long regular expressions of one host in one Ingress only",
        ("mse-route-order",),
    ),
    Capability(
        "match by header, query or cookie",
        "partial",
        "canaries only: one header, one query, both, or one cookie value",
        ("mse-conditions",),
    ),
    Capability("match by method", "none", "", ("mse-conditions",)),
    Capability("paths in any letter case, patterns of the whole path", "none", "", ("mse-conditions",)),
    Capability("split over Services and versions", "partial", "whole percents", ("mse-weight", "mse-destination")),
    Capability("split behind a condition", "none", "one backend per canary", ("mse-conditional-split",)),
    Capability("spread over clusters by replicas", "full"),
    Capability(
        "spread over clusters by weights",
        "partial",
        "whole percents; a lost share goes to all pods",
        ("mse-weight", "mse-redistribution", "mse-version"),
    ),
    Capability(
        "primary and secondary",
        "partial",
        "one cluster, then all pods",
        ("mse-spread", "mse-redistribution", "mse-version"),
    ),
    Capability("excluded clusters", "none", "the fallback reaches all pods", ("mse-spread",)),
    Capability("fallback Service", "partial", "spread by pods alone", ("mse-unspread",)),
    Capability("health check, hedging, failback", "none", "pods that are not ready get nothing", ("mse-policy",)),
    Capability("redirects, HTTPS redirect", "full"),
    Capability("rewrite of path and Host", "partial", "of the whole path", ("mse-rewrite",)),
    Capability("header control", "full"),
    Capability("CORS", "full"),
    Capability("timeout, retry", "full"),
    Capability("mirroring", "partial", "spread by pods alone", ("mse-unspread",)),
    Capability("error statuses answered by the fallback", "full"),
    Capability("limit per route and replica", "partial", "503 and not 429 before 1.2.23", ("mse-limit-status",)),
    Capability("limits over the whole gateway: rate, concurrency", "full"),
    Capability("lists of client addresses, per route and per host", "full"),
    Capability("basic authentication", "full"),
    Capability("Wasm plug-ins", "partial", "in no reference", ("mse-wasm",)),
    Capability("TLS", "full"),
    Capability("client TLS: versions, suites, certificates", "partial", "how suites are separated", ("mse-ciphers",)),
    Capability("aliases of hosts", "full"),
    Capability(
        "protocol to the Service, TLS to it",
        "partial",
        "certificates are verified by the CA of a Secret or not at all",
        ("mse-backend-verify",),
    ),
    Capability(
        "load balancing, hashing, affinity, connection limits",
        "partial",
        "the same for all Services of a list",
        ("mse-service-policy",),
    ),
)

_ENVOY = (
    Capability("path: exact, prefix, regex", "partial", "patterns up to 5,000 steps", ("envoy-pattern",)),
    Capability("match by header, query or cookie", "partial", "no header with an underscore", ("envoy-header",)),
    Capability("match by method", "full"),
    Capability(
        "split over Services and versions",
        "partial",
        "versions by label not behind the entry of a cluster",
        ("envoy-subset",),
    ),
    Capability("split behind a condition", "full"),
    Capability("spread over clusters by replicas", "partial", "needs to be told where pods are", ("no-endpoints",)),
    Capability("spread over clusters by weights", "full"),
    Capability("primary and secondary", "partial", "hashed Services spill when a tier is empty", ("envoy-spillover",)),
    Capability("excluded clusters", "full"),
    Capability("fallback Service", "full"),
    Capability(
        "health check, hedging, failback",
        "partial",
        "one timer for hedging and for the limit of a try; failback is the agent's",
        ("envoy-hedge",),
    ),
    Capability("redirects, HTTPS redirect", "full"),
    Capability("rewrite of path and Host", "full"),
    Capability("header control", "full"),
    Capability("CORS", "full"),
    Capability("timeout, retry", "full", "only methods that may be executed twice are repeated after an answer"),
    Capability("mirroring", "full"),
    Capability("error statuses answered by the fallback", "full", "methods that may be executed twice"),
    Capability("limit per route and replica", "full", "HTTP and HTTPS are counted apart"),
    Capability(
        "limits over the whole gateway: rate, concurrency",
        "partial",
        "divided among replicas; requests in flight are counted per Service",
        ("envoy-global-limit", "envoy-concurrency"),
    ),
    Capability("lists of client addresses, per route and per host", "full"),
    Capability("basic authentication", "partial", "users in one file, as {SHA}", ("envoy-auth-map",)),
    Capability("Wasm plug-ins", "none", "", ("envoy-wasm",)),
    Capability("TLS", "partial", "ports 9901 and 9902 are taken", ("envoy-port",)),
    Capability("client TLS: versions, suites, certificates", "full"),
    Capability("aliases of hosts", "full"),
)

TARGETS: tuple[Target, ...] = (
    Target(
        "kubernetes",
        "the apps themselves, per cluster, namespace and app",
        "clusters",
        is_built=True,
        emits=(
            "Namespace",
            "Deployment",
            "Service",
            "ServiceAccount",
            "ConfigMap",
            "HorizontalPodAutoscaler",
            "PodDisruptionBudget",
            "and what `manifests` and `templates` of an App name",
        ),
    ),
    Target(
        "mse",
        "an MSE gateway (Alibaba Cloud): Ingresses whose Services live in many clusters",
        "gateways",
        is_built=True,
        emits=("Namespace", "Ingress", "IngressClass", "MseIngressConfig"),
        expresses=_MSE,
    ),
    Target(
        "envoy",
        "a complete Envoy configuration, and the objects that run it",
        "gateways",
        is_built=True,
        emits=("bootstrap.json", "files that name Secrets"),
        expresses=_ENVOY,
    ),
    Target(
        "argocd",
        "Argo CD brings every folder of the tree to its cluster",
        "delivery",
        is_built=True,
        emits=("AppProject", "Application"),
    ),
    Target("gateway-api", "HTTPRoutes and Gateways of the Gateway API", "gateways", is_built=False),
    Target("istio", "VirtualServices and DestinationRules of Istio", "gateways", is_built=False),
)
"""Built ones first, in the order in which they are emitted."""
