"""Building again: whatever was edited, the outcome is that of a first build, and so are the findings."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from compiler import pipeline
from tests.trees import read_tree, write_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Progress = Callable[[str, int, int], None]

FLEET = b"""\
apiVersion: fleetgate.dev/v1alpha1
kind: Fleet
metadata: {name: acme}
spec:
  gateways: [{name: public, ingressClassName: mse, targets: [mse]}]
  argocd: {repoURL: https://git.example.com/acme/fleet.git, project: acme}
"""
CLUSTER = b"""\
apiVersion: fleetgate.dev/v1alpha1
kind: Cluster
metadata: {name: hz-a}
spec: {region: cn-hangzhou, zones: [h], argocd: {destination: {name: hz-a}}}
"""
APP = b"""\
apiVersion: fleetgate.dev/v1alpha1
kind: App
metadata: {name: %s, namespace: shop}
spec:
  image: registry.example.com/shop:1
  ports: [{name: http, port: 80}]
  readinessProbe: {tcpSocket: {port: http}}
  placement: {clusters: [hz-a]}
"""
INGRESS = b"""\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: cart, namespace: shop}
spec:
  ingressClassName: mse
  rules: [{host: cart.example.com, http: {paths: [{path: /, backend: {service: {name: cart, port: {number: 80}}}}]}}]
