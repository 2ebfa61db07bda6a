"""Routes -> Ingresses: a base and its canaries, each with its pin, grouped by what they say."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from compiler.ir.traffic import Forward, ObjectName, Redirect
from compiler.manifests import render
from compiler.targets.mse import dialect
from compiler.targets.mse.codes import (
    MSE_CONDITIONAL_SPLIT,
    MSE_CONDITIONS,
    MSE_DESTINATION,
    MSE_POLICY,
    MSE_REDISTRIBUTION,
    MSE_SPREAD,
    MSE_VERSION,
    MSE_WEIGHT,
)
from compiler.targets.target import EDITS, Emission, ObjectId

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from compiler.diagnostics import Code, Diagnostics, Origin
    from compiler.ir.delivery import IngressObject, MseGateway
    from compiler.ir.traffic import Backend, Gateway, PathMatch, Route, Share, Spread, Tls
    from compiler.targets.mse.dialect import Pairs

MANAGED_BY = ("app.kubernetes.io/managed-by", "fleetgate")


class Piece(Struct, frozen=True, gc=False):
    """One path of one emitted Ingress."""

    name: ObjectName
    """Of the Ingress that it goes to, before settings that differ make several of it."""
    source: ObjectName
    """The Ingress of the repo that it comes from."""
    annotations: tuple[tuple[str, str], ...]
    host: str
    path: PathMatch
    backend: Backend


def emit_ingresses(
    gateway: Gateway,
    settings: MseGateway,
    ids: Mapping[str, str],
    ingresses: Mapping[ObjectName, IngressObject],
    findings: Diagnostics,
) -> Iterator[Emission]:
    """One file per Ingress: `gateways/<gateway>/mse/<namespace>/<name>.yaml`."""
    translator = _Translator(settings, ids, findings)
    roots = _app_roots(gateway)
    certificates = {host.host: host.tls for host in gateway.hosts if host.tls is not None}
    grouped: dict[tuple[ObjectName, tuple[tuple[str, str], ...]], list[Piece]] = {}
    for host in gateway.hosts:
        for route in host.routes:
            root = roots.get((host.host, route.owner))
            for piece in translator.pieces(host.host, route, root):
                grouped.setdefault((piece.name, piece.annotations), []).append(piece)
    taken: set[ObjectName] = set()
    for (name, pairs), pieces in grouped.items():
        free = _free_name(name, taken)
        taken.add(free)
        document = _ingress(free, pairs, pieces, settings, ingresses[pieces[0].source], certificates)
        yield Emission(
            f"gateways/{gateway.name}/mse/{free.namespace}/{free.name}.yaml",
            render(document, comment=f"Compiled by fleetgate from Ingress {pieces[0].source}. {EDITS}"),
            ("gateway", gateway.name, free.namespace),
            (ObjectId("networking.k8s.io/v1", "Ingress", free.namespace, free.name),),
        )


def _app_roots(gateway: Gateway) -> dict[tuple[str, ObjectName], str]:
    """Where `/` of a host is redirected to, by host and owner: an annotation of the owner's Ingress."""
    return {
        (host.host, route.owner): route.action.path
        for host in gateway.hosts
        for route in host.routes
        if isinstance(route.action, Redirect) and dialect.is_app_root(route.action)
    }


def _free_name(name: ObjectName, taken: set[ObjectName]) -> ObjectName:
    free, number = name, 2
    while free in taken:
        # a dot: the names of two Ingresses of the repo can then never meet by what is put behind them
        free = ObjectName(name.namespace, f"{name.name}.{number}")
        number += 1
    return free


def _ingress(
    name: ObjectName,
    annotations: tuple[tuple[str, str], ...],
    pieces: list[Piece],
    settings: MseGateway,
    source: IngressObject,
    certificates: Mapping[str, Tls],
) -> dict[str, Any]:
    hosts: dict[str, list[dict[str, Any]]] = {}
    for piece in pieces:
        hosts.setdefault(piece.host, []).append(_path(piece))
    rules = [
        {"host": host, "http": {"paths": paths}} if host != "*" else {"http": {"paths": paths}}
        for host, paths in hosts.items()
    ]
    metadata: dict[str, Any] = {
        "name": name.name,
        "namespace": name.namespace,
        "labels": dict(sorted({**dict(source.labels), MANAGED_BY[0]: MANAGED_BY[1]}.items())),
    }
    merged = {**dict(source.annotations), **dict(annotations)}
    if merged:
        metadata["annotations"] = dict(sorted(merged.items()))
    spec: dict[str, Any] = {"ingressClassName": settings.ingress_class}
    if source.tls and (tls := _tls(source, tuple(hosts), certificates)):
        spec["tls"] = tls
    spec["rules"] = rules
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec}


def _tls(source: IngressObject, served: tuple[str, ...], certificates: Mapping[str, Tls]) -> list[dict[str, Any]]:
    """The certificates of an Ingress, without hosts that have another one: MSE would go by age. `served`: its hosts."""
    kept = []
    for written, secret in source.tls:
        hosts = [host for host in written or served if _decides(host, source.name.namespace, secret, certificates)]
        if hosts:
            entry: dict[str, Any] = {"hosts": hosts} if written or hosts != list(served) else {}
            kept.append({**entry, "secretName": secret} if secret else entry)
    return kept


