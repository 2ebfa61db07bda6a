"""Ingresses -> routes: who wins a path, what a canary refines, in which order routes are tried."""

from __future__ import annotations

from typing import Any

import pytest

from compiler.ir.traffic import (
    AddressList,
    BasicAuth,
    ConcurrencyLimit,
    CustomErrors,
    Forward,
    GlobalLimit,
    LocalLimit,
    Policies,
    Redirect,
    Rejection,
    Route,
    SecretRef,
    WasmPlugin,
)
from tests.small_fleet import (
    HOST,
    MSE,
    NGINX,
    Compiled,
    Document,
    Found,
    canary,
    compiled,
    fleet,
    ingress,
    path,
    pin,
    policy,
    rule,
    service,
    weights,
)

CLUSTERS = ("hz-a", "hz-b")
SERVICES = [service(name, *CLUSTERS) for name in ("cart", "next", "pay")]
FLEET = [*fleet(*CLUSTERS), *SERVICES]


def compiled_with(*ingresses: Document) -> Compiled:
    return compiled([*FLEET, *ingresses])


def target(route: Route) -> str:
    """Name of the Service of the only share, or of the first."""
    assert isinstance(route.action, Forward)
    return route.action.split.shares[0].backend.service.name


def split(route: Route) -> list[tuple[str, int]]:
    assert isinstance(route.action, Forward)
    return [(share.backend.service.name, share.weight) for share in route.action.split.shares]


# --- order


def test_routes_are_tried_exact_then_prefix_then_pattern_longer_first_and_the_prefix_for_all_last() -> None:
    plain = rule(
        path("cart", "/", "Prefix"),
        path("cart", "/a", "ImplementationSpecific"),
        path("cart", "/a", "Exact"),
        path("cart", "/a/b"),
        path("cart", "/abc", "Exact"),
    )
    patterns = ingress("patterns", rule(path("cart", "/c+")), annotations={NGINX + "use-regex": "true"})
    routes = compiled_with(ingress("web", plain), patterns).routes
    assert [(r.match.path.kind, r.match.path.value) for r in routes] == [
        ("exact", "/abc"),
        ("exact", "/a"),
        ("prefix", "/a/b"),
        ("prefix", "/a"),
        ("regex", "/c+.*"),
        ("prefix", "/"),
    ]


def test_hosts_are_tried_exact_then_wildcard_longer_first_then_every_host() -> None:
    hosts = ("*.com", None, "*.example.com", HOST)
    result = compiled_with(ingress("web", *(rule(path("cart"), host=host) for host in hosts)))
    assert [host.host for host in result.hosts] == [HOST, "*.example.com", "*.com", "*"]


@pytest.mark.parametrize("host", ["Shop.example.com", "shop.example.com.", "shop.example.com:80", "*", "a.*.com", ""])
def test_a_host_has_one_spelling(host: str) -> None:
    """So two rules for one host are found by comparing texts."""
    document = ingress("web", {"host": host, **rule(path("cart"), host=None)})
    assert [place for _, place, _ in compiled_with(document).found] == ["ingress-web:spec.rules.0.host"]


# --- who wins a path


@pytest.mark.parametrize(
    ("priorities", "winner"),
    [(("0", "0"), "shop/a"), (("0", "1"), "shop/b"), (("-1", "0"), "shop/b"), (("1", "1"), "shop/a")],
)
def test_of_two_rules_the_higher_priority_wins_then_the_first_by_name(priorities: tuple[str, str], winner: str) -> None:
    pair = [
        ingress(name, rule(path("cart")), annotations={"fleetgate.dev/priority": priority})
        for name, priority in zip("ab", priorities, strict=True)
    ]
    result = compiled_with(*pair)
    assert [str(r.owner) for r in result.routes] == [winner]
    loser = "b" if winner == "shop/a" else "a"
    assert result.found == [("duplicate-route", f"ingress-{loser}:spec.rules.0.http.paths.0.path", f"{HOST}/cart")]


