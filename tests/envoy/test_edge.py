"""A gateway stands at the edge: what it refuses, bounds and logs, whatever clients send."""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from h2.settings import SettingCodes

from compiler.drill.children import wait_until
from compiler.drill.delivery import free_port
from compiler.drill.envoy import Envoy
from compiler.drill.load import Ask, ask
from compiler.targets.envoy.listeners import ADMIN_PORT
from tests.envoy.compiled import ENVOY, Gateway, Pods, header, seen
from tests.envoy.test_long_streams import Http2
from tests.small_fleet import HOST, app, fleet, ingress, path, rule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def gateway(tmp_path: Path, loopback: str) -> Iterator[Gateway]:
    pods = Pods(loopback)
    pods.add("cart", "a")
    documents = [*fleet("a", gateway=ENVOY), app("cart", "a"), ingress("cart", rule(path("cart")))]
    with with_admin(Gateway(documents, pods, tmp_path)) as running:
        yield running


def with_admin(gateway: Gateway) -> Gateway:
    """Its admin interface on a free port, and the pages that are open lead there."""
    address = {"address": "127.0.0.1", "port_value": free_port()}
    text = json.dumps(gateway.bootstrap["static_resources"])
    text = text.replace(json.dumps({"address": "127.0.0.1", "port_value": ADMIN_PORT}), json.dumps(address))
    gateway.bootstrap["static_resources"] = json.loads(text)
    gateway.bootstrap["admin"]["address"]["socket_address"] = address
    return gateway


def raw(gateway: Gateway, request: bytes) -> bytes:
    """The beginning of the answer to what is sent as it is."""
    with socket.create_connection(gateway.envoy.address("http"), timeout=5) as connection:
        connection.sendall(request)
        found: bytes = connection.recv(65536)
        return found


def test_paths_are_normalized_before_a_route_is_chosen(gateway: Gateway) -> None:
    for written in ("/x/../cart", "//cart", "/./cart", "/%63art"):
        answer = gateway.get(written)
        assert (written, answer.status) == (written, 200)
        assert seen(answer).path == "/cart"
    escaped = gateway.get("/x%2f..%2fcart")
    assert (escaped.status, header(escaped, "location")) == (307, ["/cart"])


