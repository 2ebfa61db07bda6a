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
    groups = _Groups()
    first: dict[str, str] = {}
    for file, mentioned in keys.items():
        for key in mentioned:
            groups.join(first.setdefault(key, file), file)
    for narrow, wide in _answering(first):
        groups.join(first[narrow], first[wide])
    members: dict[str, list[str]] = {}
    for file in sorted(keys):
        members.setdefault(groups.of(file), []).append(file)
    return tuple(tuple(group) for _, group in sorted(members.items()))


class _Groups:
    """Disjoint sets of files, each known by its first file (union-find with path compression)."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def of(self, file: str) -> str:
        """The first file of the group of a file."""
        above = self._above
        top = file
        while (higher := above.get(top, top)) != top:
            top = higher
        while (higher := above.get(file, file)) != top:
            above[file] = top
            file = higher
        return top

    def join(self, one: str, other: str) -> None:
        """Make one group of two."""
        a, b = self.of(one), self.of(other)
        if a != b:
            self._above[max(a, b)] = min(a, b)


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
