"""Patches: strategic merge as kubectl does it, JSON merge for custom resources; what a patch may not change."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from compiler import patches
from compiler.diagnostics import Diagnostics, Origin

ORIGIN = Origin("app.yaml", 0, ("patch",))

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop, labels: {a: "1", b: "2"}, finalizers: [x/one]}
spec:
  replicas: 2
  selector: {matchLabels: {app: cart}}
  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1}}
  template:
    metadata: {labels: {app: cart, extra: yes-please}}
    spec:
      hostAliases: [{ip: 10.0.0.1, hostnames: [a]}]
      tolerations: [{key: spot}]
      topologySpreadConstraints: [{topologyKey: zone, maxSkew: 1}, {topologyKey: host, maxSkew: 1}]
      containers:
      - name: cart
        image: cart:1
        args: [-a, -b]
        env: [{name: A, value: a}, {name: B, value: b}]
        ports: [{containerPort: 80, name: http}, {containerPort: 81, name: admin}]
        volumeMounts: [{mountPath: /a, name: v}, {mountPath: /b, name: v}]
      - {name: log, image: log:1}
      volumes: [{name: v, emptyDir: {}}]
"""
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: cart}
spec: {selector: {app: cart}, ports: [{port: 80, name: http}, {port: 81, name: admin}]}
"""
CUSTOM = """
apiVersion: example.com/v1
kind: Thing
metadata: {name: cart}
spec: {containers: [{name: a}, {name: b}], map: {x: 1, y: 2}}
"""


def merge(document: str, patch: str) -> tuple[dict[str, Any], list[tuple[str, str, str]]]:
    """The merged document, and (code, path in the patch, value) of what is wrong."""
    findings = Diagnostics()
    merged = patches.apply(yaml.safe_load(document), yaml.safe_load(patch), ORIGIN, findings)
    return merged, [(f.code.name, ".".join(map(str, f.origin.path[1:])), f.value) for f in findings]


def pod(patch: str) -> dict[str, Any]:
    """The pod's spec after a patch of it that is all right."""
    merged, found = merge(DEPLOYMENT, f"spec: {{template: {{spec: {patch}}}}}")
    assert found == []
    spec: dict[str, Any] = merged["spec"]["template"]["spec"]
    return spec


@pytest.mark.parametrize(
    ("patch", "field", "expected"),
    [
        ("{containers: [{name: log, image: log:2}]}", "containers", [("cart", "cart:1"), ("log", "log:2")]),
        (
            "{containers: [{name: new, image: n:1}]}",
            "containers",
            [("new", "n:1"), ("cart", "cart:1"), ("log", "log:1")],
        ),
        ("{containers: [{name: log, $patch: delete}]}", "containers", [("cart", "cart:1")]),
        ("{containers: [{$patch: replace}, {name: one, image: o:1}]}", "containers", [("one", "o:1")]),
    ],
)
def test_containers_merge_by_name(patch: str, field: str, expected: list[tuple[str, str]]) -> None:
    assert [(c["name"], c["image"]) for c in pod(patch)[field]] == expected


