"""What the entry of a cluster can know of a request: its Host and path, by which it chooses a Service for itself.

Nothing else of what a gateway decided gets there: two Services that take requests of one Host and path are one to an
entry. A health check gets to the pods behind it only as a request does, by a Host and path that lead to their Service.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from compiler.diagnostics import Note
from compiler.ir.traffic import Forward
from compiler.targets.envoy import codes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from compiler.diagnostics import Diagnostics
    from compiler.ir.traffic import Backend, Gateway, HealthCheck, ObjectName, Route
    from compiler.targets.envoy.endpoints import Addresses

SHADOW = "-shadow"
"""What Envoy appends to the Host of a copy."""
_GRPC_CHECK = "/grpc.health.v1.Health/Check"
"""The path of a check by gRPC (its health checking protocol)."""
_REST = r"(.*)"
"""The end of a pattern whose last group is the rest of the path."""


class SeenPath(Struct, frozen=True, gc=False):
    """The paths that an entry sees of a route, after the gateway has rewritten them."""

    kind: str
    """`exact`, `prefix`, `regex`; or `other`: nothing can be said of what they have in common."""
    value: str
    ignore_case: bool = False

    def __str__(self) -> str:
        return self.value

    def covers(self, path: str) -> bool:
        """Whether a path is one of them."""
        wanted = self.value
        if self.kind == "regex":
            import re2  # noqa: PLC0415 - an extension module that most fleets never need

            return re2.fullmatch(wanted, path) is not None
        if self.ignore_case:
            wanted, path = wanted.lower(), path.lower()
        if self.kind == "exact":
            return path == wanted
        stem = wanted.rstrip("/")
        return self.kind == "prefix" and path.startswith(stem) and path[len(stem) :][:1] in ("", "/")


def seen_path(route: Route) -> SeenPath:
    """The paths that an entry sees of a route."""
    match, rewrite = route.match.path, route.policies.rewrite
    if rewrite is None or not rewrite.kind:
        return SeenPath(match.kind, match.value, match.ignore_case)
    if rewrite.kind == "full" or (rewrite.kind == "prefix" and match.kind == "exact"):
        return SeenPath("exact", rewrite.path)
    if rewrite.kind == "prefix":
        return SeenPath("prefix", rewrite.path)
    if "\\" not in rewrite.path:
        return SeenPath("exact", rewrite.path)
    head = rewrite.path[:-2]
    is_rest = match.value.endswith(_REST) and rewrite.path[-2:] == f"\\{_groups(match.value)}"
    if is_rest and "\\" not in head and head.endswith("/"):
        return SeenPath("prefix", head)
    return SeenPath("other", f"{match.value} as {rewrite.path}")


def _groups(pattern: str) -> int:
    """Groups of a pattern, or more where it escapes parentheses."""
    return pattern.count("(") - pattern.count("(?")


class _Use(Struct, frozen=True, gc=False):
    """A Service that takes requests of a Host and path."""

    route: Route
    backend: Backend
    is_answering: bool
    """Whether clients get its answers: not those to copies."""

    @property
    def key(self) -> tuple[ObjectName, int]:
        return self.backend.service, self.backend.port


Seen = dict[str, dict[SeenPath, list[_Use]]]
"""By the Host and the path that an entry sees, in the order in which routes are tried."""


def requests_by_entry(gateway: Gateway) -> Seen:
    """Who takes which requests, as an entry sees them."""
    found: Seen = {}
    for host in gateway.hosts:
        for route in host.routes:
            uses = list(_uses(route))
            if not uses:
                continue
            rewrite = route.policies.rewrite
            names = (rewrite.host,) if rewrite is not None and rewrite.host else (host.host, *host.aliases)
            path = seen_path(route)
            for name in names:
                found.setdefault(name, {}).setdefault(path, []).extend(uses)
    return found


def _uses(route: Route) -> Iterator[_Use]:
    if not isinstance(route.action, Forward):
        return
    shares = route.action.split.shares
    for share in shares:
        if share.weight or len(shares) == 1:
            yield _Use(route, share.backend, is_answering=True)
    if route.action.fallback is not None:
        yield _Use(route, route.action.fallback, is_answering=True)
    mirror = route.policies.mirror
    if mirror is not None and mirror.percent:
        yield _Use(route, mirror.backend, is_answering=False)


# --- health checks


class EntryChecks:
    """By which Host a health check gets through an entry to the pods of a Service."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._hosts: dict[tuple[ObjectName, str], str] = {}

    def host(self, backend: Backend) -> str:
        """The first exact Host, in the order of routes, whose requests with the path of the check are the Service's.

        "" where there is none, or nobody declared a check: what a kubelet asks a pod, no route need lead to.
        """
        check = backend.spread.health_check
        if check is None or not check.is_declared:
            return ""
        path = path_of(check)
        key = backend.service, path
        if key not in self._hosts:
            self._hosts[key] = self._find(backend.service, path) if path else ""
        return self._hosts[key]

    def _find(self, service: ObjectName, path: str) -> str:
        for host, paths in self._seen.items():
            if host.startswith("*"):
                continue
            first = next((uses for seen, uses in paths.items() if seen.covers(path)), None)
            if first is not None and first[0].backend.service == service:
                return host
        return ""


