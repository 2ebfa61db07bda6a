"""ADS to a real Envoy, under load: no request fails, whatever changes, is refused, or dies."""

from __future__ import annotations

import json
import math
import statistics
import time
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from compiler.drill.backends import Backends, Endpoint
from compiler.drill.delivery import Delivery, free_port, with_admin_port
from compiler.drill.envoy import Envoy
from compiler.drill.load import Ask, Load, Plan, ask, exchange, summarize
from compiler.ir.traffic import Listener
from compiler.targets.envoy import folder_of
from tests.envoy.small_tree import GATEWAY, SETTINGS, Pool, files, fragments, write_tree

if TYPE_CHECKING:
    from pathlib import Path

replace = msgspec.structs.replace
BOOTSTRAP = f"{folder_of(GATEWAY)}/bootstrap.json"


class Rig:
    """A tree, its server, and the Envoy that it serves."""

    def __init__(self, folder: Path, loopback: str, source: tuple[str, str] | None = None) -> None:
        self.folder = folder
        self.tree = folder / "tree"
        self.loopback = loopback
        self.port = free_port()
        self.status_port = free_port()
        self.settings = replace(SETTINGS, listeners=(Listener("http", self.port, "HTTP"),))
        self.delivery = Delivery(source or ("--tree", str(self.tree)), GATEWAY, folder)

    def endpoints(self, number: int = 0) -> tuple[Endpoint, ...]:
        """Three pods in each of three clusters, for Service `number`."""
        return tuple(
            Endpoint(address=f"{self.loopback}.{10 * c + e}", port=8000 + number, cluster=name, service=f"s{number}")
            for c, name in enumerate("abc")
            for e in (1, 2, 3)
        )

    def pool(self, number: int = 0, **fields: Any) -> Pool:
        weights = {"a": 60, "b": 30, "c": 10}
        plain = Pool(name=f"s{number}", weights=weights, endpoints=self.endpoints(number))
        return replace(plain, **fields)

    def files(self, *pools: Pool) -> dict[str, str]:
        """The files of the tree, with the status listener at a free port of this test."""
        found = files(fragments(pools), self.settings)
        found[BOOTSTRAP] = found[BOOTSTRAP].replace('"port_value":9902', f'"port_value":{self.status_port}')
        return found

    def write(self, *pools: Pool) -> None:
        write_tree(self.tree, self.files(*pools))

    def envoy(self) -> Envoy:
        static = (self.tree / BOOTSTRAP).read_bytes()
        return Envoy(self.delivery.bootstrap(static), self.folder / "envoy")

    def load(self, number: int = 0, **fields: Any) -> Load:
        asks = (Ask(host=f"s{number}.example.com"), Ask(host=f"s{number}.example.com", method="POST", body=b"x"))
        plan = Plan(targets=(f"127.0.0.1:{self.port}",), asks=asks, rate=400, workers=32, name=f"load-{number}")
        return Load(replace(plan, **fields), self.folder)

    def settle(self, times: int) -> None:
        """Wait until Envoy has taken so many configurations in all."""
        self.delivery.wait_for("in-force", times=times)


@pytest.fixture
def rig(tmp_path_factory: pytest.TempPathFactory, loopback: str) -> Rig:
    return Rig(tmp_path_factory.mktemp("r"), loopback)


def without_failure(load: Load) -> None:
    time.sleep(0.5)
    found = summarize(load.stop())
    assert found.requests > 100
    assert (found.failed, found.errors, found.statuses) == (0, {}, {200: found.requests})


def dumped(envoy: Envoy) -> dict[str, Any]:
    """What is in force, by kind and name, however it came."""
    found: dict[str, Any] = {}
    for config in envoy.config_dump()["configs"]:
        kind = config["@type"].rpartition(".")[2]
        if kind == "ClustersConfigDump":
            entries = [each["cluster"] for key in config if key.endswith("clusters") for each in config[key]]
        elif kind == "ListenersConfigDump":
            entries = [each["listener"] for each in config.get("static_listeners", ())]
            # one that is gone drains for a while
            active = [each["active_state"] for each in config.get("dynamic_listeners", ()) if "active_state" in each]
            entries += [each["listener"] for each in active]
        elif kind == "RoutesConfigDump":
            entries = [each["route_config"] for key in config if key.endswith("configs") for each in config[key]]
        elif kind == "EndpointsConfigDump":
            entries = [each["endpoint_config"] for key in config if key.endswith("configs") for each in config[key]]
        else:
            continue
        found[kind] = {each.get("name", each.get("cluster_name")): _plain(kind, each) for each in entries}
    found["ClustersConfigDump"].pop("fleetgate/ads", None)
    found["EndpointsConfigDump"].pop("fleetgate/ads", None)
    return found


