"""Routes -> pieces of Ingresses: a base and its canaries, each with its pin and its headers."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from msgspec import Struct

from compiler.diagnostics import Note, Origin
from compiler.ir.traffic import Forward, ObjectName, Redirect
from compiler.targets.mse import dialect
from compiler.targets.mse.codes import (
    MSE_CONDITIONAL_SPLIT,
    MSE_CONDITIONS,
    MSE_DESTINATION,
    MSE_FAILOVER,
    MSE_POLICY,
    MSE_REDISTRIBUTION,
    MSE_SPREAD,
    MSE_TIERS,
    MSE_UNSPREAD,
    MSE_VERSION,
    MSE_WEIGHT,
)
from compiler.targets.mse.host import host_settings
from compiler.targets.mse.matching import problem_of
from compiler.targets.mse.notices import Notices
from compiler.targets.mse.spoken import Spoken

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from compiler.diagnostics import Code, Diagnostics
    from compiler.ir.delivery import IngressObject, MseGateway
    from compiler.ir.traffic import Backend, PathMatch, Route, Service, Share, Spread, VirtualHost
    from compiler.targets.mse.keys import Pairs

_SINGLE = struct.Struct("<f")
_EVERYWHERE: list[tuple[str | None, int]] = [(None, 1)]
"""All pods of all clusters alike."""


class Piece(Struct, frozen=True, gc=False):
    """One path of one emitted Ingress."""

    owner: ObjectName
    """The Ingress of the repo that says it."""
    variant: str
    """Cluster for which its owner needs a further Ingress; "" = the owner's own one."""
    is_canary: bool
    annotations: tuple[tuple[str, str], ...]
    """Sorted by key."""
    host: str
    path: PathMatch
    backend: Backend
    origin: Origin
    """Of the route."""


class _Part(Struct, frozen=True, gc=False):
    """What one cluster, or all, gets of a share."""

    share: Share
    cluster: str | None
    """None = all pods of all clusters alike."""
    weight: int
    whole: int
    """What the weight is a part of: the whole route."""

    @property
    def percent(self) -> float:
        """Its share, for findings."""
        return 100 * self.weight / self.whole


