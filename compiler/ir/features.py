"""The features of the traffic program by name: what targets declare to express, and annotations become."""

from __future__ import annotations

PATHS = "path: exact, prefix, regex"
CONDITIONS = "match by header, query or cookie"
METHODS = "match by method"
PATHS_AS_A_WHOLE = "paths in any letter case, patterns of the whole path"
SPLIT = "split over Services and versions"
CONDITIONAL_SPLIT = "split behind a condition"
BY_REPLICAS = "spread over clusters by replicas"
BY_WEIGHTS = "spread over clusters by weights"
TIERS = "primary and secondary"
EXCLUDED = "excluded clusters"
FALLBACK = "fallback Service"
HEALTH = "health check, hedging, failback"
REDIRECTS = "redirects, HTTPS redirect"
REWRITE = "rewrite of path and Host"
HEADERS = "header control"
CORS = "CORS"
TIMEOUT = "timeout, retry"
MIRROR = "mirroring"
ERRORS = "error statuses answered by the fallback"
LOCAL_LIMIT = "limit per route and replica"
GLOBAL_LIMITS = "limits over the whole gateway: rate, concurrency"
ADDRESSES = "lists of client addresses, per route and per host"
BASIC_AUTH = "basic authentication"
WASM = "Wasm plug-ins"
TLS = "TLS"
CLIENT_TLS = "client TLS: versions, suites, certificates"
ALIASES = "aliases of hosts"
PROTOCOL = "protocol to the Service, TLS to it"
BALANCE = "load balancing, hashing, affinity, connection limits"

FEATURES = (
    PATHS,
    CONDITIONS,
    METHODS,
    PATHS_AS_A_WHOLE,
    SPLIT,
    CONDITIONAL_SPLIT,
    BY_REPLICAS,
    BY_WEIGHTS,
    TIERS,
    EXCLUDED,
    FALLBACK,
    HEALTH,
    REDIRECTS,
    REWRITE,
    HEADERS,
    CORS,
    TIMEOUT,
    MIRROR,
    ERRORS,
    LOCAL_LIMIT,
    GLOBAL_LIMITS,
    ADDRESSES,
    BASIC_AUTH,
    WASM,
    TLS,
    CLIENT_TLS,
    ALIASES,
    PROTOCOL,
    BALANCE,
)
"""In the order in which tables show them."""
