"""Routes of a host: each rule becomes one route, or two where methods are retried differently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from compiler.ir.traffic import DirectResponse, Forward, Redirect
from compiler.targets.envoy import codes, limits
from compiler.targets.envoy import extensions as ext
from compiler.targets.envoy.access import address_rules, cors_policy
from compiler.targets.envoy.answers import context, hides_served, per_route
from compiler.targets.envoy.findings import check_patterns
from compiler.targets.envoy.headers import header_fields
from compiler.targets.envoy.matches import route_match
from compiler.targets.envoy.pools import ATTEMPTS, Limit
from compiler.targets.envoy.retries import repeatable_methods, retry_fields
from compiler.targets.envoy.rewrites import redirect, rewrite

if TYPE_CHECKING:
    from compiler.diagnostics import Diagnostics, Origin
    from compiler.ir.traffic import AddressList, Backend, ConcurrencyLimit, Policies, Retry, Route, Share, VirtualHost
    from compiler.targets.envoy.pools import Pools
    from compiler.targets.envoy.secrets import Secrets

Plain = dict[str, Any]

MOST_REPEATS = 100
"""Of one request, as its author may ask for: each is a member of a cluster."""


class Rule(Struct, gc=False):
    """What a route of the program became."""

    secure: list[Plain]
    """Routes for requests that came with TLS."""
    plain: list[Plain]
    """Routes for those that came without."""
    buckets: dict[tuple[str, str], Plain]
    """(kind, rule) -> token bucket that the virtual host has to have."""


class Routes:
    """Turns the routes of a gateway's hosts into Envoy's."""

    def __init__(
        self, pools: Pools, secrets: Secrets, findings: Diagnostics, *, instances: int, trusts_proxies: bool
    ) -> None:
        """`trusts_proxies`: whether proxies in front of the gateway may have ended TLS."""
        self._pools = pools
        self._secrets = secrets
        self._findings = findings
        self._patterns: set[str] = set()
        self._few: set[Origin] = set()
        self._many: set[Origin] = set()
        self._instances = instances
        self._trusts_proxies = trusts_proxies
        self.users: set[str] = set()
        """Secrets (`namespace/name`) by which routes ask for credentials."""
        self.in_flight: dict[str, int] = {}
        """Names of filters -> requests in flight of a rule, at most."""

    def rules(self, host: VirtualHost) -> list[Rule]:
        """The routes of a host in their order."""
        return [self._rule(host, route) for route in host.routes]

    def _rule(self, host: VirtualHost, route: Route) -> Rule:
        rule = _name(route)
        policies = route.policies
        buckets: dict[tuple[str, str], Plain] = {}
        if isinstance(route.action, Forward) and limits.shut(policies) is None:
            if policies.local_limit is not None:
                buckets["local", f"{host.host} {rule}"] = limits.local_bucket(policies.local_limit)
            if policies.global_limit is not None:
                bucket = limits.global_bucket(policies.global_limit, self._instances)
                buckets["global", f"{host.host} {rule}"] = bucket
        common: Plain = {"name": f"{route.owner} {route.match.path.value}"}
        if buckets:
            common["metadata"] = limits.metadata((kind for kind, _ in buckets), f"{host.host} {rule}")
        secure = self._entries(host, route, common, rule, is_limited=bool(buckets))
        check_patterns(([e["match"], e.get("route")] for e in secure), route.origin, self._patterns, self._findings)
        if policies.https is None:
            return Rule(secure, secure, buckets)
        answer = {"match": route_match(route.match), **common, **redirect(policies.https)}
        if not self._trusts_proxies:
            return Rule(secure, [answer], buckets)
        came_plain = {"name": "x-forwarded-proto", "string_match": {"exact": "http"}}
        answer["match"]["headers"] = [*answer["match"].get("headers", ()), came_plain]
        return Rule(secure, [answer, *secure], buckets)

    # --- actions

    def _entries(self, host: VirtualHost, route: Route, common: Plain, rule: str, *, is_limited: bool) -> list[Plain]:
        action, policies = route.action, route.policies
        shut = limits.shut(policies)
        if shut is not None:
            action = shut
        if isinstance(action, Forward):
            return self._forward(host, route, action, common, rule, is_limited=is_limited)
        entry = {"match": route_match(route.match), **common, **header_fields(policies.headers)}
        answer = redirect(action) if isinstance(action, Redirect) else _answer(action)
        added = [*entry.pop("response_headers_to_add", ()), *answer.pop("response_headers_to_add", ())]
        entry |= answer
        if added:
            entry["response_headers_to_add"] = added
        filters = self._filters(host, policies, {})
        return [{**entry, "typed_per_filter_config": filters} if filters else entry]

    def _forward(
        self, host: VirtualHost, route: Route, action: Forward, common: Plain, rule: str, *, is_limited: bool
    ) -> list[Plain]:
        policies = route.policies
        attempts = self._attempts(host, route, action)
        target = self._target(host, route, action, attempts, rule)
        action_fields = {**target, **self._fields(policies, route)}
        repeatable = repeatable_methods(action, policies)
        wanted = route.match.methods
        halves: list[tuple[tuple[str, ...] | None, bool]]
        if not repeatable:
            halves = [(None, True)]
        elif wanted:
            safe = tuple(m for m in wanted if m in repeatable)
            others = tuple(m for m in wanted if m not in repeatable)
            halves = [half for half in ((safe, True), (others, False)) if half[0]]
        else:
            halves = [(repeatable, True), (None, False)]
        entries = []
        for methods, is_repeatable in halves:
            entry = {"match": route_match(route.match, methods), **common}
            entry["route"] = {
                **action_fields,
                **retry_fields(action, policies, attempts, repeatable=is_repeatable),
            }
            if len(action.split.shares) == 1:
                entry |= header_fields(_headers(route, action.split.shares[0]))
            said = self._said(policies, action, is_repeatable=is_repeatable)
            if any(hides_served(_headers(route, share)) for share in action.split.shares):
                said["hides"] = True
            filters = self._filters(host, policies, said, runs_script=is_limited)
            if policies.concurrency is not None and policies.concurrency.requests and _is_shared(host, route):
                # pools count for themselves, and this rule has several
                filters |= self._counted(f"in-flight/{host.host} {rule}", policies.concurrency)
            if filters:
                entry["typed_per_filter_config"] = filters
            entries.append(entry)
        return entries

    def _fields(self, policies: Policies, route: Route) -> Plain:
        """Fields of a RouteAction beside its cluster and retries."""
        found: Plain = {"timeout": f"{policies.timeout.seconds if policies.timeout is not None else 0}s"}
        if policies.rewrite is not None:
            found |= rewrite(policies.rewrite, route.match.path)
        mirror = policies.mirror
        if mirror is not None and mirror.percent:
            fraction = {"default_value": {"numerator": mirror.percent, "denominator": "HUNDRED"}}
            cluster = self._pools.composite(mirror.backend, _whole(mirror.backend))
            found["request_mirror_policies"] = [{"cluster": cluster, "runtime_fraction": fraction}]
        return found

    # --- where to

    def _attempts(self, host: VirtualHost, route: Route, action: Forward) -> int:
        """Tries that a request may need: all members of the composite, unless its author said how many."""
        written = route.policies.retry
        needed = [self._pools.attempts(s.backend, self._then(host, route, action, s)) for s in action.split.shares]
        if written is not None and written.attempts and route.base is None:
            self._check_tries(written, max(self._pools.tries_after_loss(s.backend) for s in action.split.shares))
        return max(ATTEMPTS, *needed, self._repeats(written) + 1 if written is not None else 0)

    def _repeats(self, written: Retry) -> int:
        """The repeats that an author asks for: as many as an Envoy can be given, after a finding."""
        if written.attempts > MOST_REPEATS and written.origin not in self._many:
            self._many.add(written.origin)
            self._findings.add(
                codes.ENVOY_MANY_TRIES,
                written.origin,
                str(written.attempts),
                f"{written.attempts:,} repeats of one request, and an Envoy is given {MOST_REPEATS} at most",
                "write proxy-next-upstream-tries with a small number, or delete it",
            )
        return min(written.attempts, MOST_REPEATS)

    def _check_tries(self, written: Retry, wanted: int) -> None:
        if written.attempts + 1 < wanted and written.origin not in self._few:
            self._few.add(written.origin)
            self._findings.add(
                codes.ENVOY_FEW_TRIES,
                written.origin,
                str(written.attempts),
                f"{wanted - 1} pods may die at once, and with {written.attempts} repeats a request may meet them alone",
                f'write proxy-next-upstream-tries: "{wanted - 1}" or more, or delete it',
            )

    def _target(self, host: VirtualHost, route: Route, action: Forward, attempts: int, rule: str) -> Plain:
        limit = None
        concurrency = route.policies.concurrency
        if concurrency is not None:
            limit = Limit(f"{host.host} {rule}", limits.part(concurrency.requests, self._instances))
        shares = [share for share in action.split.shares if share.weight] or list(action.split.shares)
        named = [
            (self._pools.composite(s.backend, self._then(host, route, action, s), attempts, limit), s) for s in shares
        ]
        if len(action.split.shares) == 1:
            return {"cluster": named[0][0]}
        clusters = [
            {"name": name, "weight": share.weight, **header_fields(_headers(route, share))} for name, share in named
        ]
        return {"weighted_clusters": {"clusters": clusters}}

    def _then(self, host: VirtualHost, route: Route, action: Forward, share: Share) -> tuple[Backend, ...]:
        """Backends behind a share, in order: all pods of its Service, the base of a canary, the fallback."""
        found = list(_whole(share.backend))
        base = self._base(host, route, action, share)
        if base is not None:
            found += [base, *_whole(base)]
        if action.fallback is not None:
            found.append(action.fallback)
        unique: list[Backend] = []
        for backend in found:
            if backend != share.backend and backend not in unique:
                unique.append(backend)
        return tuple(unique)

    def _base(self, host: VirtualHost, route: Route, action: Forward, share: Share) -> Backend | None:
        """What a canary stands in for."""
        if route.base is None:
            return action.split.shares[0].backend if share.owner != route.owner else None
        for other in host.routes:
            if other.owner == route.base and other.base is None and other.match.path == route.match.path:
                return other.action.split.shares[0].backend if isinstance(other.action, Forward) else None
        return None

    # --- filters

    def _said(self, policies: Policies, action: Forward, *, is_repeatable: bool) -> Plain:
        """What the script is told."""
        fallback = ""
        if policies.errors is not None and action.fallback is not None and is_repeatable:
            # a request that may not be executed twice gets the answer of its backend
            fallback = self._pools.composite(action.fallback, _whole(action.fallback))
        return context(policies, fallback)

    def _counted(self, name: str, limit: ConcurrencyLimit) -> Plain:
        """The setting of a route whose requests in flight are counted."""
        self.in_flight[name] = limits.part(limit.requests, self._instances)
        return {name: {"@type": ext.FILTER_CONFIG, "config": {}}}

    def _filters(self, host: VirtualHost, policies: Policies, said: Plain, *, runs_script: bool = False) -> Plain:
        """Settings of filters for one route."""
        found: Plain = {}
        if said or runs_script:
            found[ext.LUA_NAME] = per_route(said)
        if policies.cors is not None:
            found[ext.CORS_NAME] = cors_policy(policies.cors)
        access: AddressList | None = policies.access or host.access
        if access is not None:
            found[ext.RBAC_NAME] = address_rules(access)
        if policies.auth is not None and policies.auth.form == "auth-file":
            name = self._secrets.users(policies.auth.secret)
            self.users.add(str(policies.auth.secret))
            found[name] = {"@type": ext.FILTER_CONFIG, "config": {}}
        return found


def _name(route: Route) -> str:
    """Of the rule that a route belongs to: a base and its canaries are one."""
    return f"{route.base or route.owner} {route.match.path.kind} {route.match.path.value}"


def _is_shared(host: VirtualHost, route: Route) -> bool:
    """Whether the rule of a route leads to several backends, by its own shares or by canaries."""
    found = {
        share.backend
        for other in host.routes
        if isinstance(other.action, Forward) and _name(other) == _name(route)
        for share in other.action.split.shares
    }
    return len(found) > 1


def _whole(backend: Backend) -> tuple[Backend, ...]:
    """All pods of a Service, where a backend is some of them: they serve when no other is left."""
    return (replace(backend, subset=None),) if backend.subset is not None else ()


def _headers(route: Route, share: Share) -> Any:
    """Changes to headers for a share: its own, or those of the base."""
    if share.headers is not None:
        return share.headers
    return route.policies.headers if share.owner == route.owner else None


def _answer(action: DirectResponse) -> Plain:
    """What is answered without a backend: fields of a Route."""
    answer: Plain = {"status": action.status}
    if action.body:
        answer["body"] = {"inline_string": action.body}
    found: Plain = {"direct_response": answer}
    if action.content_type != "text/plain":  # which Envoy says by itself
        kind = {"key": "content-type", "value": action.content_type}
        found["response_headers_to_add"] = [{"header": kind, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}]
    return found
