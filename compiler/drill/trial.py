"""Every route of a preview, tried with real requests: what the trace expects, and what was seen."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from compiler.drill.client.plan import Ask, ClientTls, Plan
from compiler.drill.load import exchange
from compiler.drill.local import PASSWORD, USER
from compiler.trace.evaluate import trace
from compiler.trace.examples import example
from compiler.trace.outcome import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from compiler.drill.client.plan import Sample
    from compiler.drill.preview import Running
    from compiler.ir.traffic import AddressList, Route
    from compiler.trace.outcome import Trace
    from compiler.trace.request import Request

REQUESTS = 200
"""Per route that leads to backends."""
SIGMAS = 5
"""How far the number of answers of a backend may be from its share."""


class Trial(Struct, frozen=True):
    """A route, tried."""

    gateway: str
    route: Route
    request: Request | None
    """None = no request was found that this route wins; then nothing was sent."""
    expected: tuple[tuple[str, str], ...] = ()
    """(Service, its clusters with their shares: `hz-a 50 %, hz-b 50 %`), or the answer of the gateway and ""."""
    seen: tuple[tuple[str, str], ...] = ()
    agrees: bool = True


def trials(running: Running) -> Iterator[Trial]:
    """Try every route of a gateway, in order."""
    gateway = running.gateway
    for host in gateway.hosts:
        for route in host.routes:
            request = example(gateway, host, route)
            if request is None:
                yield Trial(gateway.name, route, None)
                continue
            allowed = _allowed(request, route, route.policies.access or host.access)
            if route.policies.https is not None and request.scheme == "https":
                yield _tried(running, route, structs.replace(allowed, scheme="http"))
            yield _tried(running, route, allowed)


def _allowed(request: Request, route: Route, access: AddressList | None) -> Request:
    """The request of somebody who may pass: known credentials, an address that the list of the route lets through."""
    headers = request.headers
    if route.policies.auth is not None:
        import base64  # noqa: PLC0415 - few routes ask for credentials

        token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        headers = (*headers, ("authorization", f"Basic {token}"))
    client = "203.0.113.7"
    if access is not None and access.kind == "allow":
        client = access.ranges[0].partition("/")[0]
    return structs.replace(request, headers=headers, client=client)


def _tried(running: Running, route: Route, request: Request) -> Trial:
    found = trace(running.gateway, request)
    count = 1 if isinstance(found.result, Answer) else _within_limits(route)
    path = request.path if request.query is None else f"{request.path}?{request.query}"
    ask = Ask(
        path=path,
        host=request.host,
        method=request.method,
        headers=(*request.headers, ("x-forwarded-for", request.client)),
    )
    address, port = running.address(request.scheme)
    samples = exchange(
        Plan(
            targets=(f"{address}:{port}",),
            asks=(ask,),
            count=count,
            workers=min(4, route.policies.concurrency.requests or 1) if route.policies.concurrency is not None else 4,
            tls=ClientTls(server_name=request.host) if request.scheme == "https" else None,
            name="trial",
            keeps_answers=True,
        )
    )
    if isinstance(found.result, Answer):
        wanted, told = _words(found.result.status, found.result.location), _seen_answer(samples[0])
        return Trial(running.gateway.name, route, request, ((wanted, ""),), ((told, ""),), wanted == told)
    return _compared(running.gateway.name, route, request, found, samples)


def _within_limits(route: Route) -> int:
    """Requests that the limits of a route let pass at once, but for a few: what is refused says nothing of shares."""
    policies = route.policies
    bounds = [REQUESTS]
    if policies.local_limit is not None:
        bounds.append(policies.local_limit.burst // 2)
    if policies.global_limit is not None:
        bounds.append(policies.global_limit.requests_per_second // 2)
    return max(1, min(bounds))


def _words(status: int | None, location: str) -> str:
    return f"{status} {location}".strip()


def _seen_answer(sample: Sample) -> str:
    location = dict(sample.headers).get("location", "")
    return _words(sample.status, location) if sample.status else sample.error


def _compared(name: str, route: Route, request: Request, found: Trace, samples: list[Sample]) -> Trial:
    """Shares are chance: each backend may be some standard deviations off."""
    assert not isinstance(found.result, Answer)
    shares: dict[tuple[str, str], float] = {}
    for part in found.result.parts:
        for each in part.clusters:
            if each.share:
                place = str(part.served_by.service), each.cluster
                shares[place] = shares.get(place, 0.0) + float(each.share)
    counts = Counter(_place(sample) for sample in samples)
    agrees = set(counts) <= set(shares)
    for place, share in shares.items():
        spread = SIGMAS * math.sqrt(len(samples) * share * (1 - share))
        agrees = agrees and abs(counts[place] - len(samples) * share) <= spread
    seen = {place: counts[place] / len(samples) for place in {**shares, **counts}}
    return Trial(name, route, request, _told(shares, 2), _told(seen, 0), agrees)


def _told(shares: Mapping[tuple[str, str], float], digits: int) -> tuple[tuple[str, str], ...]:
    """Shares in words, by Service."""
    by_service: dict[str, list[str]] = {}
    for (service, cluster), share in sorted(shares.items()):
        by_service.setdefault(service, []).append(f"{cluster} {round(share * 100, digits):g} %")
    return tuple((service, ", ".join(clusters)) for service, clusters in by_service.items())


def _place(sample: Sample) -> tuple[str, str]:
    """Service and cluster that answered; of an answer of the gateway its status."""
    if not sample.answered_by:
        return _seen_answer(sample), "gateway"
    cluster, service, *_ = sample.answered_by.split(" ")
    return service, cluster
