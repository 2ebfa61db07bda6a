"""Routes: what a rule becomes, and what stands beside its cluster."""

from __future__ import annotations

from typing import Any

import pytest

from compiler.ir.traffic import (
    AddressList,
    BasicAuth,
    Cors,
    CustomErrors,
    DirectResponse,
    Forward,
    GlobalLimit,
    HeaderControl,
    LocalLimit,
    Match,
    Mirror,
    ObjectName,
    PathMatch,
    Policies,
    Redirect,
    Rejection,
    Retry,
    Rewrite,
    SecretRef,
    Share,
    Split,
    Timeout,
    ValueMatch,
)
from compiler.targets.envoy import extensions as ext
from tests.unit.targets.envoy.programs import OWNER, SETTINGS, backend, route, routes, service, spread

CANARY = ObjectName("shop", "cart-next")


def methods(entry: dict[str, Any]) -> Any:
    return [h["string_match"] for h in entry["match"].get("headers", ()) if h["name"] == ":method"]


def test_a_rule_becomes_two_routes_and_only_safe_methods_are_repeated_after_a_reset() -> None:
    safe, other = routes(route())
    assert methods(safe) == [{"safe_regex": {"regex": "GET|HEAD|OPTIONS"}}]
    assert methods(other) == []
    conditions = [set(r["route"]["retry_policy"]["retry_on"].split(",")) for r in (safe, other)]
    assert conditions == [
        {"connect-failure", "refused-stream", "reset"},
        {"connect-failure", "refused-stream", "reset-before-request"},
    ]
    assert [r["route"]["retry_policy"]["num_retries"] for r in (safe, other)] == [5, 5]
    assert safe["route"]["cluster"] == other["route"]["cluster"] == "shop/cart:80"
    assert safe["route"]["timeout"] == "0s", "streams may last for ever"


def test_methods_that_backends_execute_safely_twice_join_the_safe_ones() -> None:
    over = spread({"a": 1}, idempotent_methods=("PUT",))
    safe, _ = routes(route(backend(over=over)))
    assert methods(safe) == [{"safe_regex": {"regex": "GET|HEAD|OPTIONS|PUT"}}]
    (only,) = routes(route(policies=Policies(retry=Retry(3, ("connect-failure",), (), None, non_idempotent=True))))
    assert methods(only) == []


def test_a_rule_for_some_methods_becomes_only_the_halves_that_it_needs() -> None:
    def of(*wanted: str) -> list[Any]:
        return [methods(r) for r in routes(route(match=Match(PathMatch("exact", "/a"), methods=wanted)))]

    assert of("GET") == [[{"exact": "GET"}]]
    assert of("POST") == [[{"exact": "POST"}]]
    assert of("GET", "POST") == [[{"exact": "GET"}], [{"exact": "POST"}]]


def test_retries_hedges_and_timeouts_as_declared() -> None:
    written = Retry(2, ("5xx", "retriable-status-codes"), (503,), 4)
    safe, other = routes(route(policies=Policies(retry=written, timeout=Timeout(9))))
    assert safe["route"]["timeout"] == "9s"
    policy = safe["route"]["retry_policy"]
    assert policy["retry_on"] == "connect-failure,refused-stream,reset,5xx,retriable-status-codes"
    assert (policy["num_retries"], policy["retriable_status_codes"], policy["per_try_timeout"]) == (2, [503], "4s")
    assert other["route"]["retry_policy"]["per_try_timeout"] == "4s"
    assert "5xx" not in other["route"]["retry_policy"]["retry_on"]
    hedged, plain = routes(route(backend(over=spread({"a": 1}, hedge_delay_ms=100))))
    assert hedged["route"]["retry_policy"]["per_try_timeout"] == "0.100s"
    assert hedged["route"]["hedge_policy"] == {"hedge_on_per_try_timeout": True}
    assert "hedge_policy" not in plain["route"]
    never = routes(route(policies=Policies(retry=Retry(0, (), (), None))))
    unseen = "connect-failure,refused-stream,reset-before-request"
    assert {r["route"]["retry_policy"]["retry_on"] for r in never} == {unseen}, "no backend sees a request twice"