@pytest.mark.parametrize(
    ("patch", "path", "expected"),
    [
        ("env: [{name: B, value: c}]", ("env",), [{"name": "A", "value": "a"}, {"name": "B", "value": "c"}]),
        (
            "env: [{name: A, value: null, valueFrom: {fieldRef: {fieldPath: x}}}]",
            ("env", 0),
            {"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "x"}}},
        ),
        ("ports: [{containerPort: 81, name: web}]", ("ports", 1), {"containerPort": 81, "name": "web"}),
        ("volumeMounts: [{mountPath: /b, $patch: delete}]", ("volumeMounts",), [{"mountPath": "/a", "name": "v"}]),
        ("args: [-c]", ("args",), ["-c"]),
    ],
)
def test_lists_of_a_container_merge_by_their_keys(patch: str, path: tuple[str | int, ...], expected: Any) -> None:
    found: Any = pod(f"{{containers: [{{name: cart, {patch}}}]}}")["containers"][0]
    for step in path:
        found = found[step]
    assert found == expected


def test_lists_of_a_pod_merge_by_their_keys_and_others_are_replaced() -> None:
    spec = pod(
        "{hostAliases: [{ip: 10.0.0.1, hostnames: [b]}, {ip: 10.0.0.2, hostnames: [c]}], tolerations: [{key: gpu}],"
        " topologySpreadConstraints: [{topologyKey: host, maxSkew: 5}]}"
    )
    assert [alias["ip"] for alias in spec["hostAliases"]] == ["10.0.0.1", "10.0.0.2"]
    assert spec["hostAliases"][0]["hostnames"] == ["b"]
    assert spec["tolerations"] == [{"key": "gpu"}]
    assert [c["maxSkew"] for c in spec["topologySpreadConstraints"]] == [1, 5]


def test_ports_of_a_service_merge_by_port() -> None:
    merged, found = merge(SERVICE, "spec: {ports: [{port: 81, targetPort: 8081}]}")
    assert found == []
    assert merged["spec"]["ports"] == [{"port": 80, "name": "http"}, {"port": 81, "name": "admin", "targetPort": 8081}]


def test_null_and_delete_remove_a_key_and_replace_replaces_a_mapping() -> None:
    merged, found = merge(
        DEPLOYMENT,
        "{metadata: {labels: {a: null}}, spec: {strategy: {$patch: replace, type: Recreate}, replicas: null}}",
    )
    assert found == []
    assert merged["metadata"]["labels"] == {"b": "2"}
    assert merged["spec"]["strategy"] == {"type": "Recreate"}
    assert "replicas" not in merged["spec"]
    merged, found = merge(DEPLOYMENT, "spec: {strategy: {$patch: delete}}")
    assert found == []
    assert "strategy" not in merged["spec"]


def test_finalizers_are_added_to() -> None:
    merged, found = merge(DEPLOYMENT, "metadata: {finalizers: [x/one, x/two]}")
    assert found == []
    assert merged["metadata"]["finalizers"] == ["x/one", "x/two"]


def test_order_is_that_of_the_patch_and_new_items_come_early() -> None:
    """As kubectl has it; compared with the real one in tests/property/test_patches.py."""
    spec = pod("{containers: [{name: log}, {name: new, image: n:1}, {name: cart}]}")
    assert [c["name"] for c in spec["containers"]] == ["log", "new", "cart"]


def test_a_custom_resource_takes_a_json_merge_patch() -> None:
    merged, found = merge(CUSTOM, "spec: {containers: [{name: b, image: x}], map: {x: null, z: {a: null, b: 1}}}")
    assert found == []
    assert merged["spec"] == {"containers": [{"name": "b", "image": "x"}], "map": {"y": 2, "z": {"b": 1}}}


def test_neither_document_nor_patch_is_changed_and_the_rest_is_shared() -> None:
    document, patch = (
        yaml.safe_load(DEPLOYMENT),
        yaml.safe_load("spec: {template: {spec: {containers: [{name: log}]}}}"),
    )
    before = copy.deepcopy((document, patch))
    merged = patches.apply(document, patch, ORIGIN, Diagnostics())
    assert (document, patch) == before
    assert merged["metadata"] is document["metadata"]
    assert merged["spec"]["template"]["spec"]["containers"][0] is document["spec"]["template"]["spec"]["containers"][0]


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ("spec: {replicas: {a: 1}}", ("bad-patch", "spec.replicas", "a mapping")),
        ("spec: {template: [1]}", ("bad-patch", "spec.template", "a list")),
        (
            "spec: {template: {spec: {containers: [{image: x}]}}}",
            ("bad-patch", "spec.template.spec.containers.0", "{'image': 'x'}"),
        ),
        (
            "spec: {template: {spec: {containers: [{name: x, $patch: delete}]}}}",
            ("bad-patch", "spec.template.spec.containers.0", "name: x"),
        ),
        (
            "spec: {template: {spec: {tolerations: [{key: spot, $patch: delete}]}}}",
            ("bad-patch", "spec.template.spec.tolerations.0.$patch", "delete"),
        ),
        (
            "spec: {template: {spec: {containers: [{name: log}, {name: log}]}}}",
            ("bad-patch", "spec.template.spec.containers.1", "name: log"),
        ),
        ("spec: {strategy: {$patch: remove}}", ("bad-patch", "spec.strategy.$patch", "remove")),
        ("spec: {strategy: {$retainKeys: [type]}}", ("bad-patch", "spec.strategy.$retainKeys", "$retainKeys")),
        ("$patch: delete", ("bad-patch", "$patch", "delete")),
        ("metadata: {name: other}", ("patch-identity", "metadata.name", "metadata.name")),
        ("metadata: {namespace: null}", ("patch-identity", "metadata.namespace", "metadata.namespace")),
        ("kind: StatefulSet", ("patch-identity", "kind", "kind")),
        ("metadata: {$patch: replace, labels: {}}", ("patch-identity", "metadata", "metadata.name")),
        ("spec: {selector: {matchLabels: {tier: web}}}", ("patch-identity", "spec.selector", "spec.selector")),
        (
            "spec: {template: {metadata: {labels: {app: other}}}}",
            ("patch-identity", "spec.template.metadata.labels", "app"),
        ),
        (
            "spec: {template: {metadata: {labels: {$patch: replace, x: y}}}}",
            ("patch-identity", "spec.template.metadata.labels", "app"),
        ),
    ],
)
def test_a_patch_that_cannot_or_may_not_be_merged_changes_nothing(patch: str, expected: tuple[str, str, str]) -> None:
    merged, found = merge(DEPLOYMENT, patch)
    assert found == [expected]
    assert merged == yaml.safe_load(DEPLOYMENT)


def test_all_mistakes_of_a_patch_are_reported() -> None:
    _, found = merge(DEPLOYMENT, "spec: {replicas: [1], strategy: {$patch: x}}")
    assert [path for _, path, _ in found] == ["spec.replicas", "spec.strategy.$patch"]


@pytest.mark.parametrize(
    ("api_version", "expected"),
    [
        ("v1", True),
        ("apps/v1", True),
        ("networking.k8s.io/v1", True),
        ("gateway.networking.k8s.io/v1", False),
        ("example.com/v1", False),
    ],
)
def test_custom_resources_are_told_by_their_group(api_version: str, expected: bool) -> None:  # noqa: FBT001 - a parameter
    assert patches.is_built_in(api_version) is expected


@pytest.mark.parametrize("path", ["strategy", "template.spec.containers"])
def test_a_plain_value_cannot_stand_where_the_object_has_a_list_or_mapping(path: str) -> None:
    patch = f"spec: {{{path.replace('.', ': {')}: cart{'}' * (path.count('.') + 1)}"
    merged, found = merge(DEPLOYMENT, patch)
    assert found == [("bad-patch", f"spec.{path}", "cart")]
    assert merged == yaml.safe_load(DEPLOYMENT)
