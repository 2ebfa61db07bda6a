"""The targets: what can be compiled for, and what each can express of the program in the middle.

`fleetgate targets`, the support matrix and the finding about an unknown target all come from this tuple. What a
target can't express is a finding of its own, named by the capability, at the line that asked for it.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from compiler.ir import features


class Capability(Struct, frozen=True, gc=False):
    """One thing that people may ask for, and how far a target gets."""

    feature: str
    """What is asked for: one of `compiler.ir.features`."""
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
        features.PATHS,
        "partial",
        "equally long regular expressions of one host in one Ingress only",
        ("mse-route-order",),
    ),
    Capability(
        features.CONDITIONS,
        "partial",
        "canaries only: one header, one query, both, or one cookie value",
        ("mse-conditions",),
    ),
    Capability(features.METHODS, "none", "", ("mse-conditions",)),
    Capability(features.PATHS_AS_A_WHOLE, "none", "", ("mse-conditions",)),
    Capability(features.SPLIT, "partial", "whole percents", ("mse-weight", "mse-destination")),
    Capability(features.CONDITIONAL_SPLIT, "none", "one backend per canary", ("mse-conditional-split",)),
    Capability(features.BY_REPLICAS, "full"),
    Capability(
        features.BY_WEIGHTS,
        "partial",
        "whole percents; a lost share goes to all pods",
        ("mse-weight", "mse-redistribution", "mse-version"),
    ),
    Capability(
        features.TIERS,
        "partial",
        "one cluster, then all pods",
        ("mse-spread", "mse-tiers", "mse-failover", "mse-redistribution", "mse-version"),
    ),
    Capability(features.EXCLUDED, "none", "the fallback reaches all pods", ("mse-spread",)),
    Capability(features.FALLBACK, "partial", "spread by pods alone", ("mse-unspread",)),
    Capability(features.HEALTH, "none", "pods that are not ready get nothing", ("mse-policy",)),
    Capability(features.REDIRECTS, "full"),
    Capability(features.REWRITE, "partial", "of the whole path", ("mse-rewrite",)),
    Capability(features.HEADERS, "full"),
    Capability(features.CORS, "partial", "wildcards without their scheme", ("mse-origin",)),
    Capability(features.TIMEOUT, "partial", "non_idempotent has no effect", ("mse-retry",)),
    Capability(features.MIRROR, "partial", "spread by pods alone", ("mse-unspread",)),
    Capability(features.ERRORS, "full"),
    Capability(features.LOCAL_LIMIT, "partial", "503 and not 429 before 1.2.23", ("mse-limit-status",)),
    Capability(features.GLOBAL_LIMITS, "full"),
    Capability(features.ADDRESSES, "full"),
    Capability(features.BASIC_AUTH, "full"),
    Capability(features.WASM, "partial", "in no reference", ("mse-wasm",)),
    Capability(features.TLS, "full"),
    Capability(features.CLIENT_TLS, "partial", "how suites are separated", ("mse-ciphers",)),
    Capability(features.ALIASES, "full"),
    Capability(
        features.PROTOCOL,
        "partial",
        "certificates are verified by the CA of a Secret or not at all",
        ("mse-backend-verify",),
    ),
    Capability(
        features.BALANCE,
        "partial",
        "the same for all Services of a list",
        ("mse-service-policy",),
    ),
)

_ENVOY = (
    Capability(features.PATHS, "partial", "patterns up to 5,000 steps", ("envoy-pattern",)),
    Capability(features.CONDITIONS, "partial", "no header with an underscore", ("envoy-header",)),
    Capability(features.METHODS, "full"),
    Capability(features.PATHS_AS_A_WHOLE, "full"),
    Capability(
        features.SPLIT,
        "partial",
        "versions by label not behind the entry of a cluster",
        ("envoy-subset",),
    ),
    Capability(features.CONDITIONAL_SPLIT, "full"),
    Capability(features.BY_REPLICAS, "partial", "needs to be told where pods are", ("no-endpoints",)),
    Capability(features.BY_WEIGHTS, "full"),
    Capability(features.TIERS, "partial", "hashed Services spill when a tier is empty", ("envoy-spillover",)),
    Capability(features.EXCLUDED, "full"),
    Capability(features.FALLBACK, "full"),
    Capability(
        features.HEALTH,
        "partial",
        "one timer for hedging and for the limit of a try; failback is the agent's",
        ("envoy-hedge",),
    ),
    Capability(features.REDIRECTS, "full"),
    Capability(features.REWRITE, "full"),
    Capability(features.HEADERS, "full"),
    Capability(features.CORS, "full"),
    Capability(features.TIMEOUT, "full", "only methods that may be executed twice are repeated after an answer"),
    Capability(features.MIRROR, "full"),
    Capability(
        features.ERRORS,
        "partial",
        "methods that may be executed twice; in place of answers up to 1 MiB",
        ("errors-replay",),
    ),
    Capability(features.LOCAL_LIMIT, "full", "HTTP and HTTPS are counted apart"),
    Capability(
        features.GLOBAL_LIMITS,
        "partial",
        "divided among replicas; HTTP and HTTPS are counted apart",
        ("envoy-global-limit", "envoy-concurrency"),
    ),
    Capability(features.ADDRESSES, "full"),
    Capability(
        features.BASIC_AUTH, "partial", "users in one file, as {SHA}; a realm shares no users", ("envoy-auth-map",)
    ),
    Capability(features.WASM, "none", "", ("envoy-wasm",)),
    Capability(features.TLS, "partial", "ports 9901 to 9903 are taken", ("envoy-port",)),
    Capability(features.CLIENT_TLS, "full", "TLS 1.2 and 1.3 where nobody says anything else"),
    Capability(features.ALIASES, "full"),
    Capability(features.PROTOCOL, "full"),
    Capability(
        features.BALANCE,
        "partial",
        "a lost pod moves its sessions, and up to 0.5 % of the others; at least one connection per core and pod",
        ("envoy-connections",),
    ),
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
