"""The tools that everything else is proven with: a real Envoy, stub backends, load. They must not lie."""

from __future__ import annotations

import base64
import concurrent.futures
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Literal

import msgspec
import pytest

from compiler.drill.backends import Backends, Behaviour, Endpoint, StubFailedError
from compiler.drill.envoy import Envoy, EnvoyFailedError, on_free_ports, validate
from compiler.drill.load import Ask, Load, Plan, ask, exchange, percentile, summarize
from compiler.drill.stub.pod import Said
from tests.envoy.small_envoy import small_bootstrap

PROTOCOLS = pytest.mark.parametrize("protocol", ["HTTP/1.1", "HTTP/2"])
Protocol = Literal["HTTP/1.1", "HTTP/2"]
replace = msgspec.structs.replace


def pods(loopback: str, clusters: tuple[str, ...] = ("a", "b"), each: int = 2) -> list[Endpoint]:
    return [
        Endpoint(address=f"{loopback}.{10 * c + n}", port=8080, cluster=cluster, service="shop/web", version="v1")
        for c, cluster in enumerate(clusters, 1)
        for n in range(1, each + 1)
    ]


def target(envoy: Envoy) -> str:
    host, port = envoy.address("http")
    return f"{host}:{port}"


def said(body: bytes) -> Said:
    return msgspec.json.decode(body, type=Said)


@PROTOCOLS
@pytest.mark.parametrize("upstream", ["HTTP/1.1", "HTTP/2"])
def test_every_answer_says_who_gave_it_and_what_reached_it(
    tmp_path: Path, loopback: str, protocol: Protocol, upstream: Protocol
) -> None:
    endpoints = pods(loopback)
    boot = on_free_ports(small_bootstrap(endpoints, http2=upstream == "HTTP/2"))
    with Backends(endpoints, tmp_path) as backends, Envoy(boot, tmp_path) as envoy:
        first, head, empty, big = ask(
            envoy.address("http"),
            Ask(host="shop.example.com", path="/x?y=1", method="POST", body=b"hello", headers=(("x-a", "b"),)),
            Ask(method="HEAD"),
            Ask(headers=(("x-stub-status", "204"), ("x-stub-header", "x-told: yes"))),
            Ask(method="PUT", body=b"z" * 200_000),
            protocol=protocol,
        )
        counts = backends.requests("a"), backends.requests("b")
    answer = said(first.body)
    assert (answer.method, answer.path, answer.body, answer.service) == ("POST", "/x?y=1", "hello", "shop/web")
    assert answer.protocol == upstream
    assert ("host", "shop.example.com") in answer.headers
    assert ("x-a", "b") in answer.headers
    assert first.answered_by == f"{answer.cluster} shop/web v1 {answer.address}:8080"
    assert (head.status, head.body, head.place != "") == (200, b"", True)
    assert (empty.status, empty.body, dict(empty.headers)["x-told"]) == (204, b"", "yes")
    assert said(big.body).body_bytes == 200_000
    assert sum(sum(each.values()) for each in counts) == 4


@PROTOCOLS
def test_a_constant_rate_is_kept_and_every_request_is_recorded_and_executed_once(
    tmp_path: Path, loopback: str, protocol: Protocol
) -> None:
    endpoints = pods(loopback)
    asks = (Ask(), Ask(method="POST", body=b"x"))
    with Backends(endpoints, tmp_path) as backends, Envoy(on_free_ports(small_bootstrap(endpoints)), tmp_path) as envoy:
        with Load(Plan(targets=(target(envoy),), asks=asks, rate=500, seconds=1, protocol=protocol), tmp_path) as load:
            samples = load.wait()
        executed = backends.executions()
    found = summarize(samples)
    assert (found.requests, found.failed) == (500, 0)
    assert found.seconds == pytest.approx(499 / 500, abs=1e-6)
    assert executed == {(f"drill-{n}", "POST" if n % 2 else "GET", "shop/web"): 1 for n in range(500)}
    assert found.clusters == {"a": 250, "b": 250}