def test_requests_that_could_deceive_a_backend_are_refused(gateway: Gateway) -> None:
    head = f"GET /cart HTTP/1.1\r\nHost: {HOST}\r\n".encode()
    deceiving = {
        "an underscore in the name of a header": (b"x_user: root\r\n", b"400"),
        "two lengths": (b"Content-Length: 1\r\nContent-Length: 2\r\n", b"400"),
        "a length beside chunks": (b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", b"400"),
        "a NUL in a header": (b"x-user: a\0b\r\n", b"400"),
        "more headers than anybody needs": (b"".join(b"x-%d: 1\r\n" % n for n in range(200)), b"431"),
        "headers larger than anybody needs": (b"x-large: " + b"a" * 100_000 + b"\r\n", b"431"),
    }
    for what, (lines, status) in deceiving.items():
        assert raw(gateway, head + lines + b"\r\n").split()[1] == status, what


def test_headers_that_speak_to_envoy_are_not_believed(gateway: Gateway) -> None:
    headers = (("x-envoy-upstream-rq-timeout-ms", "1"), ("x-envoy-retry-on", "5xx"), ("x-envoy-max-retries", "9"))
    (answer,) = gateway.ask(Ask(path="/cart", headers=(*headers, ("x-stub-delay-ms", "100"))))
    assert answer.status == 200
    assert not {name for name, _ in seen(answer).headers} & {name for name, _ in headers}


def test_http2_is_bounded(gateway: Gateway) -> None:
    stream = Http2(gateway.envoy.address("http"))
    with stream.socket:
        settings = stream.connection.remote_settings
        while SettingCodes.MAX_CONCURRENT_STREAMS not in settings:
            stream.receive()
        assert settings[SettingCodes.MAX_CONCURRENT_STREAMS] == 100
        assert settings[SettingCodes.INITIAL_WINDOW_SIZE] == 65_536


def test_connections_beyond_the_bound_are_refused_and_probes_pass(tmp_path: Path, loopback: str) -> None:
    pods = Pods(loopback)
    pods.add("cart", "a")
    documents = [*fleet("a", gateway=ENVOY), app("cart", "a"), ingress("cart", rule(path("cart")))]
    gateway = with_admin(Gateway(documents, pods, tmp_path))
    (monitor,) = gateway.bootstrap["overload_manager"]["resource_monitors"]
    assert int(monitor["typed_config"]["max_active_downstream_connections"]) == 50_000
    monitor["typed_config"]["max_active_downstream_connections"] = "3"
    request = f"GET /cart HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
    with gateway, ExitStack() as stack:
        address = gateway.envoy.address("http")
        kept = [stack.enter_context(socket.create_connection(address, timeout=5)) for _ in range(3)]
        for each in kept:
            each.sendall(request)
            assert each.recv(4096).startswith(b"HTTP/1.1 200 ")
        with socket.create_connection(gateway.envoy.address("http"), timeout=5) as refused:
            assert refused.recv(4096) == b""
        with socket.create_connection(gateway.envoy.address("fleetgate/status"), timeout=5) as probe:
            probe.sendall(b"GET /ready HTTP/1.1\r\nHost: x\r\n\r\n")
            assert probe.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_the_admin_interface_is_on_loopback_and_what_is_open_shows_two_pages_of_it(gateway: Gateway) -> None:
    compiled = json.loads(
        (gateway.folder / "tree" / "gateways" / "public" / "envoy" / "bootstrap.json").read_text("utf-8")
    )
    assert compiled["admin"]["address"]["socket_address"]["address"] == "127.0.0.1"
    status = gateway.envoy.address("fleetgate/status")
    for asked, expected in (
        (b"GET /ready", b"200"),
        (b"GET /stats/prometheus", b"200"),
        (b"GET /config_dump", b"404"),
        (b"POST /quitquitquit", b"404"),
        (b"GET /ready/../config_dump", b"404"),
        (b"GET /stats/prometheus/../../certs", b"404"),
    ):
        with socket.create_connection(status, timeout=5) as connection:
            connection.sendall(asked + b" HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(4096).split()[1] == expected, asked


def test_every_line_of_the_access_log_is_json_whatever_was_asked(gateway: Gateway) -> None:
    head = f"Host: {HOST}\r\nConnection: close\r\n".encode()
    strange = (
        b'GET /cart?q="}{\\"a\\":1 HTTP/1.1\r\n' + head + b"\r\n",
        b"GET /cart HTTP/1.1\r\n" + head + b'User-Agent: "quoted" \\back\\slash\ttab\r\n\r\n',
        b"GET /cart HTTP/1.1\r\n" + head + b"User-Agent: \xff\xfe\xc3\x28\r\n\r\n",
        "GET /cart?q=\u2028 HTTP/1.1\r\n".encode() + head + b"\r\n",
        b'GET /cart HTTP/1.1\r\nHost: a"b\r\n\r\n',
        b"GET /cart%00%0d%0a{} HTTP/1.1\r\n" + head + b"\r\n",
        b"NONSENSE\r\n\r\n",
    )
    for request in strange:
        raw(gateway, request)
    gateway.get("/cart", user_agent="the last one")
    gateway.envoy.stop()
    log = (gateway.folder / "envoy.log").read_bytes().splitlines()
    lines = [json.loads(line.decode()) for line in log if not line.startswith(b"[")]
    assert len(lines) == len(strange) + 1
    fields = {"time", "client", "method", "host", "path", "status", "duration_ms", "cluster", "upstream", "request_id"}
    assert all(line.keys() >= fields for line in lines)
    assert (lines[-1]["user_agent"], lines[-1]["status"], lines[-1]["attempts"]) == ("the last one", 200, 1)


def test_an_envoy_that_comes_near_the_memory_of_its_pod_refuses_requests_before_it_is_killed(
    tmp_path: Path, loopback: str
) -> None:
    pods = Pods(loopback)
    pods.add("cart", "a")
    placed = {"placement": {"clusters": ["a"]}, "memory": "2Gi", "sidecarImage": "fleetgate:v0.1.0"}
    documents = [
        *fleet("a", gateway={**ENVOY, "envoy": placed}),
        app("cart", "a"),
        ingress("cart", rule(path("cart"))),
    ]
    gateway = with_admin(Gateway(documents, pods, tmp_path))
    heap, _ = gateway.bootstrap["overload_manager"]["resource_monitors"]
    assert int(heap["typed_config"]["max_heap_size_bytes"]) == (2 << 30) * 9 // 10
    with gateway:
        assert gateway.get("/cart").status == 200
    heap["typed_config"]["max_heap_size_bytes"] = "1000000"
    with gateway.backends, Envoy(gateway.bootstrap, tmp_path / "small") as envoy:
        # an Envoy looks at its memory four times a second
        asked = Ask(path="/cart", host=HOST)
        wait_until(lambda: ask(envoy.address("http"), asked)[0].status == 503, 5, "a request to be refused")
        assert envoy.stats(r"^overload\.envoy\.overload_actions\.stop_accepting_requests\.active$") != {}
