"""Upstream clusters: which there are, what they hold, in which order they are tried."""

from __future__ import annotations

from typing import Any

import pytest

from compiler.diagnostics import Origin
from compiler.ir.traffic import (
    DEFAULT_POLICY,
    Affinity,
    Backend,
    Balance,
    ConcurrencyLimit,
    ConnectionPool,
    Demand,
    EndpointGroup,
    Entry,
    HashKey,
    HealthCheck,
    Policies,
    Rejection,
    Service,
    ServicePolicy,
    Spread,
    Subset,
    UpstreamTls,
    VirtualHost,
)
from compiler.targets.envoy.pools import LEAST_RETRIES
from tests.unit.targets.envoy.programs import OWNER, backend, compiled, route, service, spread

HOST = "shop.example.com"


def clusters(to: Backend, policies: Policies | None = None, **more: Any) -> dict[str, dict[str, Any]]:
    """The clusters of a host with one route to a backend, and their endpoints put back."""
    found = compiled(VirtualHost(HOST, (route(to, policies=policies),)), **more)
    for cluster in found.clusters.values():
        if "eds_cluster_config" in cluster:
            cluster["endpoints"] = found.endpoints[cluster["eds_cluster_config"]["service_name"]]["endpoints"]
    found.clusters.pop("fleetgate/admin")
    return found.clusters


def members(cluster: dict[str, Any]) -> list[str]:
    return [each["name"] for each in cluster["cluster_type"]["typed_config"]["clusters"]]


def addresses(cluster: dict[str, Any]) -> dict[str, list[str]]:
    return {
        place["locality"]["sub_zone"]: [
            each["endpoint"]["address"]["socket_address"]["address"] for each in place["lb_endpoints"]
        ]
        for place in cluster["endpoints"]
    }


@pytest.mark.parametrize(
    ("over", "suffixes"),
    [
        (spread({"a": 1, "b": 1}), ["pool"] * 5 + ["last"]),
        (spread({"a": 1}, {"b": 1}), ["tier-1"] * 3 + ["tier-2"] * 2 + ["last"]),
        (spread({"a": 1}, {"b": 1}, {"c": 1}), ["tier-1"] * 2 + ["tier-2"] * 2 + ["tier-3"] * 2 + ["last"]),
    ],
)
def test_a_composite_tries_tiers_in_order_and_the_last_resort_last(over: Spread, suffixes: list[str]) -> None:
    found = clusters(backend(over=over))
    (composite,) = (c for c in found.values() if "cluster_type" in c)
    assert [name.rpartition("/")[2] for name in members(composite)] == suffixes
    assert set(members(composite)) | {composite["name"]} == found.keys()


@pytest.mark.parametrize(
    ("peak", "most"), [(None, 1_000_000), (900.0, 270_000), (0.5, LEAST_RETRIES), (1e6, 1_000_000)]
)
def test_repeats_at_once_are_as_many_as_the_declared_peak_may_cause(peak: float | None, most: int) -> None:
    """All requests of `SILENCE_S` seconds, which is the longest that one waits for its answer to begin."""
    demands = () if peak is None else (Demand(OWNER, peak, Origin("policy.yaml")),)
    found = clusters(backend(), demands=demands)
    bounds = {name: c["circuit_breakers"]["thresholds"][0]["max_retries"] for name, c in found.items()}
    assert bounds == {"shop/cart:80": most, "shop/cart:80/pool": 1_000_000, "shop/cart:80/last": 1_000_000}


def test_weights_are_those_of_localities_and_excluded_clusters_are_nowhere() -> None:
    found = clusters(backend(over=spread({"a": 70, "b": 30}, excluded=("c",))))
    pool = found["shop/cart:80@a=70+b=30/pool"]
    assert {p["locality"]["sub_zone"]: p["load_balancing_weight"] for p in pool["endpoints"]} == {"a": 70, "b": 30}
    assert pool["common_lb_config"]["locality_weighted_lb_config"] == {}
    assert all(addresses(c).keys() <= {"a", "b"} for c in found.values() if "endpoints" in c)


def test_by_replicas_all_pods_are_alike_unless_an_entry_stands_for_some() -> None:
    plain = clusters(backend())["shop/cart:80/pool"]
    assert "locality_weighted_lb_config" not in plain["common_lb_config"]
    assert all("load_balancing_weight" not in place for place in plain["endpoints"])
    entry = clusters(backend(), b=Entry(("192.0.2.1",), 80))["shop/cart:80/pool"]
    assert [place["load_balancing_weight"] for place in entry["endpoints"]] == [2, 1]
    assert addresses(entry)["b"] == ["192.0.2.1"]


