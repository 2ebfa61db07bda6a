"""Virtual hosts and filter chains: who is served where, with which routes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from compiler.diagnostics import Diagnostics
from compiler.ir.traffic import LocalLimit, Policies, SecretRef, Tls, TlsSettings, VirtualHost
from compiler.targets.envoy import extensions as ext
from compiler.targets.envoy.bootstrap import assemble
from compiler.targets.envoy.emission import emit_traffic
from compiler.targets.envoy.hosts import covering
from tests.unit.targets.envoy.programs import SETTINGS, compiled, program, route

if TYPE_CHECKING:
    from compiler.targets.envoy.resources import Resources

ONE, WIDE = Tls("shop", "one"), Tls("shop", "wide")


def paths(table: dict[str, Any], name: str) -> list[str]:
    """The paths of a virtual host in order, each once."""
    (host,) = (h for h in table["virtual_hosts"] if name in h["domains"])
    found = [m.get("path_separated_prefix") or m.get("prefix") for m in (r["match"] for r in host["routes"])]
    return list(dict.fromkeys(found))


def chains(found: Resources) -> dict[str, list[str]]:
    """Filter chain -> server names; none = for whatever is asked for."""
    return {
        chain["name"]: chain.get("filter_chain_match", {}).get("server_names", [])
        for chain in found.listeners["https"]["filter_chains"]
    }


def test_wildcards_that_cover_a_name_nearest_first() -> None:
    assert list(covering("a.b.org")) == ["*.b.org", "*.org", "*"]
    assert list(covering("*.b.org")) == ["*.org", "*"]
    assert list(covering("*")) == []


def test_routes_of_wildcards_stand_behind_those_of_the_hosts_that_they_cover() -> None:
    found = compiled(
        VirtualHost("a.b.org", (route(path="/own"),)),
        VirtualHost("*.b.org", (route(path="/near"),)),
        VirtualHost("*", (route(path="/far"),)),
    ).routes["http"]
    assert paths(found, "a.b.org") == ["/own", "/near", "/far"]
    assert paths(found, "*.b.org") == ["/near", "/far"]
    assert paths(found, "*") == ["/far"]


def test_nothing_is_tried_behind_a_route_that_takes_everything() -> None:
    found = compiled(
        VirtualHost("a.b.org", (route(path="/own"),)),
        VirtualHost("*.b.org", (route(path="/near"), route(path="/"))),
        VirtualHost("*", (route(path="/far"),)),
    ).routes["http"]
    assert paths(found, "a.b.org") == ["/own", "/near", "/"]


def test_names_that_fall_back_alike_share_a_virtual_host() -> None:
    found = compiled(
        VirtualHost("a.b.org", (route(path="/own"),), aliases=("a.c.org", "z.b.org")),
        VirtualHost("*.b.org", (route(path="/near"),)),
    ).routes["http"]
    assert [h["domains"] for h in found["virtual_hosts"]] == [["*.b.org"], ["a.b.org", "z.b.org"], ["a.c.org"]]
    assert paths(found, "a.c.org") == ["/own"]


def test_a_certificate_has_a_chain_with_its_hosts_and_those_that_it_covers() -> None:
    found = compiled(
        VirtualHost("one.org", (route(path="/1"),), ONE),
        VirtualHost("a.b.org", (route(path="/2"),)),
        VirtualHost("*.b.org", (route(path="/3"),), WIDE),
        VirtualHost("plain.org", (route(path="/4"),)),
    )
    assert chains(found) == {"shop/one": ["one.org"], "shop/wide": ["*.b.org"]}
    assert [h["domains"] for h in found.routes["shop/wide"]["virtual_hosts"]] == [["*.b.org"], ["a.b.org"], ["*"]]
    misdirected = found.routes["shop/one"]["virtual_hosts"][-1]
    assert misdirected["routes"][0]["direct_response"] == {"status": 421}
    assert [h["domains"][0] for h in found.routes["http"]["virtual_hosts"]] == [
        *("*.b.org", "a.b.org", "one.org", "plain.org"),
    ]


def test_hosts_share_a_chain_only_with_equal_settings() -> None:
    strict = TlsSettings("TLSv1.2", None, ("AES128-SHA",), SecretRef("shop", "ca"))
    found = compiled(
        VirtualHost("a.org", (route(),), ONE),
        VirtualHost("b.org", (route(),), ONE),
        VirtualHost("c.org", (route(),), ONE, strict),
    )
    assert chains(found) == {"shop/one": ["a.org", "b.org"], "shop/one|TLSv1.2||AES128-SHA|shop/ca": ["c.org"]}
    context = found.listeners["https"]["filter_chains"][1]["transport_socket"]["typed_config"]
    assert context["require_client_certificate"] is True
    assert context["common_tls_context"]["tls_params"] == {
        "tls_minimum_protocol_version": "TLSv1_2",
        "cipher_suites": ["AES128-SHA"],
    }
    assert found.secrets.keys() == {"shop/one", "shop/ca/ca.crt"}


def test_every_host_may_be_behind_one_certificate() -> None:
    found = compiled(VirtualHost("a.org", (route(path="/a"),)), VirtualHost("*", (route(path="/b"),), WIDE))
    assert chains(found) == {"shop/wide": []}
    assert paths(found.routes["shop/wide"], "a.org") == ["/a", "/b"]


def test_a_rule_has_one_bucket_whatever_routes_it_became() -> None:
    limited = route(policies=Policies(local_limit=LocalLimit(2, 60, 10)))
    (host,) = compiled(VirtualHost("a.org", (limited,))).routes["http"]["virtual_hosts"]
    (descriptor,) = host["typed_per_filter_config"][ext.LOCAL_LIMIT_NAME]["descriptors"]
    assert descriptor["token_bucket"] == {"max_tokens": 10, "tokens_per_fill": 2, "fill_interval": "60s"}
    named = {r["metadata"]["filter_metadata"]["fleetgate"]["local"] for r in host["routes"]}
    assert named == {descriptor["entries"][0]["value"]}


# --- the files


def test_fragments_make_the_same_files_in_any_order_and_however_often_they_come() -> None:
    traffic = program(VirtualHost("a.org", (route(),), ONE), VirtualHost("b.org", (route(),), ONE))
    found = emit_traffic(traffic, (SETTINGS,), Diagnostics())
    files = [(e.path, e.text) for e in assemble(SETTINGS, found)]
    assert files == [(e.path, e.text) for e in assemble(SETTINGS, [*reversed(found), *found])]
    assert [path for path, _ in files] == [
        "gateways/public/envoy/bootstrap.json",
        "gateways/public/envoy/secrets/shop/one/tls.json",
    ]
    assert [f for f in found if f.gateway != "public"] == []
    assert emit_traffic(traffic, (replace(SETTINGS, gateway="other"),), Diagnostics()) == []


def test_a_listener_for_tls_without_any_certificate_is_left_out() -> None:
    assert compiled(VirtualHost("a.org", (route(),))).listeners.keys() == {"http", "fleetgate/status"}


def test_resources_refer_to_each_other_by_ads_and_every_reference_is_met() -> None:
    found = compiled(VirtualHost("a.org", (route(),), ONE))
    tables = {
        network_filter["typed_config"]["rds"]["route_config_name"]
        for listener in found.listeners.values()
        for chain in listener["filter_chains"]
        for network_filter in chain["filters"]
    }
    assert tables == found.routes.keys()
    named = {c["eds_cluster_config"]["service_name"] for c in found.clusters.values() if "eds_cluster_config" in c}
    assert named == found.endpoints.keys()
    assert all("load_assignment" not in c and c.get("type") != "STATIC" for c in found.clusters.values())
