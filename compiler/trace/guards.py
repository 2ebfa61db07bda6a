"""Who may pass: addresses and origins."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compiler.ir.traffic import AddressList, Cors
    from compiler.trace.request import Request


def is_listed(access: AddressList, client: str) -> bool:
    """Whether an address lies in one of the ranges. An IPv4 address that comes as IPv6 is meant as IPv4."""
    address = ipaddress.ip_address(client)
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in ipaddress.ip_network(each) for each in access.ranges)


def is_preflight(cors: Cors, request: Request) -> bool:
    """Whether the gateway answers for CORS: OPTIONS that announces a method, from an origin that may call."""
    origins = request.values("origin")
    if request.method != "OPTIONS" or not request.values("access-control-request-method") or not origins:
        return False
    return any(is_allowed_origin(each, origins[0]) for each in cors.allow_origins)


def is_allowed_origin(allowed: str, origin: str) -> bool:
    """Whether an origin is meant: exactly, by `*`, or by a wildcard for the beginning of its host."""
    before, star, domain = allowed.partition("*")
    if not star:
        return origin == allowed
    return origin.startswith(before) and origin.endswith(domain) and len(origin) >= len(before) + len(domain)