def test_a_tier_that_spills_is_lost_below_its_bound_and_keeps_its_weights() -> None:
    pods = (
        EndpointGroup("a", "http", 8080, ("10.1.0.1", "10.1.0.2")),
        EndpointGroup("b", "http", 8080, ("10.2.0.1",)),
        EndpointGroup("c", "http", 8080, ("10.3.0.1",)),
    )
    over = spread({"a": 3, "b": 1}, {"c": 1}, spill_below_percent=60)
    first = clusters(backend(over=over), services=(service("cart", *pods),))["shop/cart:80@a=3+b=1;c/tier-1"]
    assert first["common_lb_config"]["healthy_panic_threshold"] == {"value": 60}
    assert first["common_lb_config"]["zone_aware_lb_config"] == {"fail_traffic_on_panic": True}
    weights = [each["load_balancing_weight"] for place in first["endpoints"] for each in place["lb_endpoints"]]
    assert weights == [3, 3, 2], "3 to 1 over two pods and one"


def test_pods_are_chosen_by_label_and_all_of_the_service_stand_in() -> None:
    pods = (
        EndpointGroup("a", "http", 8080, ("10.1.0.1",), (("version", "v2"),)),
        EndpointGroup("a", "http", 8080, ("10.1.0.2",)),
        EndpointGroup("b", "http", 8080, ("10.2.0.2",)),
    )
    found = clusters(backend(subset=Subset("v2", (("version", "v2"),))), services=(service("cart", *pods),))
    name = "shop/cart:80[version=v2]"
    assert addresses(found[f"{name}/pool"]) == {"a": ["10.1.0.1"]}
    assert members(found[f"{name}>shop/cart:80"])[:4] == [f"{name}/pool"] * 2 + ["shop/cart:80/pool"] * 2
    without = clusters(backend(subset=Subset("base", (), "version")), services=(service("cart", *pods),))
    assert addresses(without["shop/cart:80[!version]/pool"]) == {"a": ["10.1.0.2"], "b": ["10.2.0.2"]}


def test_no_member_of_a_composite_and_no_route_names_a_cluster_that_is_not_there() -> None:
    found = compiled(
        VirtualHost(HOST, (route(backend(over=spread({"a": 1}, {"b": 2})), fallback=backend("next")),)),
    )
    named = {m for c in found.clusters.values() if "cluster_type" in c for m in members(c)}
    routed = {r["route"]["cluster"] for h in found.routes["http"]["virtual_hosts"] for r in h["routes"]}
    assert named | routed <= found.clusters.keys()


def test_health_checks_name_a_host_and_check_standbys_as_often() -> None:
    check = HealthCheck("HTTP", "/healthz", 2000, 1500, 2, 3)
    pool = clusters(backend(over=spread({"a": 1}, health_check=check)))["shop/cart:80@a/pool"]
    (found,) = pool["health_checks"]
    assert (found["interval"], found["timeout"], found["no_traffic_interval"]) == ("2s", "1.500s", "2s")
    assert found["http_health_check"]["host"] == "cart.shop"
    assert "health_checks" not in clusters(backend(over=spread({"a": 1}, health_check=check)))["shop/cart:80@a/last"]


def test_an_entry_is_checked_as_requests_get_through_it_and_else_not_at_all() -> None:
    """A pod is asked whatever Host there is; an entry chooses a Service by it."""

    def asked(path: str, *, is_declared: bool = True) -> dict[str, Any]:
        check = HealthCheck("HTTP", path, 2000, 1500, 2, 3, is_declared=is_declared)
        over = spread({"a": 1, "b": 1}, health_check=check)
        pool = clusters(backend(over=over), b=Entry(("192.0.2.1",), 80))["shop/cart:80@a=1+b=1/pool"]
        return {
            place["locality"]["sub_zone"]: place["lb_endpoints"][0]["endpoint"].get("health_check_config")
            for place in pool["endpoints"]
        }

    assert asked("/cart/healthz") == {"a": None, "b": {"hostname": HOST}}
    unasked = {"a": None, "b": {"disable_active_health_check": True}}
    assert asked("/healthz") == unasked, "no route leads there"
    assert asked("/cart/healthz", is_declared=False) == unasked, "what a kubelet asks a pod"


