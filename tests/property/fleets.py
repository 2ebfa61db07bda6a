"""Fleets as plans: apps that refer to each other, rendered to files. The laws of the whole program draw from these."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import yaml
from hypothesis import strategies as st

CLUSTERS = ("hz-a", "hz-b", "hz-c")
NAMESPACES = ("shop", "media", "lab")
NAMES = ("cart", "orders", "search", "images", "ledger", "sorry")
HOSTS = ("shop.example.com", "api.example.com", "*.example.com")


class AppPlan(msgspec.Struct, frozen=True):
    """An App in a namespace, its Ingress, and perhaps a TrafficPolicy and a canary of a second version."""

    name: str
    namespace: str
    clusters: tuple[str, ...]
    replicas: int
    host: str
    spread: Literal["replicas", "halves", "primary"]
    canary_weight: int | None
    """None = no second version. Even: halves of it are whole percents, as MSE needs them."""
    fallback: str | None
    """Another app, `<namespace>/<name>`, as default-backend."""

    @property
    def key(self) -> str:
        """Namespace and name."""
        return f"{self.namespace}/{self.name}"


def _metadata(plan: AppPlan, name: str, annotations: dict[str, str] | None = None) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": plan.namespace}
    return {**metadata, "annotations": annotations} if annotations else metadata


def _app(plan: AppPlan) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "image": f"registry.example.com/{plan.namespace}/{plan.name}:1.0.0",
        "replicas": plan.replicas,
        "ports": [{"name": "http", "port": 80, "targetPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"}},
        "placement": {"clusters": list(plan.clusters)},
    }
    if plan.canary_weight is not None:
        spec["versions"] = [{"name": "next", "replicas": 1}]
    return {"apiVersion": "fleetgate.dev/v1alpha1", "kind": "App", "metadata": _metadata(plan, plan.name), "spec": spec}


def _ingress(plan: AppPlan, name: str, annotations: dict[str, str]) -> dict[str, Any]:
    service = {"name": name, "port": {"name": "http"}}
    path = {"path": f"/{plan.namespace}/{plan.name}", "pathType": "Prefix", "backend": {"service": service}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": _metadata(plan, name, annotations),
        "spec": {"ingressClassName": "mse", "rules": [{"host": plan.host, "http": {"paths": [path]}}]},
    }


def _policy(plan: AppPlan) -> dict[str, Any]:
    spread: dict[str, Any]
    if plan.spread == "primary":
        tiers = [{"clusters": [{"cluster": cluster}]} for cluster in plan.clusters]
        spread = {"type": "PrimarySecondary", "primarySecondary": {"tiers": tiers}}
    else:
        weights = [{"cluster": cluster, "weight": 50} for cluster in plan.clusters]
        spread = {"type": "ActiveActive", "activeActive": {"weights": weights}}
    return {
        "apiVersion": "fleetgate.dev/v1alpha1",
        "kind": "TrafficPolicy",
        "metadata": _metadata(plan, plan.name),
        "spec": {"targetRefs": [{"name": plan.name}], "spread": spread},
    }


def documents(plan: AppPlan) -> list[dict[str, Any]]:
    """Everything that belongs to one app."""
    fallback = {"nginx.ingress.kubernetes.io/default-backend": plan.fallback} if plan.fallback else {}
    found = [_app(plan), _ingress(plan, plan.name, fallback)]
    if plan.canary_weight is not None:
        canary = {"canary": "true", "canary-weight": str(plan.canary_weight)}
        annotations = {f"nginx.ingress.kubernetes.io/{key}": value for key, value in canary.items()}
        found.append(_ingress(plan, f"{plan.name}-next", annotations))
    if plan.spread != "replicas" and len(plan.clusters) == 2:
        found.append(_policy(plan))
    return found


def fleet(granularity: str = "namespace") -> list[dict[str, Any]]:
    """The Fleet and its clusters."""
    gateway = {"name": "public", "region": "cn-hangzhou", "ingressClassName": "mse", "targets": ["mse", "envoy"]}
    argocd = {
        "repoURL": "https://git.example.com/acme/fleet.git",
        "project": "acme",
        "granularity": granularity,
    }
    clusters = [
        {
            "apiVersion": "fleetgate.dev/v1alpha1",
            "kind": "Cluster",
            "metadata": {"name": name},
            "spec": {
                "region": "cn-hangzhou",
                "zones": [f"cn-hangzhou-{name[-1]}"],
                "argocd": {"destination": {"name": name}},
            },
        }
        for name in CLUSTERS
    ]
    spec = {"gateways": [gateway], "argocd": argocd}
    return [
        {"apiVersion": "fleetgate.dev/v1alpha1", "kind": "Fleet", "metadata": {"name": "acme"}, "spec": spec},
        *clusters,
    ]


def text(found: list[dict[str, Any]]) -> bytes:
    """Documents as a YAML file."""
    return yaml.safe_dump_all(found, sort_keys=False).encode()


def file_of(plan: AppPlan) -> str:
    """Where everything of an app is written."""
    return f"apps/{plan.namespace}/{plan.name}.yaml"


@st.composite
def plans(draw: st.DrawFn, known: tuple[str, ...] = ()) -> AppPlan:
    """One app; its fallback is one of `known`."""
    return AppPlan(
        name=draw(st.sampled_from(NAMES)),
        namespace=draw(st.sampled_from(NAMESPACES)),
        clusters=tuple(sorted(draw(st.sets(st.sampled_from(CLUSTERS), min_size=1)))),
        replicas=draw(st.integers(1, 5)),
        host=draw(st.sampled_from(HOSTS)),
        spread=draw(st.sampled_from(("replicas", "halves", "primary"))),
        canary_weight=draw(st.none() | st.integers(0, 50).map(lambda half: 2 * half)),
        fallback=draw(st.none() | st.sampled_from(known)) if known else None,
    )


@st.composite
def fleets(draw: st.DrawFn) -> dict[str, AppPlan]:
    """Some apps by key; fallbacks are other apps of the fleet."""
    found: dict[str, AppPlan] = {}
    for _ in range(draw(st.integers(1, 6))):
        plan = draw(plans(tuple(found)))
        if plan.key not in found:
            found[plan.key] = plan
    return found


def files(apps: dict[str, AppPlan], granularity: str = "namespace") -> dict[str, bytes]:
    """A root with these apps."""
    return {
        "fleet.yaml": text(fleet(granularity)),
        **{file_of(plan): text(documents(plan)) for plan in apps.values()},
    }
