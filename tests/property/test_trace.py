"""Laws of the evaluator, for random gateways and requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compiler.trace.evaluate import trace
from compiler.trace.hosts import answering
from compiler.trace.outcome import Answer, Forwarding
from compiler.trace.paths import host_name, normal_path
from compiler.trace.request import Request
from tests.property.gateways import PLAIN, gateways, requests, routes, targets
from tests.small_fleet import app, compiled, fleet, ingress, path, rule

if TYPE_CHECKING:
    from compiler.ir.traffic import Gateway, Route
    from compiler.trace.outcome import Trace

UNHURRIED = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A gateway takes some milliseconds to draw, more on a busy machine."""


REFUSALS = ("bad-request", "escaped-slashes", "no-certificate")


def is_refused(found: Trace) -> bool:
    """Whether the request does not even reach the routes."""
    return isinstance(found.result, Answer) and found.result.reason in REFUSALS


@UNHURRIED
@given(gateways(), requests())
def test_one_route_wins_or_the_answer_is_404(gateway: Gateway, request: Request) -> None:
    found = trace(gateway, request)
    if is_refused(found):
        assert found.candidates == ()
        return
    winners = [each for each in found.candidates if each.verdict == "wins"]
    assert len(winners) <= 1
    is_404 = isinstance(found.result, Answer) and found.result.reason in ("no-host", "no-route")
    assert is_404 is not bool(winners)
    before = found.candidates[: found.candidates.index(winners[0])] if winners else found.candidates
    assert all(each.misses for each in before)
    assert all(bool(each.misses) is (each.verdict == "differs") for each in found.candidates)


@UNHURRIED
@given(gateways(), requests())
def test_candidates_are_all_routes_of_the_hosts_that_may_answer(gateway: Gateway, request: Request) -> None:
    found = trace(gateway, request)
    if is_refused(found):
        return
    names = {each.host for each in found.tried}
    expected = [route for host in gateway.hosts if host.host in names for route in host.routes]
    assert sorted(map(id, expected)) == sorted(id(each.route) for each in found.candidates)


@UNHURRIED
@given(gateways(), requests())
def test_shares_add_up_to_one_and_clusters_to_their_share(gateway: Gateway, request: Request) -> None:
    result = trace(gateway, request).result
    if isinstance(result, Forwarding):
        assert sum(part.share for part in result.parts) == 1
        assert all(sum(each.share for each in part.clusters) == part.share for part in result.parts)


@UNHURRIED
@given(gateways(), requests(), routes("new"), st.data())
def test_a_new_route_changes_nothing_for_requests_that_it_does_not_match(
    gateway: Gateway, request: Request, new: Route, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(gateway.hosts) - 1))
    host = gateway.hosts[index]
    place = data.draw(st.integers(0, len(host.routes)))
    wider = msgspec.structs.replace(host, routes=(*host.routes[:place], new, *host.routes[place:]))
    hosts = (*gateway.hosts[:index], wider, *gateway.hosts[index + 1 :])
    before, after = trace(gateway, request), trace(msgspec.structs.replace(gateway, hosts=hosts), request)
    added = [each for each in after.candidates if each.route is new]
    if not added or added[0].misses:
        assert after.result == before.result
    else:
        assert added[0].verdict in ("wins", "behind")


@given(targets())
def test_a_plain_path_stays_as_it_is(raw: str) -> None:
    once = normal_path(raw)
    if once.problem:
        return  # it is refused as it came
    assert normal_path(once.path).path == once.path
    assert once.path.startswith("/")
    assert "//" not in once.path or once.path == "//"
    assert "/../" not in f"{once.path}/"


@UNHURRIED
@given(gateways(), st.sampled_from(("shop.example.com", "b.shop.example.com", "org")))
def test_hosts_are_tried_from_the_narrowest_to_the_widest(gateway: Gateway, name: str) -> None:
    found = [each.name for each in answering(gateway, host_name(name))]
    assert found == sorted(found, key=lambda each: (each == "*", each.startswith("*"), -len(each)))


# --- plain Ingresses, against another reading of them

PATHS = ("/", "/foo", "/foo/", "/foo/bar", "/foobar", "/Foo")
INGRESS_HOSTS = ("shop.example.com", "*.example.com", None)
Rules = list[tuple[str | None, str, str]]
"""(host, path, type) of the rules, each in an Ingress of its own."""


def brute_force(rules: Rules, host: str, asked: str) -> int | None:
    """The rule that wins, as the Ingress API says it.

    The exact host before the wildcard before none; among its paths that match an exact one, else the longest prefix by
    segments. A host without a matching path gives way to a wider one (MSE).
    """
    for wanted in (host, "*." + host.split(".", 1)[1], None):
        best: tuple[bool, int] = (False, -1)
        winner = None
        for number, (of_host, of_path, kind) in enumerate(rules):
            elements = [element for element in of_path.split("/") if element]
            asked_elements = [element for element in asked.split("/") if element]
            matches = asked == of_path if kind == "Exact" else asked_elements[: len(elements)] == elements
            if of_host == wanted and matches and (kind == "Exact", len(elements)) > best:
                best, winner = (kind == "Exact", len(elements)), number
        if winner is not None:
            return winner
    return None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(INGRESS_HOSTS), st.sampled_from(PATHS), st.sampled_from(("Exact", "Prefix"))),
        min_size=1,
        max_size=6,
        # a Prefix with and without a slash at its end is one path
        unique_by=lambda each: (each[0], each[1] if each[2] == "Exact" else each[1].rstrip("/"), each[2]),
    )
)
def test_plain_ingresses_mean_what_the_ingress_api_says(rules: Rules) -> None:
    documents: list[Any] = [*fleet("hz-a"), app("cart", "hz-a")]
    documents += [
        ingress(f"rule-{number}", rule(path("cart", of_path, kind), host=of_host))
        for number, (of_host, of_path, kind) in enumerate(rules)
    ]
    program = compiled(documents)
    (cell,) = [cell.program for cell in program.cells if cell.program and cell.program.traffic.gateways[0].hosts]
    gateway = msgspec.structs.replace(cell.traffic.gateways[0], listeners=(PLAIN,))
    for host in ("shop.example.com", "other.example.com", "example.org"):
        for asked in (*PATHS, "/foo/bar/x", "/fo", "/foobar/"):
            winner = trace(gateway, Request("GET", "http", host, asked)).winner
            expected = brute_force(rules, host, asked)
            found = None if winner is None else int(winner.route.owner.name.removeprefix("rule-"))
            assert found == expected, (rules, host, asked)
