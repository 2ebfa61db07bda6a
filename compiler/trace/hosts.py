"""Which virtual hosts may answer for a host: the exact name, then wildcards (the longest first), then every host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compiler.ir.traffic import Gateway, VirtualHost


class Answering(Struct, frozen=True, gc=False):
    """A virtual host that may answer, and the name by which it does."""

    name: str
    """Its host, or one of its aliases."""
    host: VirtualHost


def answering(gateway: Gateway, name: str) -> tuple[Answering, ...]:
    """The hosts whose routes are tried for a request, in order; `name` as `host_name` gives it.

    When no route of the first matches, the next one is tried (MSE). A name belongs to the host that is called so, and
    else to the first with such an alias.
    """
    names: dict[str, VirtualHost] = {host.host: host for host in gateway.hosts}
    for host in gateway.hosts:
        for alias in host.aliases:
            names.setdefault(alias, host)
    found = [Answering(each, names[each]) for each in _names(name) if each in names]
    # one host may have both names, and its routes are tried once
    first = {id(each.host): each for each in reversed(found)}
    return tuple(each for each in found if first[id(each.host)] is each)


def _names(name: str) -> Iterator[str]:
    """`a.b.c`, `*.b.c`, `*.c`, `*`. A wildcard stands for at least one character."""
    yield name
    for index, char in enumerate(name):
        if char == "." and index:
            yield f"*{name[index:]}"
    yield "*"
