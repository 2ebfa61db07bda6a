"""Settings of the Fleet and of Clusters that are valid, and that nothing reads: told, so that nobody relies on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.diagnostics import Code, warning
from compiler.model.fleet import EnvoyGateway

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from compiler.diagnostics import Diagnostics, Origin
    from compiler.lower.world import Sourced
    from compiler.model.fleet import Cluster, Fleet, Gateway

UNREAD_SETTING = warning(
    "unread-setting",
    "a setting that nothing reads",
    "The setting is valid, and no target of the gateways reads it: settings of target envoy without that target, "
    "listeners with target mse (the ports of a MSE gateway are settings of the gateway itself; fleetgate expects 80 "
    "for HTTP and 443 for HTTPS), the entry of a cluster with target mse (MSE sends to the pods themselves, and they "
    "have to be within its reach). Delete it, or accept the finding in the Fleet with a reason.",
)
CODES: tuple[Code, ...] = (UNREAD_SETTING,)

_MSE_PORTS = {("HTTP", 80), ("HTTPS", 443)}


def check_unread(
    fleet: Sourced[Fleet],
    clusters: Mapping[str, Sourced[Cluster]],
    members: Mapping[str, Sequence[str]],
    findings: Diagnostics,
) -> None:
    """Report what no target reads. `members`: cluster names of each gateway."""
    spec, place = fleet.value.spec, fleet.origin.at("spec")
    reaching: dict[str, str] = {}
    for index, gateway in enumerate(spec.gateways):
        _check_gateway(gateway, place.at("gateways", index), findings)
        if "mse" in gateway.targets and "envoy" not in gateway.targets:
            for name in members.get(gateway.name, ()):
                reaching.setdefault(name, gateway.name)
    for name, by in reaching.items():
        cluster = clusters[name]
        reach = cluster.value.spec.reach
        if reach.type == "Address":
            findings.add(
                UNREAD_SETTING,
                cluster.origin.at("spec", "reach"),
                reach.type,
                f"gateway {by} has target mse, which sends to the pods themselves and not to an entry of the cluster",
                "make the pods reachable for the gateway and delete this, or take the cluster out of its members",
            )


def _check_gateway(gateway: Gateway, place: Origin, findings: Diagnostics) -> None:
    if "envoy" not in gateway.targets and gateway.envoy != EnvoyGateway():
        findings.add(
            UNREAD_SETTING,
            place.at("envoy"),
            "envoy",
            f"gateway {gateway.name} has no target envoy",
            "delete it",
        )
    if set(gateway.targets) != {"mse"}:
        return
    for index, listener in enumerate(gateway.listeners):
        if (listener.protocol, listener.port) not in _MSE_PORTS:
            findings.add(
                UNREAD_SETTING,
                place.at("listeners", index, "port"),
                f"{listener.protocol} {listener.port}",
                "the ports of a MSE gateway are settings of the gateway itself",
                "set the port there, and write HTTP on 80 or HTTPS on 443 here",
            )
