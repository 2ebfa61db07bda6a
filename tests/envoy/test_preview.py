"""The preview: real gateways on this machine that do what the trace says, shown, and gone afterwards."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from compiler import cli
from compiler.diagnostics import Origin
from compiler.drill.client.plan import Ask, ClientTls
from compiler.drill.load import ask
from compiler.drill.local import localize
from compiler.drill.preview import Preview
from compiler.drill.trial import _compared, trials
from compiler.ir.traffic import (
    AddressList,
    Backend,
    BasicAuth,
    Cluster,
    Forward,
    Gateway,
    ObjectName,
    Redirect,
    SecretRef,
    Service,
    ServiceMember,
    ServicePolicy,
    ServicePort,
    Share,
    Split,
    Subset,
    Tls,
    TlsSettings,
    Traffic,
)
from compiler.trace.evaluate import trace
from compiler.trace.request import Request
from tests.unit.trace.programs import PLAIN, SECURE, backend, host, matching, name, route, spread, to

if TYPE_CHECKING:
    import pytest

    from compiler.ir.traffic import Route, VirtualHost

EXAMPLE = Path(__file__).parents[2] / "fleet-repo-example"


def program(*hosts: VirtualHost, services: tuple[str, ...] = ("web",), replicas: int = 2) -> Traffic:
    """A gateway over clusters `a` and `b`."""
    clusters = tuple(Cluster(each, f"c-{each}", "hz", (f"zone-{each}",)) for each in ("a", "b"))
    found = tuple(
        Service(
            name(each),
            (ServicePort("http", 80),),
            (ServiceMember("a", replicas), ServiceMember("b", replicas)),
            Origin(""),
        )
        for each in services
    )
    return Traffic((Gateway("public", "hz", ("a", "b"), (PLAIN, SECURE), hosts),), clusters, found)


def test_every_route_of_the_example_does_in_envoy_what_the_trace_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["preview", "-C", str(EXAMPLE), "--try"]) == 0
    shown = capsys.readouterr().out
    assert "a real Envoy does what the trace says" in shown
    assert "not tried" not in shown
    assert "DIFFERS" not in shown


def test_it_shows_where_to_ask_and_leaves_nothing_running(tmp_path: Path) -> None:
    log = (tmp_path / "log").open("wb+")
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(EXAMPLE.parent)}
    command = [sys.executable, "-P", "-c", "from compiler.cli import main; main()", "preview", "-C", str(EXAMPLE)]
    with subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment) as process:
        try:
            shown = _until(tmp_path / "log", "Ctrl-C ends it", process)
            page = re.search(r"page: http://127\.0\.0\.1:(\d+)/", shown)
            curl = re.search(r"curl --connect-to ::127\.0\.0\.1:(\d+) http://(api\.shop\.example\.com)/", shown)
            assert page is not None
            assert curl is not None
            (answer,) = ask(("127.0.0.1", int(curl[1])), Ask(host=curl[2], path="/cart"))
            assert answer.answered_by.split(" ")[1] == "shop/cart"
            html, counts = _get(int(page[1]), "/"), msgspec.json.decode(_get(int(page[1]), "/counts"))
            assert "api.shop.example.com" in html
            assert "shop/recommendations-b 50 %" in html
            assert sum(counts["shop/cart"].values()) == 1
            children = _children(process.pid)
            assert len(children) > 4  # two gateways, and the backends of three clusters at least
        finally:
            process.send_signal(signal.SIGINT)
            status = process.wait(20)
    log.close()
    assert status == 0
    assert not [child for child in children if Path(f"/proc/{child}").exists()]
    assert [each.name for each in tmp_path.iterdir()] == ["log"]


def _until(log: Path, words: str, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline and process.poll() is None:
        text = log.read_text("utf-8")
        if words in text:
            return text
        time.sleep(0.05)
    raise AssertionError(log.read_text("utf-8"))


def _get(port: int, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def _children(pid: int) -> list[int]:
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for thread in threads for child in (thread / "children").read_text("utf-8").split()]


def tried(tmp_path: Path, traffic: Traffic) -> list[tuple[str, bool, tuple[tuple[str, str], ...]]]:
    """Owner, verdict and what was seen of each route."""
    with Preview(traffic, tmp_path) as preview:
        (running,) = preview.gateways
        return [(each.route.owner.name, each.agrees, each.seen) for each in trials(running)]


def test_guards_let_the_trial_pass(tmp_path: Path) -> None:
    """TLS with client certificates, credentials, address lists, backends with TLS: all Secrets are made."""
    secure = Backend(name("safe"), 80, spread({"a": 1}), policy=ServicePolicy(protocol="HTTPS"))
    routes = (
        route("safe", matching("/safe"), Forward(Split((Share(secure, 1, name("safe")),)))),
        route("auth", matching("/auth"), to("web"), auth=BasicAuth(SecretRef("shop", "users"), "auth-file")),
        route("listed", matching("/listed"), to("web"), access=AddressList("allow", ("10.1.0.0/16",))),
        route("https", matching("/https"), to("web"), https=Redirect(308, "https")),
    )
    found = tried(tmp_path, program(host(*routes, tls=Tls("shop", "cert")), services=("web", "safe")))
    assert [(owner, agrees) for owner, agrees, _ in found] == [
        ("safe", True),
        ("auth", True),
        ("listed", True),
        ("https", True),
        ("https", True),
    ]
    assert found[3][2] == (("308 https://shop.example.com/https", ""),)
    assert found[4][2] == (("shop/web", "a 100 %"),)


def test_a_preview_asks_for_client_certificates_where_the_fleet_does(tmp_path: Path) -> None:
    settings = TlsSettings(client_ca=SecretRef("shop", "cert"))
    traffic = program(host(route("it", action=to("web")), tls=Tls("shop", "cert"), tls_settings=settings))
    with Preview(traffic, tmp_path) as preview:
        files = preview.fleet.secrets / "shop/cert"
        address = preview.gateways[0].address("https")
        (with_it,) = ask(
            address,
            Ask(host="shop.example.com"),
            tls=ClientTls(
                server_name="shop.example.com",
                ca=str(files / "ca.crt"),
                certificate=str(files / "tls.crt"),
                key=str(files / "tls.key"),
            ),
        )
        (without,) = ask(address, Ask(host="shop.example.com"), tls=ClientTls(server_name="shop.example.com"))
    assert (with_it.status, without.status) == (200, 0)


def test_subsets_have_pods_of_their_own(tmp_path: Path) -> None:
    blue = Subset("blue", (("color", "blue"),))
    some = Backend(name("web"), 80, spread({"a": 1}), subset=blue)
    fleet = localize(program(host(route("it", action=Forward(Split((Share(some, 1, name("it")),)))))), tmp_path)
    versions = [each.version for each in fleet.endpoints if each.cluster == "a"]
    assert versions == ["", "", "blue"]


def test_many_replicas_become_fewer_in_proportion(tmp_path: Path) -> None:
    fleet = localize(program(host(route("it", action=to("web"))), replicas=1000), tmp_path)
    assert len(fleet.endpoints) == 40


def test_shares_that_differ_are_told(tmp_path: Path) -> None:
    """A trial that could not fail would prove nothing."""
    half = Forward(
        Split((Share(backend("web"), 1, ObjectName("shop", "it")), Share(backend("next"), 1, ObjectName("shop", "c"))))
    )
    of: Route = route("it", action=half)
    traffic = program(host(of), services=("web", "next"))
    with Preview(traffic, tmp_path) as preview:
        (good,) = trials(preview.gateways[0])
        request = Request("GET", "http", "shop.example.com", "/")
        samples = ask(preview.gateways[0].address("http"), *[Ask(host="shop.example.com")] * 100)
    found = trace(traffic.gateways[0], request)
    one_sided = [each for each in samples if " shop/web " in each.answered_by] * 3
    assert good.agrees
    assert _compared("public", of, request, found, samples).agrees
    assert not _compared("public", of, request, found, one_sided).agrees
    foreign = [msgspec.structs.replace(each, answered_by="a shop/other - x") for each in samples[:1]]
    assert not _compared("public", of, request, found, samples + foreign).agrees
    refused = [msgspec.structs.replace(each, answered_by="", status=503) for each in samples[:1]]
    assert not _compared("public", of, request, found, samples + refused).agrees
