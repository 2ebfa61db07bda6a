"""What is compiled does in a real Envoy what its author asked for."""

from __future__ import annotations

import base64
import hashlib
import socket
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from compiler.annotations.tls_downstream import CIPHERS
from compiler.drill.children import wait_until
from compiler.drill.delivery import Delivery, free_port
from compiler.drill.envoy import Envoy
from compiler.drill.load import Ask, ClientTls, ask
from compiler.drill.stub.spec import Behaviour, Certificates
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


def test_limits_are_one_bucket_per_rule_and_are_answered_as_declared(pods: Pods, tmp_path: Path) -> None:
    documents = base(
        ingress(
            "cart",
            rule(path("cart")),
            annotations={MSE + "route-limit-rpm": "2", MSE + "route-limit-burst-multiplier": "3"},
        ),
        canary("stage", rule(path("next")), by_header="x-stage"),
        ingress(
            "whole",
            rule(path("cart", "/whole")),
            annotations={
                MSE + "rate-limit": "1",
                MSE + "rate-limit-fallback-custom-response-code": "418",
                MSE + "rate-limit-fallback-custom-response-body": "slow",
            },
        ),
    )
    with Gateway(documents, pods, tmp_path) as gateway:
        mixed = gateway.ask(
            *[
                Ask(path="/cart", method="GET"),
                Ask(path="/cart", method="PUT"),
                Ask(path="/cart", headers=(("x-stage", "always"),)),
            ]
            * 4
        )
        assert [s.status for s in mixed] == [200] * 6 + [429] * 6
        assert mixed[-1].body == b"local_rate_limited"
        assert header(mixed[-1], "x-fleetgate-limited") == []
        whole = gateway.ask(*[Ask(path="/whole")] * 4)
        assert [s.status for s in whole][:2] == [200, 418]
        assert whole[1].body == b"slow"


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


def test_affinity_names_the_pod_of_its_cookie(pods: Pods, tmp_path: Path) -> None:
    documents = base(
        ingress(
            "cart", rule(path("cart")), annotations={NGINX + "affinity": "cookie", NGINX + "session-cookie-name": "S"}
        ),
    )
    with Gateway(documents, pods, tmp_path) as gateway:
        for _ in range(5):
            first = gateway.get("/cart")
            (cookie,) = header(first, "set-cookie")
            pair = cookie.partition(";")[0]
            assert {s.place for s in gateway.ask(*[Ask(path="/cart", headers=(("cookie", pair),))] * 20)} == {
                first.place
            }
        assert len({gateway.get("/cart").place for _ in range(30)}) > 1


def test_cors_and_address_lists(pods: Pods, tmp_path: Path) -> None:
    documents = base(
        ingress(
            "cart",
            rule(path("cart")),
            annotations={NGINX + "enable-cors": "true", NGINX + "cors-allow-origin": "https://*.a.org"},
        ),
        ingress("mine", rule(path("cart", "/mine")), annotations={NGINX + "whitelist-source-range": "203.0.113.0/24"}),
        ingress("not", rule(path("cart", "/not")), annotations={NGINX + "denylist-source-range": "203.0.113.7"}),
        envoy={"xffNumTrustedHops": 1},
    )
    with Gateway(documents, pods, tmp_path) as gateway:
        (preflight,) = gateway.ask(
            Ask(
                path="/cart",
                method="OPTIONS",
                headers=(("origin", "https://x.a.org"), ("access-control-request-method", "PUT")),
            )
        )
        assert (preflight.status, preflight.cluster) == (200, "")
        assert header(preflight, "access-control-allow-origin") == ["https://x.a.org"]
        foreign = gateway.get("/cart", origin="https://b.org")
        assert (foreign.status, header(foreign, "access-control-allow-origin")) == (200, [])
        assert gateway.get("/mine", x_forwarded_for="203.0.113.9").status == 200
        assert gateway.get("/mine", x_forwarded_for="198.51.100.1").status == 403
        assert gateway.get("/not", x_forwarded_for="203.0.113.7").status == 403
        assert gateway.get("/not", x_forwarded_for="203.0.113.8").status == 200


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


