"""Which files are read for themselves, and which are the manifests of an App."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from compiler import pipeline
from tests.small_fleet import NGINX, ingress, path, rule
from tests.trees import write_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FLEET = b"""\
apiVersion: fleetgate.dev/v1alpha1
kind: Fleet
metadata: {name: acme}
spec:
  gateways: [{name: public, ingressClassName: mse, targets: [mse]}]
  argocd: {repoURL: https://git.example.com/acme/fleet.git, project: acme}
---
apiVersion: fleetgate.dev/v1alpha1
kind: Cluster
metadata: {name: hz-a}
spec: {region: cn-hangzhou, zones: [h], argocd: {destination: {name: hz-a}}}
"""


def app(name: str, manifests: str) -> bytes:
    return f"""\
apiVersion: fleetgate.dev/v1alpha1
kind: App
metadata: {{name: {name}}}
spec: {{image: a, placement: {{clusters: [hz-a]}}, manifests: [{manifests}]}}
""".encode()


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({"cart/app.yaml": app("cart", "'**/*.yaml'")}, {"cart/app.yaml"}),
        ({"a.yaml": app("a", "b.yaml"), "b.yaml": app("b", "a.yaml")}, {"a.yaml", "b.yaml"}),
        ({"a.yaml": app("a", "fleet.yaml")}, {"fleet.yaml"}),
    ],
    ids=["itself", "each-other", "the-fleet"],
)
def test_a_glob_that_names_documents_of_fleetgate_is_a_finding_and_makes_none_of_them_vanish(
    tmp_path: Path, silent: Callable[[str, int, int], None], files: dict[str, bytes], named: set[str]
) -> None:
    write_tree(tmp_path, {"fleet.yaml": FLEET, **files})
    checked = pipeline.check(pipeline.Options(root=str(tmp_path)), silent)
    assert {(f.code.name, f.origin.file) for f in checked.findings} == {("own-kind-in-manifest", n) for n in named}
    assert checked.summary.apps == len(files)


@pytest.mark.parametrize(("targets", "told"), [("[envoy]", 0), ("[mse]", 3), ("[mse, envoy]", 3)])
def test_patterns_are_held_to_the_default_limit_of_envoy_where_the_gateway_has_it(
    tmp_path: Path, silent: Callable[[str, int, int], None], targets: str, told: int
) -> None:
    large = "[a-z]{1,60}"
    canary = {f"{NGINX}canary": "true", f"{NGINX}canary-by-header": "x", f"{NGINX}canary-by-header-pattern": large}
    ingresses = (
        ingress("path", rule(path("cart", f"/{large}")), annotations={f"{NGINX}use-regex": "true"}),
        ingress("canary", rule(path("cart", "/")), annotations=canary),
        ingress("header", rule(path("cart", "/x")), annotations={"higress.io/regex-match-header-x": large}),
    )
    fleet = FLEET.replace(b"targets: [mse]", f"targets: {targets}".encode())
    fleet = fleet.replace(b"spec:\n", b"spec:\n  dialects: [higress]\n", 1)
    write_tree(tmp_path, {"fleet.yaml": fleet, "ingress.yaml": yaml.safe_dump_all(ingresses).encode()})
    checked = pipeline.check(pipeline.Options(root=str(tmp_path)), silent)
    assert [f.code.name for f in checked.findings].count("annotation-regex-size") == told
