"""The smallest Envoy configuration that forwards to given endpoints: to test what stands around an Envoy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from compiler.drill.backends import Endpoint

_EXTENSIONS = "type.googleapis.com/envoy.extensions"


def small_bootstrap(endpoints: Iterable[Endpoint], *, http2: bool = False) -> dict[str, Any]:
    """A listener `http` that forwards everything to the endpoints in turn."""
    lb_endpoints = [{"endpoint": {"address": _address(each.address, each.port)}} for each in endpoints]
    cluster: dict[str, Any] = {
        "name": "web",
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": "web", "endpoints": [{"lb_endpoints": lb_endpoints}]},
    }
    if http2:
        options = {
            "@type": f"{_EXTENSIONS}.upstreams.http.v3.HttpProtocolOptions",
            "explicit_http_config": {"http2_protocol_options": {}},
        }
        cluster["typed_extension_protocol_options"] = {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options
        }
    routes = [{"match": {"prefix": "/"}, "route": {"cluster": "web"}}]
    manager = {
        "@type": f"{_EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "http",
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{_EXTENSIONS}.filters.http.router.v3.Router"},
            }
        ],
    }
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    listener = {"name": "http", "address": _address("127.0.0.1", 80), "filter_chains": [chain]}
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


def _address(address: str, port: int) -> dict[str, Any]:
    return {"socket_address": {"address": address, "port_value": port}}