def test_more_tries_than_members_get_more_members() -> None:
    safe, _ = routes(route(policies=Policies(retry=Retry(8, ("5xx",), (), None))))
    assert safe["route"]["cluster"] == "shop/cart:80*9"


def test_a_split_keeps_weights_and_each_share_its_headers() -> None:
    base = Share(backend(), 90, OWNER)
    canary = Share(backend("next"), 10, CANARY, HeaderControl(request_set=(("x-c", "1%"),)))
    headers = HeaderControl(request_add=(("x-b", "2"),), response_remove=("server",))
    safe, _ = routes(route(action=Forward(Split((base, canary))), policies=Policies(headers=headers)))
    mine, theirs = safe["route"]["weighted_clusters"]["clusters"]
    assert (mine["name"], mine["weight"]) == ("shop/cart:80", 90)
    assert (theirs["name"], theirs["weight"]) == ("shop/next:80>shop/cart:80", 10)
    assert mine["request_headers_to_add"][0]["append_action"] == "APPEND_IF_EXISTS_OR_ADD"
    assert mine["response_headers_to_remove"] == ["server"]
    assert theirs["request_headers_to_add"][0]["header"] == {"key": "x-c", "value": "1%%"}
    assert "response_headers_to_remove" not in theirs


def test_a_share_of_nothing_gets_nothing() -> None:
    shares = (Share(backend(), 1, OWNER), Share(backend("next"), 0, CANARY))
    safe, _ = routes(route(action=Forward(Split(shares))))
    assert [c["name"] for c in safe["route"]["weighted_clusters"]["clusters"]] == ["shop/cart:80"]


def test_a_conditional_canary_falls_back_to_its_base_and_to_the_fallback() -> None:
    conditions = Match(PathMatch("prefix", "/cart"), (ValueMatch("x-stage", "exact", "b"),))
    canary = route(
        action=Forward(Split((Share(backend("next"), 1, CANARY),)), backend("sorry")),
        match=conditions,
        owner=CANARY,
        base=OWNER,
    )
    first, *_ = routes(canary, route(), services=(service(), service("next"), service("sorry")))
    assert first["route"]["cluster"] == "shop/next:80>shop/cart:80>shop/sorry:80*7"


def test_https_is_asked_for_on_plain_listeners_alone() -> None:
    policies = Policies(https=Redirect(308, "https"))
    (plain,) = routes(route(policies=policies))
    assert plain["redirect"] == {"response_code": "PERMANENT_REDIRECT", "scheme_redirect": "https"}
    behind = type(SETTINGS)(**{f: getattr(SETTINGS, f) for f in SETTINGS.__struct_fields__} | {"trusted_hops": 1})
    came_plain, *others = routes(route(policies=policies), settings=behind)
    assert came_plain["match"]["headers"] == [{"name": "x-forwarded-proto", "string_match": {"exact": "http"}}]
    assert ["route" in r for r in others] == [True, True]


def test_answers_without_a_backend() -> None:
    (away,) = routes(route(action=Redirect(301, "https", "x.org")))
    assert away["redirect"]["host_redirect"] == "x.org"
    (answer,) = routes(route(action=DirectResponse(404, "no")))
    assert answer["direct_response"] == {"status": 404, "body": {"inline_string": "no"}}