def test_a_killed_cluster_is_gone_at_once_keeps_its_record_and_comes_back(tmp_path: Path, loopback: str) -> None:
    endpoints = pods(loopback, ("a",), 1)
    plan = Plan(targets=(endpoints[0].place,), asks=(Ask(method="POST"),), count=3, workers=1)
    with Backends(endpoints, tmp_path) as backends:
        assert [each.status for each in exchange(plan)] == [200] * 3
        backends.kill("a")
        dead = exchange(replace(plan, name="dead"))
        assert not backends.is_running("a")
        assert [each.status for each in dead] == [0] * 3
        assert "no connection" in dead[0].error
        backends.start("a")
        assert [each.status for each in exchange(replace(plan, name="again"))] == [200] * 3
        executed = backends.executions()
    assert set(executed.values()) == {1}
    assert {identity.split("-")[0] for identity, _, _ in executed} == {"drill", "again"}


def test_a_frozen_cluster_accepts_and_never_answers_until_it_thaws(tmp_path: Path, loopback: str) -> None:
    endpoints = pods(loopback, ("a",), 1)
    plan = Plan(targets=(endpoints[0].place,), asks=(Ask(),), count=1, workers=1, timeout_s=0.2)
    with Backends(endpoints, tmp_path) as backends:
        backends.freeze("a")
        (late,) = exchange(plan)
        backends.thaw("a")
        (fine,) = exchange(replace(plan, timeout_s=5))
    assert (late.status, late.error) == (0, "no answer within 0.2 s")
    assert fine.status == 200


@PROTOCOLS
def test_single_endpoints_go_down_freeze_slow_down_fail_and_cut(
    tmp_path: Path, loopback: str, protocol: Protocol
) -> None:
    sick, well = pods(loopback, ("a",), 2)

    def tried(endpoint: Endpoint, count: int = 20) -> list[int]:
        plan = Plan(targets=(endpoint.place,), asks=(Ask(),), count=count, workers=1, timeout_s=0.5, protocol=protocol)
        return [each.status for each in exchange(plan)]

    with Backends([sick, well], tmp_path) as backends:
        backends.behave(Behaviour(state="down"), [sick])
        assert (tried(sick, 2), tried(well, 2)) == ([0, 0], [200, 200])
        backends.behave(Behaviour(state="frozen"), [sick])
        assert (tried(sick, 1), tried(well, 2)) == ([0], [200, 200])
        backends.behave(Behaviour(status=503, status_percent=25), [sick])
        assert sorted(tried(sick)) == [200] * 15 + [503] * 5
        backends.behave(Behaviour(cut_percent=50), [sick])
        assert sorted(tried(sick)) == [0] * 10 + [200] * 10
        backends.behave(Behaviour(delay_ms=100, delay_percent=50), [sick])
        plan = Plan(targets=(sick.place,), asks=(Ask(),), count=10, workers=1, protocol=protocol)
        assert sum(each.ms >= 100 for each in exchange(plan)) >= 5
        backends.behave(Behaviour(), [sick])
        assert tried(sick) == [200] * 20


@PROTOCOLS
def test_packets_to_an_endpoint_get_lost_and_arrive_again(tmp_path: Path, loopback: str, protocol: Protocol) -> None:
    """Open connections hang, and nobody can connect; what was lost is sent again by the kernel, and answered then."""
    (lost,) = endpoints = pods(loopback, ("a",), 1)
    plan = Plan(targets=(lost.place,), asks=(Ask(),), rate=50, workers=60, timeout_s=6, protocol=protocol)
    with Backends(endpoints, tmp_path) as backends, Load(plan, tmp_path) as load:
        time.sleep(0.5)
        backends.behave(Behaviour(state="unreachable"), endpoints)
        began = time.monotonic()
        time.sleep(0.5)
        with pytest.raises(TimeoutError):
            socket.create_connection((lost.address, lost.port), timeout=0.3)
        backends.behave(Behaviour(), endpoints)
        mended = time.monotonic()
        time.sleep(0.5)
        samples = load.stop()
    assert {s.status for s in samples} == {200}
    assert [s for s in samples if began <= s.due and s.due + s.ms / 1000 < mended] == []