@pytest.mark.parametrize(
    ("first", "second", "are_one"),
    [
        (("/a", "Prefix"), ("/a/", "Prefix"), True),
        (("/a", "Prefix"), ("/a", "ImplementationSpecific"), True),
        (("/a", "Prefix"), ("/a", "Exact"), False),
        (("/a", "Exact"), ("/a/", "Exact"), False),
    ],
)
def test_what_matches_the_same_requests_is_one_path(
    first: tuple[str, str], second: tuple[str, str], *, are_one: bool
) -> None:
    result = compiled_with(ingress("web", rule(path("cart", *first), path("pay", *second))))
    assert len(result.routes) == (1 if are_one else 2)
    assert result.codes == (["duplicate-route"] if are_one else [])


def test_a_rule_wins_over_a_default_backend_whatever_its_priority() -> None:
    default = ingress("a", annotations={"fleetgate.dev/priority": "9"}, defaultBackend=path("pay")["backend"])
    result = compiled_with(default, ingress("b", rule(path("cart", "/"), host=None)))
    assert [target(r) for r in result.routes] == ["cart"]
    assert result.found == [("duplicate-route", "ingress-a:spec.defaultBackend", "*/")]


def test_a_default_backend_serves_hosts_without_paths_and_every_other_host() -> None:
    result = compiled_with(ingress("web", {"host": HOST}, defaultBackend=path("cart")["backend"]))
    assert [(h.host, [target(r) for r in h.routes]) for h in result.hosts] == [
        (HOST, ["cart"]),
        ("*", ["cart"]),
    ]


def test_what_a_default_backend_names_is_checked_where_it_stands() -> None:
    result = compiled_with(ingress("web", {"host": HOST}, defaultBackend=path("nope")["backend"]))
    assert result.found == [("missing-backend", "ingress-web:spec.defaultBackend.service.name", "shop/nope")]


BACKEND = "ingress-web:spec.rules.0.http.paths.0.backend.service"


@pytest.mark.parametrize(
    ("name", "port", "expected"),
    [
        ("cart", {"number": 80}, []),
        ("cart", {"name": "http"}, []),
        ("cart", {"number": 81}, [("missing-port", f"{BACKEND}.port", "81")]),
        ("cart", {"name": "grpc"}, [("missing-port", f"{BACKEND}.port", "grpc")]),
        ("nope", {"number": 80}, [("missing-backend", f"{BACKEND}.name", "shop/nope")]),
    ],
)
def test_a_backend_that_does_not_exist_is_told_at_its_name_or_port(
    name: str, port: dict[str, Any], expected: list[Found]
) -> None:
    where = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": name, "port": port}}}
    assert compiled_with(ingress("web", rule(where))).found == expected


# --- canaries


BASE = ingress("web", rule(path("cart")))


def test_weighted_canaries_share_what_their_base_gives_up() -> None:
    pair = [canary("b", rule(path("next")), weight="20"), canary("c", rule(path("pay")), weight="5")]
    (route,) = compiled_with(BASE, *pair).routes
    assert split(route) == [("cart", 75), ("next", 20), ("pay", 5)]


def test_weights_count_against_the_total_that_all_canaries_agree_on() -> None:
    total = {"weight_total": "200"}
    pair = [
        canary("b", rule(path("next")), weight="20", **total),
        canary("c", rule(path("pay")), weight="10", **total),
    ]
    (route,) = compiled_with(BASE, *pair).routes
    assert split(route) == [("cart", 170), ("next", 20), ("pay", 10)]
    one = compiled_with(BASE, pair[0], canary("c", rule(path("pay")), weight="10"))
    assert one.found == [("canary-total", f"ingress-c:metadata.annotations.{NGINX}canary-weight", "100")]