def test_mirrors_and_rewrites_stand_on_both_halves() -> None:
    policies = Policies(mirror=Mirror(backend("next"), 20), rewrite=Rewrite("full", "/x", "inner"))
    for entry in routes(route(policies=policies)):
        (mirror,) = entry["route"]["request_mirror_policies"]
        assert mirror["cluster"] == "shop/next:80"
        assert mirror["runtime_fraction"]["default_value"] == {"numerator": 20, "denominator": "HUNDRED"}
        assert entry["route"]["host_rewrite_literal"] == "inner"
    none = routes(route(policies=Policies(mirror=Mirror(backend("next"), 0))))
    assert all("request_mirror_policies" not in r["route"] for r in none)


def filters(entry: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = entry["typed_per_filter_config"]
    return found


def test_who_may_pass() -> None:
    lists = Policies(
        access=AddressList("deny", ("10.0.0.0/8", "2001:db8::/32")),
        auth=BasicAuth(SecretRef("shop", "users"), "auth-file", "us"),
        cors=Cors(("https://*.a.org", "*"), ("GET",), (), (), allow_credentials=True, max_age_s=5),
    )
    for entry in routes(route(policies=lists)):
        rules = filters(entry)[ext.RBAC_NAME]["rbac"]["rules"]
        assert rules["action"] == "DENY"
        assert rules["policies"]["addresses"]["principals"][1] == {
            "remote_ip": {"address_prefix": "2001:db8::", "prefix_len": 32}
        }
        assert filters(entry)["users/shop/users"]["@type"] == ext.FILTER_CONFIG
        assert filters(entry)[ext.LUA_NAME]["filter_context"] == {"realm": 'Basic realm="us"'}
        origins = filters(entry)[ext.CORS_NAME]["allow_origin_string_match"]
        assert [o["safe_regex"]["regex"] for o in origins] == [r"https://.*\.a\.org", ".*"]


def test_only_requests_that_may_be_executed_twice_are_sent_to_the_fallback_after_an_error() -> None:
    policies = Policies(errors=CustomErrors((404, 503)))
    safe, other = routes(route(policies=policies, fallback=backend("next")))
    assert filters(safe)[ext.LUA_NAME]["filter_context"] == {"errors": "404 503", "cluster": "shop/next:80"}
    assert "typed_per_filter_config" not in other


@pytest.mark.parametrize(
    ("policies", "answer"),
    [
        (Policies(local_limit=LocalLimit(0, 1, 5)), {"status": 429, "body": {"inline_string": "local_rate_limited"}}),
        (
            Policies(global_limit=GlobalLimit(0, Rejection(503, body="x"))),
            {"status": 503, "body": {"inline_string": "x"}},
        ),
    ],
)
def test_a_limit_of_nothing_lets_nothing_pass(policies: Policies, answer: dict[str, Any]) -> None:
    (only,) = routes(route(policies=policies))
    assert only["direct_response"] == answer


@pytest.mark.parametrize(
    ("url", "fields", "location"),
    [
        (
            "https://x.org:8443/busy?a=b",
            {"scheme_redirect": "https", "host_redirect": "x.org", "port_redirect": 8443, "path_redirect": "/busy?a=b"},
            "https://x.org:8443/busy?a=b",
        ),
        ("x.org/busy", {"host_redirect": "x.org", "path_redirect": "/busy"}, "//x.org/busy"),
        ("x.org", {"host_redirect": "x.org", "path_redirect": "/"}, "//x.org"),
        ("x.org?to=http://y", {"host_redirect": "x.org", "path_redirect": "/?to=http://y"}, "//x.org?to=http://y"),
    ],
)
def test_a_limit_may_lead_elsewhere_and_keeps_the_scheme_where_none_is_said(
    url: str, fields: dict[str, Any], location: str
) -> None:
    nothing, some = (Policies(global_limit=GlobalLimit(n, Rejection(redirect=url))) for n in (0, 1))
    (only,) = routes(route(policies=nothing))
    assert only["redirect"] == {"response_code": "FOUND", **fields}
    for entry in routes(route(policies=some)):
        assert entry["typed_per_filter_config"][ext.LUA_NAME]["filter_context"]["rate"]["redirect"] == location