def _decides(host: str, namespace: str, secret: str, certificates: Mapping[str, Tls]) -> bool:
    """Whether a certificate for `host` is the one that some host has which it covers; or no host has one."""
    covered = [tls for name, tls in certificates.items() if host in (name, f"*.{name.partition('.')[2]}")]
    return not covered or any((tls.namespace, tls.secret) == (namespace, secret) for tls in covered)


def _path(piece: Piece) -> dict[str, Any]:
    kind = {"exact": "Exact", "prefix": "Prefix", "regex": "ImplementationSpecific"}[piece.path.kind]
    # a regular expression of an Ingress goes on with .*, which the program spells out
    path = piece.path.value.removesuffix(".*") if piece.path.kind == "regex" else piece.path.value
    return {
        "path": path,
        "pathType": kind,
        "backend": {"service": {"name": piece.backend.service.name, "port": {"number": piece.backend.port}}},
    }


class _Translator:
    """Turns one route into the Ingresses that say the same to MSE."""

    def __init__(self, settings: MseGateway, ids: Mapping[str, str], findings: Diagnostics) -> None:
        self._settings = settings
        self._ids = ids
        self._findings = findings
        self._told: set[tuple[str, ObjectName]] = set()

    def pieces(self, host: str, route: Route, app_root: str | None) -> list[Piece]:
        """The base of a route and its canaries."""
        action = route.action
        if isinstance(action, Redirect):
            if dialect.is_app_root(action) or action.behind is None:
                return []
            pairs = dialect.redirect(action) + dialect.policies(route.policies, None)
            backend = action.behind.split.shares[0].backend
            return [self._piece(route.owner, route, host, self._regex(route, pairs), backend)]
        if not isinstance(action, Forward):
            raise TypeError(f"mse knows no {type(action).__name__}")
        if route.base is not None:
            return self._conditional(host, route, action)
        pairs = self._regex(route, dialect.policies(route.policies, action.fallback))
        if app_root is not None:
            pairs.append((f"{dialect.NGINX}app-root", app_root))
        shares = action.split.shares
        if len(shares) > 1 and all(s.owner == route.owner for s in shares):
            return self._destination(host, route, shares, pairs)
        return self._split(host, route, shares, pairs)

    def _regex(self, route: Route, pairs: Pairs) -> Pairs:
        if route.match.path.kind == "regex":
            return [*pairs, (f"{dialect.NGINX}use-regex", "true")]
        return pairs

    def _piece(self, name: ObjectName, route: Route, host: str, pairs: Pairs, backend: Backend) -> Piece:
        source = name if name == route.owner else route.owner
        return Piece(name, source, tuple(sorted(pairs)), host, route.match.path, backend)

    def _conditional(self, host: str, route: Route, action: Forward) -> list[Piece]:
        pairs = dialect.conditions(route.match)
        share = action.split.shares[0]
        if pairs is None:
            self._refuse(
                MSE_CONDITIONS,
                route.origin,
                str(route.owner),
                "MSE matches one header, one query parameter or one cookie",
                "keep one condition, or use target envoy",
            )
            return []
        members = self._members(share.backend)
        if len(members) > 1 or len(action.split.shares) > 1:
            self._refuse(
                MSE_CONDITIONAL_SPLIT,
                route.origin,
                str(route.owner),
                f"Service {share.backend.service} is split over clusters by weight",
                "pin the canary to one cluster, or spread its Service by replicas",
            )
            return []
        pairs = [(f"{dialect.NGINX}canary", "true"), *pairs]
        pairs += self._own(share, members[0][0])
        if route.policies.headers is not None:
            pairs += dialect.headers(route.policies.headers)
        return [self._piece(route.owner, route, host, self._regex(route, pairs), share.backend)]

    def _split(self, host: str, route: Route, shares: tuple[Share, ...], pairs: Pairs) -> list[Piece]:
        total = sum(s.weight for s in shares)
        parts = [
            (share, cluster, Fraction(share.weight, total) * weight)
            for share in shares
            for cluster, weight in self._members(share.backend)
        ]
        if any((weight * 100).denominator != 1 for _, _, weight in parts):
            shown = ", ".join(f"{float(weight * 100):.2f} %" for _, _, weight in parts)
            self._refuse(
                MSE_WEIGHT,
                shares[-1].origin if len(shares) > 1 else shares[0].backend.spread.origin,
                str(route.owner),
                f"the shares are {shown}",
                "choose weights that are whole percents of their sum",
            )
            return []
        (share, cluster, _), *rest = parts
        base = [*pairs, *self._own(share, cluster)]
        pieces = [self._piece(route.owner, route, host, base, share.backend)]
        for canary, pinned, weight in rest:
            text = [(f"{dialect.NGINX}canary", "true"), (f"{dialect.NGINX}canary-weight", str(int(weight * 100)))]
            text += self._own(canary, pinned)
            if canary.owner == route.owner and route.policies.headers is not None:
                # header control of a canary is its own in MSE, and this one is the base in another cluster
                text += dialect.headers(route.policies.headers)
            name = canary.owner
            first = next(p for p in parts if p[0] is canary)
            if canary.owner == route.owner or first[1] != pinned:
                name = ObjectName(name.namespace, f"{name.name}.{self._ids[pinned or '']}".lower())
            piece = self._piece(name, route, host, self._regex(route, text), canary.backend)
            pieces.append(Piece(piece.name, canary.owner, piece.annotations, host, piece.path, piece.backend))
        return pieces

    def _destination(self, host: str, route: Route, shares: tuple[Share, ...], pairs: Pairs) -> list[Piece]:
        for share in shares:
            if self._members(share.backend) != [(None, Fraction(1))]:
                self._refuse(
                    MSE_DESTINATION,
                    share.origin,
                    str(share.backend.service),
                    "its traffic is pinned or weighted over clusters",
                    "use canary Ingresses instead of destination, or spread the Service by replicas",
                )
                return []
        lines = "".join(
            f"{s.weight}% {s.backend.service.name}.{s.backend.service.namespace}.svc.cluster.local:{s.backend.port}\n"
            for s in shares
        )
        pairs.append((f"{dialect.MSE}destination", lines))
        return [self._piece(route.owner, route, host, pairs, shares[0].backend)]

    def _own(self, share: Share, cluster: str | None) -> Pairs:
        """What a share says for itself: its pods and its headers."""
        backend = share.backend
        if cluster is None:
            pairs = dialect.subset(share, backend)
        else:
            labels = backend.subset.labels if backend.subset else ()
            name = backend.subset.name if backend.subset else cluster
            pairs = dialect.pin(name, self._ids[cluster], labels)
            version = self._settings.version
            if version is not None and version < dialect.SUBSET_SINCE:
                self._refuse(
                    MSE_VERSION,
                    backend.spread.origin,
                    ".".join(str(n) for n in version),
                    "pins to clusters need service-subset, which MSE has since V1.2.25",
                    "upgrade the gateway and state its version in the Fleet, or spread by replicas",
                )
        if share.headers is not None:
            pairs += dialect.headers(share.headers)
        return pairs

    def _members(self, backend: Backend) -> list[tuple[str | None, Fraction]]:
        """Clusters of a backend with their shares; cluster None = all pods alike. Findings where MSE can't."""
        spread = backend.spread
        self._tell_policy(backend.service, spread)
        problem = _problem(spread)
        if problem:
            self._refuse(
                MSE_SPREAD,
                spread.origin,
                str(backend.service),
                problem,
                "simplify the spread, or use target envoy for this gateway",
            )
            return [(None, Fraction(1))]
        first = spread.tiers[0].members
        if spread.by_replicas and len(spread.tiers) == 1:
            return [(None, Fraction(1))]
        if len(spread.clusters) > 2 and len(first) > 1:
            self._tell(
                MSE_REDISTRIBUTION,
                spread.origin,
                backend.service,
                f"{', '.join(spread.clusters)} share by weight, and when one is lost MSE gives its share to the others "
                "by pods",
                "accept it in the Fleet with a reason, or use target envoy",
            )
        total = sum(m.weight for m in first)
        return [(m.cluster, Fraction(m.weight, total)) for m in first]

    def _tell_policy(self, service: ObjectName, spread: Spread) -> None:
        settings = [
            word
            for word, there in (
                ("healthCheck", spread.health_check),
                ("hedge", spread.hedge_delay_ms),
                ("retry.idempotentMethods", spread.idempotent_methods),
            )
            if there
        ]
        if settings:
            self._tell(
                MSE_POLICY,
                spread.origin,
                service,
                f"{', '.join(settings)} {'has' if len(settings) == 1 else 'have'} no effect in MSE",
                "accept it in the Fleet with a reason, or use target envoy",
            )

    def _tell(self, code: Code, origin: Origin, service: ObjectName, why: str, fix: str) -> None:
        """Report once per Service."""
        key = (code.name, service)
        if key not in self._told:
            self._told.add(key)
            self._findings.add(code, origin, str(service), why, fix)

    def _refuse(self, code: Code, origin: Origin, value: str, why: str, fix: str) -> None:
        self._findings.add(code, origin, value, why, fix)


def _problem(spread: Spread) -> str:
    """Why MSE can't express a spread; "" where it can."""
    if spread.excluded:
        return f"{', '.join(spread.excluded)} is excluded, but MSE's fallback reaches all pods of the Service"
    if spread.spill_below_percent:
        return f"it spills below {spread.spill_below_percent} % healthy, but MSE moves only when no pod is left"
    if len(spread.tiers) > 2:
        return f"it has {len(spread.tiers)} tiers, and MSE knows two"
    if len(spread.tiers) == 2 and len(spread.tiers[0].members) > 1 and spread.by_replicas:
        return "its first tier has several clusters, and MSE can put only one cluster first"
    return ""