def path_of(check: HealthCheck) -> str:
    """The path that a check asks for; "" = it ends at what accepts connections, which is the entry."""
    if check.protocol == "TCP":
        return ""
    return _GRPC_CHECK if check.protocol == "GRPC" else check.path.partition("?")[0]


# --- findings


def check_entries(seen: Seen, addresses: Addresses, checks: EntryChecks, findings: Diagnostics) -> None:
    """Report what entries can't tell apart, and what a gateway can't see behind them."""
    _check_ambiguous(seen, addresses, findings)
    _check_unseen(seen, addresses, checks, findings)


def _check_ambiguous(seen: Seen, addresses: Addresses, findings: Diagnostics) -> None:
    told: set[object] = set()
    for host, paths in seen.items():
        for path, uses in paths.items():
            firsts: dict[tuple[ObjectName, int], _Use] = {}
            # a base before its canaries, which stand before it in the order of routes
            for use in sorted(uses, key=lambda use: use.route.base is not None):
                if not use.is_answering:
                    _tell_copies(host, use, addresses, told, findings)
                elif use.key not in firsts:
                    for first in firsts.values():
                        _compare(f"{host}{path}", first, use, addresses, told, findings)
                    firsts[use.key] = use


def _compare(
    request: str, first: _Use, other: _Use, addresses: Addresses, told: set[object], findings: Diagnostics
) -> None:
    """Report two backends that are one to an entry; each pair once."""
    by_entry = _by_entry(other.backend, addresses)
    clusters = [cluster for cluster in _by_entry(first.backend, addresses) if cluster in by_entry]
    pair = frozenset((first.key, other.key))
    if not clusters or pair in told:
        return
    told.add(pair)
    one, two = str(first.backend.service), str(other.backend.service)
    if one == two:
        one, two = f"port {first.backend.port}", f"port {other.backend.port}"
    there = ", ".join(clusters)
    findings.add(
        codes.ENTRY_AMBIGUOUS,
        other.backend.origin,
        str(other.backend.service),
        f"requests for {request} go to {one} and to {two}, and to {_entries(clusters)} they look alike: one address, "
        f"one Host, one path",
        f"name the pods of {two} in {there} in EndpointSlices, give it a host or path of its own, or place it where "
        f"{one} does not run",
        (Note(first.backend.origin, f"{one} takes them too"),),
    )


def _tell_copies(host: str, use: _Use, addresses: Addresses, told: set[object], findings: Diagnostics) -> None:
    """Report copies of requests that go to an entry; each Service once."""
    clusters = _by_entry(use.backend, addresses)
    if not clusters or use.key in told:
        return
    told.add(use.key)
    there = ", ".join(clusters)
    findings.add(
        codes.ENTRY_AMBIGUOUS,
        use.backend.origin,
        str(use.backend.service),
        f"copies of requests for {host} go there with the Host {host}{SHADOW}, and nothing else tells "
        f"{_entries(clusters)} for which Service they are",
        f"name its pods in {there} in EndpointSlices, or route {host}{SHADOW} to it at the entry and accept the "
        f"finding",
    )


def _check_unseen(seen: Seen, addresses: Addresses, checks: EntryChecks, findings: Diagnostics) -> None:
    """Report each Service that could leave a cluster and never will; once, with its clusters."""
    told = set()
    for use in (use for paths in seen.values() for uses in paths.values() for use in uses if use.is_answering):
        backend = use.backend
        if backend.service in told or len(backend.spread.clusters) < 2:
            continue
        told.add(backend.service)
        clusters = _by_entry(backend, addresses)
        if not clusters or checks.host(backend):
            continue
        check = backend.spread.health_check
        declare = "declare healthCheck in its TrafficPolicy, with a path that its routes lead to"
        if check is None or not check.is_declared:
            why = "no healthCheck is declared"
        elif check.protocol == "TCP":
            why = "a health check by TCP ends at the entry"
            declare = "declare a healthCheck by HTTP with a path that its routes lead to"
        else:
            why = f"no exact host of its routes leads {path_of(check)} of its healthCheck to it"
            declare = "let a route of an exact host lead there, or declare a path that one leads to"
        findings.add(
            codes.ENTRY_UNSEEN,
            backend.spread.origin,
            str(backend.service),
            f"the gateway can't see the pods behind {_entries(clusters)}, and {why}: where the app is broken, requests "
            f"go on arriving and fail",
            f"{declare}; or name its pods in EndpointSlices",
        )


def _by_entry(backend: Backend, addresses: Addresses) -> list[str]:
    """Clusters in which a backend is reached by the entry."""
    return [cluster for cluster, _ in addresses.entries(backend.service, backend.spread.clusters)]


def _entries(clusters: Sequence[str]) -> str:
    return f"the {'entry' if len(clusters) == 1 else 'entries'} of {', '.join(clusters)}"