"""
CONFIG = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\ndata: {a: b}\n"
SERVICE = b"""\
apiVersion: v1
kind: Service
metadata: {name: legacy, namespace: shop, annotations: {fleetgate.dev/clusters: hz-a}}
spec: {ports: [{port: 80}]}
"""
CART = APP % b"cart"
ROOT = {
    "fleet.yaml": FLEET,
    "clusters/hz-a.yaml": CLUSTER,
    "cart/app.yaml": CART,
    "cart/ingress.yaml": INGRESS,
    "other/app.yaml": APP % b"other",
}


class Fleet:
    """A root that is built again and again, and what a first build of it would be."""

    def __init__(self, folder: Path, silent: Progress) -> None:
        self.root = folder / "root"
        self.output = folder / "long-lived"
        self._folder = folder
        self._silent = silent
        self._number = 0

    def edit(self, files: dict[str, bytes | None]) -> None:
        """Write these files; None removes one."""
        write_tree(self.root, {path: content for path, content in files.items() if content is not None})
        for path, content in files.items():
            if content is None:
                (self.root / path).unlink()

    def build(self) -> pipeline.Built:
        """Build into the same folder as before; it must be as if there had been no build before."""
        self._number += 1
        built = self._build(self.output.name)
        (self.root / ".fleetgate").rename(self._folder / "cache")
        fresh = self._build(f"fresh-{self._number}")
        (self._folder / "cache").rename(self._replaced(self.root / ".fleetgate"))
        assert (built.findings, built.summary) == (fresh.findings, fresh.summary)
        if not _has_errors(fresh):
            assert read_tree(self.output) == read_tree(self._folder / f"fresh-{self._number}")
        return built

    def _build(self, output: str) -> pipeline.Built:
        return pipeline.build(pipeline.Options(root=str(self.root)), str(self._folder / output), progress=self._silent)

    def _replaced(self, cache: Path) -> Path:
        """The place of a cache, which a build may have put there again."""
        if cache.exists():
            cache.rename(self._folder / f"unused-{self._number}")
        return cache


def _has_errors(built: pipeline.Built) -> bool:
    return any(finding.code.severity == "error" for finding in built.findings)


@pytest.fixture
def fleet(tmp_path: Path, silent: Progress) -> Fleet:
    """A fleet of two apps, built once."""
    made = Fleet(tmp_path, silent)
    made.edit(dict(ROOT))
    assert not _has_errors(made.build())
    return made


CLAIMING = CART.replace(b"spec:", b"spec:\n  manifests: [k8s/*.yaml]")
TEMPLATED = CART.replace(b"spec:", b"spec:\n  templates: [extra.j2]")


@pytest.mark.parametrize(
    "edits",
    [
        pytest.param([{"cart/k8s/extra.yaml": CONFIG}, {"cart/app.yaml": CLAIMING}], id="claimed-later"),
        pytest.param(
            [{"cart/app.yaml": CLAIMING, "cart/k8s/extra.yaml": CONFIG}, {"cart/app.yaml": CART}], id="claimed-no-more"
        ),
        pytest.param([{"cart/k8s/legacy.yaml": SERVICE}, {"cart/app.yaml": CLAIMING}], id="service-claimed-later"),
        pytest.param(
            [{"cart/app.yaml": TEMPLATED, "cart/extra.j2": CONFIG}, {"cart/app.yaml": CART}], id="template-no-more"
        ),
        pytest.param([{"cart/extra.j2": CONFIG}, {"cart/app.yaml": TEMPLATED}], id="template-later"),
        pytest.param(
            [
                {"cart/app.yaml": CLAIMING, "cart/k8s/legacy.yaml": SERVICE},
                {"cart/app.yaml": CLAIMING + b"# edited\n"},
                {"legacy.yaml": SERVICE},
            ],
            id="object-of-a-manifest-defined-again",
        ),
        pytest.param([{"other/fleet.yaml": FLEET}], id="nested-root-comes"),
        pytest.param([{"other/fleet.yaml": FLEET}, {"other/fleet.yaml": None}], id="nested-root-goes"),
        pytest.param([{"other/fleet.yaml": FLEET}, {".fleetgateignore": b"other/\n"}], id="nested-root-is-ignored"),
        pytest.param(
            [{"other/fleet.yaml": FLEET}, {"other/fleet.yaml": b"# moved\n" + FLEET}, {"other/app.yaml": CART}],
            id="nested-root-is-edited",
        ),
        pytest.param(
            [
                {"fleet.yaml": FLEET + b"---\n" + CART, "cart/app.yaml": None},
                {"other/app.yaml": APP.replace(b"shop:1", b"shop:2") % b"other"},
                {"cart/ingress.yaml": INGRESS.replace(b"cart.example.com", b"shop.example.com")},
            ],
            id="app-beside-the-fleet",
        ),
    ],
)
def test_a_build_after_edits_is_a_first_build(fleet: Fleet, edits: list[dict[str, bytes | None]]) -> None:
    for edit in edits:
        fleet.edit(edit)
        fleet.build()


def _nested(built: pipeline.Built) -> list[tuple[str, str]]:
    return [(f.value, f.why.rpartition(" ")[2]) for f in built.findings if f.code.name == "nested-root"]


def test_a_nested_root_is_told_once_and_again_after_an_edit_elsewhere(fleet: Fleet) -> None:
    inner = {f"other/{path}": FLEET for path in ("fleet.yaml", "second.yaml", "deeper/fleet.yaml")}
    fleet.edit(dict(inner))
    assert _nested(fleet.build()) == [("other/", "acme")]
    for edit in ({"cart/app.yaml": CART + b"# edited\n"}, {}):
        fleet.edit(dict(edit))
        assert _nested(fleet.build()) == [("other/", "acme")]


@pytest.mark.parametrize("verify", [False, True])
def test_a_fleet_that_is_renamed_needs_its_old_tree_deleted(fleet: Fleet, silent: Progress, *, verify: bool) -> None:
    fleet.edit({"fleet.yaml": FLEET.replace(b"name: acme}", b"name: renamed}"), "other/fleet.yaml": FLEET})
    before = read_tree(fleet.output)
    refused = pipeline.build(pipeline.Options(root=str(fleet.root)), str(fleet.output), verify=verify, progress=silent)
    assert [f.code.name for f in refused.findings if f.code.severity == "error"] == ["output-of-another-fleet"]
    assert read_tree(fleet.output) == before
    shutil.rmtree(fleet.output)
    assert _nested(fleet.build()) == [("other/", "renamed")]


def test_a_nested_root_that_is_ignored_is_meant(fleet: Fleet) -> None:
    fleet.edit({"other/fleet.yaml": FLEET, ".fleetgateignore": b"other/\n"})
    assert _nested(fleet.build()) == []


def test_without_a_fleet_around_it_a_nested_root_is_told_all_the_same(fleet: Fleet) -> None:
    fleet.edit({"other/fleet.yaml": FLEET, "fleet.yaml": CLUSTER})
    assert _nested(fleet.build()) == [("other/", "root")]


def test_a_fleet_of_another_api_group_makes_no_root(fleet: Fleet) -> None:
    agones = b"apiVersion: agones.dev/v1\nkind: Fleet\nmetadata: {name: servers, namespace: shop}\n"
    fleet.edit({"cart/app.yaml": CLAIMING, "cart/k8s/servers.yaml": agones})
    built = fleet.build()
    assert _nested(built) == []
    assert not _has_errors(built)
    assert b"agones.dev/v1" in (fleet.output / "clusters/hz-a/shop/cart.yaml").read_bytes()


@pytest.mark.parametrize("after_an_edit", [False, True])
def test_what_cannot_be_listed_is_told_whatever_is_remembered(fleet: Fleet, *, after_an_edit: bool) -> None:
    (fleet.root / "cart" / "linked.yaml").symlink_to("/etc/hostname")
    os.mkfifo(fleet.root / "other" / "pipe.yaml")
    if after_an_edit:
        fleet.edit({"cart/app.yaml": CART + b"# edited\n"})
    assert [finding.code.name for finding in fleet.build().findings if finding.code.severity == "error"] == [
        "symbolic-link",
        "special-file",
    ]


@pytest.mark.parametrize("field", ["manifests", "templates"])
def test_a_file_that_an_app_names_and_that_cannot_be_read_is_a_finding(fleet: Fleet, field: str) -> None:
    fleet.edit(
        {
            "cart/app.yaml": CART.replace(b"spec:", f"spec:\n  {field}: [big.yaml]".encode()),
            "cart/big.yaml": b"#" * (1 << 21),
        }
    )
    assert [(f.code.name, f.origin.file) for f in fleet.build().findings if f.code.severity == "error"] == [
        ("file-too-large", "cart/big.yaml")
    ]
