"""Ingresses -> routes. Match order, canary attachment and precedence between Ingresses are decided here, once.

Order of Ingresses: higher `fleetgate.dev/priority` first, then namespace/name. Facts: Ingress v1; MSE annotation
reference and its sibling pages (canaries, order of routes).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from compiler.annotations.paths import route_path
from compiler.diagnostics import Note
from compiler.ir.delivery import IngressObject
from compiler.ir.traffic import (
    Forward,
    Gateway,
    Listener,
    Match,
    Mirror,
    ObjectName,
    PathMatch,
    Policies,
    Redirect,
    Route,
    Share,
    Split,
    Tls,
    VirtualHost,
)
from compiler.lower import codes
from compiler.lower.backends import Backends
from compiler.lower.spread import weighted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from compiler.annotations.canary import Canary
    from compiler.annotations.ingress import IngressAnnotations
    from compiler.diagnostics import Diagnostics, Origin
    from compiler.ir.traffic import Backend, HeaderControl, Rewrite, Service, ValueMatch
    from compiler.lower.spread import Spreads
    from compiler.lower.world import World
    from compiler.model import fleet as fleet_model
    from compiler.model.kubernetes import Ingress, IngressBackend

ANY_HOST = "*"
_KIND_ORDER = {"exact": 0, "prefix": 1, "regex": 2}


class IngressInput(Struct, frozen=True, gc=False):
    """A decoded Ingress with what its annotations say."""

    value: Ingress
    origin: Origin
    annotations: IngressAnnotations

    @property
    def name(self) -> ObjectName:
        """Namespace and name."""
        return ObjectName(self.value.metadata.namespace, self.value.metadata.name)

    @property
    def rank(self) -> tuple[int, str, str]:
        """Order between Ingresses: priority, then namespace, then name."""
        priority = self.annotations.priority
        metadata = self.value.metadata
        return (-priority.value if priority else 0, metadata.namespace, metadata.name)


class _Path(Struct, frozen=True, gc=False):
    """One path of one Ingress, before precedence."""

    ingress: IngressInput
    host: str
    written: str
    match: PathMatch
    backend: IngressBackend
    origin: Origin
    rewrite: Rewrite | None = None


class _Base(Struct, gc=False):
    """A path that won, and the canaries that refine it."""

    path: _Path
    canaries: list[_Path]


def lower_ingresses(
    ingresses: Sequence[IngressInput],
    services: Mapping[ObjectName, Service],
    spreads: Spreads,
    world: World,
    findings: Diagnostics,
) -> tuple[tuple[Gateway, ...], dict[ObjectName, IngressObject]]:
    """The gateways with the hosts that these Ingresses give them, and what targets need to name them again."""
    gateways = []
    objects: dict[ObjectName, IngressObject] = {}
    ordered = sorted(ingresses, key=lambda i: i.rank)
    for gateway in world.fleet.value.spec.gateways:
        mine = [i for i in ordered if i.value.spec.ingress_class_name == gateway.ingress_class_name]
        members = world.members[gateway.name]
        backends = Backends(services, spreads, members, world, findings)
        table = _Table(backends, gateway, findings)
        hosts = table.hosts(mine)
        for ingress in mine:
            objects[ingress.name] = _object(ingress)
        gateways.append(
            Gateway(
                gateway.name,
                gateway.region or "",
                members,
                tuple(Listener(entry.name, entry.port, entry.protocol) for entry in gateway.listeners),
                hosts,
            )
        )
    return tuple(gateways), objects


def _object(ingress: IngressInput) -> IngressObject:
    spec = ingress.value.spec
    return IngressObject(
        name=ingress.name,
        ingress_class=spec.ingress_class_name or "",
        labels=tuple(sorted(ingress.value.metadata.labels.items())),
        annotations=ingress.annotations.passthrough,
        tls=tuple((entry.hosts, entry.secret_name or "") for entry in spec.tls),
        origin=ingress.origin,
    )


class _Table:
    """Routes of one gateway: who claims which path of which host, and who wins."""

    def __init__(self, backends: Backends, gateway: fleet_model.Gateway, findings: Diagnostics) -> None:
        self._backends = backends
        self._gateway = gateway
        self._findings = findings
        self._bases: dict[str, dict[PathMatch, _Base]] = {}

    def hosts(self, ingresses: Sequence[IngressInput]) -> tuple[VirtualHost, ...]:
        """All hosts in the order in which they are tried: exact names, wildcards (longer first), every host."""
        ordinary = [i for i in ingresses if i.annotations.canary is None]
        canaries = [i for i in ingresses if i.annotations.canary is not None]
        for ingress in ordinary:
            for path in self._paths(ingress):
                self._claim(path)
        for ingress in canaries:
            for path in self._paths(ingress):
                self._attach(path)
        tls = self._tls(ordinary)
        roots = self._app_roots(ordinary)
        hosts = []
        for host in sorted(self._bases, key=_host_order):
            bases = sorted(self._bases[host].values(), key=lambda b: _path_order(b.path.match))
            routes = [route for base in bases for route in self._routes(base)]
            root = roots.get(host)
            if root is not None:
                routes.insert(_after_exact(routes), root)
            hosts.append(VirtualHost(host, tuple(routes), _covering(host, tls)))
        return tuple(hosts)

    # --- who claims what

    def _paths(self, ingress: IngressInput) -> Iterable[_Path]:
        spec = ingress.value.spec
        place = ingress.origin.at("spec")
        seen: set[tuple[str, PathMatch]] = set()
        for r, rule in enumerate(spec.rules):
            host = rule.host or ANY_HOST
            if rule.http is None:
                if spec.default_backend is not None:
                    yield _Path(
                        ingress, host, "/", PathMatch("prefix", "/"), spec.default_backend, place.at("rules", r)
                    )
                else:
                    self._findings.add(
                        codes.EMPTY_RULE,
                        place.at("rules", r),
                        host,
                        "the rule has no paths, and the Ingress has no defaultBackend",
                        "add http.paths, or delete the rule",
                    )
                continue
            for p, path in enumerate(rule.http.paths):
                where = place.at("rules", r, "http", "paths", p)
                written = "/" if path.path is None else path.path
                if not written.startswith("/"):
                    self._findings.add(
                        codes.BAD_PATH,
                        where.at("path"),
                        written,
                        "a path begins with / (Ingress v1)",
                        f"write /{written}",
                    )
                    continue
                said = route_path(written, path.path_type, ingress.annotations, where.at("path"), self._findings)
                if said is None:
                    continue
                match, rewrite = said
                found = _Path(ingress, host, written, match, path.backend, where, rewrite)
                if ingress.annotations.canary is not None and (host, match) in seen:
                    continue
                seen.add((host, match))
                yield found
        if spec.default_backend is not None:
            if ingress.annotations.rewrite is not None and ingress.annotations.rewrite.target:
                self._findings.add(
                    codes.REWRITE_DEFAULT,
                    ingress.annotations.rewrite.target_origin,
                    ingress.annotations.rewrite.target,
                    "the Ingress has a defaultBackend, which has no path to rewrite",
                    "write a rule with path / for it, or move the rules into an Ingress of their own",
                    (Note(place.at("defaultBackend"), "the defaultBackend"),),
                )
            yield _Path(
                ingress, ANY_HOST, "/", PathMatch("prefix", "/"), spec.default_backend, place.at("defaultBackend")
            )

    def _claim(self, path: _Path) -> None:
        table = self._bases.setdefault(path.host, {})
        first = table.get(path.match)
        if first is None:
            table[path.match] = _Base(path, [])
            return
        winner = first.path
        same = winner.ingress.name == path.ingress.name
        reason = (
            "stands first in this Ingress"
            if same
            else f"comes first: that of {winner.ingress.name} {_why(winner, path)}"
        )
        self._findings.add(
            codes.DUPLICATE_ROUTE,
            path.origin.at("path") if path.origin.path[-1] != "defaultBackend" else path.origin,
            f"{path.host}{path.written}",
            f"another rule for the same host, path and path type {reason}; this one never gets a request",
            "delete one of the two, or decide with the annotation fleetgate.dev/priority",
            (Note(winner.origin, "the rule that wins"),),
        )

    def _attach(self, path: _Path) -> None:
        table = self._bases.get(path.host, {})
        base = table.get(path.match)
        if base is not None:
            base.canaries.append(path)
            self._tell_ignored(path, base)
            return
        others = [b.path for match, b in table.items() if b.path.written == path.written and match != path.match]
        if others:
            why = f"{others[0].ingress.name} has this host and path, but as {others[0].match.kind} path"
            fix = "give canary and base the same pathType, and the same use-regex and rewrite-target annotations"
        else:
            why = "no ordinary Ingress of this gateway has the same host, path and path type"
            fix = "add the base Ingress, or mend host and path"
        self._findings.add(
            codes.CANARY_WITHOUT_BASE,
            path.origin.at("path"),
            f"{path.host}{path.written}",
            why,
            fix,
            tuple(Note(other.origin.at("path"), "the path that it may mean") for other in others[:1]),
        )

    def _tell_ignored(self, canary: _Path, base: _Base) -> None:
        mine, theirs = canary.ingress.annotations, base.path.ingress.annotations
        for field in ("fallback", "rewrite", "redirects", "timeout", "retry", "mirror", "cors"):
            value = getattr(mine, field)
            if value is not None and value != getattr(theirs, field):
                self._findings.add(
                    codes.CANARY_SETTING,
                    _origin_of(value, canary.ingress.origin.at("metadata", "annotations")),
                    field,
                    f"a canary takes everything but backend, subset and header control from its base "
                    f"{base.path.ingress.name}",
                    "write it on the base, or delete it here",
                    (Note(base.path.origin, "the base"),),
                )

    # --- routes

    def _routes(self, base: _Base) -> list[Route]:
        conditional = [c for c in base.canaries if _canary(c).is_conditional]
        weighing = [c for c in base.canaries if not _canary(c).is_conditional]
        conditional.sort(key=lambda c: bool(_canary(c).cookies))
        self._check_overlaps(conditional)
        return [*(self._conditional(c, base) for c in conditional), self._base(base, weighing)]

    def _conditional(self, path: _Path, base: _Base) -> Route:
        canary = _canary(path)
        share = self._share(path, 1, unconditional=False)
        return Route(
            match=Match(path.match, canary.headers, canary.query, canary.cookies),
            action=Forward(Split((share,)), self._fallback(base.path)),
            owner=path.ingress.name,
            policies=self._policies(base.path, path.ingress.annotations.headers),
            base=base.path.ingress.name,
            origin=path.origin,
        )

    def _base(self, base: _Base, weighing: list[_Path]) -> Route:
        path = base.path
        said = path.ingress.annotations
        forward = Forward(self._split(path, weighing), self._fallback(path))
        action: Forward | Redirect = forward
        if said.redirects is not None and said.redirects.target is not None:
            target = said.redirects.target
            action = Redirect(
                target.status, target.scheme, target.host, target.port, target.path, forward, target.origin
            )
        return Route(
            match=Match(path.match),
            action=action,
            owner=path.ingress.name,
            policies=self._policies(path, said.headers),
            origin=path.origin,
        )

    def _split(self, path: _Path, weighing: list[_Path]) -> Split:
        destination = path.ingress.annotations.destination
        if destination is not None:
            if weighing:
                self._findings.add(
                    codes.DESTINATION_CANARY,
                    _canary(weighing[0]).origin,
                    str(weighing[0].ingress.name),
                    "its base lists its Services with the annotation destination",
                    "put the canary's Service into the list, or use canaries without destination",
                    (Note(destination.origin, "the list of the base"),),
                )
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

    def _total(self, weighing: list[_Path]) -> int:
        """What the weights of one base count against; findings where canaries disagree."""
        totals = [(c, t) for c in weighing if (t := _canary(c).total or 100)]
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

    def _share(self, path: _Path, weight: int, *, unconditional: bool) -> Share:
        said = path.ingress.annotations
        backend = self._backends.of_path(
            path.backend, path.ingress.name.namespace, path.origin, said.subset, unconditional=unconditional
        )
        is_canary = said.canary is not None
        headers = said.headers if is_canary and unconditional else None
        origin = said.canary.origin if said.canary is not None else path.origin
        return Share(backend, weight, path.ingress.name, headers, origin)

    def _merge(self, path: _Path, weighing: list[_Path], shares: tuple[Share, ...]) -> tuple[Share, ...]:
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
        return (Share(merged, 1, path.ingress.name, origin=path.origin),)

    def _fallback(self, path: _Path) -> Backend | None:
        ref = path.ingress.annotations.fallback
        return None if ref is None else self._backends.of_ref(ref)

    def _policies(self, path: _Path, headers: HeaderControl | None) -> Policies:
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
            mirror=None
            if mirror is None
            else Mirror(self._backends.of_ref(mirror.service), mirror.percent, mirror.service.origin),
        )

    def _check_overlaps(self, conditional: list[_Path]) -> None:
        """Two canaries that one request may match: MSE would decide by their age, which Git does not know."""
        if "mse" not in self._gateway.targets:
            return
        for index, second in enumerate(conditional):
            for first in conditional[:index]:
                a, b = _canary(first), _canary(second)
                if bool(a.cookies) == bool(b.cookies) and not _disjoint(a, b):
                    self._findings.add(
                        codes.OVERLAPPING_CANARIES,
                        b.origin,
                        str(second.ingress.name),
                        f"a request may match this canary and {first.ingress.name}, and MSE would let the older one "
                        "win",
                        "use the same header, query parameter or cookie with different exact values",
                        (Note(a.origin, "the other canary"),),
                    )

    # --- what belongs to a host

    def _app_roots(self, ordinary: Sequence[IngressInput]) -> dict[str, Route]:
        roots: dict[str, Route] = {}
        for ingress in ordinary:
            redirects = ingress.annotations.redirects
            if redirects is None or redirects.app_root is None:
                continue
            root = redirects.app_root
            for host in dict.fromkeys(rule.host or ANY_HOST for rule in ingress.value.spec.rules):
                exact = self._bases.get(host, {}).get(PathMatch("exact", "/"))
                other = roots.get(host)
                if exact is not None or other is not None:
                    winner = exact.path.origin if exact is not None else other.action.origin  # type: ignore[union-attr]
                    self._findings.add(
                        codes.APP_ROOT_LOSES,
                        root.origin,
                        root.path,
                        f"host {host} has "
                        + ("an Exact rule for / already" if exact is not None else "an app-root already"),
                        "delete one of the two",
                        (Note(winner, "what wins"),),
                    )
                    continue
                roots[host] = Route(
                    match=Match(PathMatch("exact", "/")), action=root, owner=ingress.name, origin=root.origin
                )
        return roots

    def _tls(self, ordinary: Sequence[IngressInput]) -> dict[str, Tls]:
        """Certificates by host name as written; the first Ingress in order wins."""
        found: dict[str, Tls] = {}
        for ingress in ordinary:
            spec = ingress.value.spec
            for index, entry in enumerate(spec.tls):
                if entry.secret_name is None:
                    continue
                origin = ingress.origin.at("spec", "tls", index)
                tls = Tls(ingress.name.namespace, entry.secret_name, origin)
                for host in entry.hosts or tuple(rule.host or ANY_HOST for rule in spec.rules):
                    first = found.setdefault(host, tls)
                    if (first.namespace, first.secret) != (tls.namespace, tls.secret):
                        self._findings.add(
                            codes.TLS_CONFLICT,
                            origin.at("secretName"),
                            entry.secret_name,
                            f"host {host} has certificate {first.namespace}/{first.secret} from an Ingress that comes "
                            "first",
                            "name the same Secret in both, or in one alone",
                            (Note(first.origin, "the certificate that wins"),),
                        )
        return found


def _canary(path: _Path) -> Canary:
    canary = path.ingress.annotations.canary
    assert canary is not None
    return canary


def _origin_of(value: object, otherwise: Origin) -> Origin:
    """Where a family's result stands: its own origin, that of its first part that has one, else `otherwise`."""
    for field in ("origin", "target_origin", "host_origin"):
        origin = getattr(value, field, None)
        if origin is not None and origin.file:
            return origin  # type: ignore[no-any-return]
    for field in ("service", "target", "https", "app_root"):
        part = getattr(value, field, None)
        origin = getattr(part, "origin", None)
        if origin is not None and origin.file:
            return origin  # type: ignore[no-any-return]
    return otherwise


