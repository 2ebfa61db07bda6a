"""Drills of whole fleets in a real Envoy: what is survived, and what is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from compiler.cli import main
from tests.small_fleet import app, fleet, ingress, path, policy, rule, tiers, weights

if TYPE_CHECKING:
    from tests.small_fleet import Document

EXAMPLE = str(Path(__file__).parents[2] / "fleet-repo-example")
EASY = {"budgets": {"failed": 0, "p999": "2s", "frozen": "2s", "shift": "2s"}}
"""Times of a busy machine are no law; failures and shares are."""


def drill(capsys: pytest.CaptureFixture[str], root: str, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """Exit status and the drills as data."""
    status = main(["drill", "-C", root, "--format", "json", "--rate", "200", *arguments])
    done = capsys.readouterr()
    assert done.out, done.err
    return status, json.loads(done.out)["drills"]


def root_of(folder: Path, *documents: Document, **spec: Any) -> str:
    """A fleet of three clusters with these documents."""
    every = [*fleet("hz-a", "hz-b", "hz-c", gateway={"targets": ["envoy"]}, **{"drill": EASY, **spec}), *documents]
    (folder / "all.yaml").write_text(yaml.safe_dump_all(every))
    return str(folder)


WEB = ingress("web", rule(path("cart")))


@pytest.mark.parametrize("fault", ["kill", "partial"])
def test_a_cluster_is_lost_without_a_failed_request_and_gets_its_share_back(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, fault: str
) -> None:
    """Weighted 70/20/10; shares of the survivors as the solver says; no POST is executed twice."""
    spread = policy("cart", weights(hz_a=70, hz_b=20, hz_c=10))
    root = root_of(tmp_path, app("cart", "hz-a", "hz-b", "hz-c", replicas=3), spread, WEB)
    status, (found,) = drill(capsys, root, "--lose", "cluster=hz-a", "--fault", fault)
    assert (status, found["problems"]) == (0, [])
    assert found["numbers"]["failed"] == 0
    assert found["numbers"]["posts_twice"] == 0
    assert found["numbers"]["shares"]
    assert all(share["met"] for share in found["numbers"]["shares"])


def test_a_secondary_takes_everything_and_gives_it_back(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    spread = policy("cart", tiers(["hz-a"], ["hz-b"], ["hz-c"]))
    root = root_of(tmp_path, app("cart", "hz-a", "hz-b", "hz-c", replicas=2), spread, WEB)
    status, (found,) = drill(capsys, root, "--lose", "cluster=hz-a", "--fault", "kill")
    assert (status, found["problems"]) == (0, [])
    served = {share["cluster"]: share["seen"] for share in found["numbers"]["shares"]}
    assert served["hz-b"] > 0
    assert served.get("hz-c", 0) == 0


def test_frozen_backends_are_survived_where_a_hedge_is_declared(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    spread = policy("cart", weights(hz_a=50, hz_b=50), hedge={"delay": "100ms"})
    other = ingress("other", rule(path("plain", "/plain")))
    documents = (app("cart", "hz-a", "hz-b", replicas=2), app("plain", "hz-a", "hz-b", replicas=2), spread, WEB, other)
    status, (found,) = drill(capsys, root_of(tmp_path, *documents), "--lose", "cluster=hz-a", "--fault", "freeze")
    assert (status, found["problems"], found["numbers"]["failed"]) == (0, [], 0)
    assert found["leftOut"] == ["GET shop.example.com/plain: no hedge is declared"]


def test_a_frozen_primary_is_compared_with_a_control_without_it_and_its_posts_are_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Each GET waits for two tries of the primary; a POST is sent nowhere else, and waits for the pod that has it."""
    spread = policy("cart", tiers(["hz-a"], ["hz-b"]), hedge={"delay": "400ms"})
    budgets = {"failed": 0, "frozen": "500ms", "shift": "3s"}
    documents = (app("cart", "hz-a", "hz-b", replicas=2), spread, WEB)
    root = root_of(tmp_path, *documents, drill={"budgets": budgets})
    status, (found,) = drill(capsys, root, "--lose", "cluster=hz-a", "--fault", "freeze")
    numbers = found["numbers"]
    assert numbers["failed"] == 0
    assert numbers["control_p999"] < 400, "nothing that waited for a frozen pod"
    assert numbers["p999"] > 800
    assert numbers["posts_hung"] > 0
    assert numbers["posts_slowest"] > 1000
    assert numbers["posts_twice"] == 0
    assert status == 1
    assert "shop/cart declares hedge.delay: 400ms" in found["problems"][0]


def test_a_drill_that_must_fail_does_fail(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The Service runs in the cluster that dies, and nowhere else."""
    root = root_of(tmp_path, app("cart", "hz-a", replicas=2), WEB)
    status, (found,) = drill(capsys, root, "--lose", "cluster=hz-a", "--fault", "kill")
    assert status == 1
    assert found["numbers"]["failed"] > 100
    assert "requests failed (budget: 0, spec.drill.budgets.failed in " in found["problems"][0]