def test_canaries_by_header_or_query_come_before_those_by_cookie_and_those_before_the_base() -> None:
    result = compiled_with(
        BASE,
        canary("a", rule(path("next")), by_cookie="stage"),
        canary("b", rule(path("next")), by_header="x-stage"),
    )
    assert [str(r.owner) for r in result.routes] == ["shop/b", "shop/a", "shop/web"]
    assert [str(r.base) for r in result.routes] == ["shop/web", "shop/web", "None"]


HEADER = {"by_header": "x-stage"}
ONE = {**HEADER, "by_header_value": "one"}


@pytest.mark.parametrize(
    ("first", "second", "is_fine"),
    [
        (HEADER, HEADER, False),
        (ONE, HEADER, True),
        (ONE, {**HEADER, "by_header_value": "two"}, True),
        (ONE, {"by_header": "x-other"}, False),
        (ONE, {**HEADER, "by_header_pattern": "^two$"}, False),
        (ONE, {MSE + "canary-by-query": "stage"}, False),
        ({**ONE, MSE + "canary-by-query": "stage"}, ONE, False),
        (HEADER, {"by_cookie": "stage"}, True),
        ({"by_cookie": "stage"}, {"by_cookie": "other"}, False),
    ],
)
def test_two_canaries_that_one_request_may_match_are_refused_where_mse_would_decide_by_age(
    first: dict[str, str], second: dict[str, str], *, is_fine: bool
) -> None:
    result = compiled_with(BASE, canary("b", rule(path("next")), **first), canary("c", rule(path("pay")), **second))
    assert result.codes == ([] if is_fine else ["overlapping-canaries"])


