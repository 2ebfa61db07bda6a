"""`fleetgate trace`: what is printed, for people and for scripts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compiler import cli

EXAMPLE = Path(__file__).parents[3] / "fleet-repo-example"
API = "api.shop.example.com"


def told(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    assert cli.main(["trace", "-C", str(EXAMPLE), *arguments]) == status
    captured = capsys.readouterr()
    return captured.out if status == 0 else captured.err


def test_the_answer_comes_first_then_what_is_written_where_then_who_lost(capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(capsys, f"{API}/search").splitlines()
    assert lines[0] == f"GET http://{API}/search  (gateway public, host {API})"
    assert lines[1].split() == ["shop/search:80", "95", "%"]
    assert lines[4].split() == ["shop/search-next:80", "canary", "5", "%"]
    assert any("shop/search-canary, 5 %" in line and "apps/shop/search/ingress.yaml:" in line for line in lines)
    lost = [index for index, line in enumerate(lines) if "ROUTE THAT LOST" in line]
    assert "header x-preview: wanted = next, got none" in lines[lost[0] + 1]


def test_what_a_header_changes_is_seen(capsys: pytest.CaptureFixture[str]) -> None:
    shown = told(capsys, "POST", f"{API}/search", "-H", "X-Preview: next")
    assert "shop/search-next:80  canary     100 %" in shown
    assert "matches too, tried later" in shown


def test_a_redirect_shows_where_it_leads(capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(capsys, "old-shop.example.com/a?b=c").splitlines()
    assert lines[1].split()[0] in {"301", "302", "308"}
    assert lines[2].strip().endswith("?b=c")


def test_an_unknown_host_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    shown = told(capsys, "api.shop.exmaple.com")
    assert shown.count("404  no host of the gateway answers to this name") == 2
    assert f"did you mean {API}?" in shown


def test_one_gateway_is_asked_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, API, "--gateway", "public-sh").count("404") == 1
    assert "there are public, public-sh" in told(capsys, API, "--gateway", "publik", status=2)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["/cart"], "no host in '/cart'"),
        ([API, "GET"], f"write the method before the URL: fleetgate trace GET {API}"),
        ([API, "-H", "nonsense"], "is no header"),
        ([API, "--client-ip", "me"], "is no IP address"),
    ],
)
def test_a_wrong_call_says_what_to_write(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert says in told(capsys, *arguments, status=2)


def test_the_object_has_everything(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(told(capsys, f"{API}/cart?x=1", "--format", "json", "-H", "a: b", "--client-ip", "10.0.0.1"))
    assert data["request"] == {
        "method": "GET",
        "url": f"http://{API}/cart?x=1",
        "headers": [["a", "b"]],
        "clientIP": "10.0.0.1",
    }
    (found,) = data["gateways"]
    (backend,) = found["forward"]["backends"]
    assert (backend["service"], backend["clusters"]) == ("shop/cart", {"hz-a": 0.5, "hz-b": 0.5})
    assert backend["spread"]["file"] == "apps/shop/cart/traffic.yaml"
    assert found["policies"]["timeout"]["seconds"] == 10
    assert found["route"]["place"]["line"] > 1
    assert {each["verdict"] for each in found["lost"]} == {"differs"}
    assert found["answer"] is None


def test_a_fleet_with_errors_is_not_traced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["trace", "-C", str(tmp_path), API]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "error[" in captured.err