def _plain(kind: str, entry: dict[str, Any]) -> dict[str, Any]:
    """An entry without what says how it came: ADS or file."""
    plain: dict[str, Any] = json.loads(json.dumps(entry))
    plain.pop("@type", None)
    if kind == "ClustersConfigDump":
        plain.pop("load_assignment", None)
        plain.pop("eds_cluster_config", None)
        plain["type"] = {"EDS": "STATIC"}.get(plain.get("type", ""), plain.get("type", ""))
    if kind == "ListenersConfigDump":
        for chain in plain["filter_chains"]:
            for each in chain["filters"]:
                each["typed_config"].pop("rds", None)
                each["typed_config"].pop("route_config", None)
    return plain


def test_what_envoy_has_by_ads_is_what_it_has_from_the_static_bootstrap(rig: Rig) -> None:
    rig.write(rig.pool(0), rig.pool(1, health_check_ms=500))
    with rig.delivery, rig.envoy() as envoy:
        rig.settle(1)
        assert envoy.rejected_updates() == {}
        by_ads = dumped(envoy)
    static = json.loads((rig.tree / BOOTSTRAP).read_bytes())
    with Envoy(with_admin_port(static, free_port()), rig.folder / "static") as envoy:
        assert by_ads == dumped(envoy)
    assert {kind: len(names) for kind, names in by_ads.items()} == {
        "ClustersConfigDump": 5,
        "ListenersConfigDump": 2,
        "RoutesConfigDump": 2,
        "EndpointsConfigDump": 5,
    }


def test_endpoints_and_weights_swapped_50_times_under_load_fail_no_request(rig: Rig) -> None:
    rig.write(rig.pool())
    with Backends(rig.endpoints(), rig.folder), rig.delivery, rig.envoy() as envoy, rig.load() as load:
        rig.settle(1)
        clusters = envoy.stats(r"^cluster_manager\.cluster_(modified|added)$")
        for turn in range(50):
            weights = {"a": 60, "b": 30} if turn % 2 else {"c": 10 + turn}
            rig.write(rig.pool(weights=weights))
            rig.settle(2 + turn)
        assert envoy.stats(r"^cluster_manager\.cluster_(modified|added)$") == clusters, "only endpoints changed"
        after = summarize(exchange(replace(load.plan, name="after", rate=0, count=200)))
        found = summarize(load.stop())
        assert envoy.rejected_updates() == {}
    assert (found.failed, found.errors) == (0, {})
    assert set(found.clusters) == {"a", "b", "c"}
    assert set(after.clusters) == {"a", "b"}


def test_routes_and_clusters_added_changed_and_removed_under_load_fail_no_request(rig: Rig) -> None:
    pools = [rig.pool(number, health_check_ms=1000) for number in range(4)]
    stubs = [each for number in range(4) for each in rig.endpoints(number)]
    rig.write(pools[0], pools[1])
    with Backends(stubs, rig.folder), rig.delivery, rig.envoy() as envoy, rig.load() as load:
        rig.settle(1)
        for turn in range(6):
            new = 2 + turn % 2
            # the Service under load moves to a cluster that is new, and whose endpoints have to be checked first
            moved = replace(pools[0], name=f"v{turn}")
            rig.write(replace(pools[0], route={"cluster": moved.name}), moved, pools[new])
            rig.settle(2 + turn)
            (answer,) = ask(("127.0.0.1", rig.port), Ask(host=f"s{new}.example.com"))
            assert (answer.status, answer.answered_by.split()[1]) == (200, f"s{new}")
        time.sleep(1.5)
        clusters = {each for each in dumped(envoy)["ClustersConfigDump"] if each.startswith(("s", "v"))}
        assert clusters == {"s0", "s0/pool", "s3", "s3/pool", "v5", "v5/pool"}
        assert envoy.rejected_updates() == {}
        without_failure(load)


def test_clusters_that_change_under_load_fail_no_request(rig: Rig) -> None:
    rig.write(rig.pool(health_check_ms=1000))
    with Backends(rig.endpoints(), rig.folder), rig.delivery, rig.envoy() as envoy, rig.load() as load:
        rig.settle(1)
        for turn in range(5):
            rig.write(rig.pool(health_check_ms=1000, extra={"connect_timeout": f"{turn + 1}s"}))
            rig.settle(2 + turn)
        pool = dumped(envoy)["ClustersConfigDump"]["s0/pool"]
        assert pool["connect_timeout"] == "5s"
        without_failure(load)


