"""Cells: groups of input files that have nothing to do with each other.

Two files belong to one cell when they mention the same Service or object name, or hosts of which one may answer
for the other. A cell is compiled by itself, so that an edit costs its cell and not the fleet; the law
"all at once = cell by cell" is a test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HOST = "host:"
"""Prefix of keys that are host names (of one gateway: `host:<class>|<name>`)."""


def partition(keys: Mapping[str, Iterable[str]]) -> tuple[tuple[str, ...], ...]:
    """Files grouped by the keys that they share; files and groups are sorted by path."""
    leader: dict[str, str] = {}

    def find(item: str) -> str:
        root = item
        while (up := leader.get(root, root)) != root:
            root = up
        while (up := leader.get(item, item)) != root:
            leader[item] = root
            item = up
        return root

    first: dict[str, str] = {}
    for file, mentioned in keys.items():
        for key in mentioned:
            other = first.setdefault(key, file)
            if other is not file:
                a, b = find(other), find(file)
                if a != b:
                    leader[max(a, b)] = min(a, b)
    for narrow, wide in _answering(first):
        a, b = find(first[narrow]), find(first[wide])
        if a != b:
            leader[max(a, b)] = min(a, b)
    groups: dict[str, list[str]] = {}
    for file in sorted(keys):
        groups.setdefault(find(file), []).append(file)
    return tuple(tuple(group) for _, group in sorted(groups.items()))


def _answering(keys: Iterable[str]) -> Iterable[tuple[str, str]]:
    """(host, wildcard that may answer for it) among host keys."""
    hosts = [key for key in keys if key.startswith(HOST)]
    wildcards = {key for key in hosts if key.partition("|")[2].startswith("*")}
    if wildcards:
        for key in hosts:
            for wide in covering(key):
                if wide in wildcards:
                    yield key, wide


def covering(key: str) -> Iterable[str]:
    """Wildcard keys that may answer for a host key: `*.example.com`, `*.com`, `*` for `a.example.com`."""
    prefix, _, host = key.partition("|")
    labels = host.removeprefix("*.").split(".")
    start = 0 if host.startswith("*.") else 1
    for index in range(start, len(labels)):
        wide = f"{prefix}|*.{'.'.join(labels[index:])}"
        if wide != key:
            yield wide
    if host != "*":
        yield f"{prefix}|*"
