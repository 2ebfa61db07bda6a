"""What a gateway may ask endpoints where no TrafficPolicy says it: what the app's readinessProbe asks them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from compiler.ir.traffic import ObjectName
    from compiler.ir.workload import LoweredApp


def readiness_paths(apps: Iterable[LoweredApp]) -> dict[ObjectName, str]:
    """Service -> path of the readinessProbe of its pods, where a gateway can ask it as the kubelet does.

    That is: all pods of the app have the same probe, by plain HTTP and without headers, and it asks the only port that
    the app serves on.
    """
    found: dict[ObjectName, str] = {}
    for app in apps:
        workloads = [placement.workload for placement in app.placements]
        probes = {workload.readiness for workload in workloads}
        ports = {port.target for workload in workloads for port in workload.ports}
        if len(probes) != 1 or len(ports) != 1:
            continue
        (probe,) = probes
        if probe is None or probe.kind != "http" or probe.scheme != "HTTP" or probe.headers or probe.port not in ports:
            continue
        found.update((service.name, probe.path or "/") for service in app.services)
    return found