BAD_ROUTE = {"prefix_rewrite": "/a", "regex_rewrite": {}}
"""Fields of a route for which an Envoy refuses the whole route table."""
BAD_CLUSTER = {"connect_timeout": "0s"}
"""Fields of a cluster that an Envoy refuses."""


def refusals(rig: Rig) -> list[str]:
    return [line for line in rig.delivery.log if line.startswith("refused ")]


def hosts(envoy: Envoy) -> set[str]:
    """Names of the hosts in force."""
    return {each["name"] for each in dumped(envoy)["RoutesConfigDump"]["http"]["virtual_hosts"]}


def test_what_is_refused_stays_as_it_was_is_told_and_holds_back_nothing_else(rig: Rig) -> None:
    good, other = rig.pool(), rig.pool(1)
    rig.write(good, other)
    with Backends((*rig.endpoints(), *rig.endpoints(1)), rig.folder), rig.delivery, rig.envoy() as envoy:
        rig.settle(1)
        before = dumped(envoy)
        with rig.load() as load, rig.load(1) as kept:
            # a route and a cluster that this Envoy can't take, among new weights, new Services and one that goes
            many = [rig.pool(number) for number in range(2, 30)]
            new = [
                replace(rig.pool(30), route=BAD_ROUTE),
                replace(rig.pool(31), extra=BAD_CLUSTER),
                replace(other, route=BAD_ROUTE, weights={"b": 1}),
                replace(good, weights={"c": 1}),
                *many,
            ]
            rig.write(*new)
            rig.delivery.wait_for("partly ")
            after = dumped(envoy)
            found = {each["name"]: each for each in after["RoutesConfigDump"]["http"]["virtual_hosts"]}
            was = {each["name"]: each for each in before["RoutesConfigDump"]["http"]["virtual_hosts"]}
            assert found["s1.example.com"] == was["s1.example.com"]
            assert found.keys() == {f"s{number}.example.com" for number in range(30)} | {"s31.example.com"}
            assert "s31/pool" not in after["ClustersConfigDump"]
            (place,) = after["EndpointsConfigDump"]["s0/pool"]["endpoints"]
            assert place["locality"]["zone"] == "c"
            told = refusals(rig)
            assert len(told) == 3
            for name in ("host s30.example.com", "host s1.example.com", "Cluster s31/pool"):
                assert sum(name in line for line in told) == 1, told
            # a server that starts again does not try it again, and serves the same
            rig.delivery.kill()
            rig.delivery.start()
            rig.delivery.wait_for("partly ", times=2)
            time.sleep(1.5)
            assert dumped(envoy) == after
            assert len(refusals(rig)) == 3
            # mended, all of it comes into force
            rig.write(replace(good, weights={"b": 1}), other, *many)
            rig.settle(2)
            time.sleep(1.5)
            assert hosts(envoy) == {f"s{number}.example.com" for number in range(30)}
            for each in (load, kept):
                without_failure(each)


def test_an_envoy_that_starts_with_something_that_it_refuses_serves_everything_else(rig: Rig) -> None:
    broken = [replace(rig.pool(1), route=BAD_ROUTE), replace(rig.pool(2), extra=BAD_CLUSTER)]
    rig.write(rig.pool(), *broken, *(rig.pool(number) for number in range(3, 20)))
    with Backends(rig.endpoints(), rig.folder), rig.delivery, rig.envoy() as envoy:
        rig.delivery.wait_for("partly ")
        assert hosts(envoy) == {f"s{number}.example.com" for number in range(20) if number != 1}
        assert len(refusals(rig)) == 2
        answers = ask(("127.0.0.1", rig.port), *(Ask(host=f"s{number}.example.com") for number in range(3)))
        assert [each.status for each in answers] == [200, 404, 503]


def test_a_host_that_was_led_to_a_cluster_that_is_refused_stays_where_it_was(rig: Rig) -> None:
    rig.write(rig.pool())
    with Backends(rig.endpoints(), rig.folder), rig.delivery, rig.envoy() as envoy, rig.load() as load:
        rig.settle(1)
        moved = replace(rig.pool(name="moved"), extra=BAD_CLUSTER)
        rig.write(rig.pool(route={"cluster": "moved"}), moved, rig.pool(1))
        rig.delivery.wait_for("partly ")
        assert "s1.example.com" in hosts(envoy)
        without_failure(load)