def _why(winner: _Path, loser: _Path) -> str:
    if winner.ingress.rank[0] != loser.ingress.rank[0]:
        return f"(priority {-winner.ingress.rank[0]} against {-loser.ingress.rank[0]})"
    return "by namespace/name"


def _host_order(host: str) -> tuple[int, int, str]:
    if host == ANY_HOST:
        return (2, 0, host)
    if host.startswith("*."):
        return (1, -len(host), host)
    return (0, 0, host)


def _path_order(match: PathMatch) -> tuple[int, int, str]:
    """Exact, then Prefix, then regular expressions; inside a kind the longer first; the prefix / last."""
    if match.kind == "prefix" and match.value == "/":
        return (3, 0, "/")
    return (_KIND_ORDER[match.kind], -len(match.value), match.value)


def _after_exact(routes: Sequence[Route]) -> int:
    return next((i for i, r in enumerate(routes) if r.match.path.kind != "exact"), len(routes))


def _covering(host: str, tls: Mapping[str, Tls]) -> Tls | None:
    """The certificate of a host: its own entry, or that of the wildcard one label up."""
    own = tls.get(host)
    if own is None and "." in host:
        return tls.get("*." + host.split(".", 1)[1])
    return own


def _disjoint(a: Canary, b: Canary) -> bool:
    """Whether no request can meet both: one name, two different exact values."""
    for field in ("headers", "query", "cookies"):
        theirs: dict[str, ValueMatch] = {c.name: c for c in getattr(b, field)}
        for condition in getattr(a, field):
            other = theirs.get(condition.name)
            if other is not None and condition.kind == other.kind == "exact" and condition.value != other.value:
                return True
    return False
