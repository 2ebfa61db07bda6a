"""A request through the program: host, route, answer.

What comes first, when several things ask for an answer of the gateway: plain HTTP is sent to HTTPS, a CORS preflight is
answered, then addresses, then credentials are checked; only then comes the action of the route. Limits depend on other
requests and are told with the policies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.ir.traffic import DirectResponse, Forward, Redirect
from compiler.solver.flows import EVERYTHING
from compiler.trace.conditions import Facts, misses
from compiler.trace.forwarding import forwarding
from compiler.trace.guards import is_listed, is_preflight
from compiler.trace.hosts import answering
from compiler.trace.locations import location
from compiler.trace.outcome import Answer, Candidate, Trace, Tried
from compiler.trace.paths import host_name, normal_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compiler.ir.traffic import AddressList, Gateway, Policies, Route, VirtualHost
    from compiler.solver.flows import Pods
    from compiler.trace.hosts import Answering
    from compiler.trace.outcome import Forwarding, Verdict
    from compiler.trace.request import Request


def trace(gateway: Gateway, request: Request, pods: Pods = EVERYTHING) -> Trace:
    """What the gateway does with the request, while `pods` are left of its Services."""
    normal = normal_path(request.path)
    hosts = answering(gateway, host_name(request.host))
    tried = tuple(Tried(each.host.host, each.name) for each in hosts)
    refused = _refused(gateway, request, hosts)
    if refused is None and normal.problem:
        refused = Answer("bad-request", 400, says=normal.problem)
    if refused is None and normal.is_moved:
        target = normal.path if request.query is None else f"{normal.path}?{request.query}"
        says = "the path holds escaped slashes (%2F, %5C), which backends read in different ways"
        refused = Answer("escaped-slashes", 307, target, says=says)
    if refused is not None:
        return Trace(gateway.name, request, normal.path, tried, (), refused)
    facts = Facts(request, normal.path)
    candidates, winner = _candidates(hosts, facts)
    if winner is None:
        reason = Answer("no-route", 404) if hosts else Answer("no-host", 404)
        return Trace(gateway.name, request, normal.path, tried, candidates, reason)
    route, number = winner
    access = _access(route, hosts[: number + 1])
    assumed: list[str] = []
    result = _result(route, hosts[number].host, facts, access, assumed, pods)
    tls = None
    if request.scheme == "https":  # the host whose certificate is presented says what clients may use
        tls = next(each.host.tls_settings for each in hosts if each.host.tls is not None)
    if tls is not None and tls.client_ca is not None:
        assumed.append(f"the client presents a certificate of the CA in Secret {tls.client_ca}")
    return Trace(gateway.name, request, normal.path, tried, candidates, result, access, tls, tuple(assumed))


def _refused(gateway: Gateway, request: Request, hosts: Sequence[Answering]) -> Answer | None:
    """Why the request does not even reach the routes."""
    wanted = request.scheme.upper()
    if all(listener.protocol != wanted for listener in gateway.listeners):
        ports = ", ".join(f"{listener.protocol} on port {listener.port}" for listener in gateway.listeners)
        return Answer("no-listener", None, says=f"the gateway listens for {ports or 'nothing'}")
    if request.scheme == "https" and all(each.host.tls is None for each in hosts):
        says = "no Ingress names a certificate for this host (spec.tls)" if hosts else "no Ingress has this host"
        return Answer("no-certificate", None, says=says)
    odd = next((name for name, _ in request.headers if "_" in name), None)
    if odd is not None:
        return Answer(
            "bad-request", 400, says=f"header {odd} has an underscore in its name (HTTP/2: the stream is reset)"
        )
    return None


def _candidates(hosts: Sequence[Answering], facts: Facts) -> tuple[tuple[Candidate, ...], tuple[Route, int] | None]:
    """Every route with its verdict; the winner with the number of its host."""
    winner: tuple[Route, int] | None = None
    found = []
    for number, each in enumerate(hosts):
        for route in each.host.routes:
            missed = tuple(misses(route.match, facts))
            verdict: Verdict = "differs" if missed else "behind" if winner is not None else "wins"
            if verdict == "wins":
                winner = route, number
            found.append(Candidate(each.host.host, route, verdict, missed))
    return tuple(found), winner


def _access(route: Route, hosts: Sequence[Answering]) -> AddressList | None:
    """The list of the route; else that of the host of the request, which governs routes that it falls back to too."""
    if route.policies.access is not None:
        return route.policies.access
    return next((each.host.access for each in hosts if each.host.access is not None), None)


def _result(
    route: Route, host: VirtualHost, facts: Facts, access: AddressList | None, assumed: list[str], pods: Pods
) -> Answer | Forwarding:
    stopped = _at_the_door(route, facts) or _unless_allowed(route.policies, facts, access, assumed)
    if stopped is not None:
        return stopped
    closed = _closed(route.policies)
    if closed is not None:
        return closed
    action = route.action
    if isinstance(action, Redirect):
        return Answer("redirect", action.status, location(action, facts), origin=action.origin)
    if isinstance(action, DirectResponse):
        return Answer("direct", action.status, body=action.body, origin=action.origin)
    return forwarding(route, host, action, facts, pods)


def _at_the_door(route: Route, facts: Facts) -> Answer | None:
    """What is answered whoever asks. Preflights only where a backend would be asked (Envoy's filter, seen)."""
    policies = route.policies
    if policies.https is not None and facts.request.scheme == "http":
        return Answer("https", policies.https.status, location(policies.https, facts), origin=policies.https.origin)
    if policies.cors is not None and isinstance(route.action, Forward) and is_preflight(policies.cors, facts.request):
        return Answer("preflight", 200, says="a CORS preflight", origin=policies.cors.origin)
    return None


def _unless_allowed(policies: Policies, facts: Facts, access: AddressList | None, assumed: list[str]) -> Answer | None:
    """Why this client may not pass; what nobody knows of it is `assumed`."""
    request = facts.request
    if access is not None and not request.client:
        assumed.append(f"the client's address may pass the {access.kind} list (try --client-ip)")
    elif access is not None and is_listed(access, request.client) != (access.kind == "allow"):
        where = "not on the allow list" if access.kind == "allow" else "on the deny list"
        return Answer("access", 403, says=f"{request.client} is {where}", origin=access.origin)
    if policies.auth is None:
        return None
    credentials = next(iter(request.values("authorization")), "")
    if not credentials.lower().startswith("basic "):
        says = "the credentials are not HTTP basic" if credentials else "no credentials (HTTP basic)"
        return Answer("auth", 401, says=says, origin=policies.auth.origin)
    assumed.append(f"the credentials are those of a user in Secret {policies.auth.secret}")
    return None


def _closed(policies: Policies) -> Answer | None:
    """The answer of a limit that lets nobody pass."""
    overall, local = policies.global_limit, policies.local_limit
    if overall is not None and not overall.requests_per_second:
        said = overall.rejection
        status, body = (302, "") if said.redirect else (said.status, said.body)
        return Answer("limit", status, said.redirect, body, origin=overall.origin)
    if local is not None and not local.requests:
        return Answer("limit", 429, body="local_rate_limited", origin=local.origin)
    return None
