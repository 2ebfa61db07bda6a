"""Law: an app is lowered alike, whatever was lowered before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from compiler.diagnostics import Diagnostics, Origin
from compiler.lower import alike
from compiler.lower.workload import lower_app
from compiler.lower.world import Sourced, World
from compiler.model.app import App
from compiler.model.decode import decode
from compiler.source.documents import Document
from tests.unit.lower.apps import FakeFiles, app, world

if TYPE_CHECKING:
    from compiler.ir.workload import LoweredApp

BASE = """
image: registry.example.com/{0}:1
placement: {{clusters: [hz-a, hz-b]}}
ports: [{{name: http, port: 80}}]
readinessProbe: {{httpGet: {{path: /, port: http}}}}
"""
SPECS = {
    "plain": BASE,
    "labels": BASE + "labels: {{tier: web}}\n",
    "env": BASE + "env: [{{name: A, value: '1'}}]\n",
    "overrides": BASE
    + "overrides: [{{where: {{clusters: [hz-b]}}, set: {{replicas: 3, env: [{{name: R, value: b}}],"
    + " args: [--fast]}}}}]\n",
    "versions": BASE + "versions: [{{name: next, image: 'registry.example.com/{0}:2'}}, {{name: slow, replicas: 2}}]\n",
    "accounts": BASE
    + "versions: [{{name: next, serviceAccount: {{annotations: {{role: next}}}}}},"
    + " {{name: old, serviceAccount: {{name: there-already}}}}]\n",
    "selected": BASE.replace("{{clusters: [hz-a, hz-b]}}", "{{clusterSelector: {{matchLabels: {{env: prod}}}}}}"),
}


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alike, "_kinds", {})


def lowered(of: Sourced[App], there: World) -> tuple[LoweredApp, list[str]]:
    findings = Diagnostics()
    made = lower_app(of, there, FakeFiles({}), findings)
    return made, [finding.code.name for finding in findings.sorted()]


def places(made: LoweredApp) -> list[object]:
    """Where everything was written: origins themselves compare equal always."""
    return [made.origin.sort_key, *(service.origin.sort_key for service in made.services)]


def named(kind: str, name: str, metadata: str = "{}") -> Sourced[App]:
    """As it is decoded: equal overrides of two Apps are one object."""
    written = msgspec.json.decode(msgspec.json.encode(app(SPECS[kind].format(name), name, metadata).value))
    findings = Diagnostics()
    decoded = decode(Document(f"{name}.yaml", len(name), written), findings)
    assert isinstance(decoded, App), findings.sorted()
    return Sourced(decoded, Origin(f"{name}.yaml", len(name)))


@pytest.mark.parametrize("kind", SPECS)
def test_an_app_like_another_one_is_what_it_is_alone(kind: str) -> None:
    there = world()
    of = named(kind, "wish-list", "{labels: {team: b}, annotations: {note: second}}")
    alone = lowered(of, there)
    alike._kinds.clear()
    lowered(named(kind, "cart", "{labels: {team: a}}"), there)
    assert len(alike._kinds) == 1
    after = lowered(of, there)
    assert len(alike._kinds) == 1
    assert after == alone
    assert places(after[0]) == places(alone[0])


def test_what_an_app_says_besides_its_names_keeps_it_apart() -> None:
    there = world()
    for kind in SPECS:
        lowered(named(kind, "cart"), there)
    assert len(alike._kinds) == len(SPECS)


def test_one_and_one_point_zero_are_two_things() -> None:
    """Quantities are written as they were given."""
    there = world()
    made = [
        lowered(app(SPECS["plain"].format("cart") + f"resources: {{limits: {{cpu: {cpu}}}}}"), there)[0]
        for cpu in ("1", "1.0")
    ]
    assert [repr(each.placements[0].workload.limits) for each in made] == ["(('cpu', 1),)", "(('cpu', 1.0),)"]


def test_another_world_has_other_clusters() -> None:
    lowered(named("selected", "cart"), world())
    apart = world(next(iter(world().clusters.values())))
    assert [p.cluster for p in lowered(named("selected", "wish-list"), apart)[0].placements] == ["hz-a"]


@pytest.mark.parametrize("name", ["namespace", "1st"])
def test_a_name_that_is_wrong_is_told_of_an_app_like_others(name: str) -> None:
    there = world()
    assert lowered(named("plain", "cart"), there)[1] == []
    assert lowered(named("plain", name), there)[1] == ["app-name"]


def test_a_reserved_label_is_told_of_an_app_like_others() -> None:
    there = world()
    lowered(named("plain", "cart"), there)
    metadata = "{labels: {app.kubernetes.io/name: x}}"
    assert lowered(named("plain", "wish-list", metadata), there)[1] == ["reserved-label"]


def test_what_is_wrong_with_an_app_is_told_of_each_one_like_it() -> None:
    there = world()
    spec = BASE + "replicas: 2\nautoscaling: {{minReplicas: 2, maxReplicas: 3}}\n"
    told = [lowered(app(spec.format(name), name), there)[1] for name in ("cart", "wish-list")]
    assert told[0] == told[1] != []


@pytest.mark.parametrize(
    "more",
    [
        "overrides: [{where: {clusters: [hz-a]}, patch: {metadata: {annotations: {a: b}}}}]",
        "overrides: [{where: {clusters: [hz-a]}, set: {image: registry.example.com/cart:3}}]",
        "manifests: [extra.yaml]",
    ],
)
def test_what_belongs_to_one_app_alone_is_no_kind(more: str) -> None:
    """Patches, images of overrides and further objects may name the app that they were written for."""
    assert alike.kind_of(app(SPECS["plain"].format("cart") + more), world()) is None
