"""Laws of the evaluator: host, route, answer."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from compiler.ir.traffic import (
    AddressList,
    BasicAuth,
    Cors,
    DirectResponse,
    Forward,
    GlobalLimit,
    HeaderControl,
    LocalLimit,
    PathMatch,
    Redirect,
    Rejection,
    Rewrite,
    SecretRef,
    Share,
    Split,
    Tls,
    TlsSettings,
    ValueMatch,
)
from compiler.trace.evaluate import trace
from compiler.trace.forwarding import rewritten
from compiler.trace.hosts import answering
from compiler.trace.outcome import Answer, ClusterShare, Forwarding
from compiler.trace.request import read_request
from tests.unit.trace.programs import HOST, PLAIN, backend, gateway, host, matching, name, route, to

if TYPE_CHECKING:
    from compiler.ir.traffic import Gateway, Route
    from compiler.trace.outcome import Trace


def ask(program: Gateway, url: str = HOST, *headers: str, method: str = "GET", client: str = "") -> Trace:
    return trace(program, read_request(method, url, headers, client))


def won(program: Gateway, url: str = HOST, *headers: str, **more: Any) -> str:
    """Owner of the route that wins, or the reason of the answer."""
    winner = ask(program, url, *headers, **more).winner
    return winner.route.owner.name if winner is not None else answer(program, url, *headers, **more).reason


def answer(program: Gateway, url: str = HOST, *headers: str, **more: Any) -> Answer:
    result = ask(program, url, *headers, **more).result
    assert isinstance(result, Answer)
    return result


def forwarded(program: Gateway, url: str = HOST, *headers: str, **more: Any) -> Forwarding:
    result = ask(program, url, *headers, **more).result
    assert isinstance(result, Forwarding)
    return result


# --- hosts


WIDE = gateway(
    host(route("exact", matching("/only"))),
    host(route("longer"), called="*.b.example.com"),
    host(route("alias", matching("/alias")), called="www.example.com", aliases=("*.alias.com", "other.com")),
    host(route("wild", matching("/wild")), route("wild-only", matching("/only")), called="*.example.com"),
    host(route("any"), called="*"),
)


@pytest.mark.parametrize(
    ("url", "winner"),
    [
        ("shop.example.com/only", "exact"),
        ("SHOP.example.com.:99/only", "exact"),
        ("shop.example.com/wild", "wild"),
        ("shop.example.com/else", "any"),
        ("x.b.example.com/wild", "longer"),
        ("b.example.com/wild", "wild"),
        ("a.x.b.example.com/", "longer"),
        ("example.com/wild", "any"),
        ("other.com/alias", "alias"),
        ("x.alias.com/alias", "alias"),
        ("alias.com/alias", "any"),
        ("[::1]/", "any"),
    ],
)
def test_the_most_exact_host_answers_and_what_it_lacks_the_wider_ones_do(url: str, winner: str) -> None:
    assert won(WIDE, url) == winner


def test_every_route_of_every_host_that_may_answer_is_a_candidate() -> None:
    found = ask(WIDE, "shop.example.com/only")
    assert [(c.route.owner.name, c.verdict) for c in found.candidates] == [
        ("exact", "wins"),
        ("wild", "differs"),
        ("wild-only", "behind"),
        ("any", "behind"),
    ]
    assert [tried.host for tried in found.tried] == [HOST, "*.example.com", "*"]


def test_a_host_that_answers_by_two_names_is_tried_once() -> None:
    one = host(route("one"), called="*.example.com", aliases=("shop.example.com",))
    assert [each.name for each in answering(gateway(one), "shop.example.com")] == ["shop.example.com"]


def test_a_host_keeps_its_name_whatever_aliases_others_have() -> None:
    program = gateway(host(route("greedy"), called="a.com", aliases=(HOST,)), host(route("owner")))
    assert won(program) == "owner"


def test_without_a_host_or_a_route_the_answer_is_404() -> None:
    program = gateway(host(route("shop", matching("/shop"))))
    assert (answer(program, "other.com").reason, answer(program, "other.com").status) == ("no-host", 404)
    assert (answer(program).reason, answer(program).status) == ("no-route", 404)


# --- conditions


@pytest.mark.parametrize(
    ("match", "url", "matches"),
    [
        (matching("/foo"), "/foo", True),
        (matching("/foo"), "/foo/", True),
        (matching("/foo"), "/foo/x", True),
        (matching("/foo"), "/foobar", False),
        (matching("/foo"), "/FOO", False),
        (matching("/foo", ignore_case=True), "/FOO/x", True),
        (matching("/foo"), "/foo?x", True),
        (matching("/"), "/foo", True),
        (matching("/foo", "exact"), "/foo", True),
        (matching("/foo", "exact"), "/foo/", False),
        (matching("/foo", "exact"), "/x/../foo?y", True),
        (matching("/Foo", "exact", ignore_case=True), "/fOO", True),
        (matching("/f.o.*", "regex"), "/foo/x", True),
        (matching("/f.o", "regex"), "/foo/x", False),
        (matching("/a|/b", "regex"), "/b", True),
    ],
)
def test_paths(match: Any, url: str, matches: bool) -> None:  # noqa: FBT001 - a column of the table
    assert (won(gateway(host(route("it", match))), HOST + url) == "it") is matches


STAGE = (ValueMatch("x-stage", "exact", "next"),)
BETA = (ValueMatch("beta", "regex", "a.*"),)


@pytest.mark.parametrize(
    ("conditions", "url", "headers", "matches"),
    [
        ({"headers": STAGE}, "", ["X-Stage: next"], True),
        ({"headers": STAGE}, "", ["x-stage: Next"], False),
        ({"headers": STAGE}, "", ["x-stage: old", "x-stage: next"], True),
        ({"headers": STAGE}, "", [], False),
        ({"headers": (ValueMatch("x-stage", "prefix", "ne"),)}, "", ["x-stage: next"], True),
        ({"headers": (ValueMatch(":authority", "exact", HOST),)}, "", [], True),
        ({"headers": (ValueMatch(":path", "exact", "/a?b"),)}, "/a?b", [], True),
        ({"headers": (ValueMatch(":method", "exact", "GET"), ValueMatch(":scheme", "exact", "http"))}, "", [], True),
        ({"query": BETA}, "?beta=abc", [], True),
        ({"query": BETA}, "?beta=xabc", [], False),
        ({"query": BETA}, "?x&beta=b&beta=abc", [], False),
        ({"query": BETA}, "?beta=%61", [], False),
        ({"cookies": BETA}, "", ["cookie: x=y; beta=abc"], True),
        ({"cookies": BETA}, "", ["cookie: beta=b", "cookie: beta=abc"], True),
        ({"cookies": BETA}, "", ["cookie: xbeta=abc; beta"], False),
        ({"headers": STAGE, "query": BETA}, "?beta=a", [], False),
    ],
)
def test_conditions(conditions: Any, url: str, headers: list[str], matches: bool) -> None:  # noqa: FBT001 - a column
    program = gateway(host(route("it", matching(**conditions))))
    assert (won(program, HOST + url, *headers) == "it") is matches


def test_every_condition_that_fails_is_told_with_what_there_was() -> None:
    match = matching("/foo", methods=("GET", "HEAD"), headers=STAGE, cookies=BETA)
    (candidate,) = ask(gateway(host(route("it", match))), HOST + "/bar", "x-stage: old", method="POST").candidates
    assert [(missed.part, missed.name, missed.wanted, missed.got) for missed in candidate.misses] == [
        ("path", "", "/foo", ("/bar",)),
        ("method", "", "GET, HEAD", ("POST",)),
        ("header", "x-stage", "next", ("old",)),
        ("cookie", "beta", "a.*", ()),
    ]


# --- what is sent on


def test_shares_of_backends_and_clusters_add_up_while_tiers_stand_by() -> None:
    split = Split(
        (
            Share(backend("base", {"a": 1, "b": 3}, {"c": 1}), 90, name("base")),
            Share(backend("next", {"a": 1}), 10, name("canary"), HeaderControl(request_set=(("x", "y"),))),
        )
    )
    headers = HeaderControl(response_add=(("a", "b"),))
    base, canary = forwarded(gateway(host(route("base", action=Forward(split), headers=headers)))).parts
    assert (base.share, base.is_canary, base.headers, base.standby) == (Fraction(9, 10), False, headers, (("c",),))
    assert base.clusters == (ClusterShare("a", Fraction(9, 40)), ClusterShare("b", Fraction(27, 40)))
    assert (canary.share, canary.is_canary, canary.owner) == (Fraction(1, 10), True, name("canary"))
    assert canary.headers == split.shares[1].headers


def test_a_service_that_runs_nowhere_has_no_cluster() -> None:
    nowhere = Forward(Split((Share(backend("x", {}), 1, name("x")),)))
    (part,) = forwarded(gateway(host(route("x", action=nowhere)))).parts
    assert part.clusters == ()


@pytest.mark.parametrize(
    ("rewrite", "match", "path", "seen"),
    [
        (Rewrite(), PathMatch("prefix", "/a"), "/a/b", "/a/b"),
        (Rewrite("full", "/x"), PathMatch("prefix", "/a"), "/a/b", "/x"),
        (Rewrite("prefix", "/x"), PathMatch("prefix", "/a"), "/a/b", "/x/b"),
        (Rewrite("prefix", "/"), PathMatch("prefix", "/a"), "/a/b", "/b"),
        (Rewrite("prefix", "/"), PathMatch("prefix", "/a"), "/a", "/"),
        (Rewrite("prefix", "/x/"), PathMatch("prefix", "/a"), "/a/b", "/x/b"),
        (Rewrite("prefix", "/x/"), PathMatch("prefix", "/a"), "/a", "/x/"),
        (Rewrite("prefix", "/x"), PathMatch("exact", "/a/"), "/a/", "/x"),
        (Rewrite("prefix", "/x"), PathMatch("prefix", "/"), "/b", "/x/b"),
        (Rewrite("regex", "/\\2/\\1"), PathMatch("regex", "/a(/|$)(.*)"), "/a/b/c", "/b/c//"),
        (Rewrite("regex", "/x\\2"), PathMatch("regex", "/(a)?(b)?.*"), "/a", "/x"),
    ],
)
def test_rewrites(rewrite: Rewrite, match: PathMatch, path: str, seen: str) -> None:
    assert rewritten(rewrite, match, path) == seen


def test_the_backend_sees_the_query_and_the_host_that_a_rewrite_names() -> None:
    program = gateway(host(route("it", rewrite=Rewrite("full", "/x", "inner.example.com"))))
    sent = forwarded(program, f"{HOST}:8080/a?b=c")
    assert (sent.path, sent.host) == ("/x?b=c", "inner.example.com")
    assert forwarded(gateway(host(route("it"))), f"{HOST}:8080/a").host == f"{HOST}:8080"


# --- answers


@pytest.mark.parametrize(
    ("redirect", "url", "location"),
    [
        (Redirect(302, path="/home"), f"http://{HOST}:8080/?a=b", f"http://{HOST}:8080/home?a=b"),
        (Redirect(301, "https", "new.com"), f"http://{HOST}:8080/x?a", "https://new.com/x?a"),
        (Redirect(301, "https", "new.com", 444, "/y?z"), f"http://{HOST}/x?a", "https://new.com:444/y?z"),
        (Redirect(300, "https", "new.com", path="/y"), f"http://{HOST}/x?a", "https://new.com/y"),
        (Redirect(300, "https", "new.com"), f"http://{HOST}/x?a", "https://new.com/x?a"),
        (Redirect(308, "https"), f"http://{HOST}/a/../b", f"https://{HOST}/b"),
        (Redirect(308, "http", port=81), f"https://{HOST}:444/", f"http://{HOST}:81/"),
    ],
)
def test_locations(redirect: Redirect, url: str, location: str) -> None:
    program = gateway(host(route("it", action=redirect), tls=Tls("shop", "cert")))
    assert (answer(program, url).status, answer(program, url).location) == (redirect.status, location)


def guarded() -> Route:
    return route(
        "it",
        https=Redirect(308, "https"),
        access=AddressList("allow", ("10.0.0.0/8", "2001:db8::/32")),
        auth=BasicAuth(SecretRef("shop", "users"), "auth-file"),
        cors=Cors(("https://*.example.org", "https://one.org"), ("GET",), (), (), allow_credentials=True, max_age_s=1),
    )


def test_https_then_preflights_then_addresses_then_credentials_then_the_route() -> None:
    program = gateway(host(guarded(), tls=Tls("shop", "cert")))
    https = f"https://{HOST}/"
    preflight = ("origin: https://a.example.org", "access-control-request-method: GET")
    assert (answer(program, HOST, client="10.1.1.1").reason, answer(program, HOST).status) == ("https", 308)
    assert answer(program, https, *preflight, method="OPTIONS", client="1.1.1.1").reason == "preflight"
    assert answer(program, https, client="1.1.1.1").status == 403
    assert answer(program, https, client="::ffff:10.0.0.1").status == 401
    assert answer(program, https, "authorization: Bearer x", client="2001:db8::1").status == 401
    passed = ask(program, https, "authorization: Basic eDp5")
    assert isinstance(passed.result, Forwarding)
    assert len(passed.assumed) == 2


def test_foreign_origins_and_plain_options_reach_the_backend() -> None:
    cors = guarded().policies.cors
    program = gateway(host(route("it", cors=cors)))
    asks = "access-control-request-method: GET"
    assert forwarded(program, HOST, "origin: https://example.org", asks, method="OPTIONS")
    assert forwarded(program, HOST, "origin: https://one.org", method="OPTIONS")
    assert forwarded(program, HOST, "origin: https://one.org", asks)


def test_the_list_of_a_host_governs_the_routes_that_its_requests_fall_back_to() -> None:
    deny = AddressList("deny", ("10.0.0.0/8",))
    own = AddressList("deny", ("11.0.0.0/8",))
    program = gateway(
        host(route("exact", matching("/exact")), access=deny),
        host(route("own", matching("/own"), access=own), route("wild"), called="*.example.com"),
    )
    assert answer(program, f"{HOST}/exact", client="10.0.0.1").status == 403
    assert answer(program, f"{HOST}/wild", client="10.0.0.1").status == 403
    assert forwarded(program, "x.example.com/wild", client="10.0.0.1")
    assert forwarded(program, f"{HOST}/own", client="10.0.0.1")
    assert answer(program, f"{HOST}/own", client="11.0.0.1").status == 403


@pytest.mark.parametrize(
    ("limit", "status", "location"),
    [
        (GlobalLimit(0, Rejection(503, body="no")), 503, ""),
        (GlobalLimit(0, Rejection(redirect="https://sorry.org/")), 302, "https://sorry.org/"),
        (LocalLimit(0, 1, 0), 429, ""),
    ],
)
def test_a_limit_of_nothing_lets_nobody_pass(limit: Any, status: int, location: str) -> None:
    field = "local_limit" if isinstance(limit, LocalLimit) else "global_limit"
    found = answer(gateway(host(route("it", **{field: limit}))))
    assert (found.reason, found.status, found.location) == ("limit", status, location)
    assert forwarded(gateway(host(route("it", local_limit=LocalLimit(1, 1, 5)))))


def test_preflights_of_a_route_without_backend_get_its_answer() -> None:
    program = gateway(host(route("it", action=Redirect(302, path="/home"), cors=guarded().policies.cors)))
    preflight = ("origin: https://one.org", "access-control-request-method: GET")
    assert answer(program, HOST, *preflight, method="OPTIONS").reason == "redirect"


def test_fixed_answers_have_their_body() -> None:
    program = gateway(host(route("it", action=DirectResponse(418, "short and stout"))))
    assert (answer(program).reason, answer(program).status, answer(program).body) == ("direct", 418, "short and stout")


@pytest.mark.parametrize(
    ("url", "headers", "reason", "status"),
    [
        (f"https://{HOST}/", [], "no-certificate", None),
        ("https://other.com/", [], "no-certificate", None),
        (f"http://{HOST}/a%2Fb?c", [], "escaped-slashes", 307),
        (f"http://{HOST}/a%00", [], "bad-request", 400),
        (f"http://{HOST}/", ["x_stage: a"], "bad-request", 400),
    ],
)
def test_what_never_reaches_a_route(url: str, headers: list[str], reason: str, status: int | None) -> None:
    found = answer(gateway(host(route("it"))), url, *headers)
    assert (found.reason, found.status) == (reason, status)


def test_escaped_slashes_keep_the_query() -> None:
    assert answer(gateway(host(route("it"))), f"{HOST}/a%2f/b?c=%2F").location == "/a/b?c=%2F"


def test_a_scheme_that_nobody_listens_for_has_no_answer() -> None:
    program = gateway(host(route("it"), tls=Tls("shop", "cert")), listeners=(PLAIN,))
    assert answer(program, f"https://{HOST}/").status is None


def test_client_certificates_are_assumed() -> None:
    settings = TlsSettings(client_ca=SecretRef("shop", "ca"))
    program = gateway(host(route("it"), tls=Tls("shop", "cert"), tls_settings=settings))
    assert ask(program, f"https://{HOST}/").tls == settings
    assert ask(program, f"https://{HOST}/").assumed
    assert not ask(program).assumed


def test_a_route_to_elsewhere_is_no_canary() -> None:
    (part,) = forwarded(gateway(host(route("it", action=to("it"))))).parts
    assert not part.is_canary
