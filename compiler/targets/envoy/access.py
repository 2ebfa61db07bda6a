"""Who may pass: client addresses, and pages of other origins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compiler.ir.regex import quoted
from compiler.targets.envoy import extensions as ext

if TYPE_CHECKING:
    from compiler.ir.traffic import AddressList, Cors

Plain = dict[str, Any]


def address_rules(written: AddressList) -> Plain:
    """The address is that of the client behind trusted proxies, as the connection manager found it."""
    principals = [{"remote_ip": _range(block)} for block in written.ranges]
    policy = {"permissions": [{"any": True}], "principals": principals}
    action = "ALLOW" if written.kind == "allow" else "DENY"
    return {
        "@type": ext.RBAC_PER_ROUTE,
        "rbac": {"rules": {"action": action, "policies": {"addresses": policy}}},
    }


def _range(block: str) -> Plain:
    address, _, length = block.partition("/")
    return {"address_prefix": address, "prefix_len": int(length or (128 if ":" in address else 32))}


def cors_policy(written: Cors) -> Plain:
    """Preflights are answered here; a foreign origin is not refused, its answers only lack the headers."""
    found: Plain = {
        "@type": ext.CORS_POLICY,
        "allow_origin_string_match": [_origin(origin) for origin in written.allow_origins],
        "allow_credentials": written.allow_credentials,
        "max_age": str(written.max_age_s),
    }
    for field, words in (
        ("allow_methods", written.allow_methods),
        ("allow_headers", written.allow_headers),
        ("expose_headers", written.expose_headers),
    ):
        if words:
            found[field] = ",".join(words)
    return found


def _origin(origin: str) -> Plain:
    if origin == "*":
        return {"safe_regex": {"regex": ".*"}}
    scheme, star, domain = origin.partition("://*.")
    if star:
        return {"safe_regex": {"regex": rf"{quoted(scheme)}://.*\.{quoted(domain)}"}}
    return {"exact": origin}
