"""Listeners: what every connection and request passes before a route is chosen.

Source: Envoy's best practices for edge proxies, as far as they fit what is promised: streams may last for ever, so
there is a limit for headers and for silence, and none for a whole request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from compiler.targets.envoy import extensions as ext
from compiler.targets.envoy.answers import script_filter
from compiler.targets.envoy.secrets import users_filter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compiler.ir.delivery import EnvoyGateway

CONNECTION_BUFFER_BYTES = 32_768
"""Per connection, where flow control begins; what a retry needs is `answers.BODY_BUFFER_BYTES`."""
SERVER = {"key": "server", "value": "envoy"}
SILENCE_S = 300
"""How long a stream may be silent, in either direction, before it ends."""
STATUS_PORT = 9902
"""Where probes and scrapers may ask: `/ready` and `/stats/prometheus`, and nothing else of the admin interface."""
ADMIN_PORT = 9901
SIDECAR_PORT = 9903
"""Where the sidecar beside an Envoy answers probes, in Kubernetes."""
ADMIN_CLUSTER = "fleetgate/admin"

_LOG = {
    "time": "%START_TIME%",
    "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "method": "%REQUEST_HEADER(:METHOD)%",
    "host": "%REQUEST_HEADER(:AUTHORITY)%",
    "path": "%REQUEST_HEADER(X-ENVOY-ORIGINAL-PATH?:PATH)%",
    "protocol": "%PROTOCOL%",
    "status": "%RESPONSE_CODE%",
    "flags": "%RESPONSE_FLAGS%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "received": "%BYTES_RECEIVED%",
    "sent": "%BYTES_SENT%",
    "duration_ms": "%DURATION%",
    "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
    "route": "%ROUTE_NAME%",
    "cluster": "%UPSTREAM_CLUSTER_RAW%",
    "upstream": "%UPSTREAM_HOST%",
    "request_id": "%REQUEST_HEADER(X-REQUEST-ID)%",
    "user_agent": "%REQUEST_HEADER(USER-AGENT)%",
}

ACCESS_LOG = [
    {
        "name": "envoy.access_loggers.stdout",
        "typed_config": {"@type": ext.STDOUT_LOG, "log_format": {"json_format": _LOG}},
    }
]


class Asked(Struct, frozen=True):
    """Filters of a gateway that some of its routes ask for."""

    users: tuple[str, ...] = ()
    """Secrets by which clients log in."""
    in_flight: tuple[dict[str, Any], ...] = ()
    """What counts requests in flight, as it stands in the list of filters."""


def filters(asked: Asked) -> list[dict[str, Any]]:
    """Filters in order, the same for all listeners of a gateway: a route that begins to use one changes no listener.

    Without settings of a route each lets everything pass.
    """
    return [
        # first, so that it has the last word: an answer that the script gives is one of CORS too
        {"name": ext.CORS_NAME, "typed_config": {"@type": ext.CORS}},
        script_filter(),
        {"name": ext.RBAC_NAME, "typed_config": {"@type": ext.RBAC}},
        *(users_filter(ref) for ref in asked.users),
        {"name": ext.LOCAL_LIMIT_NAME, "typed_config": {"@type": ext.LOCAL_LIMIT, "stat_prefix": "limit"}},
        *asked.in_flight,
        {"name": "envoy.filters.http.router", "typed_config": {"@type": ext.ROUTER}},
    ]


def connection_manager(settings: EnvoyGateway, asked: Asked, table: str, virtual_hosts: Any) -> dict[str, Any]:
    """The HTTP connection manager with the route table `table`, which holds `virtual_hosts`."""
    return {
        "@type": ext.CONNECTION_MANAGER,
        "stat_prefix": table,
        "use_remote_address": True,
        "xff_num_trusted_hops": settings.trusted_hops,
        # no address is trusted to send Envoy's own headers; without a range it would be loopback (a proxy beside us)
        "internal_address_config": {
            "unix_sockets": False,
            "cidr_ranges": [{"address_prefix": "0.0.0.0", "prefix_len": 32}],  # noqa: S104 - nobody's address
        },
        # what pods say of themselves stays inside: the route table overwrites it, unless a route decides
        "server_header_transformation": "PASS_THROUGH",
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "UNESCAPE_AND_REDIRECT",
        "strip_trailing_host_dot": True,
        "common_http_protocol_options": {
            "idle_timeout": "3600s",
            "headers_with_underscores_action": "REJECT_REQUEST",
        },
        "http2_protocol_options": {
            "max_concurrent_streams": 100,
            "initial_stream_window_size": 65_536,
            "initial_connection_window_size": 1_048_576,
            "allow_connect": True,
        },
        "stream_idle_timeout": f"{SILENCE_S}s",
        "request_headers_timeout": "10s",
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "access_log": ACCESS_LOG,
        "http_filters": filters(asked),
        "route_config": {
            "name": table,
            "ignore_port_in_host_matching": True,
            "response_headers_to_add": [{"header": SERVER, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}],
            "most_specific_header_mutations_wins": True,
            "virtual_hosts": virtual_hosts,
        },
    }


def http_chain(settings: EnvoyGateway, asked: Asked, table: str, virtual_hosts: Any) -> dict[str, Any]:
    """What handles HTTP in a listener."""
    manager = connection_manager(settings, asked, table, virtual_hosts)
    return {"filters": [{"name": ext.CONNECTION_MANAGER_NAME, "typed_config": manager}]}


def tls_chain(key: str, names: Sequence[str], handler: dict[str, Any], transport: Any) -> dict[str, Any]:
    """The same for connections that ask for one of these server names; without any, for all that fit no other chain."""
    chain: dict[str, Any] = {"name": key}
    if names:
        chain["filter_chain_match"] = {"server_names": list(names)}
    return {**chain, **handler, "transport_socket": transport}


def listener(name: str, port: int, chains: Any, *, secure: bool) -> dict[str, Any]:
    """A port of the gateway."""
    return {
        "name": name,
        "address": address("0.0.0.0", port),  # noqa: S104 - the entry of the fleet
        "per_connection_buffer_limit_bytes": CONNECTION_BUFFER_BYTES,
        **(
            {"listener_filters": [{"name": ext.TLS_INSPECTOR_NAME, "typed_config": {"@type": ext.TLS_INSPECTOR}}]}
            if secure
            else {}
        ),
        "filter_chains": chains,
    }


def address(host: str, port: int) -> dict[str, Any]:
    """A TCP address."""
    return {"socket_address": {"address": host, "port_value": port}}


def status_listener() -> dict[str, Any]:
    """A port for probes and scrapers: the two pages of the admin interface that change nothing."""
    routes = [
        {"match": {"path": path}, "route": {"cluster": ADMIN_CLUSTER}} for path in ("/ready", "/stats/prometheus")
    ]
    manager = {
        "@type": ext.CONNECTION_MANAGER,
        "stat_prefix": "status",
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {"@type": ext.ROUTER}}],
        "route_config": {
            "name": "fleetgate/status",
            "virtual_hosts": [{"name": "status", "domains": ["*"], "routes": routes}],
        },
    }
    return {
        "name": "fleetgate/status",
        "address": address("0.0.0.0", STATUS_PORT),  # noqa: S104 - probes come from the node
        "per_connection_buffer_limit_bytes": CONNECTION_BUFFER_BYTES,
        "ignore_global_conn_limit": True,
        "filter_chains": [{"filters": [{"name": ext.CONNECTION_MANAGER_NAME, "typed_config": manager}]}],
    }


def admin_cluster() -> dict[str, Any]:
    """The admin interface, for the status listener."""
    endpoint = {"endpoint": {"address": address("127.0.0.1", ADMIN_PORT)}}
    return {
        "name": ADMIN_CLUSTER,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": ADMIN_CLUSTER, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
