"""The resources of a gateway by name, as an ADS server serves them: LDS, CDS, RDS, EDS, SDS, ECDS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from compiler.targets.envoy import extensions as ext
from compiler.targets.envoy.bootstrap import BOOTSTRAP, assemble
from compiler.targets.envoy.emission import emit_traffic

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from compiler.diagnostics import Diagnostics
    from compiler.ir.delivery import EnvoyGateway
    from compiler.ir.traffic import Traffic

Resource = dict[str, Any]
ADS: Resource = {"ads": {}, "resource_api_version": "V3"}


class Resources(Struct, frozen=True):
    """Everything of a gateway by type and name, in a stable order; protobuf JSON of Envoy's API v3, without `@type`."""

    listeners: dict[str, Resource]
    clusters: dict[str, Resource]
    routes: dict[str, Resource]
    endpoints: dict[str, Resource]
    secrets: dict[str, Resource]
    extensions: dict[str, Resource]
    """Filters that ask for passwords (ECDS)."""


def resources_of(bootstrap: Mapping[str, Any], secrets: Iterable[dict[str, Any]]) -> Resources:
    """What the files of a gateway hold, each resource by itself, and all that refer to others by ADS.

    `bootstrap`: `bootstrap.json`. `secrets`: the files below `secrets/`. Both are changed: they now refer by ADS.
    """
    static = bootstrap["static_resources"]
    routes: dict[str, Resource] = {}
    endpoints: dict[str, Resource] = {}
    for listener in static["listeners"]:
        for chain in listener["filter_chains"]:
            for network_filter in chain["filters"]:
                manager = network_filter["typed_config"]
                table = manager.pop("route_config")
                routes[table["name"]] = table
                for http_filter in manager["http_filters"]:
                    if "config_discovery" in http_filter:
                        http_filter["config_discovery"]["config_source"] = ADS
                manager["rds"] = {"route_config_name": table["name"], "config_source": ADS}
            _use_ads(chain.get("transport_socket"))
    for cluster in static["clusters"]:
        assignment = cluster.pop("load_assignment", None)
        if assignment is not None:
            name = assignment["cluster_name"]
            endpoints[name] = assignment
            cluster["type"] = "EDS"
            cluster["eds_cluster_config"] = {"service_name": name, "eds_config": ADS}
        _use_ads(cluster.get("transport_socket"))
        for match in cluster.get("transport_socket_matches", ()):
            _use_ads(match["transport_socket"])
    found = [(resource.pop("@type", ""), resource) for file in secrets for resource in file["resources"]]
    return Resources(
        {listener["name"]: listener for listener in static["listeners"]},
        {cluster["name"]: cluster for cluster in static["clusters"]},
        routes,
        endpoints,
        {resource["name"]: resource for kind, resource in found if kind != ext.TYPED_CONFIG},
        {resource["name"]: resource for kind, resource in found if kind == ext.TYPED_CONFIG},
    )


def _use_ads(transport: Resource | None) -> None:
    """Let a TLS context ask for its secrets by ADS instead of reading files."""
    if transport is None or "common_tls_context" not in transport["typed_config"]:
        return
    context = transport["typed_config"]["common_tls_context"]
    for reference in context.get("tls_certificate_sds_secret_configs", ()):
        reference["sds_config"] = ADS
    for reference in (
        context.get("validation_context_sds_secret_config"),
        context.get("combined_validation_context", {}).get("validation_context_sds_secret_config"),
    ):
        if reference is not None:
            reference["sds_config"] = ADS


def emit(traffic: Traffic, settings: EnvoyGateway, findings: Diagnostics) -> Resources:
    """The resources of a gateway of a whole program, without files in between."""
    found = emit_traffic(traffic, (settings,), findings)
    bootstrap, *secrets = (emission for emission in assemble(settings, found))
    if not bootstrap.path.endswith(BOOTSTRAP):
        raise ValueError(f"{bootstrap.path} comes first")
    return resources_of(json.loads(bootstrap.text), [json.loads(secret.text) for secret in secrets])
