"""Upstream clusters: per Service and spread a pool per tier, a last resort, and the composite that tries them in turn.

The shape was measured (under load, with clusters killed and frozen) against one cluster per Kubernetes cluster, against
weights in a runtime overlay, aggregates and subsets; this one lost no request and was the simplest:

- a *pool*: one locality per Kubernetes cluster, weights as declared; health checks, and ejection of hosts that fail
  five times in a row on our side (answers with 5xx never eject); no panic. With a hedge also of those of which 30 % of
  what Envoy counts fails, and they come back when a health check has seen them well.
- the *last resort*: the same endpoints without health check or ejection, for the day when every check lies. With a
  hedge and many pods the same for each part of a tier that is lost at once: the *sides*, after two tries of the pool.
- a *composite*: attempt n of a request uses member n, and a member without a healthy host is skipped at once. Envoy
  labels this extension "not hardened", as it does the older aggregate.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from compiler.ir.traffic import Tier
from compiler.targets.envoy import extensions as ext
from compiler.targets.envoy import tls
from compiler.targets.envoy.endpoints import assignment
from compiler.targets.envoy.fragments import text_of
from compiler.targets.envoy.hashing import hash_policy
from compiler.targets.envoy.listeners import SILENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from compiler.ir.traffic import (
        Backend,
        ConnectionPool,
        HealthCheck,
        Member,
        ObjectName,
        ServicePolicy,
        Spread,
    )
    from compiler.targets.envoy.endpoints import Addresses
    from compiler.targets.envoy.entries import EntryChecks
    from compiler.targets.envoy.secrets import Secrets

Plain = dict[str, Any]

ATTEMPTS = 6
"""Tries of a request at least, where nobody asked for another number: members of a composite."""
MOST_ATTEMPTS = 16
"""Tries of a request at most. No try meets a pod that an earlier one met, so that one more try than there are pods that
die at once reaches one that lives; with more pods than that, one may fail until the dead ones are ejected."""
CONNECTION_BUFFER_BYTES = 32_768
TABLE_SIZE = 65_537
"""Places in the table of a hashed pool, which pods share as declared. When pods come or go, fewer than 0.5 % of the
keys of others move (measured: 12 pods of which 4 die 0.4 %, 6 of which 2 die 0.15 %). Envoy's ring, whose places are
dealt anew for each number of pods, moved 21 %, and missed declared shares by 0.5 % (standard deviation)."""
_LEAST = {1: (5,), 2: (3, 2), 3: (2, 2, 1)}
"""Number of tiers -> how often each is tried at least; repeating a member keeps a small loss from spilling over."""
_SIDE_REPEATS = 2
"""How often a base or a fallback is tried behind what it stands in for, at least."""
_SIDE_TIERS = 2
_MOST_HEDGES = 4
"""Tries that a request waits for in one tier, each as long as the delay of its hedge."""
_CONNECT_MS = 500
_UNBOUNDED = 1_000_000
"""In place of Envoy's 1024 connections, pending requests and requests, and 3 retries at a time."""
LEAST_RETRIES = 1_000
"""Requests that may be in a repeat at once, however small the declared demand."""

