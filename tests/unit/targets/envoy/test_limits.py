"""Limits of requests in flight, where a rule leads to several Services."""

from __future__ import annotations

from typing import Any

from compiler.ir.traffic import (
    ConcurrencyLimit,
    GlobalLimit,
    Match,
    ObjectName,
    PathMatch,
    Policies,
    Rejection,
    Route,
    ValueMatch,
    VirtualHost,
)
from compiler.targets.envoy import extensions as ext
from tests.unit.targets.envoy.programs import OWNER, backend, compiled, route

LIMITED = Policies(concurrency=ConcurrencyLimit(7, Rejection(body="busy")))
CANARY = route(
    backend("next"),
    owner=ObjectName("shop", "cart-next"),
    base=OWNER,
    match=Match(PathMatch("prefix", "/cart"), headers=(ValueMatch("x-stage", "exact", "always"),)),
    policies=LIMITED,
)
NAME = "in-flight/shop.example.com shop/cart prefix /cart"


def filters(*found: Route) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The filters of the listener that count, and what each route says of filters."""
    resources = compiled(VirtualHost("shop.example.com", found))
    (chain,) = resources.listeners["http"]["filter_chains"]
    http = chain["filters"][0]["typed_config"]["http_filters"]
    (host,) = resources.routes["http"]["virtual_hosts"]
    counting = [each for each in http if each["typed_config"]["@type"] == ext.IN_FLIGHT]
    return counting, [entry.get("typed_per_filter_config", {}) for entry in host["routes"]]


def test_a_rule_with_a_canary_is_counted_by_one_filter_that_each_of_its_routes_asks_for() -> None:
    other = route(path="/other")
    (counting,), said = filters(CANARY, route(policies=LIMITED), other)
    assert (counting["name"], counting["disabled"]) == (NAME, True)
    controller = counting["typed_config"]["gradient_controller_config"]
    assert controller["concurrency_limit_params"]["max_concurrency_limit"] == 7
    assert controller["min_rtt_calc_params"]["min_concurrency"] == 7
    assert [NAME in each for each in said] == [True, True, True, True, False, False]


def test_a_rule_with_one_service_needs_no_filter() -> None:
    """The bound of its pools counts for all listeners."""
    counting, said = filters(route(policies=LIMITED))
    assert counting == []
    assert not any(NAME in each for each in said)


def test_each_limit_has_an_answer_of_its_own() -> None:
    limit = GlobalLimit(5, Rejection(status=503, body="often"))
    _, (first, *_) = filters(route(policies=Policies(global_limit=limit, concurrency=LIMITED.concurrency)))
    said = first[ext.LUA_NAME]["filter_context"]
    assert (said["rate"]["status"], said["rate"]["body"]) == ("503", "often")
    assert (said["concurrency"]["status"], said["concurrency"]["body"]) == ("429", "busy")
