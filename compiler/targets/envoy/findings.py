"""What Envoy can't do, or does in part, at the line that asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compiler.ir.regex import program_steps
from compiler.ir.traffic import Forward
from compiler.ir.walk import backends
from compiler.targets.envoy import codes
from compiler.targets.envoy.hashing import hash_policy
from compiler.targets.envoy.limits import part
from compiler.targets.envoy.listeners import ADMIN_PORT, SIDECAR_PORT, STATUS_PORT
from compiler.targets.envoy.retries import hedge_delay_ms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from compiler.diagnostics import Diagnostics, Origin
    from compiler.ir.delivery import EnvoyGateway
    from compiler.ir.traffic import Backend, Gateway, Policies, Route, Traffic
    from compiler.targets.envoy.endpoints import Addresses

PATTERN_STEPS = 5_000
"""Largest RE2 program that Envoy is told to accept."""

WATCHES = 128
"""inotify instances that Linux grants a user by default (`fs.inotify.max_user_instances`)."""
WATCHES_PER_SECRET = 2
"""Of an Envoy without a server: one for the file that names a Secret, one for the files with its content (measured)."""
_TAKEN = {
    ADMIN_PORT: "Envoy's admin interface has it",
    STATUS_PORT: "probes and metrics are served there",
    SIDECAR_PORT: "the sidecar answers probes there",
}


def check_gateway(gateway: Gateway, settings: EnvoyGateway, addresses: Addresses, findings: Diagnostics) -> None:
    """Everything that can be told by looking at the program."""
    for index, listener in enumerate(settings.listeners):
        if listener.port in _TAKEN:
            findings.add(
                codes.ENVOY_PORT,
                settings.origin.at("listeners", index, "port"),
                str(listener.port),
                _TAKEN[listener.port],
                "choose another port",
            )
    _check_freezing(gateway, findings)
    for host in gateway.hosts:
        for route in host.routes:
            _check_policies(route, settings, findings)
            _check_headers(route, findings)
            for backend in backends(route):
                _check_subset(backend, addresses, findings)
                _check_spillover(backend, findings)


def check_secrets(settings: EnvoyGateway, secrets: int, findings: Diagnostics) -> None:
    """Report a gateway that by itself would watch too many files. `secrets`: how many files name one."""
    needed = secrets * WATCHES_PER_SECRET
    if settings.placement or needed <= WATCHES:
        return
    findings.add(
        codes.ENVOY_MANY_SECRETS,
        settings.origin,
        settings.gateway,
        f"its bootstrap.json names {secrets} Secrets, and an Envoy that watches their files takes {needed} inotify "
        f"instances of the {WATCHES} that Linux grants a user by default",
        "start Envoy with `fleetgate gateway`, which needs none, or raise fs.inotify.max_user_instances on the machine",
    )


def _check_freezing(gateway: Gateway, findings: Diagnostics) -> None:
    """Report each Service whose TrafficPolicy declares no hedging; once."""
    told = set()
    for host in gateway.hosts:
        for route in host.routes:
            for backend in backends(route):
                spread = backend.spread
                is_declared = "spread" in spread.origin.path and len(spread.clusters) > 1
                if is_declared and spread.hedge_delay_ms is None and backend.service not in told:
                    told.add(backend.service)
                    findings.add(
                        codes.NO_FREEZE_PROTECTION,
                        spread.origin,
                        str(backend.service),
                        "its TrafficPolicy declares no hedge, so requests to a frozen cluster wait for their timeout",
                        "declare hedge: {delay: …} near the Service's 99th percentile, or accept the finding",
                    )


def check_connections(gateway: Gateway, settings: EnvoyGateway, addresses: Addresses, findings: Diagnostics) -> None:
    """Report bounds of connections that Envoy has to pass, each once."""
    told = set()
    for host in gateway.hosts:
        for route in host.routes:
            for backend in backends(route):
                pool, cores = backend.policy.pool, settings.cpu
                if pool is None or pool.origin in told:
                    continue
                told.add(pool.origin)
                members = [member for tier in backend.spread.tiers for member in tier.members]
                there = sum(len(place.addresses) for place in addresses.of(backend, members)) or 1
                for bound, least, each in (
                    (pool.max_connections, cores * there, f"each of {there} pods"),
                    (pool.max_connections_per_endpoint, cores, "a pod"),
                ):
                    if bound is not None and bound < least:
                        findings.add(
                            codes.ENVOY_CONNECTIONS,
                            pool.origin,
                            str(bound),
                            f"each of {cores} workers of an Envoy keeps a connection to {each}, which is {least}",
                            f"write {least} or more, or accept the finding",
                        )


def _check_policies(route: Route, settings: EnvoyGateway, findings: Diagnostics) -> None:
    policies = route.policies
    if policies.wasm is not None:
        findings.add(
            codes.ENVOY_WASM,
            policies.wasm.origin,
            str(route.owner),
            "this gateway has target envoy, and the plug-in is known to MSE alone",
            "use target mse for this gateway, or delete the annotation",
        )
    if policies.auth is not None and policies.auth.form == "auth-map":
        findings.add(
            codes.ENVOY_AUTH_MAP,
            policies.auth.origin,
            str(policies.auth.secret),
            "Envoy reads users from one file, and this Secret has one key per user",
            "write it as auth-file: key auth, with lines user:{SHA}hash",
        )
    _check_limits(policies, settings, findings)
    action = route.action
    retry = policies.retry
    if isinstance(action, Forward) and retry is not None and retry.try_timeout_s and hedge_delay_ms(action) is not None:
        findings.add(
            codes.ENVOY_HEDGE,
            retry.origin,
            str(retry.try_timeout_s),
            "a TrafficPolicy of the Service declares hedging, and Envoy has one timer for both",
            "delete this annotation, or the policy's hedge",
        )


def _check_limits(policies: Policies, settings: EnvoyGateway, findings: Diagnostics) -> None:
    instances = settings.instances
    limit, concurrency = policies.global_limit, policies.concurrency
    if limit is not None and instances > 1:
        admitted = part(limit.requests_per_second, instances)
        findings.add(
            codes.ENVOY_GLOBAL_LIMIT,
            limit.origin,
            str(limit.requests_per_second),
            f"each of {instances} replicas of gateway {settings.gateway} admits {admitted} per second",
            "accept it in the Fleet with a reason, or use target mse",
        )
    if concurrency is not None and instances > 1:
        admitted = part(concurrency.requests, instances)
        findings.add(
            codes.ENVOY_CONCURRENCY,
            concurrency.origin,
            str(concurrency.requests),
            f"each of {instances} replicas of gateway {settings.gateway} admits {admitted} at a time",
            "accept it in the Fleet with a reason, or use target mse",
        )


def _check_headers(route: Route, findings: Diagnostics) -> None:
    for condition in route.match.headers:
        if "_" in condition.name:
            findings.add(
                codes.ENVOY_HEADER,
                route.origin,
                condition.name,
                "requests with an underscore in the name of a header are refused",
                "name the header with dashes",
            )


def _check_subset(backend: Backend, addresses: Addresses, findings: Diagnostics) -> None:
    if backend.subset is None:
        return
    reached = [cluster for cluster, _ in addresses.entries(backend.service, backend.spread.clusters)]
    if reached:
        findings.add(
            codes.ENVOY_SUBSET,
            backend.origin,
            str(backend.service),
            f"pods are chosen by label, and {', '.join(reached)} {'is' if len(reached) == 1 else 'are'} reached by "
            f"{'its entry' if len(reached) == 1 else 'their entries'}",
            f"name the pods in {', '.join(reached)} with their labels in EndpointSlices, or give the version a Service "
            "with a host or path of its own",
        )


def _check_spillover(backend: Backend, findings: Diagnostics) -> None:
    spread, balance = backend.spread, backend.policy.balance
    if spread.spill_below_percent and balance is not None and hash_policy(balance):
        findings.add(
            codes.ENVOY_SPILLOVER,
            spread.origin,
            str(backend.service),
            f"its requests are hashed, and so leave a tier when nothing of it is left, not below "
            f"{spread.spill_below_percent} % healthy",
            "delete spillover, or the affinity or hashing of the Service",
        )


def check_patterns(fields: Iterable[Any], origin: Origin, seen: set[str], findings: Diagnostics) -> None:
    """Report patterns in what a route became that are larger than Envoy is told to accept."""
    for pattern in _patterns(list(fields)):
        if pattern in seen:
            continue
        seen.add(pattern)
        steps = program_steps(pattern)
        if steps > PATTERN_STEPS:
            findings.add(
                codes.ENVOY_PATTERN,
                origin,
                pattern,
                f"its program has {steps:,} steps, and Envoy is told to accept {PATTERN_STEPS:,}",
                "use + or * in place of counted repetitions, or split the pattern",
            )


def _patterns(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "regex" and isinstance(item, str):
                yield item
            else:
                yield from _patterns(item)
    elif isinstance(value, list):
        for item in value:
            yield from _patterns(item)


def tell_unknown(addresses: Addresses, traffic: Traffic, findings: Diagnostics) -> None:
    """Report Services of which nothing tells where their pods are."""
    services = {s.name: s for s in traffic.services}
    for name, clusters in addresses.unknown.items():
        shown = ", ".join(sorted(clusters))
        findings.add(
            codes.NO_ENDPOINTS,
            services[name].origin,
            str(name),
            f"no EndpointSlice tells where its pods in {shown} are, and no entry of a cluster stands for them",
            "add EndpointSlice documents, or name the entry of the cluster in `spec.reach` of the Cluster",
        )