def test_backends_are_spoken_to_as_declared(pods: Pods, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    certify(secrets, "pod", host="safe.internal")
    certify(secrets, "gateway")
    files = Certificates(
        certificate=f"{secrets}/shop/pod/tls.crt", key=f"{secrets}/shop/pod/tls.key", client_ca=f"{secrets}/ca/crt"
    )
    pods.add("safe", "a", tls=files)
    documents = base(
        app("safe", "a"),
        ingress("grpc", rule(path("cart")), annotations={NGINX + "backend-protocol": "GRPC"}),
        ingress(
            "safe",
            rule(path("safe", "/safe")),
            annotations={
                NGINX + "backend-protocol": "HTTPS",
                NGINX + "proxy-ssl-secret": "shop/gateway",
                NGINX + "proxy-ssl-name": "safe.internal",
                NGINX + "proxy-ssl-server-name": "on",
            },
        ),
        **secured(secrets),
    )
    with Gateway(documents, pods, tmp_path) as gateway:
        assert seen(gateway.get("/cart")).protocol == "HTTP/2"
        safe = seen(gateway.get("/safe"))
        assert (safe.protocol, safe.server_name) == ("HTTP/1.1", "safe.internal")
        assert "gateway" in safe.client


def test_timeouts_retries_mirrors_and_limits_at_a_time(pods: Pods, tmp_path: Path) -> None:
    documents = base(
        ingress("slow", rule(path("cart", "/slow")), annotations={MSE + "timeout": "1"}),
        ingress(
            "again",
            rule(path("cart", "/again")),
            annotations={NGINX + "proxy-next-upstream": "http_503", NGINX + "proxy-next-upstream-tries": "2"},
        ),
        ingress("copied", rule(path("cart", "/copied")), annotations={MSE + "mirror-target-service": "next"}),
        ingress(
            "few",
            rule(path("cart", "/few")),
            annotations={MSE + "concurrency-limit": "2"},
        ),
    )
    with Gateway(documents, pods, tmp_path) as gateway:
        assert gateway.get("/slow", x_stub_delay_ms="1500").status == 504
        before = sum(sum(gateway.backends.requests(c).values()) for c in "ab")
        assert gateway.get("/again", x_stub_status="503").status == 503
        tried = sum(sum(gateway.backends.requests(c).values()) for c in "ab") - before
        assert tried == 3
        (posted,) = gateway.ask(Ask(path="/again", method="POST", headers=(("x-stub-status", "503"),)))
        assert posted.status == 503
        assert sum(sum(gateway.backends.requests(c).values()) for c in "ab") - before == 4

        copies = {each.place for each in pods.endpoints if each.service == "shop/next"}
        assert gateway.get("/copied").status == 200
        assert sum(n for place, n in gateway.backends.requests("a").items() if place in copies) == 1

        with ThreadPoolExecutor(6) as threads:
            asked = [threads.submit(gateway.get, "/few", x_stub_delay_ms="700") for _ in range(6)]
            statuses = sorted(each.result().status for each in asked)
        assert statuses == [200] * 2 + [429] * 4


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


@pytest.mark.parametrize(
    ("by", "one", "other"),
    [
        ("$http_x-user", {"headers": (("x-user", "1"),)}, {"headers": (("x-user", "2"),)}),
        ("$arg_user", {"path": "/cart?user=1"}, {"path": "/cart?user=2"}),
        ("$request_uri", {"path": "/cart?a=1"}, {"path": "/cart?a=2"}),
        (
            "$remote_addr",
            {"headers": (("x-forwarded-for", "203.0.113.1"),)},
            {"headers": (("x-forwarded-for", "203.0.113.2"),)},
        ),
    ],
)
def test_equal_keys_meet_one_pod(
    pods: Pods, tmp_path: Path, by: str, one: dict[str, Any], other: dict[str, Any]
) -> None:
    documents = base(
        ingress("cart", rule(path("cart")), annotations={NGINX + "upstream-hash-by": by}),
        envoy={"xffNumTrustedHops": 1},
    )
    with Gateway(documents, pods, tmp_path) as gateway:
        first, second = ({"path": "/cart", **each} for each in (one, other))
        places = [{s.place for s in gateway.ask(*[Ask(**each)] * 10)} for each in (first, second)]
        assert [len(each) for each in places] == [1, 1]
        spread = {s.place for n in range(30) for s in gateway.ask(Ask(**_varied(first, n)))}
        assert len(spread) > 1


def _varied(asked: dict[str, Any], number: int) -> dict[str, Any]:
    """The same request with another key."""
    headers = tuple((k, f"203.0.113.{number}" if "." in v else f"{number}") for k, v in asked.get("headers", ()))
    return {**asked, "path": asked["path"].replace("=1", f"={number}"), "headers": headers}


def test_versions_by_label_aliases_and_lists_of_a_host(pods: Pods, tmp_path: Path) -> None:
    (labelled,) = pods.add("cart", "a", 1, labels={"version": "v2"})
    documents = base(
        ingress(
            "cart",
            rule(path("cart")),
            annotations={
                MSE + "service-subset": "v2",
                MSE + "subset-labels": "version v2",
                MSE + "server-alias": "*.alias.org",
            },
        ),
        ingress(
            "shut",
            rule(path("cart"), host="shut.org"),
            annotations={MSE + "domain-whitelist-source-range": "203.0.113.0/24"},
        ),
    )
    with Gateway(documents, pods, tmp_path) as gateway:
        assert {s.place for s in gateway.ask(*[Ask(path="/cart")] * 10)} == {labelled.place}
        assert {s.place for s in gateway.ask(*[Ask(path="/cart", host="x.alias.org")] * 10)} == {labelled.place}
        assert gateway.get("/cart", host="shut.org").status == 403
        gateway.backends.behave(Behaviour(state="down"), [labelled])
        after = gateway.ask(*[Ask(path="/cart")] * 20)
        assert {s.status for s in after} == {200}
        assert labelled.place not in {s.place for s in after}