def test_pods_that_endpoint_slices_name_are_reached_past_an_entry() -> None:
    check = HealthCheck("HTTP", "/healthz", 2000, 1500, 2, 3)
    pods = (EndpointGroup("b", "http", 8080, ("10.2.0.1", "10.2.0.2")),)
    entry = Entry(("192.0.2.1",), 80)
    over = spread({"a": 1, "b": 1}, health_check=check)
    pool = clusters(backend(over=over), services=(service("cart", *pods),), a=entry, b=entry)[
        "shop/cart:80@a=1+b=1/pool"
    ]
    assert addresses(pool) == {"a": ["192.0.2.1"], "b": ["10.2.0.1", "10.2.0.2"]}
    assert all(each.keys() == {"endpoint"} for place in pool["endpoints"][1:] for each in place["lb_endpoints"])


def test_how_an_endpoint_is_chosen() -> None:
    def pool(balance: Balance) -> dict[str, Any]:
        return clusters(backend(policy=ServicePolicy(balance=balance)))["shop/cart:80/pool"]

    assert pool(Balance("least_conn", 30))["least_request_lb_config"] == {
        "slow_start_config": {"slow_start_window": "30s"}
    }
    assert pool(Balance("random", 30))["lb_policy"] == "RANDOM"

    def hashed(balance: Balance) -> Any:
        (policy,) = pool(balance)["load_balancing_policy"]["policies"]
        return policy["typed_extension_config"]["typed_config"]["consistent_hashing_lb_config"]["hash_policy"]

    assert hashed(Balance(affinity=Affinity("S", "/", None))) == [{"cookie": {"name": "S", "ttl": "0s", "path": "/"}}]
    assert hashed(Balance(hash_by=HashKey("uri"))) == [{"header": {"header_name": ":path"}}]
    assert hashed(Balance(hash_by=HashKey("query", "u"))) == [{"query_parameter": {"name": "u"}}]
    assert hashed(Balance(hash_by=HashKey("address"))) == [{"connection_properties": {"source_ip": True}}]


def test_bounds_and_limits() -> None:
    policy = ServicePolicy(pool=ConnectionPool(10, 2, 100))
    pool = clusters(backend(policy=policy))["shop/cart:80/pool"]
    assert pool["circuit_breakers"]["thresholds"][0]["max_connections"] == 10
    assert pool["circuit_breakers"]["per_host_thresholds"] == [{"max_connections": 2}]
    (options,) = pool["typed_extension_protocol_options"].values()
    assert options["common_http_protocol_options"]["max_requests_per_connection"] == 100
    limited = clusters(backend(), policies=Policies(concurrency=ConcurrencyLimit(7, Rejection())))
    bounds = {name: c["circuit_breakers"]["thresholds"][0]["max_requests"] for name, c in limited.items()}
    name = "shop/cart:80!shop.example.com shop/cart prefix /cart"
    assert bounds == {name: 1_000_000, f"{name}/pool": 7, f"{name}/last": 7}


def test_tls_towards_pods_and_entries() -> None:
    policy = ServicePolicy("HTTPS", tls=UpstreamTls(sends_server_name=True, server_name="inner"))
    found = clusters(backend(policy=policy), b=Entry(("192.0.2.1",), 443, "entry.b"))["shop/cart:80/pool"]
    assert found["transport_socket"]["typed_config"]["sni"] == "inner"
    (match,) = found["transport_socket_matches"]
    assert match["transport_socket"]["typed_config"]["sni"] == "entry.b"
    entry = next(place for place in found["endpoints"] if place["locality"]["sub_zone"] == "b")
    assert entry["lb_endpoints"][0]["metadata"] == {"filter_metadata": {"envoy.transport_socket_match": match["match"]}}


# --- hedges


def many(count: int, *names: str) -> tuple[Service, ...]:
    """Service cart with so many pods in each cluster."""
    groups = [
        EndpointGroup(c, "http", 8080, tuple(f"10.{n}.0.{pod}" for pod in range(1, count + 1)))
        for n, c in enumerate(names, 1)
    ]
    return (service("cart", *groups),)


