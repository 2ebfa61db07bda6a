"""The benchmark measures what it says: one fleet for every tool and run, whole process trees, kept bounds."""

from __future__ import annotations

import json
import math
import resource
import sys
from typing import TYPE_CHECKING

import jinja2
import msgspec
import pytest
import yaml

from compiler.cli.run import run
from compiler.model.kinds import KINDS
from tests.benchmarks import envoys, fleet, kapitan
from tests.benchmarks.measure import Cost, measure
from tests.benchmarks.run import Sizes, rows
from tests.benchmarks.table import Row, table

if TYPE_CHECKING:
    from pathlib import Path

APPS, CLUSTERS = 23, 4


def contents(root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): path.read_text("utf-8") for path in root.rglob("*") if path.is_file()}


def test_fleet_is_the_same_every_time(tmp_path: Path) -> None:
    fleet.write_fleet(tmp_path / "one", APPS, CLUSTERS)
    fleet.write_fleet(tmp_path / "two", APPS, CLUSTERS)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_fleet_has_an_app_and_an_ingress_each_and_a_canary_for_every_tenth(tmp_path: Path) -> None:
    fleet.write_fleet(tmp_path, APPS, CLUSTERS)
    kinds = [yaml.safe_load(text)["kind"] for text in contents(tmp_path).values()]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "Fleet": 1,
        "Cluster": CLUSTERS,
        "App": APPS,
        "Ingress": APPS + 3,
    }


def test_fleet_is_made_of_what_people_may_write(tmp_path: Path) -> None:
    fleet.write_fleet(tmp_path, APPS, CLUSTERS)
    kinds = {(api_version, kind): struct for api_version, kind, struct in KINDS}
    for text in contents(tmp_path).values():
        document = yaml.safe_load(text)
        msgspec.convert(document, kinds[document["apiVersion"], document["kind"]])  # raises where it is not


def test_without_annotations_no_ingress_has_any_and_the_apps_are_the_same(tmp_path: Path) -> None:
    fleet.write_fleet(tmp_path / "with", APPS, CLUSTERS)
    fleet.write_fleet(tmp_path / "without", APPS, CLUSTERS, annotations=False)
    with_them, without = contents(tmp_path / "with"), contents(tmp_path / "without")
    assert not any("annotations:" in text for text in without.values())
    assert {path for path in with_them if "annotations:" in with_them[path]} >= with_them.keys() - without.keys()
    assert all(with_them[path] == text for path, text in without.items() if not path.endswith("ingress.yaml"))


def test_every_ordinary_ingress_carries_eight_annotations_with_which_nothing_is_wrong(tmp_path: Path) -> None:
    fleet.write_fleet(tmp_path, APPS, CLUSTERS)
    for path in tmp_path.glob("apps/*/ingress.yaml"):
        assert len(yaml.safe_load(path.read_text())["metadata"]["annotations"]) == 8
    assert run(("check", "-C", str(tmp_path), "--strict")) == 0


def test_kapitan_compiles_the_same_apps(tmp_path: Path) -> None:
    fleet.write_fleet(tmp_path / "fleet", APPS, CLUSTERS)
    kapitan.write_kapitan(tmp_path / "kapitan", APPS, CLUSTERS)
    template = jinja2.Environment(autoescape=False).from_string(kapitan.TEMPLATE)  # YAML, not HTML
    for number in range(APPS):
        app = yaml.safe_load((tmp_path / "fleet/apps" / fleet.app_name(number) / "app.yaml").read_text())
        parameters = yaml.safe_load(
            (tmp_path / f"kapitan/inventory/classes/apps/{fleet.app_name(number)}.yml").read_text()
        )["parameters"]
        for override in app["spec"]["overrides"]:
            (cluster,) = override["where"]["clusters"]
            inventory = {"parameters": {**parameters, "cluster": cluster}}
            deployment, service = (
                each for each in yaml.safe_load_all(template.render(inventory=inventory)) if each is not None
            )
            (container,) = deployment["spec"]["template"]["spec"]["containers"]
            assert deployment["metadata"]["name"] == service["metadata"]["name"] == app["metadata"]["name"]
            assert deployment["metadata"]["namespace"] == app["metadata"]["namespace"]
            assert deployment["spec"]["replicas"] == override["set"]["replicas"]
            assert container["env"] == override["set"]["env"]
            assert container["image"] == app["spec"]["image"]
            assert container["resources"] == app["spec"]["resources"]
            assert container["readinessProbe"] == app["spec"]["readinessProbe"]


def test_cost_counts_the_children_of_a_command(tmp_path: Path) -> None:
    work = f"{sys.executable} -I -c 'bytearray(10**8); sum(range(5 * 10**6))'"
    alone = measure([sys.executable, "-I", "-c", "pass"], tmp_path)
    tree = measure(["sh", "-c", f"{work} & {work} & wait"], tmp_path)
    assert tree.cpu > 2 * alone.cpu
    # the kernel counts what a child was forked from: a test runner may have grown larger than either command
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert alone.peak < max(80, own + 10)
    assert 100 < tree.peak < max(180, own + 10)