def test_an_endpoint_carries_what_it_is_told_to_and_refuses_what_would_wait_too_long(
    tmp_path: Path, loopback: str
) -> None:
    """100 requests per second, sent 150: answers wait longer and longer, up to a second; then a third is refused."""
    endpoints = pods(loopback, ("a",), 1)
    plan = Plan(targets=(endpoints[0].place,), asks=(Ask(),), rate=150, seconds=4, workers=300)
    with Backends(endpoints, tmp_path) as backends:
        backends.behave(Behaviour(requests_per_second=100), endpoints)
        samples = exchange(plan)
        few = exchange(replace(plan, rate=80, seconds=1, name="few"))
    answered, refused = ([s for s in samples if s.status == status] for status in (200, 503))
    assert len(samples) == len(answered) + len(refused)
    assert 380 <= len(answered) <= 520
    assert {s.status for s in few if s.due > few[0].due + 1.2} <= {200}
    assert answered[10].ms < answered[100].ms < answered[150].ms


@PROTOCOLS
def test_a_draining_endpoint_answers_what_it_has_and_closes(tmp_path: Path, loopback: str, protocol: Protocol) -> None:
    endpoints = pods(loopback, ("a",), 1)
    plan = Plan(
        targets=(endpoints[0].place,), asks=(Ask(),), rate=200, seconds=1, workers=4, connections=1, protocol=protocol
    )
    with Backends(endpoints, tmp_path) as backends, Load(plan, tmp_path) as load:
        backends.behave(Behaviour(delay_ms=15), endpoints)
        time.sleep(0.5)
        backends.behave(Behaviour(state="draining", delay_ms=15), endpoints)
        samples = load.wait()
    # a client that sends while the close is on its way to it loses that request, and no other
    lost = [each.error for each in samples if not each.status]
    assert len(lost) <= 4
    assert all(
        each.startswith(("connection closed", "connection lost", "HTTP/2: the server is leaving")) for each in lost
    )


def test_a_websocket_is_echoed(tmp_path: Path, loopback: str) -> None:
    endpoints = pods(loopback, ("a",), 1)
    with Backends(endpoints, tmp_path), Envoy(on_free_ports(small_bootstrap(endpoints)), tmp_path) as envoy:
        key = base64.b64encode(b"0123456789abcdef").decode()
        with socket.create_connection(envoy.address("http"), timeout=5) as connection:
            connection.sendall(
                "GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
            )
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(4096)
            connection.sendall(b"\x81\x02hi")
            assert head.startswith(b"HTTP/1.1 101 ")
            assert connection.recv(4096) == b"\x81\x02hi"


def test_a_client_with_two_targets_retries_on_the_other_but_never_a_post_that_was_sent(
    tmp_path: Path, loopback: str
) -> None:
    cut, well = pods(loopback, ("a", "b"), 1)
    plan = Plan(targets=(cut.place, well.place), asks=(Ask(), Ask(method="POST")), count=2, retries_elsewhere=True)
    plan = replace(plan, workers=1)
    with Backends([cut, well], tmp_path) as backends:
        backends.behave(Behaviour(cut_percent=100), [cut])
        get, post = exchange(plan)
        backends.kill("a")
        _, unsent = exchange(replace(plan, name="later"))
        executed = backends.executions()
    assert (get.status, get.cluster, get.tries) == (200, "b", 2)
    assert (post.status, post.tries) == (0, 1)
    assert (unsent.status, unsent.cluster) == (200, "b")
    assert executed["drill-1", "POST", "shop/web"] == 1