_EJECTION: Plain = {
    "split_external_local_origin_errors": True,
    "consecutive_local_origin_failure": 5,
    "enforcing_consecutive_local_origin_failure": 100,
    "enforcing_local_origin_success_rate": 0,
    "enforcing_consecutive_5xx": 0,
    "enforcing_consecutive_gateway_failure": 0,
    "enforcing_success_rate": 0,
    "max_ejection_percent": 100,
    "interval": "0.5s",
    "base_ejection_time": "1s",
    "max_ejection_time": "5s",
}
_HEDGED_EJECTION: Plain = {
    "interval": "0.3s",
    # Envoy counts a request that gets a connection as a success, and a hedge as a failure. A frozen pod still accepts
    # connections: it never fails five times in a row, and of what is counted half fails, or a third where every other
    # request has no hedge. Of a pod that answers 20 % of its requests late it is a sixth.
    "failure_percentage_threshold": 30,
    "enforcing_failure_percentage_local_origin": 100,
    "enforcing_failure_percentage": 0,
    "failure_percentage_minimum_hosts": 1,
    "failure_percentage_request_volume": 16,
}
_CHECKED_EJECTION: Plain = {
    # a health check that succeeds ends an ejection: what comes back by time alone may still be frozen
    "base_ejection_time": "30s",
    "max_ejection_time": "30s",
}
_LB_POLICIES = {"round_robin": "ROUND_ROBIN", "least_conn": "LEAST_REQUEST", "random": "RANDOM"}
_LB_FIELDS = {"round_robin": "round_robin_lb_config", "least_conn": "least_request_lb_config"}


class Limit(Struct, frozen=True, gc=False):
    """A bound of the requests in flight to pools that one rule has for itself."""

    rule: str
    requests: int


class _Step(Struct, frozen=True, gc=False):
    """One try of a request."""

    tier: int
    """From 0."""
    only: tuple[str, ...] = ()
    """The clusters of it whose pods are tried; empty = all."""


