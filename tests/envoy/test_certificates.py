"""Many certificates: one that is missing harms its host alone, and none takes what Linux has little of."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compiler.drill.delivery import Delivery, free_port
from compiler.drill.envoy import Envoy
from compiler.drill.load import Ask, ClientTls, ask
from compiler.targets.envoy.findings import WATCHES_PER_SECRET
from tests.envoy.certificates import LISTENERS, certify
from tests.envoy.compiled import ENVOY, Gateway, Pods
from tests.small_fleet import app, fleet, ingress, path, rule

if TYPE_CHECKING:
    import pytest

    from tests.small_fleet import Document

COUNT = 100


def watches(envoy: Envoy) -> int:
    """Inotify instances that it holds."""
    held = 0
    for each in Path(f"/proc/{envoy.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # a connection that ended since they were listed
            held += "inotify" in str(each.readlink())
    return held


def hosts(count: int) -> list[str]:
    return [f"h{number}.example.com" for number in range(count)]


def fleet_with(names: list[str], secrets: Path, ports: tuple[int, int]) -> list[Document]:
    """A fleet of these hosts, each with a certificate of its own, which are all there."""
    certify(secrets, "all", host="*.example.com")
    tls = []
    for name in names:
        secret = name.partition(".")[0]
        (secrets / "shop" / secret).mkdir()
        for key in ("tls.crt", "tls.key"):
            (secrets / "shop" / secret / key).write_bytes((secrets / "shop" / "all" / key).read_bytes())
        tls.append({"hosts": [name], "secretName": secret})
    listeners = [{**each, "port": port} for each, port in zip(LISTENERS, ports, strict=True)]
    more: dict[str, Any] = {"listeners": listeners, "envoy": {"secretsFolder": str(secrets)}}
    return [
        *fleet("a", gateway={**ENVOY, **more}),
        app("cart", "a"),
        ingress("cart", *(rule(path("cart"), host=name) for name in names), tls=tls),
    ]


def statuses(names: list[str], port: int, secrets: Path) -> dict[str, int]:
    """What each host answers to a client that verifies its certificate; 0 = nothing."""
    found = {}
    for name in names:
        tls = ClientTls(server_name=name, ca=f"{secrets}/shop/all/ca.crt")
        (answer,) = ask(("127.0.0.1", port), Ask(path="/cart", host=name), tls=tls)
        found[name] = answer.status
    return found


def test_of_100_certificates_one_that_is_deleted_harms_its_host_alone_and_none_is_watched_by_ads(
    loopback: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("compiler.targets.envoy.listeners.STATUS_PORT", free_port())
    folder = tmp_path_factory.mktemp("c")
    secrets, names = folder / "secrets", hosts(COUNT)
    pods, port = Pods(loopback), free_port()
    pods.add("cart", "a")
    gateway = Gateway(fleet_with(names, secrets, (free_port(), port)), pods, folder)
    assert "envoy-many-secrets" in {f.code.name for f in gateway.findings}
    tree = folder / "tree"
    static = (tree / "gateways" / "public" / "envoy" / "bootstrap.json").read_bytes()
    with gateway.backends:
        for missing in ([], ["h41.example.com"]):
            for name in missing:
                (secrets / "shop" / name.partition(".")[0] / "tls.crt").unlink()
            # all is started anew: what was there before is not remembered
            delivery = Delivery(("--tree", str(tree)), "public", folder / f"run-{len(missing)}")
            began = time.monotonic()
            with delivery, Envoy(delivery.bootstrap(static), delivery.socket.parent) as envoy:
                delivery.wait_for("in-force")
                assert time.monotonic() - began < 10, "nobody waits for what is missing: that would take 15 s"
                assert statuses(names, port, secrets) == {name: 0 if name in missing else 200 for name in names}
                assert watches(envoy) == 0
                assert envoy.rejected_updates() == {}
                # while it serves, a file may come and go: what it has it keeps
                other = names[7].partition(".")[0]
                (secrets / "shop" / other / "tls.key").rename(folder / "aside")
                delivery.wait_for("other Secrets")
                assert statuses([names[7]], port, secrets) == {names[7]: 200}
                (folder / "aside").rename(secrets / "shop" / other / "tls.key")


def test_an_envoy_by_itself_watches_each_certificate_as_often_as_the_finding_says(
    loopback: str, tmp_path: Path
) -> None:
    pods = Pods(loopback)
    pods.add("cart", "a")
    with Gateway(fleet_with(hosts(5), tmp_path / "secrets", (80, 443)), pods, tmp_path) as gateway:
        assert watches(gateway.envoy) == 5 * WATCHES_PER_SECRET
