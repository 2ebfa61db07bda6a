"""The kinds that are read, by apiVersion and kind. Registration is this tuple."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.model.app import App
from compiler.model.fleet import Cluster, Fleet
from compiler.model.kubernetes import EndpointSlice, Ingress, IngressClass, Service
from compiler.model.mse import MseIngressConfig
from compiler.model.traffic import TrafficPin, TrafficPolicy, TrafficState

if TYPE_CHECKING:
    from compiler.model.base import Document

KINDS: tuple[tuple[str, str, type[Document]], ...] = (
    ("fleetgate.dev/v1alpha1", "Fleet", Fleet),
    ("fleetgate.dev/v1alpha1", "Cluster", Cluster),
    ("fleetgate.dev/v1alpha1", "App", App),
    ("v1", "Service", Service),
    ("networking.k8s.io/v1", "Ingress", Ingress),
    ("networking.k8s.io/v1", "IngressClass", IngressClass),
    ("fleetgate.dev/v1alpha1", "TrafficPolicy", TrafficPolicy),
    ("discovery.k8s.io/v1", "EndpointSlice", EndpointSlice),
    ("mse.alibabacloud.com/v1alpha1", "MseIngressConfig", MseIngressConfig),
    ("fleetgate.dev/v1alpha1", "TrafficState", TrafficState),
    ("fleetgate.dev/v1alpha1", "TrafficPin", TrafficPin),
)
"""(apiVersion, kind, struct) in the order of the reference."""
