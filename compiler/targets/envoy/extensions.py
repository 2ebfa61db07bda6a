"""Names and message types of the Envoy extensions that are used (Envoy API v3)."""

from __future__ import annotations

from typing import Any

_TYPE = "type.googleapis.com/envoy."
_HTTP = f"{_TYPE}extensions.filters.http."

CONNECTION_MANAGER_NAME = "envoy.filters.network.http_connection_manager"
CONNECTION_MANAGER = f"{_TYPE}extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
TLS_INSPECTOR_NAME = "envoy.filters.listener.tls_inspector"
TLS_INSPECTOR = f"{_TYPE}extensions.filters.listener.tls_inspector.v3.TlsInspector"
STDOUT_LOG = f"{_TYPE}extensions.access_loggers.stream.v3.StdoutAccessLog"

ROUTER = f"{_HTTP}router.v3.Router"
CORS_NAME = "envoy.filters.http.cors"
CORS = f"{_HTTP}cors.v3.Cors"
CORS_POLICY = f"{_HTTP}cors.v3.CorsPolicy"
RBAC_NAME = "envoy.filters.http.rbac"
RBAC = f"{_HTTP}rbac.v3.RBAC"
RBAC_PER_ROUTE = f"{_HTTP}rbac.v3.RBACPerRoute"
BASIC_AUTH_NAME = "envoy.filters.http.basic_auth"
BASIC_AUTH = f"{_HTTP}basic_auth.v3.BasicAuth"
BASIC_AUTH_PER_ROUTE = f"{_HTTP}basic_auth.v3.BasicAuthPerRoute"
LOCAL_LIMIT_NAME = "envoy.filters.http.local_ratelimit"
LOCAL_LIMIT = f"{_HTTP}local_ratelimit.v3.LocalRateLimit"
CUSTOM_RESPONSE_NAME = "envoy.filters.http.custom_response"
CUSTOM_RESPONSE = f"{_HTTP}custom_response.v3.CustomResponse"
REDIRECT_POLICY_NAME = "envoy.extensions.http.custom_response.redirect_policy"
REDIRECT_POLICY = f"{_TYPE}extensions.http.custom_response.redirect_policy.v3.RedirectPolicy"
LOCAL_RESPONSE_NAME = "envoy.extensions.http.custom_response.local_response_policy"
LOCAL_RESPONSE = f"{_TYPE}extensions.http.custom_response.local_response_policy.v3.LocalResponsePolicy"
STATUS_INPUT = "type.googleapis.com/envoy.type.matcher.v3.HttpResponseStatusCodeMatchInput"
RESPONSE_HEADER_INPUT = "type.googleapis.com/envoy.type.matcher.v3.HttpResponseHeaderMatchInput"

DOWNSTREAM_TLS = f"{_TYPE}extensions.transport_sockets.tls.v3.DownstreamTlsContext"
UPSTREAM_TLS = f"{_TYPE}extensions.transport_sockets.tls.v3.UpstreamTlsContext"
SECRET = f"{_TYPE}extensions.transport_sockets.tls.v3.Secret"
RAW_BUFFER = f"{_TYPE}extensions.transport_sockets.raw_buffer.v3.RawBuffer"
HTTP_OPTIONS_NAME = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
HTTP_OPTIONS = f"{_TYPE}extensions.upstreams.http.v3.HttpProtocolOptions"
COMPOSITE_NAME = "envoy.clusters.composite"
COMPOSITE = f"{_TYPE}extensions.clusters.composite.v3.ClusterConfig"
PREVIOUS_HOSTS_NAME = "envoy.retry_host_predicates.previous_hosts"
PREVIOUS_HOSTS = f"{_TYPE}extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
CONNECTION_LIMIT_NAME = "envoy.resource_monitors.global_downstream_max_connections"
CONNECTION_LIMIT = f"{_TYPE}extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig"

NOTHING: dict[str, Any] = {"inline_string": ""}
