"""The gateway itself: MseIngressConfig, IngressClass, and the Namespaces of its Ingresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compiler.manifests import render, render_all
from compiler.targets.target import HEAD, Emission, ObjectId

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from compiler.ir.delivery import MseGateway

CONTROLLER = "mse.alibabacloud.com/ingress"
REMOTE_CLUSTERS = "mse.alibabacloud.com/remote-clusters"
LABELS = {"app.kubernetes.io/managed-by": "fleetgate"}


def emit_gateway(settings: MseGateway, namespaces: Iterable[str]) -> Iterator[Emission]:
    """`gateways/<gateway>/mse/gateway.yaml`, and one Namespace file per namespace with Ingresses."""
    name = settings.gateway
    config = dict(settings.config.data) if settings.config else _config(settings)
    metadata = dict(config["metadata"])
    metadata["annotations"] = {
        REMOTE_CLUSTERS: ",".join(settings.remote_clusters),
        **metadata.get("annotations", {}),
    }
    config["metadata"] = metadata
    ingress_class = settings.ingress_class_object.data if settings.ingress_class_object else _ingress_class(settings)
    yield Emission(
        f"gateways/{name}/mse/gateway.yaml",
        (render_all([config, ingress_class], comment=HEAD),),
        ("gateway", name, ""),
        (
            ObjectId("mse.alibabacloud.com/v1alpha1", "MseIngressConfig", "", name),
            ObjectId("networking.k8s.io/v1", "IngressClass", "", settings.ingress_class),
        ),
    )
    for namespace in sorted(set(namespaces)):
        document: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": namespace,
                "labels": LABELS,
                # it holds certificates and the like, which nobody here wrote: it never goes with its last Ingress
                "annotations": {
                    "argocd.argoproj.io/sync-wave": "-1",
                    "argocd.argoproj.io/sync-options": "Delete=false,Prune=false",
                },
            },
        }
        yield Emission(
            f"gateways/{name}/mse/{namespace}/namespace.yaml",
            (render(document, comment=HEAD),),
            ("gateway", name, namespace),
            (ObjectId("v1", "Namespace", "", namespace),),
        )


def _config(settings: MseGateway) -> dict[str, Any]:
    common: dict[str, Any] = {
        "instance": {"spec": settings.instance_spec, "replicas": settings.instance_replicas},
    }
    if settings.v_switches:
        common["network"] = {"vSwitches": list(settings.v_switches)}
    return {
        "apiVersion": "mse.alibabacloud.com/v1alpha1",
        "kind": "MseIngressConfig",
        "metadata": {"name": settings.gateway, "labels": LABELS},
        "spec": {
            "name": settings.gateway,
            "common": common,
            "ingress": {"local": {"ingressClass": settings.ingress_class}},
        },
    }


def _ingress_class(settings: MseGateway) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": settings.ingress_class, "labels": LABELS},
        "spec": {
            "controller": CONTROLLER,
            "parameters": {
                "apiGroup": "mse.alibabacloud.com",
                "kind": "MseIngressConfig",
                "name": settings.gateway,
            },
        },
    }
