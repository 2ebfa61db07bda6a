"""Near-valid plain manifests, patches and templates never raise, and what is emitted reads back."""

from __future__ import annotations

import copy
import json
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from compiler.diagnostics import Diagnostics
from compiler.lower.workload import lower_app
from compiler.targets import kubernetes
from tests.unit.lower.apps import FakeFiles, app, world

MANIFESTS: list[dict[str, Any]] = [
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "env": [{"name": "A", "value": "a"}]}]},
            },
        },
    },
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]},
    },
    {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {"minReplicas": 2, "scaleTargetRef": {"kind": "Deployment", "name": "web"}},
    },
    {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.com"},
        "spec": {"group": "example.com", "scope": "Cluster", "names": {"kind": "Thing"}},
    },
]
PATCH: dict[str, Any] = {
    "kind": "Deployment",
    "metadata": {"name": "web", "labels": {"x": "y"}},
    "spec": {"template": {"spec": {"containers": [{"name": "web", "env": [{"name": "A", "$patch": "delete"}]}]}}},
}
JUNK = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-1, 70000),
        st.sampled_from(
            ["", "web", "v1", "apps/v1", "$patch", "delete", "replace", "topology.istio.io/cluster", "1.5"]
        ),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["name", "labels", "$patch", "port", "spec", "app", "kind"]), inner, max_size=3
        ),
    ),
    max_leaves=5,
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in plain data but the top."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, below in steps for place in ((*path, key), *paths(below, (*path, key)))]


@st.composite
def spoilt(draw: st.DrawFn, data: Any) -> Any:
    """The data with some of its values replaced by others, or taken out."""
    data = copy.deepcopy(data)
    for _ in range(draw(st.integers(0, 3))):
        places = paths(data)
        if not places:
            break
        *above, last = draw(st.sampled_from(places))
        holder = data
        for step in above:
            holder = holder[step]
        if draw(st.booleans()) and isinstance(holder, dict):
            del holder[last]
        else:
            holder[last] = draw(JUNK)
    return data


def compiled(spec: dict[str, Any], files: dict[str, str | bytes]) -> None:
    """Compile an App; what it emits, if it may, is read back."""
    findings = Diagnostics()
    lowered = lower_app(app(json.dumps(spec)), world(), FakeFiles(files), findings)
    kubernetes.check_patches(lowered, findings)
    for finding in findings.sorted():
        assert finding.why
        assert finding.fix
    if not findings.has_errors:
        for file in kubernetes.emit(lowered):
            assert len(list(yaml.safe_load_all(file.text))) == len(file.objects)


@given(spoilt(MANIFESTS), spoilt(PATCH))
def test_near_valid_manifests_and_patches_never_raise(manifests: list[Any], patch: Any) -> None:
    compiled(
        {
            "placement": {"clusters": ["hz-a", "hz-b"]},
            "manifests": ["*.yaml"],
            "overrides": [{"where": {"clusters": ["hz-b"]}, "patch": patch}],
        },
        {"apps/cart/all.yaml": yaml.safe_dump_all(manifests)},
    )


@given(st.sampled_from(["Deployment", "Service", "ServiceAccount", "PodDisruptionBudget"]), spoilt(PATCH))
def test_near_valid_patches_of_what_fleetgate_writes_never_raise(kind: str, patch: Any) -> None:
    target = {**patch, "kind": kind, "metadata": {"labels": {"x": "y"}}}
    compiled(
        {
            "image": "registry.example.com/web:1",
            "replicas": 2,
            "ports": [{"name": "http", "port": 80}],
            "readinessProbe": {"tcpSocket": {"port": "http"}},
            "placement": {"clusters": ["hz-a", "hz-b"]},
            "versions": [{"name": "next"}],
            "overrides": [{"where": {}, "patch": [target, patch]}],
        },
        {},
    )
