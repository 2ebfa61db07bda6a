"""`fleetgate simulate`, as a person, a script and a browser see it."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from compiler.cli import main
from tests.small_fleet import app, fleet, ingress, path, policy, rule, weights

EXAMPLE = str(Path(__file__).parents[3] / "fleet-repo-example")


def simulate(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Status, output, errors."""
    status = main(["simulate", "-C", EXAMPLE, *arguments])
    done = capsys.readouterr()
    return status, done.out, done.err


def test_without_a_loss_every_one_is_tried(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = simulate(capsys)
    assert status == 0
    assert "every loss that has to be survived is survived" in out
    assert [line.split("  ")[1] for line in out.splitlines()[1:5]] == [
        "cluster hz-a",
        "cluster hz-b",
        "cluster hz-c",
        "cluster sh-a",
    ]


@pytest.mark.parametrize(("rate", "status"), [("800", 0), ("801", 1)])
def test_the_exit_status_says_whether_the_loss_is_survived(
    capsys: pytest.CaptureFixture[str], rate: str, status: int
) -> None:
    """hz-b carries 800 requests per second of shop/cart."""
    found, out, _ = simulate(capsys, "--lose", "cluster=hz-a", "--at", f"shop/cart={rate}")
    assert found == status
    assert ("survived: every route" in out) is (status == 0)


def test_several_losses_are_lost_together(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = simulate(capsys, "--lose", "cluster=hz-a", "--lose", "cluster=hz-b", "--format", "json")
    (found,) = json.loads(out)["simulations"]
    assert found["clusters"] == {"hz-a": 0.0, "hz-b": 0.0}
    assert not found["survived"]
    assert status == 1
    images = next(s for s in found["services"] if s["service"] == "media/images")
    assert images["after"] == {"hz-c": 1.0}
    assert {route["ingress"] for route in found["routesLost"]} >= {"shop/cart"}


def test_a_sum_scales_all_declared_demands(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = simulate(
        capsys, "--lose", "cluster=hz-a", "--at", "1000", "--at", "shop/orders=700", "--format", "json"
    )
    (found,) = json.loads(out)["simulations"]
    assert {(load["service"], load["after"]) for load in found["loads"] if load["cluster"] == "hz-b"} == {
        ("shop/cart", 500.0),
        ("shop/orders", 500.0),
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--lose", "hz-a"], "write cluster=NAME"),
        (["--lose", "cluster=hz-x"], "there are hz-a, hz-b, hz-c, sh-a"),
        (["--lose", "zone=hz-a"], "no such zone"),
        (["--at", "many"], "write a number"),
        (["--at", "shop/card=7"], "nearest: shop/cart"),
        (["--at", "-1"], ""),
    ],
)
def test_a_wrong_call_is_told_with_what_is_right(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    """Exit status 2."""
    try:
        status, _, err = simulate(capsys, *arguments)
    except SystemExit as ended:  # argparse itself
        status, err = int(ended.code or 0), capsys.readouterr().err
    assert status == 2
    assert said in err


def test_a_root_with_errors_is_not_simulated(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "fleet.yaml").write_text("kind: Fleet\n")
    status = main(["simulate", "-C", str(tmp_path)])
    assert status == 1
    assert "error" in capsys.readouterr().err


def test_the_page_is_whole_and_needs_nothing_from_elsewhere(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    page = tmp_path / "loss.html"
    simulate(capsys, "--lose", "zone=cn-hangzhou-h", "--html", str(page))
    text = page.read_text("utf-8")
    HTMLParser().feed(text)
    assert "shop/cart" in text
    assert "87.5 %" in text
    assert "//" not in text.replace("<!doctype html>", "")


def test_a_fleet_with_a_hole_is_simulated(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """`check` calls it an error; what to do about it is seen here."""
    demand = [{"name": "cart", "demand": {"requestsPerSecond": 30}}]
    documents = [
        *fleet("hz-a", "hz-b", survive=["Cluster"]),
        app("cart", "hz-a", "hz-b", replicas=2, capacity={"requestsPerSecond": 10}),
        policy("cart", weights(hz_a=50, hz_b=50), targetRefs=demand),
        ingress("web", rule(path("cart"))),
    ]
    (tmp_path / "all.yaml").write_text(yaml.safe_dump_all(documents))
    assert main(["check", "-C", str(tmp_path)]) == 1
    capsys.readouterr()
    assert main(["simulate", "-C", str(tmp_path), "--lose", "cluster=hz-a"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("cluster hz-a lost\n")
    assert "not survived: hz-b needs 30 requests per second of shop/cart, can carry 20" in out


def test_every_set_of_clusters_can_be_lost(capsys: pytest.CaptureFixture[str]) -> None:
    """Four clusters: fifteen sets. That two at once are too many breaks no promise."""
    status, out, _ = simulate(capsys, "--sets", "--format", "json")
    found = json.loads(out)["simulations"]
    assert (status, len(found)) == (0, 15)
    assert found[0]["survived"]
    assert not next(each for each in found if each["lost"] == "cluster hz-a and cluster hz-b")["survived"]


def test_a_zone_is_lost_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever names it twice."""
    twice = ["--lose", "zone=cn-hangzhou-h", "--lose", "zone=cn-hangzhou-h", "--lose", "cluster=hz-a"]
    _, out, _ = simulate(capsys, *twice, "--format", "json")
    (found,) = json.loads(out)["simulations"]
    assert found["lost"] == "zone cn-hangzhou-h and cluster hz-a"
    assert found["clusters"] == {"hz-a": 0.0}


def test_trace_supposes_that_clusters_are_down(capsys: pytest.CaptureFixture[str]) -> None:
    """The same arithmetic as for one request."""
    assert main(["trace", "-C", EXAMPLE, "api.shop.example.com/checkout", "--down", "hz-a", "--format", "json"]) == 0
    (gateway,) = json.loads(capsys.readouterr().out)["gateways"]
    (backend,) = gateway["forward"]["backends"]
    assert (backend["clusters"], backend["standby"]) == ({"hz-c": 1.0}, [])
    assert main(["trace", "-C", EXAMPLE, "api.shop.example.com/", "--down", "hz-9"]) == 2
    assert "--down hz-9: no such cluster" in capsys.readouterr().err


def test_a_request_that_nothing_healthy_serves_ends_with_a_status(capsys: pytest.CaptureFixture[str]) -> None:
    """The first thing that is said."""
    down = [word for name in ("hz-a", "hz-b", "hz-c") for word in ("--down", name)]
    assert main(["trace", "-C", EXAMPLE, "api.shop.example.com/cart", *down]) == 0
    _, answer, backend, cluster, *_ = capsys.readouterr().out.splitlines()
    assert " ".join(answer.split()) == "503 nothing healthy is left: every pod is tried, in vain (504 where they hang)"
    assert backend.split() == ["shop/cart:80", "100", "%"]
    assert cluster.split() == ["nothing", "healthy", "is", "left", "503"]


def test_a_loss_of_every_envoy_of_a_gateway_is_not_survived(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """However many pods are left: nobody reaches them."""
    documents = [
        *fleet(
            *("hz-a", "hz-b", "hz-c"),
            gateway={"targets": ["envoy"], "envoy": {"placement": {"clusters": ["hz-a", "hz-b"]}}},
            survive=["Cluster", "Zone"],
        ),
        app("cart", "hz-a", "hz-c", replicas=2),
        ingress("web", rule(path("cart"))),
    ]
    for each in documents:
        if each["kind"] == "Cluster":
            each["spec"]["zones"] = ["north" if each["metadata"]["name"] != "hz-c" else "south"]
    (tmp_path / "all.yaml").write_text(yaml.safe_dump_all(documents))
    told = {}
    for kind in ("text", "json"):
        assert main(["simulate", "-C", str(tmp_path), "--lose", "zone=north", "--format", kind]) == 1
        told[kind] = capsys.readouterr().out
    assert told["text"].endswith("not survived: gateway public is lost: no Envoy is left\n")
    (found,) = json.loads(told["json"])["simulations"]
    assert (found["survived"], found["gatewaysLost"], found["routesLost"]) == (False, ["public"], [])
    page = tmp_path / "loss.html"
    assert main(["simulate", "-C", str(tmp_path), "--html", str(page)]) == 1
    assert "gateway public is lost with zone north: no Envoy is left\n" in capsys.readouterr().out
    assert "Gateway public is lost: no Envoy is left." in page.read_text("utf-8")
    assert main(["simulate", "-C", str(tmp_path), "--lose", "cluster=hz-a"]) == 0
