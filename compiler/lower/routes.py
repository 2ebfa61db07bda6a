"""Ingresses -> routes. Match order, canary attachment and precedence between Ingresses are decided here, once.

Order of Ingresses: higher `fleetgate.dev/priority` first, then namespace/name. Facts: Ingress v1; MSE annotation
reference and its sibling pages (canaries, order of routes).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from compiler.diagnostics import Note
from compiler.ir.delivery import IngressObject, MergedCanary
from compiler.ir.traffic import (
    Forward,
    Gateway,
    Listener,
    Match,
    Mirror,
    ObjectName,
    Policies,
    Redirect,
    Route,
    Share,
    Split,
    VirtualHost,
)
from compiler.lower import codes
from compiler.lower.aliases import with_aliases
from compiler.lower.backends import Backends
from compiler.lower.conditions import are_disjoint, demands, match_of, refined, tell_overlaps
from compiler.lower.host_settings import host_lists, tls_settings
from compiler.lower.hosts import EXACT_ROOT, certificates, secured_hosts, start_pages
from compiler.lower.ingress_paths import ANY_HOST, IngressInput, RoutePath, hosts_of, paths_of
from compiler.lower.service_policies import declared_by
from compiler.lower.spread import weighted
from compiler.lower.tenancy import Tenancy
from compiler.lower.traps import size_of, tell_traps

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from compiler.annotations.canary import Canary
    from compiler.diagnostics import Diagnostics, Origin
    from compiler.ir.traffic import Backend, HeaderControl, Service
    from compiler.lower.host_settings import Owners
    from compiler.lower.spread import Spreads
    from compiler.lower.traps import GatewaySize
    from compiler.lower.world import World
    from compiler.model import fleet as fleet_model
    from compiler.model.kubernetes import Ingress

_OF_THE_BASE = (
    "fallback",
    "rewrite",
    "path_rewrite",
    "redirects",
    "timeout",
    "retry",
    "mirror",
    "cors",
    "errors",
    "aliases",
    "local_limit",
    "global_limit",
    "concurrency",
    "access",
    "tls",
    "auth",
    "wasm",
)
"""What a canary says in vain: fields of its annotations."""
_KIND_ORDER = {"exact": 0, "prefix": 1, "regex": 2}


class _Base(Struct, gc=False):
    """A path that won, and the canaries that refine it."""

    path: RoutePath
    canaries: list[RoutePath]


def lower_ingresses(
    ingresses: Sequence[IngressInput],
    services: Mapping[ObjectName, Service],
    spreads: Spreads,
    world: World,
    findings: Diagnostics,
    broken: Iterable[Ingress] = (),
) -> tuple[tuple[Gateway, ...], dict[ObjectName, IngressObject]]:
    """The gateways with the hosts that these Ingresses give them, and what targets need to name them again.

    `broken`: Ingresses with annotations that could not be read; a canary of such a base has one all the same.
    """
    gateways = []
    tenancy = Tenancy(world, findings)
    objects: dict[ObjectName, IngressObject] = {}
    ordered = sorted(ingresses, key=lambda i: i.rank)
    doubtful = [(i.spec.ingress_class_name, host, path) for i in broken for host, path in _written(i)]
    for index, gateway in enumerate(world.fleet.value.spec.gateways):
        class_name = gateway.ingress_class_name
        mine = [i for i in ordered if i.value.spec.ingress_class_name == class_name]
        backends = Backends(services, spreads, gateway.name, world, findings)
        unclear = {(host, path) for name, host, path in doubtful if name == class_name}
        table = _Table(backends, gateway, size_of(world, index), unclear, tenancy, findings)
        hosts = table.hosts(mine)
        for ingress in mine:
            objects[ingress.name] = _object(ingress, table.merged.get(ingress.name, ()))
        gateways.append(
            Gateway(
                gateway.name,
                gateway.region or "",
                world.members[gateway.name],
                tuple(Listener(entry.name, entry.port, entry.protocol) for entry in gateway.listeners),
                hosts,
            )
        )
    return tuple(gateways), objects


def _written(ingress: Ingress) -> Iterable[tuple[str, str]]:
    """(host, path) of every rule."""
    for rule in ingress.spec.rules:
        for path in rule.http.paths if rule.http is not None else ():
            yield rule.host or ANY_HOST, path.path or "/"
    if ingress.spec.default_backend is not None:
        for host in hosts_of(ingress):
            yield host, "/"


def _object(ingress: IngressInput, merged: Iterable[MergedCanary]) -> IngressObject:
    return IngressObject(
        name=ingress.name,
        ingress_class=ingress.value.spec.ingress_class_name or "",
        labels=tuple(sorted(ingress.value.metadata.labels.items())),
        annotations=ingress.annotations.passthrough,
        secured=secured_hosts(ingress.value) if ingress.value.spec.tls else (),
        merged=tuple(merged),
        origin=ingress.origin,
    )


class _Table:
    """Routes of one gateway: who claims which path of which host, and who wins."""

    def __init__(
        self,
        backends: Backends,
        gateway: fleet_model.Gateway,
        size: GatewaySize,
        unclear: AbstractSet[tuple[str, str]],
        tenancy: Tenancy,
        findings: Diagnostics,
    ) -> None:
        self._backends = backends
        self._gateway = gateway
        self._size = size
        self._unclear = unclear
        self._tenancy = tenancy
        self._findings = findings
        self._bases: dict[str, dict[Match, _Base]] = {}
        self.merged: dict[ObjectName, list[MergedCanary]] = {}
        """Canaries that became part of the spread of a base, by its Ingress."""

    def hosts(self, ingresses: Sequence[IngressInput]) -> tuple[VirtualHost, ...]:
        """All hosts in the order in which they are tried: exact names, wildcards (longer first), every host."""
        ordinary = [i for i in ingresses if i.annotations.canary is None]
        canaries = [i for i in ingresses if i.annotations.canary is not None]
        claims = [path for ingress in ordinary for path in paths_of(ingress, self._findings)]
        claims.sort(key=lambda path: path.is_default)
        for path in claims:
            self._claim(path)
        for ingress in canaries:
            for path in paths_of(ingress, self._findings):
                self._attach(path)
        roots = {h: b[EXACT_ROOT].path.origin for h, b in self._bases.items() if EXACT_ROOT in b}
        pages = start_pages(ordinary, roots, self._findings)
        tls = certificates([*ordinary, *canaries], self._routed(), self._tenancy, self._findings)
        owners = self._owners()
        unread = {host for host, _ in self._unclear}
        settings = tls_settings(ordinary, tls, owners, unread, self._size, self._tenancy, self._findings)
        lists = host_lists(ordinary, owners, self._tenancy, self._findings)
        tell_traps(ordinary, self._size, self._findings)
        if any(declared_by(ingress.annotations) is not None for ingress in ingresses):
            self._backends.policies.decide(self._serving(), self._backends, self._size)
        hosts = []
        for host in sorted(self._bases, key=_host_order):
            bases = sorted(self._bases[host].values(), key=lambda b: _order(b.path))
            if len(bases) > 1:
                tell_overlaps((base.path for base in bases), self._findings)
            routes = [route for base in bases for route in self._routes(base)]
            if host in pages:
                routes.insert(_after_exact(routes), pages[host])
            hosts.append(VirtualHost(host, tuple(routes), tls.get(host), settings.get(host), lists.get(host)))
        return with_aliases(hosts, [*ordinary, *canaries], owners, unread, self._tenancy, self._findings)

    # --- who claims what

    def _claim(self, path: RoutePath) -> None:
        table = self._bases.setdefault(path.host, {})
        first = table.setdefault(match_of(path), _Base(path, []))
        if first.path is path:
            return
        winner = first.path
        if winner.ingress.name == path.ingress.name:
            reason = "stands first in this Ingress"
        else:
            reason = f"comes first: that of {winner.ingress.name} {_why(winner, path)}"
            self._tenancy.check_route(winner.place, path.place, f"{path.host}{path.written}")
        fix = "delete one of the two, or give it another host or path"
        if winner.ingress.name != path.ingress.name:
            fix += "; fleetgate.dev/priority decides which of them wins, and the other still gets nothing"
        self._report_duplicate(path, winner, reason, fix)

    def _attach(self, path: RoutePath) -> None:
        table = self._bases.get(path.host, {})
        base = table.get(match_of(path))
        if base is not None:
            twin = next((c for c in base.canaries if c.ingress.name == path.ingress.name), None)
            if twin is None:
                base.canaries.append(path)
                self._tell_ignored(path, base)
                self._tenancy.check_route(path.place, base.path.place, f"{path.host}{path.written}")
            else:
                self._report_duplicate(path, twin, "stands first in this Ingress", "delete one of the two")
            return
        if (path.host, path.written) in self._unclear:
            return
        if not table and all(host != path.host for host, _ in self._unclear):
            self._findings.add(
                codes.CANARY_WITHOUT_BASE,
                path.host_place,
                path.host,
                "no ordinary Ingress of this gateway has this host",
                "add the base Ingress, or mend the host",
            )
            return
        others = [base.path for base in table.values() if base.path.written == path.written]
        if others and others[0].match == path.match:
            why = f"{others[0].ingress.name} has this host and path, but not the same conditions"
            fix = "give canary and base the same annotations under higress.io/"
        elif others:
            why = f"{others[0].ingress.name} has this host and path, but as {others[0].match.kind} path"
            fix = "give canary and base the same pathType, and the same use-regex and rewrite-target annotations"
        else:
            why = "no ordinary Ingress of this gateway has the same host, path and path type, so MSE would ignore it"
            fix = "add the base Ingress, or mend host and path"
            others = _nearest(path, [base.path for base in table.values()])
        self._findings.add(
            codes.CANARY_WITHOUT_BASE,
            path.place,
            f"{path.host}{path.written}",
            why,
            fix,
            tuple(Note(other.place, "the path that it may mean") for other in others[:1]),
        )

    def _report_duplicate(self, path: RoutePath, winner: RoutePath, reason: str, fix: str) -> None:
        self._findings.add(
            codes.DUPLICATE_ROUTE,
            path.place,
            f"{path.host}{path.written}",
            f"another rule for the same host, path and path type {reason}; this one never gets a request",
            fix,
            (Note(winner.origin, "the rule that wins"),),
        )

    def _tell_ignored(self, canary: RoutePath, base: _Base) -> None:
        mine, theirs = canary.ingress.annotations, base.path.ingress.annotations
        for field in _OF_THE_BASE:
            value = getattr(mine, field)
            if value is not None and value != getattr(theirs, field):
                self._findings.add(
                    codes.CANARY_SETTING,
                    _origin_of(value, canary.ingress.origin.at("metadata", "annotations")),
                    field,
                    "a canary takes everything but backend, subset, header control and settings of its Service from "
                    f"its base {base.path.ingress.name}",
                    # a rewrite makes patterns of the paths, and canary and base need the same kind of path
                    "make it what the base says" if field == "rewrite" else "write it on the base, or delete it here",
                    (Note(base.path.origin, "the base"),),
                )

    def _routed(self) -> dict[str, set[str]]:
        """Host -> namespaces of the Ingresses that have routes of it."""
        return {
            host: {path.ingress.name.namespace for base in table.values() for path in (base.path, *base.canaries)}
            for host, table in self._bases.items()
        }

    def _owners(self) -> Owners:
        """Host -> the ordinary Ingresses that have routes of it, each with its first one."""
        found: Owners = {}
        for host, table in self._bases.items():
            for base in table.values():
                found.setdefault(host, {}).setdefault(base.path.ingress.name, base.path)
        return found

    def _serving(self) -> Iterator[RoutePath]:
        """Every path that stands in the routes, and not behind the redirect of its base."""
        for table in self._bases.values():
            for base in table.values():
                yield base.path
                if _redirect(base.path) is None:
                    yield from base.canaries

    # --- routes

    def _routes(self, base: _Base) -> list[Route]:
        redirect = _redirect(base.path)
        if redirect is not None:
            for canary in base.canaries:
                self._findings.add(
                    codes.CANARY_OF_REDIRECT,
                    _canary(canary).origin,
                    str(canary.ingress.name),
                    f"its base {base.path.ingress.name} redirects every request, and so it gets none",
                    "delete the redirect, or the canary",
                    (Note(redirect.origin, "the redirect"),),
                )
            return [self._base(base.path, [])]
        for canary in base.canaries:
            self._check_destination(canary, base)
        conditional = [c for c in base.canaries if _canary(c).is_conditional]
        weighing = [c for c in base.canaries if not _canary(c).is_conditional]
        conditional.sort(key=lambda c: bool(_canary(c).cookies))
        self._check_overlaps(conditional)
        return [*(self._conditional(c, base) for c in conditional), self._base(base.path, weighing)]

    def _check_destination(self, canary: RoutePath, base: _Base) -> None:
        """Report a list of Services on a canary, and a weight beside the list of a base."""
        own = canary.ingress.annotations.destination
        theirs = base.path.ingress.annotations.destination
        if own is not None:
            self._findings.add(
                codes.DESTINATION_CANARY,
                own.origin,
                str(canary.ingress.name),
                "a canary has one backend, not a list",
                "name its Service in the rules, and delete the list",
                (Note(_canary(canary).origin, "what makes it a canary"),),
            )
        elif theirs is not None and not _canary(canary).is_conditional:
            self._findings.add(
                codes.DESTINATION_CANARY,
                _canary(canary).origin,
                str(canary.ingress.name),
                "its base lists its Services with the annotation destination",
                "put the canary's Service into the list, or use canaries without destination",
                (Note(theirs.origin, "the list of the base"),),
            )

    def _conditional(self, path: RoutePath, base: _Base) -> Route:
        canary = _canary(path)
        share = self._share(path, 1, unconditional=False)
        return Route(
            match=refined(match_of(path), Match(path.match, canary.headers, canary.query, canary.cookies)),
            action=Forward(Split((share,)), self._fallback(base.path)),
            owner=path.ingress.name,
            policies=self._policies(base.path, path.ingress.annotations.headers),
            base=base.path.ingress.name,
            origin=path.origin,
        )

    def _base(self, path: RoutePath, weighing: list[RoutePath]) -> Route:
        said = path.ingress.annotations
        forward = Forward(self._split(path, weighing), self._fallback(path))
        action: Forward | Redirect = forward
        target = _redirect(path)
        if target is not None:
            action = Redirect(
                target.status, target.scheme, target.host, target.port, target.path, forward, target.origin
            )
        return Route(
            match=match_of(path),
            action=action,
            owner=path.ingress.name,
            policies=self._policies(path, said.headers),
            origin=path.origin,
        )

    def _split(self, path: RoutePath, weighing: list[RoutePath]) -> Split:
        destination = path.ingress.annotations.destination
        if destination is not None:
            shares = []
            for target in destination.targets:
                backend = self._backends.of_ref(target.service)
                shares.append(Share(backend, target.weight, path.ingress.name, origin=target.service.origin))
            return Split(tuple(shares))
        total = self._total(weighing)
        taken = sum(_canary(c).weight for c in weighing)
        base = self._share(path, total - taken, unconditional=True)
        shares = [base, *(self._share(c, _canary(c).weight, unconditional=True) for c in weighing)]
        return Split(self._merge(path, weighing, tuple(shares)))

    def _total(self, weighing: list[RoutePath]) -> int:
        """What the weights of one base count against; findings where canaries disagree."""
        totals = [(c, _canary(c).total or 100) for c in weighing]
        for canary, total in totals[1:]:
            if total != totals[0][1]:
                self._findings.add(
                    codes.CANARY_TOTAL,
                    _canary(canary).origin,
                    str(total),
                    f"another canary of this base counts against {totals[0][1]}",
                    "give all canaries of a base the same canary-weight-total",
                    (Note(_canary(totals[0][0]).origin, "the other canary"),),
                )
        return totals[0][1] if totals else 100

    def _share(self, path: RoutePath, weight: int, *, unconditional: bool) -> Share:
        said = path.ingress.annotations
        backend = self._backends.of_path(
            path.backend, path.ingress.name.namespace, path.backend_place, said.subset, unconditional=unconditional
        )
        is_canary = said.canary is not None
        headers = said.headers if is_canary and unconditional else None
        origin = said.canary.origin if said.canary is not None else path.origin
        return Share(backend, weight, path.ingress.name, headers, origin)

    def _merge(self, path: RoutePath, weighing: list[RoutePath], shares: tuple[Share, ...]) -> tuple[Share, ...]:
        """A base and canaries that are one Service pinned to different clusters are one backend, spread by weight."""
        if not weighing or path.ingress.annotations.headers or any(s.headers for s in shares):
            return shares
        pins = [self._backends.pin_of(p.ingress.annotations.subset) for p in (path, *weighing)]
        first = shares[0].backend
        same = all(s.backend.service == first.service and s.backend.port == first.port for s in shares)
        plain = all(s.backend.subset is None and s.weight >= 0 for s in shares)
        if not same or not plain or None in pins or len(set(pins)) != len(pins) or not any(s.weight for s in shares):
            return shares
        declared = self._backends.spread_of(first.service)
        if declared is None:
            return shares
        weights = [(pin, s.weight) for pin, s in zip(pins, shares, strict=True) if pin is not None]
        spread = weighted(declared, weights, shares[1].origin)
        merged = self._backends.with_spread(first, spread)
        self.merged.setdefault(path.ingress.name, []).extend(
            MergedCanary(path.host, path.match.kind, path.match.value, pin, canary.ingress.name)
            for canary, pin in zip(weighing, pins[1:], strict=True)
            if pin is not None
        )
        return (Share(merged, 1, path.ingress.name, origin=path.origin),)

    def _fallback(self, path: RoutePath) -> Backend | None:
        ref = path.ingress.annotations.fallback
        return None if ref is None else self._backends.of_ref(ref)

    def _policies(self, path: RoutePath, headers: HeaderControl | None) -> Policies:
        said = path.ingress.annotations
        mirror = said.mirror
        redirects = said.redirects
        return Policies(
            https=redirects.https if redirects is not None and redirects.target is None else None,
            rewrite=path.rewrite,
            headers=headers,
            cors=said.cors,
            timeout=said.timeout,
            retry=said.retry,
            errors=said.errors,
            local_limit=said.local_limit,
            global_limit=said.global_limit,
            concurrency=said.concurrency,
            access=said.access.route if said.access is not None else None,
            auth=said.auth,
            wasm=said.wasm,
            mirror=None
            if mirror is None
            else Mirror(self._backends.of_ref(mirror.service), mirror.percent, mirror.service.origin),
        )

    def _check_overlaps(self, conditional: list[RoutePath]) -> None:
        """Two canaries that one request may match: MSE would decide by their age, which Git does not know.

        Each is told once: of a thousand that overlap, there would be half a million pairs.
        """
        if "mse" not in self._gateway.targets:
            return
        for index, second in enumerate(conditional):
            for first in conditional[:index]:
                a, b = _canary(first), _canary(second)
                if bool(a.cookies) == bool(b.cookies) and not are_disjoint(_wanted(a), _wanted(b)):
                    self._findings.add(
                        codes.OVERLAPPING_CANARIES,
                        b.origin,
                        str(second.ingress.name),
                        f"a request may match this canary and {first.ingress.name}, and MSE would let the older one "
                        "win",
                        "use the same header, query parameter or cookie with different exact values",
                        (Note(a.origin, "the other canary"),),
                    )
                    break


def _canary(path: RoutePath) -> Canary:
    canary = path.ingress.annotations.canary
    assert canary is not None
    return canary


def _redirect(path: RoutePath) -> Redirect | None:
    """The answer to every request of a path, where its Ingress has one."""
    redirects = path.ingress.annotations.redirects
    return None if redirects is None else redirects.target


def _wanted(canary: Canary) -> Match:
    """What a canary asks of requests, whatever their path."""
    return Match(EXACT_ROOT.path, canary.headers, canary.query, canary.cookies)


def _origin_of(value: object, otherwise: Origin) -> Origin:
    """Where a family's result stands: its own origin, that of its first part that has one, else `otherwise`."""
    for field in ("origin", "target_origin", "host_origin"):
        origin = getattr(value, field, None)
        if origin is not None and origin.file:
            return origin  # type: ignore[no-any-return]
    for field in ("service", "target", "https", "app_root", "route", "host"):
        part = getattr(value, field, None)
        origin = getattr(part, "origin", None)
        if origin is not None and origin.file:
            return origin  # type: ignore[no-any-return]
    return otherwise