@pytest.mark.parametrize(
    ("pods", "over", "expected"),
    [
        (2, spread({"a": 1, "b": 1}, hedge_delay_ms=100), ["pool"] * 5),
        (6, spread({"a": 9, "b": 1}, hedge_delay_ms=100), ["pool", "pool", "a", "b", "pool", "pool", "pool"]),
        (2, spread({"a": 1}, {"b": 1}, hedge_delay_ms=100), ["tier-1"] * 2 + ["tier-2"] * 3),
        (6, spread({"a": 1}, {"b": 1}, hedge_delay_ms=100), ["tier-1"] * 3 + ["tier-2"] * 3),
        (30, spread({"a": 1}, {"b": 1}, hedge_delay_ms=100), ["tier-1"] * 4 + ["tier-2"] * 4),
        (9, spread({"a": 1, "b": 1}, {"c": 1}, hedge_delay_ms=100), ["tier-1", "tier-1", "a", "b"] + ["tier-2"] * 4),
    ],
)
def test_what_freezes_is_passed_after_few_hedges(pods: int, over: Spread, expected: list[str]) -> None:
    """Each try that meets a frozen pod costs the delay: a cluster that does not freeze is met by the fourth."""
    found = clusters(backend(over=over), services=many(pods, "a", "b", "c"))
    (composite,) = (c for c in found.values() if "cluster_type" in c)
    assert [name.rpartition("/")[2] for name in members(composite)] == [*expected, "last"]
    sides = [c for name, c in found.items() if name.endswith(("/a", "/b"))]
    assert all(addresses(c).keys() == {c["name"][-1]} for c in sides)
    assert not any("outlier_detection" in c or "health_checks" in c for c in sides)


def test_a_third_of_a_tier_may_die_before_the_next_is_tried() -> None:
    found = clusters(backend(over=spread({"a": 1}, {"b": 1})), services=many(15, "a", "b"))
    (composite,) = (c for c in found.values() if "cluster_type" in c)
    assert [name.rpartition("/")[2] for name in members(composite)][:7] == ["tier-1"] * 6 + ["tier-2"]


def test_a_connection_is_waited_for_no_longer_than_a_hedge() -> None:
    """Envoy counts the delay of a hedge from when there is a connection."""

    def waits(delay: int | None = None, policy: ServicePolicy = DEFAULT_POLICY) -> str:
        found = clusters(backend(over=spread({"a": 1, "b": 1}, hedge_delay_ms=delay), policy=policy))
        return str(found["shop/cart:80@a=1+b=1/pool"]["connect_timeout"])

    assert waits() == "0.500s"
    assert [waits(ms) for ms in (20, 150, 2000)] == ["0.100s", "0.150s", "0.500s"]
    assert waits(50, ServicePolicy("HTTPS")) == "0.200s"


def test_what_is_left_out_comes_back_by_a_check_and_by_time_only_where_none_is_made() -> None:
    """A frozen pod that came back by time alone would hold requests up again."""
    check = HealthCheck("HTTP", "/healthz", 2000, 1500, 2, 3)

    def ejection(check: HealthCheck | None, **more: Any) -> Any:
        found = clusters(backend(over=spread({"a": 1, "b": 1}, hedge_delay_ms=100, health_check=check)), **more)
        return found["shop/cart:80@a=1+b=1/pool"]["outlier_detection"]

    assert (ejection(None)["base_ejection_time"], ejection(None)["max_ejection_time"]) == ("1s", "5s")
    assert (ejection(check)["base_ejection_time"], ejection(check)["max_ejection_time"]) == ("30s", "30s")
    entry = Entry(("192.0.2.1",), 80)
    assert ejection(check, b=entry)["base_ejection_time"] == "1s", "an entry is not checked"


def test_frozen_pods_are_left_out_by_their_rate_of_failures_where_a_hedge_finds_them() -> None:
    """They never fail five times in a row: a connection that they accept counts as a success."""
    pool = clusters(backend(over=spread({"a": 1, "b": 1}, hedge_delay_ms=100)))["shop/cart:80@a=1+b=1/pool"]
    ejection = pool["outlier_detection"]
    assert ejection["enforcing_failure_percentage_local_origin"] == 100
    assert 17 < ejection["failure_percentage_threshold"] < 33, (
        "a sixth fails at 20 % slow, a third of frozen GET and POST"
    )
    plain = clusters(backend())["shop/cart:80/pool"]["outlier_detection"]
    assert "enforcing_failure_percentage_local_origin" not in plain
