"""A real Envoy that reaches clusters through entries, and leaves one whose app is broken while its entry lives."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

import pytest

from compiler.drill.children import wait_until
from compiler.drill.load import Ask
from tests.envoy.compiled import ENVOY, Gateway, Pods, seen
from tests.small_fleet import MSE, app, canary, cluster, fleet, ingress, path, policy, rule, tiers, weights

if TYPE_CHECKING:
    from pathlib import Path

    from tests.small_fleet import Document

PORT = 8081
CHECK = {"path": "/healthz", "interval": "1s", "timeout": "1s"}
CART, OTHER = "cart.example.com", "other.example.com"


class Entry:
    """The entry of a cluster: answers 200 with the name of the cluster, or 503 for hosts whose app is broken in it."""

    def __init__(self, address: str, name: str) -> None:
        self.broken: set[str] = set()
        self.hosts: list[str] = []
        """The Host of each request that is no check, in order."""
        entry = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # one packet: two would wait for each other (Nagle)

            def do_GET(self) -> None:
                host = self.headers["host"]
                if self.path != CHECK["path"]:
                    entry.hosts.append(host)
                is_well = host.endswith(".example.com") and self.path != "/nowhere"
                self.send_response(503 if host in entry.broken else 200 if is_well else 404)
                self.send_header("content-length", str(len(name)))
                self.end_headers()
                self.wfile.write(name.encode())

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its name in the standard library
                """Say nothing."""

        self._server = ThreadingHTTPServer((address, PORT), Handler)
        self._server.daemon_threads = True

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def documents(loopback: str, *more: Document) -> list[Document]:
    """Two clusters with entries at `<loopback>.251` and `.252`."""

    def reached(name: str, last: int) -> Document:
        return cluster(name, reach={"type": "Address", "addresses": [f"{loopback}.{last}"], "port": PORT})

    return [*fleet(gateway=ENVOY), reached("a", 251), reached("b", 252), *more]


@pytest.mark.parametrize(
    ("spread", "shares"),
    [(weights(a=1, b=1), {b"a", b"b"}), (tiers(["a"], ["b"]), {b"a"})],
    ids=["1:1", "primary and secondary"],
)
def test_an_app_that_is_broken_behind_an_entry_is_left_and_others_are_unharmed(
    loopback: str, tmp_path: Path, spread: dict[str, Any], shares: set[bytes]
) -> None:
    found = documents(
        loopback,
        *(app(name, "a", "b") for name in ("cart", "other")),
        *(ingress(name, rule(path(name, "/"), host=f"{name}.example.com")) for name in ("cart", "other")),
        *(policy(name, spread, healthCheck=CHECK) for name in ("cart", "other")),
    )
    with ExitStack() as stack:
        a, b = (stack.enter_context(Entry(f"{loopback}.{n}", name)) for name, n in (("a", 251), ("b", 252)))
        gateway = stack.enter_context(Gateway(found, Pods(loopback), tmp_path))

        def answers(host: str, count: int = 40) -> set[tuple[int, bytes]]:
            return {(each.status, each.body) for each in gateway.ask(*[Ask(path="/x", host=host)] * count)}

        whole = {(200, name) for name in shares}
        wait_until(lambda: answers(CART) == whole, 10, "the entries were checked")
        a.broken.add(CART)
        wait_until(lambda: answers(CART, 10) == {(200, b"b")}, 5, "the broken cluster is left")
        before = len([host for host in a.hosts if host == CART])
        assert answers(CART, 200) == {(200, b"b")}
        assert len([host for host in a.hosts if host == CART]) == before, "none of them arrived there"
        assert answers(OTHER) == whole, "another Service with the same entry"
        a.broken.clear()
        wait_until(lambda: answers(CART) == whole, 10, "it serves again")
        assert (OTHER in b.hosts) == (b"b" in shares)


def test_a_check_that_fails_everywhere_costs_the_shares_and_no_request(loopback: str, tmp_path: Path) -> None:
    found = documents(
        loopback,
        app("cart", "a", "b"),
        ingress("cart", rule(path("cart", "/"), host=CART)),
        policy("cart", weights(a=9, b=1), healthCheck={**CHECK, "path": "/nowhere"}),
    )
    with ExitStack() as stack:
        for name, last in (("a", 251), ("b", 252)):
            stack.enter_context(Entry(f"{loopback}.{last}", name))
        gateway = stack.enter_context(Gateway(found, Pods(loopback), tmp_path))
        samples = gateway.ask(*[Ask(path="/x", host=CART)] * 40)
        assert [(each.status, each.body) for each in samples].count((200, b"a")) == 20
        assert {each.status for each in samples} == {200}


def test_without_a_declared_check_an_entry_is_not_asked_and_nothing_is_left(loopback: str, tmp_path: Path) -> None:
    """What `entry-unseen` tells of."""
    found = documents(
        loopback,
        app("cart", "a", "b"),
        ingress("cart", rule(path("cart", "/"), host=CART)),
        policy("cart", weights(a=1, b=1)),
    )
    with ExitStack() as stack:
        a, _ = (stack.enter_context(Entry(f"{loopback}.{n}", name)) for name, n in (("a", 251), ("b", 252)))
        gateway = stack.enter_context(Gateway(found, Pods(loopback), tmp_path))
        assert "entry-unseen" in {f.code.name for f in gateway.findings}
        a.broken.add(CART)
        statuses = [each.status for each in gateway.ask(*[Ask(path="/x", host=CART)] * 40)]
        assert statuses.count(503) == 20


def test_a_canary_whose_pods_endpoint_slices_name_gets_its_share_past_the_entry(loopback: str, tmp_path: Path) -> None:
    pods = Pods(loopback)
    pods.add("next", "a", 1)
    found = documents(
        loopback,
        app("cart", "a"),
        app("next", "a"),
        ingress("cart", rule(path("cart", "/"), host=CART)),
        canary("next", rule(path("next", "/"), host=CART), weight="20"),
    )
    with ExitStack() as stack:
        stack.enter_context(Entry(f"{loopback}.251", "a"))
        gateway = stack.enter_context(Gateway(found, pods, tmp_path))
        assert "entry-ambiguous" not in {f.code.name for f in gateway.findings}
        samples = gateway.ask(*[Ask(path="/x", host=CART)] * 400)
        past = [each for each in samples if each.body != b"a"]
        assert {seen(each).service for each in past} == {"shop/next"}
        assert 40 < len(past) < 130, "20 % of 400"


def test_copies_arrive_at_an_entry_with_the_host_that_the_finding_names(loopback: str, tmp_path: Path) -> None:
    mirrored = {MSE + "mirror-target-service": "shadow:80", MSE + "mirror-percentage": "100"}
    found = documents(
        loopback,
        app("cart", "a"),
        app("shadow", "b"),
        ingress("cart", rule(path("cart", "/"), host=CART), annotations=mirrored),
    )
    with ExitStack() as stack:
        _, b = (stack.enter_context(Entry(f"{loopback}.{n}", name)) for name, n in (("a", 251), ("b", 252)))
        gateway = stack.enter_context(Gateway(found, Pods(loopback), tmp_path))
        (told,) = (f.why for f in gateway.findings if f.code.name == "entry-ambiguous")
        assert gateway.get("/x", host=CART).status == 200
        wait_until(lambda: bool(b.hosts), 5, "the copy arrives")
        assert f"with the Host {b.hosts[0]}," in told