def test_an_envoy_tells_of_itself_and_takes_free_ports(tmp_path: Path, loopback: str) -> None:
    boot = on_free_ports(small_bootstrap(pods(loopback)))
    with Envoy(boot, tmp_path / "one") as one, Envoy(boot, tmp_path / "two") as two:
        assert one.is_ready
        assert one.address("http") != two.address("http")
        assert one.admin != two.admin
        assert one.stats("^server.live$") == {"server.live": 1}
        assert one.rejected_updates() == {}
        kinds = [each["@type"].rpartition(".")[2] for each in one.config_dump()["configs"]]
        assert "EndpointsConfigDump" in kinds
        assert 10 << 20 < one.memory() < 500 << 20
    assert not one.is_running
    assert not two.is_running


def test_an_envoy_that_refuses_its_bootstrap_says_why(tmp_path: Path) -> None:
    boot = {"static_resources": {"listeners": [{"name": "http", "no_such_field": 1}]}}
    with pytest.raises(EnvoyFailedError, match="no_such_field"):
        Envoy(on_free_ports(boot), tmp_path).start()


def test_validation_tells_errors_and_is_silent_about_what_is_fine(tmp_path: Path, loopback: str) -> None:
    fine, bad = tmp_path / "fine.json", tmp_path / "bad.json"
    fine.write_bytes(msgspec.json.encode(small_bootstrap(pods(loopback))))
    bad.write_bytes(fine.read_bytes().replace(b'"cluster":"web"', b'"cluster":"nowhere"'))
    assert [line for line in validate(fine) if "global_downstream_max_connections" not in line] == []
    assert any("nowhere" in line for line in validate(bad))


def test_a_stub_whose_address_is_taken_says_so(tmp_path: Path, loopback: str) -> None:
    endpoints = pods(loopback, ("a",), 1)
    taken = socket.create_server((endpoints[0].address, 8080))
    with taken, pytest.raises(StubFailedError, match="in use"), Backends(endpoints, tmp_path):
        pass


_STARTER = """
import pathlib, sys, time
from compiler.drill.backends import Backends, Endpoint
from compiler.drill.envoy import Envoy, on_free_ports
from compiler.drill.load import Ask, Load, Plan
from tests.envoy.small_envoy import small_bootstrap
folder, end = pathlib.Path(sys.argv[1]), Endpoint(address=sys.argv[2], port=8080)
boot = on_free_ports(small_bootstrap([end]))
plan = Plan(targets=(end.place,), asks=(Ask(),), rate=10)
with Backends([end], folder) as backends, Envoy(boot, folder) as envoy, Load(plan, folder) as load:
    print(envoy.pid, backends._children[""].pid, load._child.pid, flush=True)
    time.sleep(60)
"""


def test_nothing_outlives_a_process_that_is_killed(tmp_path: Path, loopback: str) -> None:
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", _STARTER, str(tmp_path), f"{loopback}.1"],
        stdout=subprocess.PIPE,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as starter:
        assert starter.stdout is not None
        children = [int(word) for word in starter.stdout.readline().split()]
        starter.send_signal(signal.SIGKILL)
        starter.wait()
    deadline = time.monotonic() + 5
    while any(_runs(pid) for pid in children) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(children) == 3
    assert [pid for pid in children if _runs(pid)] == []


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_percentile_is_the_nearest_rank() -> None:
    times = [float(n) for n in range(1, 1001)]
    assert [percentile(times, p) for p in (50, 99, 99.9, 100)] == [500, 990, 999, 1000]
    assert percentile([], 99) == 0.0


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf", 0),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n", 0),
        (b"HTTP/1.1 200 OK\r\n", 0),
        (b"", 0),
        (b"nonsense\r\n\r\n", 0),
        (b"HTTP/1.1 200 OK\r\n\r\nall", 200),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n", 201),
    ],
    ids=["half", "half-chunked", "half-head", "nothing", "nonsense", "until-close", "continue"],
)
def test_an_answer_that_is_cut_short_is_no_answer(loopback: str, answer: bytes, status: int) -> None:
    with socket.create_server((f"{loopback}.1", 8080)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

        with concurrent.futures.ThreadPoolExecutor() as pool:
            pool.submit(serve)
            (sample,) = ask((f"{loopback}.1", 8080), Ask())
    assert sample.status == status
    assert sample.failed is (status == 0)
