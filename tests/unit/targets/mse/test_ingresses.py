"""The Ingresses that are emitted for MSE: what they are called, what they carry, what MSE can't say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.small_fleet import (
    HOST,
    MSE,
    NGINX,
    Compiled,
    Document,
    canary,
    compiled,
    fleet,
    ingress,
    path,
    pin,
    policy,
    rule,
    service,
    tiers,
    weights,
)

CLUSTERS = ("hz-a", "hz-b", "hz-c")
SERVICES = [service(name, *CLUSTERS) for name in ("cart", "next", "pay", "web")]
FLEET = [*fleet(*CLUSTERS), *SERVICES]
WEB = ingress("web", rule(path("cart")))


def compiled_with(*documents: Document) -> Compiled:
    return compiled([*FLEET, *documents])


def names(*documents: Document) -> list[str]:
    result = compiled_with(*documents)
    assert not result.has_errors, result.found
    return sorted(result.ingresses())


def said_by(result: Compiled, name: str) -> dict[str, str]:
    said: dict[str, str] = result.ingresses()[name]["metadata"].get("annotations", {})
    return {key.rpartition("/")[2]: text for key, text in said.items()}


# --- names

HALVES = weights(hz_a=50, hz_b=50, hz_c=0)


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        ([WEB, policy("cart", HALVES)], ["web", "web.hz-b"]),
        (
            [ingress("web", rule(path("cart"), path("pay", "/pay"))), policy("cart", HALVES), policy("pay", HALVES)],
            ["web", "web.hz-b"],
        ),
        (
            [ingress("web", rule(path("cart"), path("pay", "/pay"))), policy("cart", HALVES)],
            ["web.cart", "web.hz-b", "web.pay"],
        ),
        (
            [
                ingress("web", rule(path("cart"), path("pay", "/pay"))),
                policy("cart", HALVES),
                policy("pay", weights(hz_a=50, hz_b=40, hz_c=10)),
            ],
            ["web", "web.hz-b.cart", "web.hz-b.pay", "web.hz-c"],
        ),
        ([WEB, canary("trial", rule(path("next")), weight="20")], ["trial", "web"]),
        (
            [WEB, canary("trial", rule(path("next")), weight="20"), policy("next", HALVES)],
            ["trial", "trial.hz-b", "web"],
        ),
        (
            [
                ingress("web", rule(path("cart")), annotations=pin("hz-a")),
                canary("trial", rule(path("cart")), weight="20", **pin("hz-b")),
            ],
            ["trial", "web"],
        ),
    ],
    ids=[
        "a-cluster-more",
        "services-spread-alike",
        "services-spread-otherwise",
        "other-weights",
        "canary",
        "canary-spread-over-clusters",
        "canary-that-is-a-share-of-a-cluster",
    ],
)
def test_an_ingress_keeps_its_name_and_what_it_needs_beside_it_is_called_by_cluster_and_service(
    documents: list[Document], expected: list[str]
) -> None:
    assert names(*documents) == expected


def test_a_path_more_changes_no_name_of_the_others() -> None:
    """A route that moved from one object to another would be gone in between."""
    paths = [path("cart"), path("pay", "/pay")]
    documents = [policy("cart", HALVES), policy("web", tiers(["hz-b"], ["hz-a", "hz-c"]))]
    before = compiled_with(ingress("web", rule(*paths)), *documents).ingresses()
    after = compiled_with(ingress("web", rule(*paths, path("web", "/a/long/path"))), *documents).ingresses()
    assert {name: after[name] for name in before} == before
    assert sorted(after.keys() - before.keys()) == ["web.web"]


def test_a_name_of_ours_gives_way_to_one_that_somebody_chose() -> None:
    chosen = ingress("web.hz-b", rule(path("pay", "/pay")))
    first, second, third = names(WEB, policy("cart", HALVES), chosen)
    assert (first, second) == ("web", "web.hz-b")
    assert third.startswith("web.hz-b.")


def test_names_of_ours_are_no_longer_than_the_name_of_a_file_may_be() -> None:
    long = "w" * 248
    found = names(ingress(long, rule(path("cart"))), policy("cart", HALVES))
    assert sorted(map(len, found)) == [248, 250]


def test_an_ingress_called_namespace_does_not_take_the_file_of_its_namespace() -> None:
    result = compiled_with(ingress("namespace", rule(path("cart"))))
    files = [file.rpartition("/")[2] for file in result.files if file.startswith("gateways/public/mse/shop/")]
    assert sorted(files) == ["namespace.yaml", "namespace_.yaml"]


# --- what an Ingress carries beside its routes


def test_labels_and_foreign_annotations_stay_on_every_part_of_an_ingress() -> None:
    mine: dict[str, Any] = {"labels": {"team": "a"}, "annotations": {"example.com/owner": "a"}}
    theirs = canary("trial", rule(path("next")), weight="20", **{"example.com/owner": "b"})
    result = compiled_with(ingress("web", rule(path("cart")), **mine), theirs, policy("cart", HALVES))
    for name in ("web", "web.hz-b"):
        assert said_by(result, name)["owner"] == "a"
        assert result.ingresses()[name]["metadata"]["labels"] == {
            "app.kubernetes.io/managed-by": "fleetgate",
            "team": "a",
        }
    assert said_by(result, "trial")["owner"] == "b"


def test_a_canary_that_became_the_share_of_a_cluster_is_still_its_own_ingress() -> None:
    trial = canary("trial", rule(path("cart")), weight="20", **pin("hz-b"), **{"example.com/owner": "b"})
    result = compiled_with(ingress("web", rule(path("cart")), annotations=pin("hz-a")), trial)
    assert said_by(result, "trial")["owner"] == "b"
    assert said_by(result, "trial")["canary-weight"] == "20"


def tls(document: Document) -> Any:
    return document["spec"].get("tls")


def test_certificates_stay_where_their_author_put_them_and_losers_are_gone() -> None:
    entry = [{"hosts": [HOST], "secretName": "a"}]
    other = [{"hosts": [HOST], "secretName": "b"}]
    result = compiled_with(
        ingress("a", rule(path("cart")), tls=entry),
        ingress("b", rule(path("pay", "/pay")), tls=other),
        ingress("c", rule(path("web", "/web"))),
        policy("cart", HALVES),
    )
    found = {name: tls(document) for name, document in result.ingresses().items()}
    assert found == {"a": entry, "a.hz-b": entry, "b": entry, "c": None}


def test_a_certificate_outlives_the_routes_of_its_ingress() -> None:
    """Its rule loses, and its certificate is still that of the host."""
    winner = ingress("web", rule(path("cart")), annotations={"fleetgate.dev/priority": "1"})
    entry = [{"hosts": [HOST], "secretName": "a"}]
    result = compiled_with(winner, ingress("loser", rule(path("pay")), tls=entry))
    assert {name: tls(document) for name, document in result.ingresses().items()} == {"web": entry}


def test_a_rule_for_every_host_has_its_certificate_in_an_entry_without_hosts() -> None:
    document = ingress("web", rule(path("cart"), host=None), rule(path("cart")), tls=[{"secretName": "a"}])
    assert tls(compiled_with(document).ingresses()["web"]) == [
        {"hosts": [HOST], "secretName": "a"},
        {"secretName": "a"},
    ]


ROOT = {NGINX + "app-root": "/home"}


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        ([ingress("web", rule(path("cart")), annotations=ROOT)], {"web": "/home"}),
        (
            [
                ingress(
                    "web",
                    rule(path("cart")),
                    annotations={**ROOT, NGINX + "permanent-redirect": "https://new.example.com"},
                )
            ],
            {"web": "/home"},
        ),
        (
            [
                ingress("a", rule(path("cart")), annotations={"fleetgate.dev/priority": "1"}),
                ingress("b", rule(path("cart")), annotations=ROOT),
            ],
            {"a": "/home"},
        ),
        (
            [ingress("a", rule(path("cart")), annotations=ROOT), ingress("b", rule(path("pay", "/pay")))],
            {"a": "/home", "b": None},
        ),
    ],
    ids=["forward", "redirect", "its-routes-lost", "of-one-of-two"],
)
def test_a_start_page_is_emitted_whatever_becomes_of_the_routes_of_its_ingress(
    documents: list[Document], expected: dict[str, str | None]
) -> None:
    result = compiled_with(*documents)
    assert {name: said_by(result, name).get("app-root") for name in result.ingresses()} == expected


def test_a_list_of_one_service_in_another_namespace_stays_a_list() -> None:
    """The backend of an Ingress is in its own namespace."""
    text = "100% sorry.other.svc.cluster.local:80\n"
    document = ingress("web", rule(path("cart")), annotations={MSE + "destination": text})
    result = compiled_with(service("sorry", *CLUSTERS, namespace="other"), document)
    assert said_by(result, "web") == {"destination": text}


# --- weights


@pytest.mark.parametrize(
    ("weight", "expected"),
    [
        ("20", {"canary-weight": "20"}),
        ("0", {"canary-weight": "0"}),
        ("53", {"canary-weight": "53001", "canary-weight-total": "100000"}),
        ("59", {"canary-weight": "59001", "canary-weight-total": "100000"}),
    ],
)
def test_weights_are_such_that_single_precision_gives_the_percents_that_were_meant(
    weight: str, expected: dict[str, str]
) -> None:
    result = compiled_with(WEB, canary("trial", rule(path("next")), weight=weight))
    assert {k: v for k, v in said_by(result, "trial").items() if k.startswith("canary-")} == expected


def test_shares_that_single_precision_can_not_give_are_refused() -> None:
    documents = [canary("a", rule(path("next")), weight="53"), canary("b", rule(path("pay")), weight="47")]
    assert compiled_with(WEB, *documents).codes == ["mse-weight"]


# --- what MSE can't say

EXCLUDING = {"type": "ActiveActive", "excluded": [{"cluster": "hz-c", "reason": "r"}]}
SPILLING = tiers(["hz-a"], ["hz-b", "hz-c"])
SPILLING["primarySecondary"]["spillover"] = {"belowHealthyPercent": 50}
PLACE = "trafficpolicy-cart:spec.spread"


@pytest.mark.parametrize(
    ("spread", "expected"),
    [
        (EXCLUDING, [("mse-spread", PLACE)]),
        (SPILLING, [("mse-spread", PLACE)]),
        (tiers(["hz-a"], ["hz-b"], ["hz-c"]), [("mse-failover", PLACE), ("mse-tiers", PLACE)]),
        (tiers(["hz-a", "hz-b"], ["hz-c"]), [("mse-spread", PLACE)]),
        (weights(hz_a=1, hz_b=1, hz_c=1), [("mse-redistribution", PLACE), ("mse-weight", PLACE)]),
        (weights(hz_a=50, hz_b=30, hz_c=20), [("mse-redistribution", PLACE)]),
        (weights(hz_a=50, hz_b=50, hz_c=0), [("mse-failover", PLACE), ("mse-redistribution", PLACE)]),
        (weights(hz_a=100, hz_b=0, hz_c=0), [("mse-failover", PLACE), ("mse-redistribution", PLACE)]),
        (tiers(["hz-a"], ["hz-b", "hz-c"]), [("mse-failover", PLACE)]),
    ],
    ids=[
        "excluded",
        "spills-early",
        "three-tiers",
        "two-first",
        "thirds",
        "weights",
        "weights-and-standby",
        "one-and-standby-by-weight",
        "primary-and-secondary",
    ],
)
def test_a_spread_that_mse_can_not_express_is_told_once_at_the_policy(
    spread: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    document = ingress("web", rule(path("cart"), path("cart", "/more")))
    result = compiled_with(document, policy("cart", spread))
    assert [(code, place) for code, place, _ in result.found] == expected


@pytest.mark.parametrize(
    ("said", "is_told"),
    [
        ({NGINX + "default-backend": "pay"}, True),
        ({MSE + "mirror-target-service": "pay"}, True),
        ({NGINX + "default-backend": "web"}, False),
    ],
)
def test_the_spread_of_a_fallback_or_a_mirror_is_told_to_have_no_effect(said: dict[str, str], *, is_told: bool) -> None:
    document = ingress("web", rule(path("cart")), annotations=said)
    result = compiled_with(document, policy("pay", tiers(["hz-a"], ["hz-b", "hz-c"])))
    place = ("mse-unspread", "trafficpolicy-pay:spec.spread", "shop/pay")
    assert result.found == ([place] if is_told else [])


def test_settings_of_a_policy_that_mse_does_not_know_are_told_once_at_the_policy_though_a_canary_pins_it() -> None:
    document = policy("cart", tiers(["hz-a"], ["hz-b", "hz-c"]), hedge={"delay": "100ms"})
    trial = canary("trial", rule(path("cart")), by_header="x-stage", **pin("hz-a"))
    assert compiled_with(WEB, trial, document).found == [
        ("mse-policy", "trafficpolicy-cart:spec.hedge", "shop/cart"),
        ("mse-failover", PLACE, "shop/cart"),
    ]


def test_a_ramp_that_somebody_declared_is_told_and_the_default_is_not() -> None:
    """MSE has neither; that it has none is `mse-failover`."""
    spread = weights(hz_a=50, hz_b=50, hz_c=0)
    assert "mse-policy" not in compiled_with(WEB, policy("cart", spread)).codes
    ramp = policy("cart", spread, failback={"hold": "5m"})
    place = ("mse-policy", "trafficpolicy-cart:spec.failback", "shop/cart")
    assert place in compiled_with(WEB, ramp).found


def test_pods_without_a_label_can_not_be_split_over_clusters() -> None:
    base = ingress("web", rule(path("cart")), annotations={MSE + "service-subset": "base"})
    assert compiled_with(base).found == []
    assert compiled_with(base, policy("cart", tiers(["hz-a"], ["hz-b", "hz-c"]))).codes == [
        "mse-failover",
        "mse-spread",
    ]


@pytest.mark.parametrize(("version", "expected"), [(None, []), ("1.2.25", []), ("1.2.24", ["mse-version"])])
def test_pins_need_a_gateway_that_knows_them(version: str | None, expected: list[str]) -> None:
    settings = {"mse": {"version": version} if version else {}}
    documents = [*fleet(*CLUSTERS, gateway=settings), *SERVICES, WEB, policy("cart", tiers(["hz-a"], ["hz-b", "hz-c"]))]
    assert compiled(documents).codes == ["mse-failover", *expected]


def pattern(name: str, text: str) -> Document:
    return ingress(name, rule(path("cart", text)), annotations={NGINX + "use-regex": "true"})


@pytest.mark.parametrize(
    ("one", "other", "is_told"),
    [("/[ab]+", "/[bc]+", True), ("/[ab]+", "/[bcd]+", False), ("/x[ab]", "/y[ab]", False)],
    ids=["as-long", "longer", "disjoint"],
)
def test_patterns_between_which_the_age_of_an_ingress_would_decide_are_told(
    one: str, other: str, *, is_told: bool
) -> None:
    result = compiled_with(pattern("a", one), pattern("b", other))
    assert result.codes == (["mse-route-order"] if is_told else [])
