"""`fleetgate gateway`: what it refuses, and the bootstrap that it prints. What it serves: tests/envoy."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
from typing import TYPE_CHECKING

import pytest

from compiler.cli import main
from compiler.cli.gateway import _answers, _tell
from compiler.gateway.serving import Event
from tests.envoy.small_tree import files, write_tree

if TYPE_CHECKING:
    from pathlib import Path

CALL = ("gateway", "--gateway", "public", "--socket", "/run/fleetgate/ads.sock")


def test_the_bootstrap_asks_the_socket_and_keeps_what_the_static_one_says_of_envoy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    contents = files([])
    write_tree(tmp_path, contents)
    assert main([*CALL, "--tree", str(tmp_path), "--print-bootstrap"]) == 0
    printed = json.loads(capsys.readouterr().out)
    static = json.loads(next(iter(contents.values())))
    (cluster,) = printed["static_resources"].pop("clusters")
    (endpoint,) = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
    assert endpoint["endpoint"]["address"] == {"pipe": {"path": "/run/fleetgate/ads.sock"}}
    assert printed.pop("dynamic_resources")["ads_config"]["api_type"] == "DELTA_GRPC"
    assert printed.pop("static_resources") == {}
    assert printed == {key: value for key, value in static.items() if key != "static_resources"}


def test_a_bootstrap_without_a_tree_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*CALL, "--tree", str(tmp_path / "no"), "--print-bootstrap"]) == 1
    assert "No such file" in capsys.readouterr().err


@pytest.mark.parametrize("address", ["9901", "localhost:", "localhost:x", "localhost:65536", ":80"])
def test_an_address_that_is_none_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    assert main([*CALL, "--tree", str(tmp_path), "--health", address]) == 2
    assert f"--health {address}: an address is HOST:PORT" in capsys.readouterr().err


@pytest.mark.parametrize("seconds", ["nan", "-1", "inf", "1e309", "86401"])
def test_a_linger_that_never_ends_is_wrong_usage(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["gateway", "--tree", ".", "--gateway", "public", "--linger", seconds])
    assert ended.value.code == 2
    assert "write a number from 0 to 86400" in capsys.readouterr().err


def test_a_file_where_the_socket_is_to_be_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    precious = tmp_path / "fleet.yaml"
    precious.write_text("kind: Fleet")
    assert main(["gateway", "--tree", str(tmp_path), "--gateway", "public", "--socket", str(precious)]) == 2
    assert "something else is there" in capsys.readouterr().err
    assert precious.read_text() == "kind: Fleet"


def test_the_socket_of_a_server_that_lives_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "ads.sock"
    call = ["gateway", "--tree", str(tmp_path), "--gateway", "public", "--socket", str(path)]
    with socket.socket(socket.AF_UNIX) as living:
        living.bind(str(path))
        living.listen(0)
        for _ in range(3):  # also when it takes nobody more for now
            assert main(call) == 2
            assert "another server answers there" in capsys.readouterr().err
        assert path.is_socket()
    assert not _answers(path)


@pytest.mark.parametrize("is_there", [True, False], ids=["a reader that went", "closed from the start"])
def test_a_server_goes_on_when_nobody_reads_its_log(monkeypatch: pytest.MonkeyPatch, *, is_there: bool) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    log = os.fdopen(writing, "w")
    monkeypatch.setattr(sys, "stderr", log if is_there else None)
    _tell(Event(what="serving", text="a new configuration"))
    with contextlib.suppress(BrokenPipeError):
        log.close()


def test_a_path_that_no_socket_can_have_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    too_long = str(tmp_path / ("x" * 108))
    assert main(["gateway", "--tree", str(tmp_path), "--gateway", "public", "--socket", too_long]) == 2
    assert "has 107 bytes at most" in capsys.readouterr().err


def test_a_tree_or_parts_have_to_be_named_and_not_both(capsys: pytest.CaptureFixture[str]) -> None:
    for more in ([], ["--tree", "a", "--parts", "b"]):
        with pytest.raises(SystemExit) as ended:
            main([*CALL, *more])
        assert ended.value.code == 2
        assert "--parts" in capsys.readouterr().err
