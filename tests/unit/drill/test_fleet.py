"""A gateway as drills run it, and a request for each of its routes."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.drill.asks import targets
from compiler.drill.fleet import DrillFleet, drill_fleet
from compiler.pipeline.options import Options
from compiler.pipeline.programs import read_programs
from compiler.trace.evaluate import trace
from compiler.trace.request import Request

EXAMPLE = Path(__file__).parents[3] / "fleet-repo-example"


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> DrillFleet:
    """The first gateway of the example."""
    programs = read_programs(Options(root=str(EXAMPLE)), lambda *_: None)
    return drill_fleet(programs.traffic, programs.traffic.gateways[0], tmp_path_factory.mktemp("drill"))


def test_what_needs_the_world_outside_is_left_out_and_told(local: DrillFleet) -> None:
    assert "TLS to clients" in local.left_out
    assert all(host.tls is None for host in local.gateway.hosts)
    assert all(route.policies.https is None for host in local.gateway.hosts for route in host.routes)


def test_every_route_of_the_example_has_a_request_that_takes_it(local: DrillFleet) -> None:
    found, missed = targets(local.gateway)
    assert missed == []
    for target in found:
        path, _, query = target.ask.path.partition("?")
        request = Request(target.ask.method, "http", target.ask.host, path, query or None, target.ask.headers)
        winner = trace(local.gateway, request).winner
        assert winner is not None
        assert winner.route is target.route
