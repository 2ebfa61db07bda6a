"""How the gateway speaks to a Service, in the words of MSE: one prefix, one spelling, defaults left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.ir.traffic import DEFAULT_POLICY
from compiler.targets.mse.keys import MSE, NGINX, Pairs

if TYPE_CHECKING:
    from compiler.ir.traffic import Affinity, Balance, ConnectionPool, HashKey, ServicePolicy, UpstreamTls

COOKIE = "INGRESSCOOKIE"
"""Name of the cookie where none is written (MSE annotation reference)."""
_BY_NAME = ("grpc", "http2")
_VARIABLES = {"uri": "$request_uri", "host": "$host", "address": "$remote_addr", "header": "$http_", "query": "$arg_"}


def is_native(policy: ServicePolicy, port_name: str) -> bool:
    """Whether MSE does so by itself: the default, or what the name of the Service port asks for."""
    if policy == DEFAULT_POLICY:
        return True
    return policy.owner is None and any(port_name == word or port_name.startswith(f"{word}-") for word in _BY_NAME)


def service_policy(written: ServicePolicy) -> Pairs:
    """The whole policy. Every Ingress of the Service says it, so that MSE finds the same whichever is the oldest."""
    pairs: Pairs = []
    if written.protocol != DEFAULT_POLICY.protocol:
        pairs.append((f"{NGINX}backend-protocol", written.protocol))
    if written.balance:
        pairs += balance(written.balance)
    if written.pool:
        pairs += pool(written.pool)
    if written.tls:
        pairs += tls(written.tls)
    return pairs


def balance(written: Balance) -> Pairs:
    """The cookie, else the key, else the algorithm with its warm-up: what hides the others alone."""
    if written.affinity:
        return affinity(written.affinity)
    if written.hash_by:
        return [(f"{NGINX}upstream-hash-by", hash_key(written.hash_by))]
    pairs: Pairs = []
    if written.algorithm != "round_robin":
        pairs.append((f"{NGINX}load-balance", written.algorithm))
    if written.warmup_s:
        pairs.append((f"{MSE}warmup", str(written.warmup_s)))
    return pairs


def affinity(written: Affinity) -> Pairs:
    """The cookie of a session."""
    pairs = [(f"{NGINX}affinity", "cookie")]
    if written.cookie != COOKIE:
        pairs.append((f"{NGINX}session-cookie-name", written.cookie))
    if written.path != "/":
        pairs.append((f"{NGINX}session-cookie-path", written.path))
    if written.max_age_s is not None:
        pairs.append((f"{NGINX}session-cookie-max-age", str(written.max_age_s)))
    return pairs


def hash_key(written: HashKey) -> str:
    """The variable of what requests are hashed by."""
    return f"{_VARIABLES[written.kind]}{written.name}"


def pool(written: ConnectionPool) -> Pairs:
    """Bounds of connections."""
    bounds = (
        ("tcp-max-connection", written.max_connections),
        ("tcp-max-connection-per-endpoint", written.max_connections_per_endpoint),
        ("http-max-request-per-connection", written.max_requests_per_connection),
    )
    return [(f"{MSE}connection-policy-{name}", str(number)) for name, number in bounds if number is not None]


def tls(written: UpstreamTls) -> Pairs:
    """TLS to the Service."""
    pairs: Pairs = []
    if written.client_certificate:
        pairs.append((f"{NGINX}proxy-ssl-secret", str(written.client_certificate)))
    if written.sends_server_name:
        pairs.append((f"{NGINX}proxy-ssl-server-name", "on"))
    if written.server_name:
        pairs.append((f"{NGINX}proxy-ssl-name", written.server_name))
    if written.verifies:
        pairs.append((f"{NGINX}proxy-ssl-verify", "on"))
    return pairs
