"""What requests are hashed by, as hash policies of a cluster: a Service is hashed alike whatever route leads to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from compiler.ir.traffic import Balance

Plain = dict[str, Any]


def hash_policy(balance: Balance) -> list[Plain]:
    """Envoy's hash policies; none where nothing is hashed. A cookie beats a key."""
    if balance.affinity is not None:
        cookie = balance.affinity
        # without a lifetime Envoy would set no cookie; 0 makes one that lives as long as the browser
        return [{"cookie": {"name": cookie.cookie, "ttl": f"{cookie.max_age_s or 0}s", "path": cookie.path}}]
    key = balance.hash_by
    if key is None:
        return []
    if key.kind == "address":
        return [{"connection_properties": {"source_ip": True}}]
    if key.kind == "query":
        return [{"query_parameter": {"name": key.name}}]
    name = {"uri": ":path", "host": ":authority", "header": key.name}[key.kind]
    return [{"header": {"header_name": name}}]
