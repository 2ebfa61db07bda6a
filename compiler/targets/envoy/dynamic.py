"""The bootstrap of an Envoy that gets everything by ADS: what the static one says of Envoy itself, and whom to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ADS_CLUSTER = "fleetgate/ads"
_HTTP2 = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_BY_ADS = {"ads": {}, "resource_api_version": "V3"}


def dynamic_bootstrap(static: Mapping[str, Any], socket: str) -> dict[str, Any]:
    """The bootstrap of an Envoy that is served at the Unix socket `socket`; `static`: what `bootstrap.json` holds."""
    ask = {
        "envoy_grpc": {
            "cluster_name": ADS_CLUSTER,
            # a server that comes back is asked at once: Envoy's own pauses grow to half a minute
            "retry_policy": {"retry_back_off": {"base_interval": "0.1s", "max_interval": "1s"}},
        }
    }
    return {
        **{key: value for key, value in static.items() if key != "static_resources"},
        "dynamic_resources": {
            "ads_config": {
                "api_type": "DELTA_GRPC",
                "transport_api_version": "V3",
                "set_node_on_first_message_only": True,
                "grpc_services": [ask],
            },
            "cds_config": _BY_ADS,
            "lds_config": _BY_ADS,
        },
        "static_resources": {"clusters": [_ads_cluster(socket)]},
    }


def _ads_cluster(socket: str) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": {"pipe": {"path": socket}}}}
    return {
        "name": ADS_CLUSTER,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": ADS_CLUSTER, "endpoints": [{"lb_endpoints": [endpoint]}]},
        "typed_extension_protocol_options": {
            _HTTP2: {
                "@type": f"type.googleapis.com/{_HTTP2}",
                "explicit_http_config": {
                    # a server that froze is noticed
                    "http2_protocol_options": {"connection_keepalive": {"interval": "30s", "timeout": "10s"}}
                },
            }
        },
    }
