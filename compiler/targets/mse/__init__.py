"""Target `mse`: the traffic program as fleet-side Ingresses, one IngressClass and one MseIngressConfig.

What comes out is resolved: losers are dropped, every pin, split and header rule stands as plain annotations, so
that MSE has nothing left to decide by creation time. Facts: MSE annotation reference, ACK One multi-cluster gateway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.targets.mse.codes import CODES
from compiler.targets.mse.gateway import emit_gateway
from compiler.targets.mse.ingresses import emit_ingresses

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from compiler.diagnostics import Diagnostics
    from compiler.ir.delivery import IngressObject, MseGateway
    from compiler.ir.traffic import ObjectName, Traffic
    from compiler.targets.target import Emission

__all__ = ["CODES", "emit_gateway", "emit_traffic"]


def emit_traffic(
    traffic: Traffic,
    settings: Sequence[MseGateway],
    ingresses: Mapping[ObjectName, IngressObject],
    findings: Diagnostics,
) -> list[Emission]:
    """The Ingresses of every gateway that this target serves; findings for what MSE can't express."""
    by_name = {s.gateway: s for s in settings}
    ids = {c.name: c.id for c in traffic.clusters}
    taken = set(ingresses)
    return [
        emission
        for gateway in traffic.gateways
        if gateway.name in by_name
        for emission in emit_ingresses(
            gateway, by_name[gateway.name], ids, ingresses, traffic.services, taken, findings
        )
    ]
