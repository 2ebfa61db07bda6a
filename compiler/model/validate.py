"""Rules inside one document that its types can't say: who checks what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compiler.model.app import App
from compiler.model.credentials import check_credentials
from compiler.model.fleet import Cluster, Fleet
from compiler.model.kubernetes import EndpointSlice, Ingress, IngressClass, Service
from compiler.model.mse import MseIngressConfig
from compiler.model.rules.app import check_app
from compiler.model.rules.fleet import check_cluster, check_fleet
from compiler.model.rules.kubernetes import (
    check_endpoint_slice,
    check_ingress,
    check_ingress_class,
    check_mse_ingress_config,
    check_service,
)
from compiler.model.rules.report import Report
from compiler.model.rules.traffic import check_traffic_pin, check_traffic_policy, check_traffic_state
from compiler.model.traffic import TrafficPin, TrafficPolicy, TrafficState

if TYPE_CHECKING:
    from collections.abc import Callable

    from compiler.diagnostics import Diagnostics, Origin
    from compiler.model.base import Document

RULES: dict[type[Document], Callable[[Any, Report], None]] = {
    Fleet: check_fleet,
    Cluster: check_cluster,
    App: check_app,
    Service: check_service,
    Ingress: check_ingress,
    IngressClass: check_ingress_class,
    TrafficPolicy: check_traffic_policy,
    EndpointSlice: check_endpoint_slice,
    MseIngressConfig: check_mse_ingress_config,
    TrafficState: check_traffic_state,
    TrafficPin: check_traffic_pin,
}
"""The rules of each kind."""


def validate(document: Document, origin: Origin, findings: Diagnostics) -> bool:
    """Report everything in a decoded document that breaks a rule of its kind; `origin` is its top.

    Whether the document is complete: False says that whatever is done with it would only report the same again.
    """
    report = Report(origin, findings)
    RULES[type(document)](document, report)
    check_credentials(document, origin, findings)
    return report.is_complete