def test_a_tree_that_is_not_whole_or_not_ours_is_told_and_not_served(rig: Rig) -> None:
    rig.write(rig.pool())
    with Backends(rig.endpoints(), rig.folder), rig.delivery, rig.envoy() as envoy, rig.load() as load:
        rig.settle(1)
        before = dumped(envoy)
        contents = rig.files(rig.pool(weights={"c": 1}))
        write_tree(rig.tree, {BOOTSTRAP: contents[BOOTSTRAP].replace('"locality"', '"localitie"')})
        rig.delivery.wait_for("localitie")
        write_tree(rig.tree, {BOOTSTRAP: contents[BOOTSTRAP][:-20]})
        rig.delivery.wait_for("not a configuration of this compiler")
        write_tree(rig.tree, {"clusters/a/x.yaml": "{}"})
        rig.delivery.wait_for("holds no Envoy configuration")
        (rig.tree / BOOTSTRAP).write_text("{}", "utf-8")
        assert dumped(envoy) == before
        rig.write(rig.pool(weights={"b": 1}))
        rig.settle(2)
        without_failure(load)


def test_a_server_killed_and_started_again_under_load_fails_no_request(rig: Rig) -> None:
    rig.write(rig.pool(), rig.pool(1))
    with Backends(rig.endpoints(), rig.folder), rig.delivery, rig.envoy() as envoy, rig.load() as load:
        rig.settle(1)
        rig.delivery.kill()
        # what changes while nobody serves: the Service under load moves, and where it was is gone
        rig.write(rig.pool(route={"cluster": "v"}), rig.pool(name="v"))
        time.sleep(0.3)
        rig.delivery.start()
        rig.settle(2)
        for turn in range(3):
            rig.delivery.kill()
            rig.delivery.start()
            rig.delivery.wait_for("connected", times=3 + turn)
        rig.write(rig.pool(weights={"b": 1}))
        rig.settle(3)
        time.sleep(1.5)
        assert {"s1", "v"}.isdisjoint(dumped(envoy)["ClustersConfigDump"])
        assert envoy.rejected_updates() == {}
        without_failure(load)


def test_a_server_that_is_asked_to_end_ends_its_conversations_without_a_complaint(rig: Rig) -> None:
    rig.write(rig.pool())
    with rig.delivery, rig.envoy():
        rig.settle(1)
        rig.delivery.__exit__(None, None, None)
        assert rig.delivery.log[-1] == "disconnected: an Envoy"


def test_an_envoy_that_starts_while_there_is_no_tree_gets_it_from_what_was_remembered(rig: Rig) -> None:
    rig.write(rig.pool())
    with Backends(rig.endpoints(), rig.folder), rig.delivery:
        with rig.envoy():
            rig.settle(1)
            time.sleep(1)  # it is remembered half a second later
        static = (rig.tree / BOOTSTRAP).read_bytes()
        rig.delivery.kill()
        rig.tree.rename(rig.folder / "gone")
        rig.delivery.start()
        with Envoy(rig.delivery.bootstrap(static), rig.folder / "envoy"):
            (answer,) = ask(("127.0.0.1", rig.port), Ask(host="s0.example.com"))
    assert answer.status == 200


@pytest.mark.slow
def test_at_1000_services_a_new_weight_is_in_force_within_25_ms(rig: Rig) -> None:
    pools = [rig.pool(number) for number in range(1000)]
    rig.write(*pools)
    with rig.delivery, rig.envoy() as envoy:
        rig.settle(1)
        medians: list[float] = []
        # what else a machine does makes this slower, and nothing makes it faster: the best of three rounds counts
        while len(medians) < 3 and min(medians, default=math.inf) > 25:
            times = []
            for turn in range(50 * len(medians), 50 * len(medians) + 50):
                contents = rig.files(rig.pool(weights={"a": 10 + turn, "b": 30}), *pools[1:])
                write_tree(rig.tree, contents)
                began = time.monotonic()
                # Envoy has said that it took it; to ask Envoy for it over and over would take longer than the change
                while sum("in-force" in line for line in rig.delivery.log) < turn + 2:
                    time.sleep(0.001)
                times.append((time.monotonic() - began) * 1000)
                assert _weight(envoy) == 10 + turn
            medians.append(statistics.median(times))
        memory = rig.delivery.memory()
        assert envoy.rejected_updates() == {}
    assert min(medians) <= 25, medians
    assert memory <= 300 << 20


def _weight(envoy: Envoy) -> int:
    dump = json.loads(envoy.get("/config_dump?resource=dynamic_endpoint_configs&include_eds&name_regex=^s0/pool$"))
    found: int = dump["configs"][0]["endpoint_config"]["endpoints"][0]["load_balancing_weight"]
    return found