def _nearest(path: RoutePath, others: Sequence[RoutePath]) -> list[RoutePath]:
    """Of the paths of the same host that whose text comes nearest; empty where there is none."""
    from difflib import SequenceMatcher  # noqa: PLC0415 - only for findings

    likeness = {index: SequenceMatcher(None, path.written, other.written).ratio() for index, other in enumerate(others)}
    return [others[max(likeness, key=lambda index: likeness[index])]] if likeness else []


def _why(winner: RoutePath, loser: RoutePath) -> str:
    if winner.ingress.rank[0] != loser.ingress.rank[0]:
        return f"(priority {-winner.ingress.rank[0]} against {-loser.ingress.rank[0]})"
    return "by namespace/name"


def _host_order(host: str) -> tuple[int, int, str]:
    if host == ANY_HOST:
        return (2, 0, host)
    if host.startswith("*."):
        return (1, -len(host), host)
    return (0, 0, host)


def _order(path: RoutePath) -> tuple[int, int, str, int]:
    """Exact, then Prefix, then regular expressions; inside a kind the longer first; the prefix / last.

    Of one path that with more conditions; then as the Ingresses come.
    """
    match = path.match
    demanded = -demands(match_of(path))
    if match.kind == "prefix" and match.value == "/":
        return (3, 0, "/", demanded)
    return (_KIND_ORDER[match.kind], -len(match.value), match.value, demanded)


def _after_exact(routes: Sequence[Route]) -> int:
    return next((i for i, r in enumerate(routes) if r.match.path.kind != "exact"), len(routes))
