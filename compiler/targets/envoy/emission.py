"""The traffic program of a cell -> fragments of the Envoy configurations of its gateways."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compiler.diagnostics import Diagnostics
    from compiler.ir.delivery import EnvoyGateway
    from compiler.ir.traffic import Traffic
    from compiler.targets.envoy.fragments import Fragment


def emit_traffic(traffic: Traffic, settings: Sequence[EnvoyGateway], findings: Diagnostics) -> list[Fragment]:
    """What the hosts of every gateway that this target serves add to its configuration, sorted."""
    return []
