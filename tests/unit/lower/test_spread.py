"""How the traffic of a Service is spread: what people declare, what replicas say, what the agent writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from compiler.diagnostics import Origin
from compiler.ir.traffic import Forward, ObjectName, Service, ServiceMember
from compiler.lower.spread import by_replicas, milliseconds
from tests.small_fleet import (
    OWN,
    app,
    cluster,
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

if TYPE_CHECKING:
    from pathlib import Path

    from compiler.ir.traffic import Spread
    from tests.small_fleet import Compiled, Found

CLUSTERS = ("hz-a", "hz-b", "hz-c")
FLEET = fleet(*CLUSTERS)
CART = [service("cart", *CLUSTERS), ingress("web", rule(path("cart")))]


def spread_of(result: Compiled, route: int = 0) -> Spread:
    action = result.routes[route].action
    assert isinstance(action, Forward)
    return action.split.shares[0].backend.spread


def shown(spread: Spread) -> list[dict[str, int]]:
    """Tiers as cluster -> weight."""
    return [{m.cluster: m.weight for m in tier.members} for tier in spread.tiers]


def declared(spread: dict[str, Any], **spec: Any) -> Compiled:
    return compiled([*FLEET, *CART, policy("cart", spread, **spec)])


@pytest.mark.parametrize(
    ("spread", "expected", "is_by_replicas"),
    [
        ({"type": "ActiveActive"}, [{"hz-a": 1, "hz-b": 1, "hz-c": 1}], True),
        (weights(hz_a=50, hz_b=30, hz_c=20), [{"hz-a": 50, "hz-b": 30, "hz-c": 20}], False),
        (weights(hz_a=100, hz_b=0, hz_c=0), [{"hz-a": 100}, {"hz-b": 1, "hz-c": 1}], False),
        (tiers(["hz-b"], ["hz-a", "hz-c"]), [{"hz-b": 1}, {"hz-a": 1, "hz-c": 1}], True),
        (
            {"type": "ActiveActive", "excluded": [{"cluster": "hz-c", "reason": "maintenance"}]},
            [{"hz-a": 1, "hz-b": 1}],
            True,
        ),
    ],
    ids=["default", "weights", "weight-0-stands-by", "tiers", "excluded-gets-nothing"],
)
def test_a_policy_says_which_clusters_serve_and_in_which_order(
    spread: dict[str, Any], expected: list[dict[str, int]], *, is_by_replicas: bool
) -> None:
    found = spread_of(declared(spread))
    assert (shown(found), found.by_replicas) == (expected, is_by_replicas)


PLACE = "trafficpolicy-cart:spec.spread"


@pytest.mark.parametrize(
    ("spread", "expected"),
    [
        (weights(hz_a=50, hz_b=50), [("spread-incomplete", PLACE, "hz-c")]),
        (
            weights(hz_a=50, hz_b=30, hz_c=20, hz_d=1),
            [("spread-cluster", f"{PLACE}.activeActive.weights.3.cluster", "hz-d")],
        ),
        (
            {**weights(hz_a=1, hz_b=1, hz_c=1), "excluded": [{"cluster": "hz-c", "reason": "r"}]},
            [("spread-twice", f"{PLACE}.activeActive.weights.2.cluster", "hz-c")],
        ),
        (weights(hz_a=0, hz_b=0, hz_c=0), [("spread-empty", PLACE, "shop/cart")]),
        (
            {"type": "ActiveActive", "excluded": [{"cluster": c, "reason": "r"} for c in CLUSTERS]},
            [("spread-empty", PLACE, "shop/cart")],
        ),
        (
            tiers(["hz-a"], ["hz-b", "hz-a", "hz-c"]),
            [("spread-twice", f"{PLACE}.primarySecondary.tiers.1.clusters.1.cluster", "hz-a")],
        ),
    ],
    ids=["incomplete", "unknown-cluster", "twice", "all-zero", "all-excluded", "in-two-tiers"],
)
def test_a_spread_names_each_cluster_of_its_service_once(spread: dict[str, Any], expected: list[Found]) -> None:
    assert declared(spread).found == expected


@pytest.mark.parametrize(
    ("spread", "fix"),
    [
        (weights(hz_a=50, hz_bb=30, hz_c=20), "name a cluster in which it runs: did you mean hz-b?"),
        (weights(hz_b=50, hz_bb=50), "name a cluster in which it runs: did you mean hz-c?"),
        (tiers(["hz-b", "hz-bb"], ["hz-c"]), "name a cluster in which it runs: did you mean hz-a?"),
        (
            {**weights(hz_a=50, hz_bb=50), "excluded": [{"cluster": c, "reason": "r"} for c in ("hz-b", "hz-c")]},
            "delete it: every cluster in which it runs is named already",
        ),
    ],
)
def test_what_is_suggested_for_an_unknown_cluster_stands_nowhere_in_the_spread(
    spread: dict[str, Any], fix: str
) -> None:
    """Else the next finding would be that it stands there twice."""
    assert [each.fix for each in declared(spread).findings] == [fix]


def test_one_misspelt_cluster_is_one_finding_for_all_services_of_a_policy() -> None:
    document = policy("cart", weights(hz_a=50, hz_b=30, hz_c=20, hz_x=1))
    document["spec"]["targetRefs"].append({"name": "pay"})
    result = compiled([*FLEET, *CART, service("pay", *CLUSTERS), document])
    assert result.codes == ["spread-cluster"]


@pytest.mark.parametrize(
    ("replicas", "expected"),
    [
        ((3, 1), {"a": 3, "b": 1}),
        ((3, 0), {"a": 3}),
        ((3, None), {"a": 1, "b": 1}),
        ((None, None), {"a": 1, "b": 1}),
        ((0, 0), {"a": 1, "b": 1}),
        ((), {}),
    ],
    ids=["known", "no-pods-in-one", "one-unknown", "unknown", "no-pods-anywhere", "nowhere"],
)
def test_without_a_policy_replicas_are_weights(replicas: tuple[int | None, ...], expected: dict[str, int]) -> None:
    members = tuple(ServiceMember(name, count) for name, count in zip("ab", replicas, strict=False))
    spread = by_replicas(Service(ObjectName("shop", "cart"), (), members, Origin("app.yaml")))
    assert {m.cluster: m.weight for tier in spread.tiers for m in tier.members} == expected
    assert spread.by_replicas


def test_a_policy_without_weights_means_the_same_as_none() -> None:
    documents = [*FLEET, app("cart", "hz-a", "hz-b", replicas=3), ingress("web", rule(path("cart")))]
    scaled = documents[-2]
    scaled["spec"]["overrides"] = [{"where": {"clusters": ["hz-b"]}, "set": {"replicas": 0}}]
    without = spread_of(compiled(documents))
    assert shown(without) == [{"hz-a": 3}]
    assert spread_of(compiled([*documents, policy("cart", {"type": "ActiveActive"})])).tiers == without.tiers


def test_in_a_tier_that_states_no_weights_replicas_are_weights() -> None:
    spread = tiers(["hz-a"], ["hz-b", "hz-c"])
    spread["primarySecondary"]["tiers"][0]["clusters"][0]["weight"] = 7
    documents = [*FLEET, app("cart", *CLUSTERS, replicas=3), ingress("web", rule(path("cart"))), policy("cart", spread)]
    assert shown(spread_of(compiled(documents))) == [{"hz-a": 7}, {"hz-b": 3, "hz-c": 3}]


def test_a_pin_puts_a_cluster_first_and_keeps_the_others_behind_it() -> None:
    documents = [*FLEET, CART[0], ingress("web", rule(path("cart")), annotations=pin("hz-b"))]
    assert shown(spread_of(compiled(documents))) == [{"hz-b": 1}, {"hz-a": 1, "hz-c": 1}]


# --- gateways


REGIONS = [*fleet("hz-a", "hz-b"), cluster("sh-a", region="sh")]
EVERYWHERE = [service("cart", "hz-a", "hz-b", "sh-a"), CART[1]]


def test_a_gateway_spreads_over_its_members_alone() -> None:
    result = compiled([*REGIONS, *EVERYWHERE])
    assert shown(spread_of(result)) == [{"hz-a": 1, "hz-b": 1}]
    assert result.found == []


def test_shares_of_clusters_that_are_no_members_are_told_once() -> None:
    document = policy("cart", weights(hz_a=40, hz_b=40, sh_a=20))
    more = ingress("more", rule(path("cart", "/more")))
    result = compiled([*REGIONS, *EVERYWHERE, more, document])
    assert result.found == [("outside-gateway", PLACE, "shop/cart")]
    assert shown(spread_of(result)) == [{"hz-a": 40, "hz-b": 40}]


def test_a_secondary_that_the_gateway_does_not_reach_is_told() -> None:
    """Also without weights: somebody counts on another region."""
    document = policy("cart", tiers(["hz-a"], ["sh-a"], ["hz-b"]))
    result = compiled([*REGIONS, *EVERYWHERE, document])
    assert ("outside-gateway", PLACE, "shop/cart") in result.found
    assert shown(spread_of(result)) == [{"hz-a": 1}, {"hz-b": 1}]


def test_an_exclusion_outside_the_gateway_is_none_of_its_business() -> None:
    document = policy("cart", {"type": "ActiveActive", "excluded": [{"cluster": "sh-a", "reason": "maintenance"}]})
    result = compiled([*REGIONS, *EVERYWHERE, document])
    assert spread_of(result).excluded == ()
    assert result.found == []


# --- survival


@pytest.mark.parametrize(
    ("fleet_wants", "policy_wants", "expected"),
    [
        ([], None, None),
        (["Cluster"], None, ("Cluster",)),
        (["Cluster"], {"losses": ["Cluster", "Zone"]}, ("Cluster", "Zone")),
        ([], {"losses": []}, ()),
    ],
    ids=["nobody", "fleet", "policy-wants-more", "policy-thought-of-it"],
)
def test_what_a_spread_has_to_survive_is_what_the_policy_says_else_the_fleet(
    fleet_wants: list[str], policy_wants: dict[str, Any] | None, expected: tuple[str, ...] | None
) -> None:
    more = {} if policy_wants is None else {"survive": policy_wants}
    document = policy("cart", {"type": "ActiveActive"}, **more)
    result = compiled([*fleet(*CLUSTERS, survive=fleet_wants), *CART, document])
    assert spread_of(result).survive == expected


def test_less_survival_than_the_fleet_demands_needs_a_reason() -> None:
    demanding = fleet(*CLUSTERS, survive=["Cluster", "Zone"])
    without = compiled([*demanding, *CART, policy("cart", {"type": "ActiveActive"}, survive={"losses": ["Cluster"]})])
    assert without.found == [("survive-reason", "trafficpolicy-cart:spec.survive", "Cluster")]
    survive = {"losses": ["Cluster"], "reason": "one zone has no capacity"}
    assert compiled([*demanding, *CART, policy("cart", {"type": "ActiveActive"}, survive=survive)]).found == []


def test_an_opt_out_holds_although_the_rest_of_its_policy_is_wrong() -> None:
    demanding = fleet(*CLUSTERS, survive=["Cluster"])
    document = policy("cart", weights(hz_x=1, hz_a=1), survive={"losses": [], "reason": "a toy"})
    documents = [*demanding, service("cart", "hz-a"), CART[1], document]
    assert compiled(documents).codes == ["spread-cluster"]


# --- policies and pins


def test_a_service_has_one_policy() -> None:
    documents = [*FLEET, *CART, policy("cart", {"type": "ActiveActive"})]
    second = policy("cart", {"type": "ActiveActive"})
    second["metadata"]["name"] = "other"
    found = compiled([*documents, second]).found
    assert found == [("policy-conflict", "trafficpolicy-other:spec.targetRefs.0.name", "shop/cart")]


def test_a_policy_for_a_service_that_does_not_exist_is_told_with_the_one_that_may_be_meant() -> None:
    result = compiled([*FLEET, *CART, policy("carts", {"type": "ActiveActive"})])
    assert result.found == [("policy-service", "trafficpolicy-carts:spec.targetRefs.0.name", "shop/carts")]
    assert result.findings[0].fix.endswith("(did you mean shop/cart?)")


def traffic_pin(**spec: Any) -> dict[str, Any]:
    body = {"service": "cart", "until": "2026-11-23T10:00:00Z", "reason": "maintenance", **spec}
    return {**OWN, "kind": "TrafficPin", "metadata": {"name": "pin", "namespace": "shop"}, "spec": body}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"weights": [{"cluster": "hz-a", "weight": 1}], "excluded": ["hz-b"]}, []),
        ({"weights": [{"cluster": "hz-x", "weight": 1}]}, [("spread-cluster", "weights.0.cluster", "hz-x")]),
        (
            {"weights": [{"cluster": "hz-a", "weight": 1}], "excluded": ["hz-a"]},
            [("spread-twice", "excluded.0", "hz-a")],
        ),
        ({"weights": [{"cluster": "hz-a", "weight": 0}]}, [("spread-empty", "weights", "shop/cart")]),
        (
            {"service": "pay", "weights": [{"cluster": "hz-a", "weight": 1}]},
            [("policy-service", "service", "shop/pay")],
        ),
    ],
    ids=["good", "unknown-cluster", "twice", "all-zero", "no-service"],
)
def test_a_pin_is_held_to_the_clusters_of_its_service(spec: dict[str, Any], expected: list[Found]) -> None:
    found = compiled([*FLEET, *CART, traffic_pin(**spec)]).found
    assert found == [(code, f"trafficpin-pin:spec.{place}", value) for code, place, value in expected]


# --- state


def with_state(tmp_path: Path, gateway: str = "public", **shares: int) -> Compiled:
    """The fleet under the weights that the agent wrote for a gateway."""
    listed = [{"cluster": name.replace("_", "-"), "weight": weight} for name, weight in shares.items()]
    entry = {"service": {"namespace": "shop", "name": "cart"}, "weights": listed}
    state = {**OWN, "kind": "TrafficState", "metadata": {"name": gateway}, "spec": {"services": [entry]}}
    file = tmp_path / "state.yaml"
    file.write_text(yaml.safe_dump(state))
    return compiled([*FLEET, *CART], state=str(file))


def test_the_state_of_a_gateway_stands_for_what_is_declared(tmp_path: Path) -> None:
    spread = spread_of(with_state(tmp_path, hz_a=0, hz_b=75, hz_c=25))
    assert shown(spread) == [{"hz-b": 75, "hz-c": 25}, {"hz-a": 1}]
    assert not spread.by_replicas


def test_the_state_of_another_gateway_changes_nothing(tmp_path: Path) -> None:
    assert shown(spread_of(with_state(tmp_path, "other", hz_a=0, hz_b=100))) == [{"hz-a": 1, "hz-b": 1, "hz-c": 1}]


def test_a_state_that_leaves_no_cluster_is_refused(tmp_path: Path) -> None:
    assert with_state(tmp_path, hz_gone=100).codes == ["spread-empty"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", 0), ("100ms", 100), ("1.5s", 1500), ("1m30s", 90_000), ("1h", 3_600_000), ("2s5ms", 2005)],
)
def test_durations_are_read_as_go_reads_them(text: str, expected: int) -> None:
    assert milliseconds(text) == expected
