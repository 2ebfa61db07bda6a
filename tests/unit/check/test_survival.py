"""What is left of a spread after a loss, and who is held to it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.small_fleet import (
    HOST,
    Compiled,
    Document,
    canary,
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
)

WEB = ingress("web", rule(path("cart")))
ZONES = {"hz-a": ["h"], "hz-b": ["h"], "hz-c": ["i"], "hz-d": ["h", "i"]}


def surviving(survive: list[str], *clusters: str, more: tuple[Document, ...] = ()) -> Compiled:
    """`cart` in some clusters of a fleet that demands to survive losses."""
    members = [cluster(name, zones=zones) for name, zones in ZONES.items()]
    return compiled([*fleet(survive=survive), *members, service("cart", *clusters), WEB, *more])


@pytest.mark.parametrize(
    ("survive", "clusters", "lost"),
    [
        (["Cluster"], ["hz-a", "hz-b"], ""),
        (["Cluster"], ["hz-a"], "cluster hz-a"),
        (["Zone"], ["hz-a", "hz-b"], "zone h"),
        (["Zone"], ["hz-a", "hz-c"], ""),
        (["Zone"], ["hz-a", "hz-d"], ""),
        (["Cluster", "Zone"], ["hz-a"], "cluster hz-a"),
        (["Region"], ["hz-a", "hz-c"], "region hz"),
    ],
)
def test_a_spread_survives_each_loss_that_the_fleet_demands(survive: list[str], clusters: list[str], lost: str) -> None:
    """A zone takes down the clusters that have no other."""
    result = surviving(survive, *clusters)
    assert result.codes == (["survival"] if lost else [])
    assert all(f.why.startswith(f"{lost} lost: ") for f in result.findings)


def test_a_loss_that_takes_the_whole_gateway_is_mended_at_the_gateway() -> None:
    (finding,) = surviving(["Region"], "hz-a", "hz-c").findings
    assert finding.fix.startswith("give gateway public a member outside this region too")
    (finding,) = surviving(["Zone"], "hz-a", "hz-b").findings
    assert finding.fix.startswith("place it outside this zone too")


NEXT = service("next", "hz-a")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ((canary("b", rule(path("next")), weight="20"), NEXT), []),
        ((canary("b", rule(path("next")), by_header="x-stage"), NEXT), []),
        ((canary("b", rule(path("cart")), by_header="x-stage", **pin("hz-a")),), []),
        ((policy("cart", tiers(["hz-a"], ["hz-b"])),), ["mse-failover"]),
        ((ingress("other", rule(path("next", "/next"))), NEXT), ["survival"]),
    ],
    ids=["weighted-canary", "header-canary", "pinned-canary", "secondary", "another-base"],
)
def test_a_canary_and_a_pin_have_something_to_fall_back_to(more: tuple[Document, ...], expected: list[str]) -> None:
    assert surviving(["Cluster"], "hz-a", "hz-b", more=more).codes == expected


def test_a_policy_may_opt_out_with_a_reason() -> None:
    survive: dict[str, Any] = {"losses": [], "reason": "a toy"}
    opted_out = policy("cart", {"type": "ActiveActive"}, survive=survive)
    assert surviving(["Cluster"], "hz-a", more=(opted_out,)).found == []


def test_where_nobody_thought_of_losses_a_single_cluster_is_a_warning_once_per_service() -> None:
    more = (ingress("more", rule(path("cart", "/more"), path("cart", "/most"))),)
    assert surviving([], "hz-a", more=more).found == [("single-cluster", "service-cart:metadata.name", "shop/cart")]
    assert surviving([], "hz-a", "hz-b").found == []


def test_a_gateway_with_one_member_can_have_no_second_cluster() -> None:
    assert compiled([*fleet("hz-a"), service("cart", "hz-a"), WEB]).found == []


def test_what_no_request_reaches_has_to_survive_nothing() -> None:
    redirect = {"nginx.ingress.kubernetes.io/permanent-redirect": f"https://new.{HOST}"}
    alone = [service("cart", "hz-a"), ingress("web", rule(path("cart")), annotations=redirect)]
    assert compiled([*fleet("hz-a", "hz-b", survive=["Cluster"]), *alone]).found == []