def test_failed_command_is_never_taken_for_a_fast_one(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"exit 3\nno such fleet"):
        measure(["sh", "-c", "echo no such fleet; exit 3"], tmp_path)


def costs(**cpu: float) -> dict[str, list[Cost]]:
    """Those of one round."""
    names = {"cp": "cp -r", "plain": "check without annotations", "version": "--version", "diverse": "no two alike"}
    return {names.get(name, name): [Cost(seconds, 40.0)] for name, seconds in cpu.items()}


def test_rows_compare_what_they_name() -> None:
    small = costs(cold=1.0, cp=0.5, unchanged=0.1, edited=0.2, diverse=1.5, kapitan=6.0, check=0.6, plain=0.4)
    large = costs(cold=10.0, cp=5.0, unchanged=1.0, edited=0.5)
    start = costs(python=0.02, version=0.05, example=0.12)
    found = [(row.what, row.unit, row.value) for row in rows(Sizes(1000, 10000), small, large, start)]
    expected = [
        ("cold build, 1000 apps", "x kapitan", 1 / 6),
        ("cold build, 1000 apps", "x cp -r", 2.0),
        ("cold build, 1000 apps, no two alike", "x kapitan", 1 / 4),
        ("cold build, growth to 10000 apps", "exponent", 1.0),
        ("nothing changed, 1000 apps", "x cp -r", 0.2),
        ("nothing changed, 10000 apps", "x cp -r", 0.2),
        ("one app edited, 1000 apps", "x cp -r", 0.4),
        ("one app edited, 10000 apps", "x cp -r", 0.1),
        ("peak memory, 1000 apps", "MB", 40.0),
        ("peak memory, 10000 apps", "MB", 40.0),
        ("fleetgate --version", "ms above python", 30.0),
        ("build of fleet-repo-example", "ms above python", 100.0),
        ("check, 1000 apps", "x cp -r", 1.2),
        ("check, 1000 apps, 8 annotations each", "x check without annotations", 1.5),
    ]
    assert [(what, unit) for what, unit, _ in found] == [(what, unit) for what, unit, _ in expected]
    for (_, _, value), (what, _, wanted) in zip(found, expected, strict=True):
        assert math.isclose(value, wanted), what


def test_a_ratio_is_that_of_most_rounds_each_within_its_own() -> None:
    """In the second round the machine is slow for one command alone: neither median is of the same round."""
    names = ("cold", "cp -r", "unchanged", "edited", "no two alike", "kapitan", "check", "check without annotations")
    small = {name: [Cost(1.0, 40.0), Cost(2.0, 40.0), Cost(3.0, 40.0)] for name in names}
    small["cp -r"][1] = Cost(8.0, 40.0)
    one = costs(cold=10.0, cp=5.0, unchanged=1.0, edited=0.5, python=0.02, version=0.05, example=0.12)
    found = {row.what: row.value for row in rows(Sizes(1000, 10000), small, one, one)}
    assert found["nothing changed, 1000 apps"] == 1.0


def test_table_says_which_bound_is_missed() -> None:
    kept, missed = Row("a", 1.0, "x cp -r", 1.0, 0.5), Row("b", 1.1, "x cp -r", 1.0, 0.5)
    assert (kept.holds, missed.holds) == (True, False)
    _, _, first, second = table([kept, missed]).splitlines()
    assert "| ok |" in first
    assert "| **missed** |" in second


def test_a_gateway_is_made_of_good_documents_and_has_every_endpoint(tmp_path: Path) -> None:
    envoys.write_gateway(tmp_path / "root", 70)
    assert run(("build", "-C", str(tmp_path / "root"), "-o", str(tmp_path / "out"), "--strict")) == 0
    bootstrap = json.loads((tmp_path / "out/gateways/public/envoy/bootstrap.json").read_text())
    pools = [c for c in bootstrap["static_resources"]["clusters"] if c["name"].endswith("/pool")]
    assert len(pools) == 70
    for pool in pools:
        places = pool["load_assignment"]["endpoints"]
        assert [len(place["lb_endpoints"]) for place in places] == [envoys.PODS] * envoys.CLUSTERS
    every = {json.dumps(e) for p in pools for place in p["load_assignment"]["endpoints"] for e in place["lb_endpoints"]}
    assert len(every) == 70 * envoys.PODS * envoys.CLUSTERS


def test_rows_of_a_gateway_hold_the_bounds_and_linear_growth() -> None:
    small = envoys.EnvoyCost(compiling=0.5, size=2.0, start=1.0, memory=120.0)
    linear = envoys.EnvoyCost(*(4 * each for each in small))
    assert all(row.holds for row in envoys.rows(small, linear))
    for worse in (
        linear._replace(compiling=2.4),
        linear._replace(size=10.0),
        linear._replace(start=11.0),
        linear._replace(memory=601.0),
    ):
        missed = [row.what for row in envoys.rows(small, worse) if not row.holds]
        assert missed, worse
