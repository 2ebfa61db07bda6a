"""The pages for people, in a real browser: light and dark, on a telephone and on a wide screen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
import yaml

from compiler.cli.simulate.page import render_page
from compiler.drill.page import render
from compiler.pipeline.options import Options
from compiler.pipeline.programs import read_programs
from compiler.solver.losses import single_losses, together
from compiler.trace.simulate import simulate
from tests.browser.browser import faults
from tests.small_fleet import app, fleet, ingress, path, policy, rule, weights

if TYPE_CHECKING:
    from compiler.ir.traffic import Traffic
    from compiler.solver.losses import Loss

EXAMPLE = Path(__file__).parents[2] / "fleet-repo-example"
WIDTHS = (400, 1280)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def example() -> Traffic:
    """The program of the example."""
    return read_programs(Options(root=str(EXAMPLE)), lambda *_: None).traffic


def large(folder: Path) -> Traffic:
    """Twelve clusters with long names, a file with a name that is HTML, and more than they can carry."""
    names = [f"hangzhou-production-{i:02d}-with-quite-a-long-name" for i in range(12)]
    long = "recommendations-for-returning-customers"
    cart = app(long, *names, replicas=2, capacity={"requestsPerSecond": 10})
    demand = [{"name": long, "demand": {"requestsPerSecond": 235}}]
    spread = policy(long, weights(**{name.replace("-", "_"): 1 for name in names}), targetRefs=demand)
    web = ingress("web", rule(path(long)))
    documents = [*fleet(*names, survive=["Cluster"]), cart, spread]
    (folder / "all.yaml").write_text(yaml.safe_dump_all(documents))
    (folder / "<img src=x onerror=alert(1)>.yaml").write_text(yaml.safe_dump(web))
    return read_programs(Options(root=str(folder)), lambda *_: None).traffic


def simulated(traffic: Traffic, losses: tuple[Loss, ...]) -> str:
    """The page of some losses."""
    return render_page("acme", traffic, [simulate(traffic, loss) for loss in losses], "fleetgate simulate")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_loss_of_the_example_can_be_read(scheme: Literal["light", "dark"], tmp_path: Path) -> None:
    traffic = example()
    losses = single_losses(traffic.clusters, ("cluster", "zone", "region"))
    assert faults(simulated(traffic, losses), scheme, WIDTHS, tmp_path) == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("lost", [1, 12])
def test_many_clusters_with_long_names_can_be_read(lost: int, scheme: Literal["light", "dark"], tmp_path: Path) -> None:
    """One lost, with overloads; and all lost. A name that is HTML stays a name."""
    root = tmp_path / "root"
    root.mkdir()
    traffic = large(root)
    loss = together([("cluster", cluster.name) for cluster in traffic.clusters[:lost]], traffic.clusters)
    page = simulated(traffic, (loss,))
    assert ("&lt;img src=x" in page) is (lost == 12)
    assert "<img" not in page
    assert faults(page, scheme, WIDTHS, tmp_path) == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_preview_can_be_read(scheme: Literal["light", "dark"], tmp_path: Path) -> None:
    """Also after it has ended, which its page finds out by itself."""
    traffic = example()
    clusters = [cluster.name for cluster in traffic.clusters]
    gateways = [
        (gateway, {listener.name: ("127.0.0.1", 40_000 + listener.port) for listener in gateway.listeners})
        for gateway in traffic.gateways
    ]
    counts = {str(each.name): {m.cluster: 12_345 for m in each.members} for each in traffic.services}
    assert faults(render("acme", clusters, gateways, counts), scheme, WIDTHS, tmp_path) == []