def test_each_of_many_overlapping_canaries_is_told_once() -> None:
    result = compiled_with(BASE, *(canary(f"next-{n}", rule(path("next")), by_header=f"x-{n}") for n in range(4)))
    assert result.codes == ["overlapping-canaries"] * 3


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (rule(path("next", "/nope")), [("rules.0.http.paths.0.path", f"{HOST}/nope")]),
        (rule(path("next", kind="Exact")), [("rules.0.http.paths.0.path", f"{HOST}/cart")]),
        (rule(*(path("next", f"/{n}") for n in range(9)), host="x.example.com"), [("rules.0.host", "x.example.com")]),
    ],
    ids=["other-path", "other-path-type", "other-host-is-one-finding"],
)
def test_a_canary_without_a_base_is_refused(where: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    result = compiled_with(BASE, canary("b", where, weight="20"))
    assert result.found == [("canary-without-base", f"ingress-b:spec.{at}", value) for at, value in expected]


def test_a_canary_of_a_base_that_could_not_be_read_has_one_all_the_same() -> None:
    broken = ingress("web", rule(path("cart")), annotations={MSE + "timeout": "soon"})
    assert compiled_with(broken, canary("b", rule(path("next")), weight="20")).codes == ["annotation-value"]


def test_a_canary_attaches_to_the_rule_that_wins() -> None:
    loser = ingress("zz", rule(path("pay")))
    result = compiled_with(BASE, loser, canary("b", rule(path("next")), weight="20"))
    assert [split(r) for r in result.routes] == [[("cart", 80), ("next", 20)]]
    assert result.codes == ["duplicate-route"]


def test_a_path_that_a_canary_says_twice_counts_once_and_is_told() -> None:
    result = compiled_with(BASE, canary("b", rule(path("next"), path("pay")), weight="20"))
    assert [split(r) for r in result.routes] == [[("cart", 80), ("next", 20)]]
    assert result.found == [("duplicate-route", "ingress-b:spec.rules.0.http.paths.1.path", f"{HOST}/cart")]


SAID = f"ingress-b:metadata.annotations.{MSE}"


GUARDS = {
    NGINX + "default-backend": "pay",
    NGINX + "custom-http-errors": "503",
    MSE + "route-limit-rps": "5",
    MSE + "rate-limit": "50",
    MSE + "concurrency-limit": "7",
    NGINX + "whitelist-source-range": "10.0.0.0/8",
    NGINX + "auth-type": "basic",
    NGINX + "auth-secret": "accounts",
    MSE + "wasmplugin": "{}",
}


def test_a_conditional_canary_has_the_guards_of_its_base() -> None:
    result = compiled_with(
        ingress("a", rule(path("cart")), annotations=GUARDS), canary("b", rule(path("next")), by_header="x-stage")
    )
    refined, base = result.routes
    assert refined.policies == base.policies
    assert base.policies == Policies(
        errors=CustomErrors((503,)),
        local_limit=LocalLimit(5, 1, 25),
        global_limit=GlobalLimit(50, Rejection()),
        concurrency=ConcurrencyLimit(7, Rejection()),
        access=AddressList("allow", ("10.0.0.0/8",), "whitelist"),
        auth=BasicAuth(SecretRef("shop", "accounts"), "auth-file"),
        wasm=WasmPlugin("{}"),
    )
    assert isinstance(refined.action, Forward)
    assert refined.action.fallback is not None


def test_guards_of_a_canary_are_told_to_have_no_effect_unless_its_base_says_the_same() -> None:
    loud = canary("b", rule(path("next")), by_header="x-stage", **GUARDS)
    result = compiled_with(BASE, loud)
    assert sorted(value for code, _, value in result.found if code == "canary-setting") == [
        "access",
        "auth",
        "concurrency",
        "errors",
        "fallback",
        "global_limit",
        "local_limit",
        "wasm",
    ]
    assert all(route.policies == Policies() for route in result.routes)
    same = compiled_with(ingress("a", rule(path("cart")), annotations=GUARDS), loud)
    assert "canary-setting" not in same.codes


def test_what_a_canary_says_and_its_base_decides_is_told_unless_both_say_the_same() -> None:
    timeout = {MSE + "timeout": "5"}
    loud = canary("b", rule(path("next")), weight="20", **timeout)
    assert compiled_with(BASE, loud).found == [("canary-setting", f"{SAID}timeout", "timeout")]
    assert compiled_with(ingress("web", rule(path("cart")), annotations=timeout), loud).found == []


def test_a_canary_has_headers_of_its_own_and_everything_else_from_its_base() -> None:
    base = ingress(
        "web",
        rule(path("cart")),
        annotations={MSE + "timeout": "5", MSE + "request-header-control-update": "x-base 1"},
    )
    own = {MSE + "request-header-control-update": "x-own 1"}
    by_header = canary("b", rule(path("next")), **HEADER, **own)
    by_weight = canary("c", rule(path("pay")), weight="20", **own)
    conditional, plain = compiled_with(base, by_header, by_weight).routes
    for route in (conditional, plain):
        assert route.policies.timeout is not None
    assert conditional.policies.headers is not None
    assert conditional.policies.headers.request_set == (("x-own", "1"),)
    assert plain.policies.headers is not None
    assert plain.policies.headers.request_set == (("x-base", "1"),)
    assert isinstance(plain.action, Forward)
    of_base, of_canary = (share.headers for share in plain.action.split.shares)
    assert of_base is None
    assert of_canary is not None


@pytest.mark.parametrize("said", [{"weight": "20"}, HEADER])
def test_a_canary_of_a_base_that_redirects_gets_nothing_and_is_told(said: dict[str, str]) -> None:
    redirect = {NGINX + "temporal-redirect": "https://sorry.example.com"}
    result = compiled_with(
        ingress("web", rule(path("cart")), annotations=redirect), canary("b", rule(path("next")), **said)
    )
    (route,) = result.routes
    assert isinstance(route.action, Redirect)
    assert result.codes == ["canary-of-redirect"]


LIST = {MSE + "destination": "60% cart.shop.svc.cluster.local:80\n40% pay.shop.svc.cluster.local:80"}


@pytest.mark.parametrize(
    ("of_base", "of_canary", "expected"),
    [
        (LIST, {"weight": "20"}, ["destination-canary"]),
        (LIST, HEADER, []),
        ({}, {"weight": "20", **LIST}, ["destination-canary"]),
        ({}, {**HEADER, **LIST}, ["destination-canary"]),
        ({**LIST, MSE + "service-subset": "next"}, None, ["annotation-conflict"]),
    ],
    ids=["weight-beside-list", "header-beside-list", "list-on-canary", "list-on-header-canary", "subset-of-list"],
)
def test_a_list_of_services_stands_on_a_base_and_beside_no_weight(
    of_base: dict[str, str], of_canary: dict[str, str] | None, expected: list[str]
) -> None:
    more = [] if of_canary is None else [canary("b", rule(path("next")), **of_canary)]
    assert compiled_with(ingress("web", rule(path("cart")), annotations=of_base), *more).codes == expected


def test_one_wrong_annotation_is_one_finding_however_many_paths_it_governs() -> None:
    many = rule(*(path("cart", f"/{number}") for number in range(20)))
    base = ingress("web", many)
    nowhere = {**pin("hz-a"), MSE + "subset-labels": "topology.istio.io/cluster c-nope"}
    for documents in (
        [ingress("web", many, annotations=nowhere)],
        [base, canary("b", many, weight="70"), canary("c", many, weight="50")],
        [base, canary("b", many, **HEADER), canary("c", many, **HEADER)],
        [base, canary("b", many, weight="20"), canary("c", many, weight="20", weight_total="50")],
        [base, policy("cart", weights(hz_a=50, hz_b=50)), canary("b", many, **HEADER)],
        [ingress("web", many, annotations=pin("hz-a")), policy("cart", weights(hz_a=50, hz_b=50))],
        [ingress("web", many, annotations={MSE + "mirror-target-service": "nope"})],
    ):
        assert len(compiled_with(*documents).found) == 1


# --- pins


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        ([ingress("web", rule(path("cart")), annotations=pin("hz-x"))], "unknown-cluster-id"),
        ([ingress("web", rule(path("lone")), annotations=pin("hz-b")), service("lone", "hz-a")], "pin-not-placed"),
        (
            [ingress("web", rule(path("cart")), annotations=pin("hz-a")), policy("cart", weights(hz_a=1, hz_b=1))],
            "contradicting-spread",
        ),
        (
            [
                BASE,
                canary("b", rule(path("cart")), **HEADER, **pin("hz-b")),
                policy("cart", {"type": "ActiveActive", "excluded": [{"cluster": "hz-b", "reason": "r"}]}),
            ],
            "pin-not-placed",
        ),
    ],
    ids=["no-such-cluster", "does-not-run-there", "policy-says-otherwise", "policy-excludes-it"],
)
def test_a_pin_names_a_cluster_that_may_serve(documents: list[Document], expected: str) -> None:
    assert expected in compiled_with(*documents).codes


def test_a_conditional_canary_may_pin_what_a_policy_spreads() -> None:
    documents = [
        BASE,
        policy("cart", weights(hz_a=50, hz_b=50)),
        canary("b", rule(path("cart")), **HEADER, **pin("hz-b")),
    ]
    result = compiled_with(*documents)
    assert result.found == []
    action = result.routes[0].action
    assert isinstance(action, Forward)
    assert [m.cluster for m in action.split.shares[0].backend.spread.tiers[0].members] == ["hz-b"]


def test_a_split_over_clusters_is_the_same_program_in_annotations_and_in_a_policy() -> None:
    annotated = compiled_with(
        ingress("web", rule(path("cart")), annotations=pin("hz-a")),
        canary("b", rule(path("cart")), weight="30", **pin("hz-b")),
    )
    declared = compiled_with(BASE, policy("cart", weights(hz_a=70, hz_b=30)))
    actions = [result.routes[0].action for result in (annotated, declared)]
    tiers = [a.split.shares[0].backend.spread.tiers for a in actions if isinstance(a, Forward)]
    assert tiers[0] == tiers[1]
    assert [split(result.routes[0]) for result in (annotated, declared)] == [[("cart", 1)], [("cart", 100)]]