class Pools:
    """The upstream clusters of a cell, each by its name."""

    def __init__(
        self, addresses: Addresses, secrets: Secrets, demands: Mapping[ObjectName, float], checks: EntryChecks
    ) -> None:
        """`demands`: declared peaks of Services, in requests per second over all gateways."""
        self._addresses = addresses
        self._checks = checks
        self._secrets = secrets
        self._demands = demands
        self._made: dict[str, object] = {}
        self.clusters: dict[str, str] = {}
        """Name -> JSON text."""

    def composite(
        self, backend: Backend, then: Sequence[Backend] = (), attempts: int = ATTEMPTS, limit: Limit | None = None
    ) -> str:
        """Name of the cluster that tries a backend, then others in their order, then the last resort."""
        suffix = f"!{limit.rule}" if limit is not None else ""
        own = self._named(backend) + suffix
        tail = "".join(f">{self._named(b)}" for b in then)
        name = own + tail + (f"*{attempts}" if attempts > ATTEMPTS else "")
        if name not in self.clusters:
            members = [self._member(backend, step, limit) for step in self._steps(backend, is_alone=not then)]
            for other in then:
                members += [self._member(other, step, None) for step in self._side_steps(other)]
            left = self._whatever_is_left(backend, limit)
            missing = attempts - len(members) - len(left) - 1
            if then or _is_hedged(backend):
                members += [members[-1]] * missing
            else:
                members = [members[0]] * missing + members
            members += [*left, self._last(backend, limit)]
            most = most_retries(self._demands.get(backend.service))
            self.clusters[name] = text_of(_composite(name, members, most, backend.policy))
        return name

    def attempts(self, backend: Backend, then: Sequence[Backend] = ()) -> int:
        """Tries that a request needs to have met every member often enough."""
        own = len(self._steps(backend, is_alone=not then))
        left = len(backend.spread.tiers) if _spills(backend) else 0
        return max(ATTEMPTS, own + left + sum(len(self._side_steps(other)) for other in then) + 1)

    def tries_after_loss(self, backend: Backend) -> int:
        """Tries after which a request has met a pod that lives, whatever one cluster or zone is lost."""
        return min(self._addresses.largest_loss(backend, backend.spread.clusters) + 1, MOST_ATTEMPTS - 1)

    # --- in which order

    def _steps(self, backend: Backend, *, is_alone: bool) -> list[_Step]:
        """The tries of a request, in order."""
        needed = self._tries(backend)
        counts = needed
        if is_alone and not (_is_hedged(backend) and len(needed) > 1):
            least = _LEAST.get(len(needed)) or (2, *(1,) * (len(needed) - 1))
            counts = [max(both) for both in zip(needed, least, strict=True)]
        found = []
        for number, count in enumerate(counts):
            is_long = _is_hedged(backend) and needed[number] > _MOST_HEDGES
            found += self._with_turns(backend, number, count) if is_long else [_Step(number)] * count
        return found

    def _side_steps(self, backend: Backend) -> list[_Step]:
        """The tries of what stands in for another backend: two tiers of it."""
        return [step for step in self._steps(backend, is_alone=False) if step.tier < _SIDE_TIERS]

    def _with_turns(self, backend: Backend, number: int, count: int) -> list[_Step]:
        """`count` tries of a tier of which each that meets a frozen pod costs the delay of a hedge.

        After two, in which a request that was only slow has met another pod, those that lose their pods together are
        tried in turn: the second of them lives if one is lost, however many pods it had.
        """
        steps = [_Step(number)] * count
        is_only = len(backend.spread.tiers) == 1
        sides = self._addresses.domains(m.cluster for m in backend.spread.tiers[number].members)
        if len(sides) < 2:
            return steps if is_only else steps[:_MOST_HEDGES]
        turns = [_Step(number, side) for side in sides[: MOST_ATTEMPTS - _MOST_HEDGES]]
        return [*steps[:2], *turns, *(steps[2 + len(turns) :] if is_only else ())]

    def _tries(self, backend: Backend) -> list[int]:
        """How often each tier is tried: once more than it may have dead pods while others live.

        Each pool counts for itself: that a pod was tried in one of them is not known in the next. Where there is a tier
        to go to, a third of the pods of one may die, and nothing goes there.
        """
        tiers = backend.spread.tiers
        if not tiers:
            return [_SIDE_REPEATS]
        most = (MOST_ATTEMPTS - 1) // len(tiers)
        found = []
        for tier in tiers:
            clusters = [m.cluster for m in tier.members]
            loss = self._addresses.largest_loss(backend, clusters)
            if len(tiers) > 1:
                loss = max(loss, self._addresses.pods(backend, clusters) // 3)
            found.append(max(_SIDE_REPEATS, min(loss + 1, most)))
        return found

    # --- members

    def _member(self, backend: Backend, step: _Step, limit: Limit | None) -> str:
        """Name of the pool that a try uses."""
        tiers = backend.spread.tiers
        name = self._named(backend) + (f"!{limit.rule}" if limit is not None else "")
        name += f"/tier-{step.tier + 1}" if len(tiers) > 1 else "/pool"
        tier = tiers[step.tier] if tiers else None
        if step.only:
            assert tier is not None
            name += f"/{'+'.join(step.only)}"
            tier = Tier(tuple(m for m in tier.members if m.cluster in step.only))
        if name not in self.clusters:
            pool = self._side(name, backend, tier, limit) if step.only else self._pool(name, backend, tier, limit)
            self.clusters[name] = text_of(pool)
        return name

    def _whatever_is_left(self, backend: Backend, limit: Limit | None) -> list[str]:
        """Where tiers are left before they are empty: pools that serve with all that they have, for when none does."""
        if not _spills(backend):
            return []
        names = []
        for number, tier in enumerate(backend.spread.tiers):
            name = f"{self._member(backend, _Step(number), limit)}/left"
            if name not in self.clusters:
                self.clusters[name] = text_of(self._pool(name, backend, tier, limit, spills=False))
            names.append(name)
        return names

    def _last(self, backend: Backend, limit: Limit | None) -> str:
        name = self._named(backend) + (f"!{limit.rule}" if limit is not None else "") + "/last"
        if name not in self.clusters:
            every = Tier(tuple(member for tier in backend.spread.tiers for member in tier.members))
            self.clusters[name] = text_of(self._side(name, backend, every, limit))
        return name

    def _named(self, backend: Backend) -> str:
        """A name that tells backends apart by what they are, and reads well in statistics."""
        name = f"{backend.service}:{backend.port}"
        if backend.subset is not None:
            labels = [f"{key}={value}" for key, value in backend.subset.labels]
            if backend.subset.without_prefix:
                labels.append(f"!{backend.subset.without_prefix}")
            name += f"[{','.join(labels)}]"
        spread = backend.spread
        if not spread.by_replicas or len(spread.tiers) > 1:
            name += f"@{';'.join(_shown(tier, spread) for tier in spread.tiers)}"
        meaning = (backend.service, backend.port, backend.subset, spread, backend.policy)
        free, number = name, 1
        # the same Service with another policy: nothing that people write leads here, and nothing rules it out
        while self._made.setdefault(free, meaning) != meaning:
            number += 1
            free = f"{name}~{number}"
        return free

    # --- clusters

    def _pool(
        self, name: str, backend: Backend, tier: Tier | None, limit: Limit | None, *, spills: bool = True
    ) -> Plain:
        spread = backend.spread
        members = tier.members if tier is not None else ()
        is_hashed = _is_hashed(backend)
        threshold = spread.spill_below_percent if spills and not is_hashed else 0
        weighted = self._is_weighted(backend, members)
        by_cluster = weighted and not spread.spill_below_percent
        found = self._cluster(name, backend, limit)
        common: Plain = {"healthy_panic_threshold": {"value": threshold}, "update_merge_window": "0s"}
        if threshold:
            # below it the tier is as good as lost; that setting excludes weights of localities
            common["zone_aware_lb_config"] = {"fail_traffic_on_panic": True}
        elif by_cluster and not is_hashed:
            common["locality_weighted_lb_config"] = {}
        found["common_lb_config"] = common
        found.update(_balance(backend.policy, by_cluster=by_cluster))
        found["outlier_detection"] = self._ejection(backend)
        check_host = self._checks.host(backend)
        if spread.health_check is not None and (check_host or self._has_pods(backend, members)):
            found["health_checks"] = [_health_check(spread.health_check, backend)]
            # otherwise a pod that terminates would be kept while its checks succeed
            found["ignore_health_on_host_removal"] = True
        there = self._addresses.of(backend, members)
        found["load_assignment"] = assignment(
            name, there, weighted=weighted, by_cluster=by_cluster, check_host=check_host
        )
        return found

    def _has_pods(self, backend: Backend, members: Sequence[Member]) -> bool:
        """Whether pods of one of these clusters are reached directly."""
        return len(self._addresses.entries(backend.service, (m.cluster for m in members))) < len(members)

    def _has_entry(self, backend: Backend, clusters: Iterable[str]) -> bool:
        return bool(self._addresses.entries(backend.service, clusters))

    def _ejection(self, backend: Backend) -> Plain:
        """When a pod that fails is left out, and for how long."""
        spread = backend.spread
        found = _EJECTION
        if _is_hedged(backend):
            found = found | _HEDGED_EJECTION
        if spread.health_check is not None and not self._has_entry(backend, spread.clusters):
            found = found | _CHECKED_EJECTION
        return found

    def _side(self, name: str, backend: Backend, tier: Tier | None, limit: Limit | None) -> Plain:
        """Endpoints that are tried whatever is known of them."""
        found = self._cluster(name, backend, limit)
        found["common_lb_config"] = {"healthy_panic_threshold": {"value": 100}, "update_merge_window": "0s"}
        found.update(_balance(backend.policy, by_cluster=False))
        members = tier.members if tier is not None else ()
        there = self._addresses.of(backend, members)
        found["load_assignment"] = assignment(name, there, weighted=False, by_cluster=False)
        return found

    def _is_weighted(self, backend: Backend, members: Sequence[Member]) -> bool:
        """Whether clusters have weights: without them all pods are alike, which the address of an entry is not."""
        if len(members) < 2:
            return False
        return not backend.spread.by_replicas or self._has_entry(backend, (m.cluster for m in members))

    def _cluster(self, name: str, backend: Backend, limit: Limit | None) -> Plain:
        policy = backend.policy
        found: Plain = {
            "name": name,
            "type": "STATIC",
            "connect_timeout": _connect_timeout(backend),
            "per_connection_buffer_limit_bytes": CONNECTION_BUFFER_BYTES,
            "circuit_breakers": _circuit_breakers(policy.pool, limit),
            "typed_extension_protocol_options": {ext.HTTP_OPTIONS_NAME: _http_options(policy)},
        }
        alpn = "h2" if _is_http2(policy) else "http/1.1"
        members = [member.cluster for tier in backend.spread.tiers for member in tier.members]
        entries = self._addresses.entries(backend.service, members)
        direct = tls.upstream(policy.tls, alpn, self._secrets) if policy.protocol in ("HTTPS", "GRPCS") else None
        if entries and (direct is not None or any(entry.server_name for _, entry in entries)):
            found["transport_socket_matches"] = [
                {
                    "name": cluster,
                    "match": {"entry": cluster},
                    "transport_socket": tls.to_entry(entry, alpn, self._secrets),
                }
                for cluster, entry in entries
            ]
        if direct is not None:
            found["transport_socket"] = direct
        return found


def _connect_timeout(backend: Backend) -> str:
    """As long as the delay of a hedge, which only counts from when there is a connection; TLS takes twice the time."""
    delay = backend.spread.hedge_delay_ms
    if delay is None:
        return _seconds(_CONNECT_MS)
    least = 200 if backend.policy.protocol in ("HTTPS", "GRPCS") else 100
    return _seconds(min(max(delay, least), _CONNECT_MS))


def _is_hedged(backend: Backend) -> bool:
    return backend.spread.hedge_delay_ms is not None


def _is_hashed(backend: Backend) -> bool:
    return backend.policy.balance is not None and bool(hash_policy(backend.policy.balance))


def _spills(backend: Backend) -> bool:
    """Whether traffic leaves a tier before nothing of it is left."""
    return bool(backend.spread.spill_below_percent) and len(backend.spread.tiers) > 1 and not _is_hashed(backend)


def _shown(tier: Tier, spread: Spread) -> str:
    """`hz-a=70+hz-b=30`."""
    return "+".join(
        m.cluster if spread.by_replicas or len(tier.members) == 1 else f"{m.cluster}={m.weight}" for m in tier.members
    )


def most_retries(demand: float | None) -> int:
    """Requests that may be in a repeat at once: of a Service with this peak in requests per second, None = unknown.

    A request counts from its first repeat until an answer begins, and none waits longer than `SILENCE_S`. So even
    where all pods of a cluster die under the declared peak, and one Envoy carries all of it, there are never more than
    peak x SILENCE_S at once: what is beyond is more than was declared, and may not become a storm of repeats.
    """
    if demand is None:
        return _UNBOUNDED
    return min(max(math.ceil(demand * SILENCE_S), LEAST_RETRIES), _UNBOUNDED)


def _composite(name: str, members: Sequence[str], most_retries: int, policy: ServicePolicy) -> Plain:
    """`policy`: of the backend that is tried first."""
    found: Plain = {
        "name": name,
        "connect_timeout": "0.5s",
        "lb_policy": "CLUSTER_PROVIDED",
        "circuit_breakers": _circuit_breakers(None, None, most_retries),
        "cluster_type": {
            "name": ext.COMPOSITE_NAME,
            "typed_config": {"@type": ext.COMPOSITE, "clusters": [{"name": member} for member in members]},
        },
    }
    if policy.tls is not None and policy.tls.sends_server_name and not policy.tls.server_name:
        # Envoy takes the name from the request where it chooses the cluster of the route, and that is this one
        options: Plain = {"auto_sni": True, **({"auto_san_validation": True} if policy.tls.verifies else {})}
        found["typed_extension_protocol_options"] = {
            ext.HTTP_OPTIONS_NAME: {
                "@type": ext.HTTP_OPTIONS,
                "explicit_http_config": {"http_protocol_options": {}},
                "upstream_http_protocol_options": options,
            }
        }
    return found


def _circuit_breakers(pool: ConnectionPool | None, limit: Limit | None, most_retries: int = _UNBOUNDED) -> Plain:
    """Bounds of a cluster. Repeats are counted where the route leads, at the composite: pools have no bound of them."""
    bounds = {
        "max_connections": pool.max_connections if pool and pool.max_connections else _UNBOUNDED,
        "max_pending_requests": _UNBOUNDED,
        "max_requests": limit.requests if limit is not None else _UNBOUNDED,
        "max_retries": most_retries,
    }
    found: Plain = {"thresholds": [bounds]}
    if pool is not None and pool.max_connections_per_endpoint:
        found["per_host_thresholds"] = [{"max_connections": pool.max_connections_per_endpoint}]
    return found


def _http_options(policy: ServicePolicy) -> Plain:
    common: Plain = {"idle_timeout": "60s"}
    if policy.pool is not None and policy.pool.max_requests_per_connection:
        common["max_requests_per_connection"] = policy.pool.max_requests_per_connection
    explicit = (
        {"http2_protocol_options": {"allow_connect": True}} if _is_http2(policy) else {"http_protocol_options": {}}
    )
    return {
        "@type": ext.HTTP_OPTIONS,
        "common_http_protocol_options": common,
        "explicit_http_config": explicit,
    }


def _is_http2(policy: ServicePolicy) -> bool:
    return policy.protocol in ("HTTP2", "GRPC", "GRPCS")


def _balance(policy: ServicePolicy, *, by_cluster: bool) -> Plain:
    """How an endpoint is chosen."""
    balance = policy.balance
    if balance is None:
        return {"lb_policy": "ROUND_ROBIN"}
    keys = hash_policy(balance)
    if keys:
        table: Plain = {
            "@type": ext.MAGLEV,
            "table_size": TABLE_SIZE,
            "consistent_hashing_lb_config": {"hash_policy": keys},
        }
        if by_cluster:
            table["locality_weighted_lb_config"] = {}
        return {
            "load_balancing_policy": {
                "policies": [{"typed_extension_config": {"name": ext.MAGLEV_NAME, "typed_config": table}}]
            }
        }
    found: Plain = {"lb_policy": _LB_POLICIES[balance.algorithm]}
    if balance.warmup_s and balance.algorithm in _LB_FIELDS:
        window = {"slow_start_window": f"{balance.warmup_s}s"}
        found[_LB_FIELDS[balance.algorithm]] = {"slow_start_config": window}
    return found


def _health_check(written: HealthCheck, backend: Backend) -> Plain:
    found: Plain = {
        "interval": _seconds(written.interval_ms),
        "timeout": _seconds(written.timeout_ms),
        "unhealthy_threshold": written.unhealthy_threshold,
        "healthy_threshold": written.healthy_threshold,
        # the default checks a pool without traffic once a minute: a standby has none
        "no_traffic_interval": _seconds(written.interval_ms),
        "no_traffic_healthy_interval": _seconds(written.interval_ms),
    }
    if written.protocol == "TCP":
        found["tcp_health_check"] = {}
    elif written.protocol == "GRPC":
        found["grpc_health_check"] = {}
    else:
        found["http_health_check"] = {
            # the default is the name of the cluster, which is no host
            "host": f"{backend.service.name}.{backend.service.namespace}",
            "path": written.path,
            # what the kubelet takes for ready; Envoy's default is 200 alone
            "expected_statuses": [{"start": 200, "end": 400}],
            "codec_client_type": "HTTP2" if _is_http2(backend.policy) else "HTTP1",
        }
    return found


def _seconds(milliseconds: int) -> str:
    """`1500` -> `1.5s`, as protobuf writes durations."""
    whole, rest = divmod(milliseconds, 1000)
    return f"{whole}.{rest:03d}s".replace(".000s", "s")
