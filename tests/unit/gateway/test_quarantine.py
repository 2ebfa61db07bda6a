"""What is refused is found out, and stays as it was; everything else goes on."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from compiler.drill.backends import Endpoint
from compiler.gateway.quarantine import Trial, host_key, hosts_of, mend, relevant
from compiler.gateway.snapshot import CLUSTER, ENDPOINTS, ROUTES, Builder, Snapshot
from compiler.gateway.source import Configuration
from tests.envoy.small_tree import Pool, files, fragments

PODS = (Endpoint(address="127.1.1.1", port=8080, cluster="a"),)


@given(
    st.dictionaries(st.integers(0, 60), st.sampled_from(["same", "good", "bad"]), max_size=60),
    st.sets(st.integers(0, 60)),
)
def test_a_trial_finds_every_host_that_is_refused_and_takes_every_other(kinds: dict[int, str], gone: set[int]) -> None:
    had = {str(n): b"old" for n in (*kinds, *gone) if n % 3}
    wanted = {str(n): b"old" if kind == "same" else kind.encode() for n, kind in kinds.items()}
    trial, steps, refused = Trial(had, wanted), 0, []
    while not trial.is_over:
        assert trial.hosts.keys() <= wanted.keys()
        if b"bad" in trial.hosts.values():
            trial.was_refused()
        else:
            trial.was_taken()
        refused += trial.take_refused()
        steps += 1
    bad = [name for name, host in wanted.items() if host == b"bad"]
    assert sorted(refused) == sorted(bad)
    kept = {name: had[name] for name in bad if name in had}
    assert trial.hosts == {name: h for name, h in wanted.items() if name not in bad} | kept
    assert list(trial.hosts) == [name for name in wanted if name in trial.hosts]
    assert steps <= 8 + 14 * len(bad)


def test_a_table_that_is_refused_whatever_its_hosts_are_is_given_up_at_once() -> None:
    trial = Trial({}, {"a": b"1", "b": b"2"})
    trial.was_refused()
    assert trial.is_hopeless
    assert trial.is_over
    assert trial.take_refused() == []


def snapshot(*pools: Pool) -> Snapshot:
    (text,) = files(fragments(pools)).values()
    return Builder().build(Configuration(text.encode()))


def pool(name: str, weight: int = 1, **more: Any) -> Pool:
    return Pool(name=name, weights={"a": weight}, endpoints=PODS, **more)


def versions(found: Snapshot, kind: str) -> dict[str, str]:
    return {name: each.version for name, each in found.resources[kind].items()}


def test_without_a_refusal_nothing_is_mended() -> None:
    wanted = snapshot(pool("x"))
    assert mend(wanted, snapshot(pool("y")), (), {}) is wanted


def test_a_cluster_that_is_refused_stays_as_it_was_and_others_change() -> None:
    good = snapshot(pool("x"), pool("y"))
    wanted = snapshot(pool("x", extra={"connect_timeout": "0s"}, weight=2), pool("y", extra={"connect_timeout": "3s"}))
    key = (CLUSTER, "x/pool", wanted.resources[CLUSTER]["x/pool"].version)
    found = mend(wanted, good, {key}, {})
    assert found.resources[CLUSTER]["x/pool"] == good.resources[CLUSTER]["x/pool"]
    assert found.resources[CLUSTER]["y/pool"] == wanted.resources[CLUSTER]["y/pool"]
    assert versions(found, ENDPOINTS) == versions(wanted, ENDPOINTS)
    assert versions(found, ROUTES) == versions(wanted, ROUTES)


def test_a_host_stays_where_it_was_when_it_is_refused_or_its_new_cluster_is() -> None:
    good = snapshot(pool("x"), pool("y"))
    wanted = snapshot(
        pool("x", route={"cluster": "new"}), pool("y", route={"prefix_rewrite": "/"}), pool("new"), pool("z")
    )
    table = wanted.resources[ROUTES]["http"]
    refused = {
        (CLUSTER, "new/pool", wanted.resources[CLUSTER]["new/pool"].version),
        host_key("http", "y.example.com", hosts_of(table)["y.example.com"]),
    }
    before, after = (hosts_of(each.resources[ROUTES]["http"]) for each in (good, mend(wanted, good, refused, {})))
    assert after["x.example.com"] == before["x.example.com"]
    assert after["y.example.com"] == before["y.example.com"]
    assert after["z.example.com"] == hosts_of(table)["z.example.com"]
    assert set(relevant(wanted, refused)) == refused
    assert set(relevant(good, refused)) == set()


def test_clusters_to_which_something_that_is_kept_may_lead_stay() -> None:
    good, wanted = snapshot(pool("x"), pool("y")), snapshot(pool("x", route={"prefix_rewrite": "/"}))
    key = host_key("http", "x.example.com", hosts_of(wanted.resources[ROUTES]["http"])["x.example.com"])
    found = mend(wanted, good, {key}, {})
    assert found.resources[CLUSTER].keys() == good.resources[CLUSTER].keys()
    assert versions(mend(wanted, None, {key}, {}), CLUSTER) == versions(wanted, CLUSTER)
    assert hosts_of(mend(wanted, None, {key}, {}).resources[ROUTES]["http"]) == {}


def test_what_was_good_once_and_is_refused_now_is_left_out() -> None:
    good = snapshot(pool("x"), pool("y"))
    key = (CLUSTER, "x/pool", good.resources[CLUSTER]["x/pool"].version)
    host = host_key("http", "y.example.com", hosts_of(good.resources[ROUTES]["http"])["y.example.com"])
    found = mend(good, good, {key, host}, {})
    assert "y.example.com" not in hosts_of(found.resources[ROUTES]["http"])
    assert "x/pool" not in found.resources[CLUSTER]
