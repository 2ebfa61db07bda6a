"""What is compiled does in a real Envoy what its author asked for."""

from __future__ import annotations

import base64
import hashlib
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from compiler.annotations.tls_downstream import CIPHERS
from compiler.drill.children import wait_until
from compiler.drill.delivery import Delivery, free_port
from compiler.drill.envoy import Envoy
from compiler.drill.load import Ask, ClientTls, ask
from compiler.drill.stub.spec import Behaviour
from compiler.targets.envoy.answers import BODY_BUFFER_BYTES
from tests.envoy.certificates import LISTENERS, certify
from tests.envoy.compiled import ENVOY, Gateway, Pods, header, seen
from tests.small_fleet import MSE, NGINX, app, canary, fleet, ingress, path, policy, rule, tiers

if TYPE_CHECKING:
    from pathlib import Path

    from tests.small_fleet import Document


@pytest.fixture
def pods(loopback: str) -> Pods:
    found = Pods(loopback)
    found.add("cart", "a")
    found.add("cart", "b")
    found.add("next", "a")
    return found


def base(*documents: Document, **gateway: Any) -> list[Document]:
    apps = [app("cart", "a", "b"), app("next", "a")]
    return [*fleet("a", "b", gateway={**ENVOY, **gateway}), *apps, *documents]


def test_match_order_hosts_and_wildcards(pods: Pods, tmp_path: Path) -> None:
    documents = base(
        ingress("exact", rule(path("cart", "/x", "Exact"), path("next", "/x"))),
        ingress("wide", rule(path("next", "/"), host="*.example.com"), rule(path("next", "/any"), host=None)),
    )
    with Gateway(documents, pods, tmp_path) as gateway:
        assert seen(gateway.get("/x")).service == "shop/cart"
        assert seen(gateway.get("/x/y")).service == "shop/next"
        assert seen(gateway.get("/xy")).service == "shop/next"
        assert seen(gateway.get("/other")).service == "shop/next"
        assert gateway.get("/other", host="elsewhere.org").status == 404
        assert seen(gateway.get("/any", host="elsewhere.org")).service == "shop/next"
        assert gateway.envoy.rejected_updates() == {}


@pytest.mark.parametrize("size", [1_000_000, 3_000_000])
def test_an_error_larger_than_what_a_gateway_keeps_stays_as_it_is(pods: Pods, tmp_path: Path, size: int) -> None:
    class Error(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404)
            self.send_header("content-length", str(size))
            self.end_headers()
            self.wfile.write(b"x" * size)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its name in the standard library
            """Say nothing."""

    errors = {NGINX + "custom-http-errors": "404", NGINX + "default-backend": "next"}
    (large,) = pods.add("large", "a", 1)
    documents = base(app("large", "a"), ingress("large", rule(path("large")), annotations=errors))
    with Gateway(documents, pods, tmp_path) as gateway:
        gateway.backends.behave(Behaviour(state="down"), [large])
        with ThreadingHTTPServer((large.address, large.port), Error) as server:
            Thread(target=server.serve_forever, daemon=True).start()
            answer = gateway.get("/cart")
            server.shutdown()
    if size < BODY_BUFFER_BYTES:
        assert (answer.status, seen(answer).service) == (200, "shop/next")
    else:
        assert (answer.status, len(answer.body)) == (404, size)


def test_pods_that_are_gone_are_stood_in_for(pods: Pods, tmp_path: Path) -> None:
    documents = base(
        ingress("cart", rule(path("cart")), annotations={NGINX + "default-backend": "next"}),
        policy("cart", tiers(["a"], ["b"])),
        ingress("next", rule(path("next", "/next"))),
        canary("dead", rule(path("dead", "/next")), by_header="x-stage"),
        app("dead", "b"),
    )
    pods.add("dead", "b", 1)
    with Gateway(documents, pods, tmp_path) as gateway:
        assert {s.cluster for s in gateway.ask(*[Ask(path="/cart")] * 20)} == {"a"}
        gateway.backends.kill("a")
        after = gateway.ask(*[Ask(path="/cart")] * 40)
        assert {(s.status, s.cluster) for s in after} == {(200, "b")}
        gateway.backends.kill("b")
        gateway.backends.start("a")
        assert {s.status for s in gateway.ask(*[Ask(path="/next", headers=(("x-stage", "always"),))] * 20)} == {200}


