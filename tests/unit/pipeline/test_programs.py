"""The cells of a root, put together again."""

from __future__ import annotations

import itertools
from pathlib import Path

from compiler.diagnostics import Origin
from compiler.ir.traffic import Gateway, ObjectName, Service, ServicePort, Traffic, VirtualHost
from compiler.pipeline.options import Options
from compiler.pipeline.programs import merged, read_programs

EXAMPLE = Path(__file__).parents[3] / "fleet-repo-example"


def part(*hosts: str) -> Traffic:
    """A part of a program: a gateway with these hosts, and a Service named like the first one."""
    service = Service(ObjectName("shop", hosts[0]), (ServicePort("http", 80),), (), Origin(""))
    gateway = Gateway("public", "hz", (), (), tuple(VirtualHost(host, ()) for host in hosts))
    return Traffic((gateway,), (), (service,))


def test_hosts_stand_in_the_order_in_which_they_are_tried_whatever_the_cells() -> None:
    parts = [part("*", "b.example.com"), part("*.example.com"), part("*.shop.example.com", "a.example.com")]
    results = {tuple(host.host for host in merged(order).gateways[0].hosts) for order in itertools.permutations(parts)}
    assert results == {("a.example.com", "b.example.com", "*.shop.example.com", "*.example.com", "*")}


def test_every_app_and_host_of_a_root_is_there_once() -> None:
    programs = read_programs(Options(root=str(EXAMPLE)), lambda *_: None)
    assert not programs.has_errors
    names = [app.name for app in programs.apps]
    assert names == sorted(set(names))
    assert len(names) == programs.compilation.summary.apps
    hosts = {gateway.name: len(gateway.hosts) for gateway in programs.traffic.gateways}
    assert hosts == {gateway.name: gateway.hosts for gateway in programs.compilation.summary.gateways}
    assert [demand.service.name for demand in programs.traffic.demands] == ["cart"]
