"""What faults do to backends, and what they leave."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from compiler.drill.backends import Backends, Endpoint
from compiler.drill.faults import KINDS, WHOLE, Fault, Kind, begin, end, health
from compiler.drill.fleet import drill_fleet
from compiler.pipeline.options import Options
from compiler.pipeline.programs import read_programs
from compiler.solver.losses import NO_LOSS, Loss

if TYPE_CHECKING:
    from compiler.drill.stub.spec import Behaviour

EXAMPLE = Path(__file__).parents[3] / "fleet-repo-example"
CLUSTER = Loss("cluster a", (("a", Fraction(0)),))
ZONE = Loss("zone one", (("a", Fraction(1, 2)),))


class Recorded(Backends):
    """Backends that are only told what to do."""

    def __init__(self, endpoints: list[Endpoint], folder: Path) -> None:
        super().__init__(endpoints, folder)
        self.told: list[str] = []

    def kill(self, cluster: str) -> None:
        self.told.append(f"kill {cluster}")

    def freeze(self, cluster: str) -> None:
        self.told.append(f"freeze {cluster}")

    def start(self, cluster: str) -> None:
        self.told.append(f"start {cluster}")

    def thaw(self, cluster: str) -> None:
        self.told.append(f"thaw {cluster}")

    def behave(self, behaviour: Behaviour, endpoints: object) -> None:
        assert hasattr(endpoints, "__iter__")
        self.told += [f"{behaviour.state} {each.port}" for each in endpoints]


@pytest.fixture
def backends(tmp_path: Path) -> Recorded:
    """Six pods of a Service in a, one in b."""
    pods = [Endpoint(address="127.0.0.1", port=n, cluster="a" if n <= 6 else "b", service="s/w") for n in range(1, 8)]
    return Recorded(pods, tmp_path)


@pytest.mark.parametrize(
    ("kind", "loss", "begun", "left"),
    [
        ("kill", CLUSTER, ["kill a"], Fraction(0)),
        ("peak", CLUSTER, ["kill a"], Fraction(0)),
        ("freeze", CLUSTER, ["freeze a"], Fraction(0)),
        ("drop", CLUSTER, [f"unreachable {n}" for n in range(1, 7)], Fraction(0)),
        ("kill", ZONE, [f"down {n}" for n in (4, 5, 6)], Fraction(1, 2)),
        ("drop", ZONE, [f"unreachable {n}" for n in (4, 5, 6)], Fraction(1, 2)),
        ("partial", CLUSTER, [f"down {n}" for n in (5, 6)], Fraction(2, 3)),
        ("slow", CLUSTER, [f"up {n}" for n in range(1, 7)], Fraction(1)),
        ("gateway", NO_LOSS, [], None),
    ],
)
def test_a_fault_hits_what_its_loss_hits_and_is_undone(
    backends: Recorded, kind: Kind, loss: Loss, begun: list[str], left: Fraction | None
) -> None:
    fault = Fault(kind, loss)
    begin(fault, backends)
    assert backends.told == begun
    assert health(fault, backends).get(("s/w", "a")) == left
    assert ("s/w", "b") not in health(fault, backends)
    backends.told.clear()
    end(fault, backends)
    undone = {"kill a": ["start a"], "freeze a": ["thaw a"]}
    assert backends.told == undone.get(begun[0] if begun else "", [f"up {each.split()[1]}" for each in begun])


def test_a_third_of_the_pods_of_the_example_dies_and_never_all(tmp_path: Path) -> None:
    """Every pod is a port of its own on this machine: they are told apart by Service, its port, and version."""
    programs = read_programs(Options(root=str(EXAMPLE)), lambda *_: None)
    local = drill_fleet(programs.traffic, programs.traffic.gateways[0], tmp_path)
    backends = Backends(local.endpoints, tmp_path)
    hit = Loss("all", tuple((cluster, Fraction(0)) for cluster in backends.clusters))
    left = health(Fault("partial", hit), backends)
    counts: Counter[tuple[str, str]] = Counter((e.service, e.cluster) for e in local.endpoints)
    assert any(part < 1 for part in left.values())
    assert all(0 < part <= 1 for part in left.values())
    assert all(part < 1 for key, part in left.items() if counts[key] >= 3 and key[0] == "shop/cart")


def test_every_fault_has_a_name_of_its_own() -> None:
    names = {Fault(kind, CLUSTER).name for kind in {*KINDS, *WHOLE}}
    assert len(names) == len({*KINDS, *WHOLE})