class Translator:
    """Turns the routes of a gateway into the Ingresses that say the same to MSE."""

    def __init__(
        self,
        settings: MseGateway,
        ids: Mapping[str, str],
        ingresses: Mapping[ObjectName, IngressObject],
        services: Iterable[Service],
        findings: Diagnostics,
    ) -> None:
        self._settings = settings
        self._ids = ids
        self._findings = findings
        self._partial: dict[tuple[str, ObjectName], tuple[Code, Origin, str, str]] = {}
        self._notices = Notices(settings, findings)
        self._spoken = Spoken(services, findings)
        self._merged = {
            (base.name, m.host, m.kind, m.path, m.cluster): m.name for base in ingresses.values() for m in base.merged
        }

    def pieces(self, host: VirtualHost) -> Iterator[Piece]:
        """The pieces of a host, bases before their weighted canaries."""
        page = next((r for r in host.routes if isinstance(r.action, Redirect) and dialect.is_app_root(r.action)), None)
        owners = {route.owner for route in host.routes if route.base is None and route is not page}
        self._notices.host(host)
        for route in host.routes:
            if route is page:
                continue
            pairs = host_settings(host, route)
            # a start page belongs to the host: where its own Ingress has no route left, another one says it
            if page is not None and route.base is None and (route.owner == page.owner or page.owner not in owners):
                pairs += dialect.app_root(page.action)
            self._notices.route(route)
            yield from self._route(host.host, route, pairs)

    def tell(self) -> None:
        """Report, once per Service, what MSE does in part, and what no Ingress says."""
        self._spoken.tell()
        for (_, service), (code, origin, why, fix) in self._partial.items():
            self._findings.add(code, origin, str(service), why, fix)
        self._partial.clear()

    # --- routes

    def _route(self, host: str, route: Route, pairs: Pairs) -> list[Piece]:
        action = route.action
        problem = problem_of(route)
        if problem is not None:
            self._findings.add(problem.code, problem.origin, str(route.owner), problem.why, problem.fix)
            return []
        if isinstance(action, Redirect) and action.behind is not None:
            pairs += dialect.redirect(action) + dialect.policies(route.policies, action.behind.fallback)
            return [self._redirecting(host, route, action.behind.split.shares, pairs)]
        if not isinstance(action, Forward):
            raise TypeError(f"mse knows no such {type(action).__name__}")
        if route.base is not None:
            return self._conditional(host, route, action)
        pairs += dialect.policies(route.policies, action.fallback)
        self._check_side_backends(route, action)
        shares = action.split.shares
        if _is_list(route, shares):
            return self._destination(host, route, shares, pairs)
        return self._split(host, route, shares, pairs)

    def _redirecting(self, host: str, route: Route, shares: tuple[Share, ...], pairs: Pairs) -> Piece:
        """No request reaches its Services; MSE takes from it how they are spoken to all the same."""
        if _is_list(route, shares):
            pairs += [dialect.destination(shares), *self._spoken.by_list(shares)]
        else:
            pairs += self._spoken.by(shares[0].backend)
        return self._piece(route.owner, route, host, pairs, shares[0].backend)

    def _conditional(self, host: str, route: Route, action: Forward) -> list[Piece]:
        share = action.split.shares[0]
        conditions = dialect.conditions(route.match)
        if conditions is None:
            self._findings.add(
                MSE_CONDITIONS,
                share.origin,
                str(route.owner),
                "MSE matches one header, one query parameter or one cookie",
                "keep one condition, or use target envoy",
            )
            return []
        members = self._members(share.backend)
        if len(members) > 1 or len(action.split.shares) > 1:
            self._findings.add(
                MSE_CONDITIONAL_SPLIT,
                share.origin,
                str(route.owner),
                f"Service {share.backend.service} is split over clusters by weight",
                "pin the canary to one cluster, or spread its Service by replicas",
            )
            return []
        pairs = [*dialect.CANARY, *conditions, *self._own(share, members[0][0])]
        if route.policies.headers is not None:
            pairs += dialect.headers(route.policies.headers)
        return [self._piece(route.owner, route, host, pairs, share.backend, is_canary=True)]

    def _split(self, host: str, route: Route, shares: tuple[Share, ...], pairs: Pairs) -> list[Piece]:
        total = sum(s.weight for s in shares)
        parts = []
        for share in shares:
            members = self._members(share.backend)
            whole = total * sum(weight for _, weight in members)
            parts += [_Part(share, cluster, share.weight * weight, whole) for cluster, weight in members]
        base, *rest = parts
        weights = _weights(parts)
        if weights is None:
            shown = ", ".join(f"{part.percent:.2f} %" for part in parts)
            whole_percents = [part.weight * 100 // part.whole for part in rest]
            made = ", ".join(f"{percent} %" for percent in (100 - sum(whole_percents), *whole_percents))
            self._findings.add(
                MSE_WEIGHT,
                shares[-1].origin if len(shares) > 1 else shares[0].backend.spread.origin,
                str(route.owner),
                f"the shares are {shown}, and MSE would make {made} of them",
                "choose weights that are whole percents of their sum",
                (Note(route.origin, "the route that they share"),),
            )
            return []
        own = [*pairs, *self._own(base.share, base.cluster)]
        pieces = [self._piece(route.owner, route, host, own, base.share.backend)]
        for part, weight in zip(rest, weights, strict=True):
            text = [*dialect.CANARY, *weight, *self._own(part.share, part.cluster)]
            if part.share.owner == route.owner and route.policies.headers is not None:
                # header control of a canary is its own in MSE, and this one is the base in another cluster
                text += dialect.headers(route.policies.headers)
            owner, variant = self._name(host, route, part, parts)
            backend = part.share.backend
            pieces.append(self._piece(owner, route, host, text, backend, variant=variant, is_canary=True))
        return pieces

    def _name(self, host: str, route: Route, part: _Part, parts: list[_Part]) -> tuple[ObjectName, str]:
        """Whose Ingress says a part that is not the base: (owner, cluster of a further one)."""
        cluster = part.cluster or ""
        owner = part.share.owner
        if owner == route.owner:
            path = route.match.path
            merged = self._merged.get((owner, host, path.kind, path.value, cluster))
            return (owner, cluster) if merged is None else (merged, "")
        is_first = next(p for p in parts if p.share is part.share) is part
        return owner, "" if is_first else cluster

    def _destination(self, host: str, route: Route, shares: tuple[Share, ...], pairs: Pairs) -> list[Piece]:
        for share in shares:
            if self._members(share.backend) != _EVERYWHERE:
                self._findings.add(
                    MSE_DESTINATION,
                    share.origin,
                    str(share.backend.service),
                    "its traffic is pinned or weighted over clusters",
                    "use canary Ingresses instead of destination, or spread the Service by replicas",
                )
                return []
        pairs += [dialect.destination(shares), *self._spoken.by_list(shares)]
        return [self._piece(route.owner, route, host, pairs, shares[0].backend)]

    def _piece(
        self,
        owner: ObjectName,
        route: Route,
        host: str,
        pairs: Pairs,
        backend: Backend,
        *,
        variant: str = "",
        is_canary: bool = False,
    ) -> Piece:
        if route.match.path.kind == "regex":
            # base and canary are one path only if both say that it is a pattern
            pairs = [*pairs, dialect.USE_REGEX]
        annotations = tuple(sorted(pairs))
        return Piece(owner, variant, is_canary, annotations, host, route.match.path, backend, route.origin)

    # --- backends

    def _own(self, share: Share, cluster: str | None) -> Pairs:
        """What a share says for itself: its pods and its headers."""
        backend = share.backend
        if cluster is None:
            pairs = dialect.subset(backend)
        else:
            labels = backend.subset.labels if backend.subset else ()
            name = backend.subset.name if backend.subset else cluster
            pairs = dialect.pin(name, self._ids[cluster], labels)
            self._check_pin(backend)
        if share.headers is not None:
            pairs += dialect.headers(share.headers)
        return [*pairs, *self._spoken.by(backend)]

    def _check_pin(self, backend: Backend) -> None:
        """Report pins that this gateway can't have."""
        self._tell_tiers(backend)
        version = self._settings.version
        if version is not None and version < dialect.SUBSET_SINCE:
            self._findings.add(
                MSE_VERSION,
                backend.spread.origin,
                ".".join(str(n) for n in version),
                "pins to clusters need service-subset, which MSE has since V1.2.25",
                "upgrade the gateway and state its version in the Fleet, or spread by replicas",
            )
        if backend.subset is not None and backend.subset.without_prefix:
            self._findings.add(
                MSE_SPREAD,
                backend.spread.origin,
                str(backend.service),
                f"an Ingress limits it to pods without a label {backend.subset.without_prefix}, and MSE can't say this "
                "of the pods of one cluster",
                "spread the Service by replicas, or give these pods a label and name it in subset-labels",
            )

    def _tell_tiers(self, backend: Backend) -> None:
        """What a declared order of clusters comes to: MSE says only that pods of one cluster come first."""
        spread = backend.spread
        first, *others = (", ".join(m.cluster for m in tier.members) for tier in spread.tiers)
        if not others or "spread" not in spread.origin.path:
            return
        self._tell(
            MSE_FAILOVER,
            spread.origin,
            backend.service,
            f"while a pod in {first} is ready it gets everything, whatever it answers; all returns at once",
            "accept it in the Fleet with a reason, or use target envoy",
        )
        if len(others) > 1:
            self._tell(
                MSE_TIERS,
                spread.origin,
                backend.service,
                f"its tiers behind the first ({'; '.join(others)}) would serve together, by pods, and not in order",
                "accept it in the Fleet with a reason, merge them, or use target envoy",
            )

    def _check_side_backends(self, route: Route, action: Forward) -> None:
        """The Service of a mirror or a fallback gets its traffic by pods, whatever its spread."""
        mirror = route.policies.mirror
        copied = None if mirror is None else mirror.backend
        for backend, what in ((action.fallback, "default-backend"), (copied, "mirror")):
            if backend is None:
                continue
            self._spoken.beside(backend, f"the {what}")
            if self._members(backend) != _EVERYWHERE:
                self._tell(
                    MSE_UNSPREAD,
                    backend.spread.origin,
                    backend.service,
                    f"as {what} of an Ingress it gets its traffic in all clusters by pods",
                    "accept it in the Fleet with a reason, spread it by replicas, or use target envoy",
                )

    def _members(self, backend: Backend) -> list[tuple[str | None, int]]:
        """Clusters of a backend with their weights; findings where MSE can't."""
        spread = backend.spread
        self._tell_policy(backend.service, spread)
        problem = _problem(spread)
        if problem:
            self._findings.add(
                MSE_SPREAD,
                spread.origin,
                str(backend.service),
                problem,
                "simplify the spread, or use target envoy for this gateway",
            )
            return _EVERYWHERE
        first, *others = (tier.members for tier in spread.tiers)
        if spread.by_replicas and not others:
            return _EVERYWHERE
        after_loss = first if len(first) > 1 else others[0] if others and not spread.by_replicas else ()
        if len(spread.clusters) > 2 and len(after_loss) > 1:
            self._tell(
                MSE_REDISTRIBUTION,
                spread.origin,
                backend.service,
                f"{', '.join(spread.clusters)} share by weight, and when one is lost MSE gives its share to the others "
                "by pods",
                "accept it in the Fleet with a reason, or use target envoy",
            )
        return [(m.cluster, m.weight) for m in first]

    def _tell_policy(self, service: ObjectName, spread: Spread) -> None:
        settings = [
            (field, word)
            for field, word, is_there in (
                ("healthCheck", "healthCheck", spread.health_check is not None and spread.health_check.is_declared),
                ("hedge", "hedge", spread.hedge_delay_ms is not None),
                ("retry", "retry.idempotentMethods", bool(spread.idempotent_methods)),
                ("failback", "failback", spread.failback is not None and spread.failback.is_declared),
            )
            if is_there
        ]
        if settings:
            origin = spread.origin
            if origin.path[:2] == ("spec", "spread"):
                # the setting itself stands beside the spread
                origin = Origin(origin.file, origin.document, ("spec", settings[0][0]), "key")
            words = ", ".join(word for _, word in settings)
            self._tell(
                MSE_POLICY,
                origin,
                service,
                f"{words} {'has' if len(settings) == 1 else 'have'} no effect in MSE",
                "accept it in the Fleet with a reason, or use target envoy",
            )

    def _tell(self, code: Code, origin: Origin, service: ObjectName, why: str, fix: str) -> None:
        """Report once per Service: at its policy, and only where there is none at an annotation that pins it."""
        key = (code.name, service)
        if key not in self._partial or (origin.path[:1] == ("spec",) and self._partial[key][1].path[:1] != ("spec",)):
            self._partial[key] = (code, origin, why, fix)


def _is_list(route: Route, shares: tuple[Share, ...]) -> bool:
    """Whether these are Services that a base lists in place of its backend."""
    is_own = all(share.owner == route.owner for share in shares)
    return is_own and (len(shares) > 1 or shares[0].backend.service.namespace != route.owner.namespace)


def _problem(spread: Spread) -> str:
    """Why MSE can't express a spread; "" where it can."""
    if spread.excluded:
        return f"{', '.join(spread.excluded)} is excluded, but MSE's fallback reaches all pods of the Service"
    if spread.spill_below_percent:
        return f"it spills below {spread.spill_below_percent} % healthy, but MSE moves only when no pod is left"
    if len(spread.tiers) > 1 and len(spread.tiers[0].members) > 1 and spread.by_replicas:
        return "its first tier has several clusters, and MSE can put only one cluster first"
    return ""


def _weights(parts: list[_Part]) -> list[Pairs] | None:
    """Weight annotations of all parts but the first, which keeps the rest; None where MSE can't give these shares."""
    if any(part.weight * 100 % part.whole for part in parts):
        return None
    percents = [part.weight * 100 // part.whole for part in parts[1:]]
    for total in (100, 100_000):
        weights = [percent * total // 100 for percent in percents]
        # more than exact where single precision would cut one percent too much
        weights = [w + (total > 100 and _cut(w, total) < p) for w, p in zip(weights, percents, strict=True)]
        if sum(weights) <= total and [_cut(w, total) for w in weights] == percents:
            return [dialect.weight(weight, total) for weight in weights]
    return None


def _cut(weight: int, total: int) -> int:
    """The percents that MSE makes of a weight: single precision, cut. So 53 of 100 become 52."""
    (quotient,) = _SINGLE.unpack(_SINGLE.pack(weight / total))
    (percent,) = _SINGLE.unpack(_SINGLE.pack(quotient * 100))
    return int(percent)