# --- TLS and passwords


def secured(secrets: Path, **more: Any) -> dict[str, Any]:
    return {"listeners": LISTENERS, "envoy": {"secretsFolder": str(secrets), **more}}


def test_each_certificate_stands_for_its_hosts_and_a_missing_one_harms_no_other(pods: Pods, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    certify(secrets, "one", host="one.example.com")
    certify(secrets, "wide", host="*.wide.org")

    def tls(host: str, secret: str) -> dict[str, Any]:
        return {"tls": [{"hosts": [host], "secretName": secret}]}

    documents = base(
        ingress(
            "one",
            rule(path("cart"), host="one.example.com"),
            annotations={NGINX + "ssl-cipher": ",".join(CIPHERS), MSE + "tls-min-protocol-version": "TLSv1.0"},
            **tls("one.example.com", "one"),
        ),
        ingress("gone", rule(path("cart"), host="gone.example.com"), **tls("gone.example.com", "gone")),
        ingress("wide", rule(path("next"), host="*.wide.org"), **tls("*.wide.org", "wide")),
        ingress("under", rule(path("cart"), host="a.wide.org")),
        **secured(secrets),
    )
    with Gateway(documents, pods, tmp_path) as gateway:

        def get(name: str, host: str = "", ca: str = "one") -> Any:
            tls = ClientTls(server_name=name, ca=f"{secrets}/shop/{ca}/ca.crt")
            return gateway.ask(Ask(path="/cart", host=host or name), listener="https", tls=tls)[0]

        assert seen(get("one.example.com")).service == "shop/cart"
        assert get("gone.example.com").status == 0
        assert seen(get("b.wide.org")).service == "shop/next"
        assert seen(get("a.wide.org")).service == "shop/cart"
        assert get("one.example.com", host="a.wide.org").status == 421
        assert get("nobody.example.com").status == 0


def test_a_client_certificate_is_asked_for_and_no_other_host_is_a_way_around(pods: Pods, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    certify(secrets, "one", host="one.example.com")
    certify(secrets, "two", host="two.example.com")
    certify(secrets, "me")
    certify(secrets, "stranger", ca="other-ca")
    (secrets / "shop" / "one-cacert").mkdir()
    (secrets / "shop" / "one-cacert" / "ca.crt").write_bytes((secrets / "ca" / "crt").read_bytes())
    documents = base(
        ingress(
            "one",
            rule(path("cart"), host="one.example.com"),
            annotations={MSE + "auth-tls-secret": "shop/one-cacert"},
            tls=[{"hosts": ["one.example.com"], "secretName": "one"}],
        ),
        ingress(
            "two",
            rule(path("cart"), host="two.example.com"),
            tls=[{"hosts": ["two.example.com"], "secretName": "two"}],
        ),
        **secured(secrets),
    )
    with Gateway(documents, pods, tmp_path) as gateway:

        def get(name: str, client: str = "", host: str = "") -> int:
            mine = f"{secrets}/shop/{client}/tls"
            tls = ClientTls(server_name=name, certificate=f"{mine}.crt", key=f"{mine}.key")
            if not client:
                tls = ClientTls(server_name=name)
            return gateway.ask(Ask(path="/cart", host=host or name), listener="https", tls=tls)[0].status

        assert get("one.example.com", "me") == 200
        assert get("one.example.com") == 0
        assert get("one.example.com", "stranger") == 0
        assert get("two.example.com") == 200
        assert get("two.example.com", host="one.example.com") == 421


def test_passwords_are_asked_for_and_a_missing_list_lets_nobody_in(pods: Pods, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    (secrets / "shop" / "users").mkdir(parents=True)
    digest = base64.b64encode(hashlib.sha1(b"pw", usedforsecurity=False).digest()).decode()
    (secrets / "shop" / "users" / "auth").write_text(f"joe:{{SHA}}{digest}\n")

    def asks(secret: str) -> dict[str, str]:
        return {NGINX + "auth-type": "basic", NGINX + "auth-secret": secret, NGINX + "auth-realm": "our shop"}

    documents = base(
        ingress("cart", rule(path("cart")), annotations=asks("users")),
        ingress("lost", rule(path("cart", "/lost")), annotations=asks("nowhere")),
        ingress("open", rule(path("cart", "/open"))),
        **secured(secrets),
    )
    right, wrong = (f"Basic {base64.b64encode(b).decode()}" for b in (b"joe:pw", b"joe:no"))
    with Gateway(documents, pods, tmp_path) as gateway:
        assert gateway.get("/cart", authorization=right).status == 200
        refused = gateway.get("/cart", authorization=wrong)
        assert (refused.status, header(refused, "www-authenticate")) == (401, ['Basic realm="our shop"'])
        assert gateway.get("/cart").status == 401
        assert gateway.get("/lost", authorization=right).status == 401
        assert gateway.get("/open").status == 200


def test_passwords_and_certificates_come_by_ads_too(
    pods: Pods, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("compiler.targets.envoy.listeners.STATUS_PORT", free_port())
    folder = tmp_path_factory.mktemp("a")
    secrets = folder / "secrets"
    certify(secrets, "one", host="one.example.com")
    (secrets / "shop" / "users").mkdir(parents=True)
    digest = base64.b64encode(hashlib.sha1(b"pw", usedforsecurity=False).digest()).decode()
    (secrets / "shop" / "users" / "auth").write_text(f"joe:{{SHA}}{digest}\n")
    ports = [free_port(), free_port()]
    listeners = [{**each, "port": port} for each, port in zip(LISTENERS, ports, strict=True)]
    documents = base(
        ingress(
            "cart",
            rule(path("cart"), host="one.example.com"),
            annotations={NGINX + "auth-type": "basic", NGINX + "auth-secret": "users"},
            tls=[{"hosts": ["one.example.com"], "secretName": "one"}],
        ),
        ingress(
            "late",
            rule(path("cart"), host="late.example.com"),
            tls=[{"hosts": ["late.example.com"], "secretName": "late"}],
        ),
        **(secured(secrets) | {"listeners": listeners}),
    )
    gateway = Gateway(documents, pods, folder)
    tree = folder / "tree"
    delivery = Delivery(("--tree", str(tree)), "public", folder)
    with gateway.backends, delivery:
        static = (tree / "gateways" / "public" / "envoy" / "bootstrap.json").read_bytes()
        with Envoy(delivery.bootstrap(static), folder / "envoy"):
            delivery.wait_for("in-force")
            right = (("authorization", f"Basic {base64.b64encode(b'joe:pw').decode()}"),)
            asks = [Ask(path="/cart", host="one.example.com", headers=headers) for headers in ((), right)]
            tls = ClientTls(server_name="one.example.com", ca=f"{secrets}/shop/one/ca.crt")
            for target, client in ((("127.0.0.1", ports[0]), None), (("127.0.0.1", ports[1]), tls)):
                assert [s.status for s in ask(target, *asks, tls=client)] == [401, 200]
            late = ClientTls(server_name="late.example.com")
            asked = Ask(path="/cart", host="late.example.com")
            assert ask(("127.0.0.1", ports[1]), asked, tls=late)[0].status == 0
            certify(secrets, "late", host="late.example.com")
            delivery.wait_for("other Secrets")
            wait_until(lambda: ask(("127.0.0.1", ports[1]), asked, tls=late)[0].status == 200, 10, "the certificate")


# --- towards backends


def test_an_upgraded_connection_and_a_slow_stream_pass(pods: Pods, tmp_path: Path) -> None:
    documents = base(ingress("cart", rule(path("cart"))))
    with Gateway(documents, pods, tmp_path) as gateway:
        with socket.create_connection(gateway.envoy.address("http"), timeout=5) as connection:
            connection.sendall(
                b"GET /cart HTTP/1.1\r\nHost: shop.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            )
            assert connection.recv(4096).startswith(b"HTTP/1.1 101 ")
        assert gateway.get("/cart", x_stub_delay_ms="2000").status == 200
