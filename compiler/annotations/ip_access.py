"""IP access: which client addresses may use the routes, or the hosts, of an Ingress."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from compiler.annotations import values
from compiler.annotations.family import Annotation, Family
from compiler.ir import features
from compiler.ir.traffic import AddressList

if TYPE_CHECKING:
    from compiler.annotations.family import Reader, Value

_PREFIX = re.compile(r"0|[1-9][0-9]{0,2}")
_HOST_LISTS = ("domain-whitelist-source-range", "domain-blacklist-source-range")
_FORM = "Addresses and CIDR blocks between commas."

ANNOTATIONS = (
    Annotation(
        "whitelist-source-range",
        ("nginx", "mse"),
        "cidr-list",
        "ingress",
        f"{_FORM} Only these clients may use the routes; others get 403. The routes leave the lists of their host.",
        overrides=("denylist-source-range", "blacklist-source-range", *_HOST_LISTS),
        example="10.0.0.0/8,192.168.1.7",
    ),
    Annotation(
        "denylist-source-range",
        ("nginx", "mse"),
        "cidr-list",
        "ingress",
        f"{_FORM} These clients may not use the routes and get 403. The routes leave the lists of their host.",
        overrides=("blacklist-source-range", *_HOST_LISTS),
        since=(1, 2, 31),
        example="203.0.113.0/24",
    ),
    Annotation(
        "blacklist-source-range",
        ("mse",),
        "cidr-list",
        "ingress",
        f"{_FORM} These clients may not use the routes and get 403. The routes leave the lists of their host. "
        "denylist-source-range says the same and comes first.",
        overrides=_HOST_LISTS,
        support="exclusive",
        example="203.0.113.0/24",
    ),
    Annotation(
        "domain-whitelist-source-range",
        ("mse",),
        "cidr-list",
        "domain",
        f"{_FORM} Only these clients may use the hosts of the Ingress, through whichever Ingress; others get 403. "
        "Routes with a list of their own leave it.",
        overrides=("domain-blacklist-source-range",),
        support="exclusive",
        example="10.0.0.0/8",
    ),
    Annotation(
        "domain-blacklist-source-range",
        ("mse",),
        "cidr-list",
        "domain",
        f"{_FORM} These clients may not use the hosts of the Ingress, through whichever Ingress, and get 403. Routes "
        "with a list of their own leave it.",
        support="exclusive",
        example="203.0.113.0/24",
    ),
)


class AddressLists(Struct, frozen=True, gc=False):
    """The lists of an Ingress: at most one for its routes, and one for its hosts."""

    route: AddressList | None = None
    host: AddressList | None = None


def parse(reader: Reader) -> AddressLists | None:
    """The lists; None where there are none, or all of them are bad."""
    route, host = _first(reader, ""), _first(reader, "domain-")
    return None if route is None and host is None else AddressLists(route, host)


_KINDS: tuple[tuple[str, Literal["allow", "deny"]], ...] = (
    ("whitelist", "allow"),
    ("denylist", "deny"),
    ("blacklist", "deny"),
)


def _first(reader: Reader, scope: str) -> AddressList | None:
    """The list that is left: those that it overrides are gone."""
    for word, kind in _KINDS:
        value = reader.get(f"{scope}{word}-source-range")
        ranges = None if value is None else _ranges(reader, value)
        if value is not None:
            return None if ranges is None else AddressList(kind, ranges, word, value.origin)
    return None


def _ranges(reader: Reader, value: Value) -> tuple[str, ...] | None:
    """The blocks in canonical form, in order, each once."""
    items = values.csv(reader, value)
    if items is None:
        return None
    blocks: dict[str, None] = {}
    for item in items:
        block, problem = _block(item)
        if problem:
            fix = "write addresses and CIDR blocks between commas, such as 10.0.0.0/8,192.168.1.7"
            reader.bad(values.ANNOTATION_VALUE, value, problem, fix)
            return None
        blocks[block] = None
    return tuple(blocks)


@lru_cache(4096)
def _block(item: str) -> tuple[str, str]:
    """An address or block in canonical form, or what is wrong with it; a fleet repeats a few of them."""
    import ipaddress  # noqa: PLC0415 - few fleets list addresses

    if item == "*":
        return "", "* in it would swallow the whole list; 0.0.0.0/0,::/0 says every address"
    address, slash, bits = item.partition("/")
    # netmasks and scopes have no place in a CIDR block (RFC 4632, RFC 4291)
    if "%" in item or (slash and not _PREFIX.fullmatch(bits)):
        return "", f"{item!r} is neither an address nor a CIDR block"
    try:
        network = ipaddress.ip_network(item, strict=False)
    except ValueError:
        return "", f"{item!r} is neither an address nor a CIDR block"
    if slash and ipaddress.ip_address(address) != network.network_address:
        return "", f"{item!r} has bits behind its prefix: the block is {network}, the address alone {address}"
    return str(network), ""


FAMILY = Family("access", ANNOTATIONS, parse, (features.ADDRESSES,))
