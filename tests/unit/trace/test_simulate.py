"""Fleets before and after a loss."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import yaml

from compiler.ir.traffic import ObjectName
from compiler.pipeline.options import Options
from compiler.pipeline.programs import read_programs
from compiler.solver.losses import lose
from compiler.trace.simulate import simulate
from tests.small_fleet import app, canary, fleet, ingress, path, policy, rule, tiers, weights

if TYPE_CHECKING:
    from pathlib import Path

    from compiler.ir.traffic import Traffic
    from compiler.trace.simulate import Simulation
    from tests.small_fleet import Document

CART = ObjectName("shop", "cart")
NEXT = ObjectName("shop", "next")
WEB = ingress("web", rule(path("cart")))


def program(folder: Path, *documents: Document, survive: tuple[str, ...] = ()) -> Traffic:
    """The program of a fleet of three clusters."""
    every = [*fleet("hz-a", "hz-b", "hz-c", survive=list(survive)), *documents]
    (folder / "all.yaml").write_text(yaml.safe_dump_all(every))
    programs = read_programs(Options(root=str(folder)), lambda *_: None)
    assert not programs.has_errors, programs.compilation.findings
    return programs.traffic


def without(traffic: Traffic, cluster: str) -> Simulation:
    """The loss of one cluster."""
    return simulate(traffic, lose("cluster", cluster, traffic.clusters))


def test_shares_move_to_the_survivors_and_loads_with_them(tmp_path: Path) -> None:
    demanded = [{"name": "cart", "demand": {"requestsPerSecond": 110}}]
    cart = app("cart", "hz-a", "hz-b", "hz-c", replicas=3, capacity={"requestsPerSecond": 30})
    spread = policy("cart", weights(hz_a=70, hz_b=20, hz_c=10), targetRefs=demanded)
    found = without(program(tmp_path, cart, spread, WEB), "hz-b")
    (shift,) = found.shifts
    assert shift.before == (("hz-a", Fraction(7, 10)), ("hz-b", Fraction(1, 5)), ("hz-c", Fraction(1, 10)))
    assert shift.after == (("hz-a", Fraction(7, 8)), ("hz-c", Fraction(1, 8)))
    assert [(load.cluster, load.needed) for load in found.overloads] == [("hz-a", Fraction("96.25"))]
    assert [after is None for _, after in found.loads] == [False, True, False]
    assert not found.is_survived


def test_a_canary_that_is_gone_is_served_by_its_base(tmp_path: Path) -> None:
    documents = (
        app("cart", "hz-a", "hz-b", replicas=1),
        app("next", "hz-c", replicas=1),
        WEB,
        canary("web-next", rule(path("next")), weight="10"),
    )
    found = without(program(tmp_path, *documents), "hz-c")
    shift = next(s for s in found.shifts if s.service == NEXT)
    assert (shift.served_by, shift.via) == ((CART,), "base")
    assert shift.after == (("hz-a", Fraction(1, 2)), ("hz-b", Fraction(1, 2)))
    assert found.is_survived


def test_what_nothing_can_serve_is_a_lost_route(tmp_path: Path) -> None:
    """With `default-backend` of another Service it is not."""
    traffic = program(tmp_path, app("cart", "hz-a", replicas=1), WEB)
    found = without(traffic, "hz-a")
    assert [(route.host, route.path, route.owner.name) for route in found.lost] == [
        ("shop.example.com", "/cart (prefix)", "web")
    ]
    assert found.shifts[0].after == ()
    assert not found.breaks_promise, "nobody demanded it"


def test_a_promise_is_broken_only_where_it_was_made(tmp_path: Path) -> None:
    """Both zones together are more than was demanded; a single cluster is not lost here."""
    spread = policy("cart", tiers(["hz-a"], ["hz-b"]))
    traffic = program(tmp_path, app("cart", "hz-a", "hz-b", replicas=1), spread, WEB, survive=("Cluster",))
    assert without(traffic, "hz-a").is_survived
    region = simulate(traffic, lose("region", "hz", traffic.clusters))
    assert (region.is_survived, region.breaks_promise) == (False, False)


def test_rates_of_the_caller_replace_the_declared_ones(tmp_path: Path) -> None:
    cart = app("cart", "hz-a", "hz-b", replicas=2, capacity={"requestsPerSecond": 30})
    traffic = program(tmp_path, cart, WEB)
    found = simulate(traffic, lose("cluster", "hz-a", traffic.clusters), {CART: Fraction(60)})
    assert [(load.cluster, load.needed) for _, load in found.loads if load] == [("hz-b", Fraction(60))]
    assert found.is_survived
