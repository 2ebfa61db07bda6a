"""Which object a patch is for."""

from __future__ import annotations

import pytest

from tests.unit.lower.apps import found, good, lower, objects, placement

BASE = """
image: registry.example.com/cart:1
replicas: 2
ports: [{name: http, port: 80}]
readinessProbe: {tcpSocket: {port: http}}
placement: {clusters: [hz-a, hz-b]}
versions: [{name: next}]
"""
PLAIN = "placement: {clusters: [hz-a, hz-b]}\nmanifests: [k8s/*.yaml]\n"
MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart}
spec: {replicas: 1, selector: {matchLabels: {app: cart}}, template: {metadata: {labels: {app: cart}}, spec: {}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: worker}
spec: {replicas: 1, selector: {matchLabels: {app: worker}}, template: {metadata: {labels: {app: worker}}, spec: {}}}
---
apiVersion: example.com/v1
kind: Thing
metadata: {name: only}
spec: {list: [1, 2]}
"""
FILES = {"apps/cart/k8s/all.yaml": MANIFEST}


def patched(patch: str, where: str = "clusters: [hz-b]", base: str = BASE) -> str:
    return f"{base}\noverrides: [{{where: {{{where}}}, patch: {patch}}}]"


def noted(text: str) -> list[tuple[str, str, str]]:
    """(cluster, version, kind) of every patch that was given to a placement."""
    return [(p.cluster, p.workload.version, f"{n.kind} {n.name}") for p in good(text).placements for n in p.patches]


def test_a_patch_without_name_is_for_the_deployment_of_every_version() -> None:
    assert noted(patched("{spec: {paused: true}}")) == [
        ("hz-b", "", "Deployment cart"),
        ("hz-b", "next", "Deployment cart-next"),
    ]


def test_where_limits_a_patch_to_versions() -> None:
    assert noted(patched("{spec: {paused: true}}", "versions: [next]")) == [
        ("hz-a", "next", "Deployment cart-next"),
        ("hz-b", "next", "Deployment cart-next"),
    ]


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ("{kind: Service, metadata: {name: cart-next, annotations: {a: b}}}", [("hz-b", "next", "Service cart-next")]),
        ("{kind: ServiceAccount, imagePullSecrets: [{name: x}]}", [("hz-b", "", "ServiceAccount cart")]),
        (
            "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: cart, namespace: shop}, spec: {}}",
            [("hz-b", "", "PodDisruptionBudget cart")],
        ),
    ],
)
def test_a_patch_is_for_the_object_that_it_names(patch: str, expected: list[tuple[str, str, str]]) -> None:
    assert noted(patched(patch)) == expected


def test_several_patches_apply_in_order() -> None:
    lowered = good(patched("[{spec: {paused: true}}, {spec: {minReadySeconds: 5}}]", "versions: [stable]"))
    assert [p.data for p in placement(lowered, "hz-a").patches] == [
        {"spec": {"paused": True}},
        {"spec": {"minReadySeconds": 5}},
    ]


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ("{kind: StatefulSet, spec: {}}", ("patch-target", "patch", "StatefulSet")),
        ("{metadata: {name: crt}}", ("patch-target", "patch", "Deployment crt")),
        ("{apiVersion: apps/v2}", ("patch-target", "patch", "Deployment")),
        ("{metadata: {namespace: other}}", ("patch-target", "patch", "Deployment")),
        ("[{spec: {}}, {kind: ConfigMap, data: {}}]", ("patch-target", "patch.1", "ConfigMap")),
        ("{kind: 7}", ("bad-patch", "patch.kind", "7")),
        ("{metadata: cart}", ("bad-patch", "patch.metadata", "cart")),
        ("{spec: {replicas: 3}}", ("patch-scale", "patch.spec.replicas", "spec.replicas")),
        ("{kind: Service, spec: {ports: [{port: 81}]}}", ("patch-scale", "patch.spec.ports", "spec.ports")),
        (
            "{spec: {template: {metadata: {labels: {topology.istio.io/cluster: x}}}}}",
            (
                "reserved-label",
                "patch.spec.template.metadata.labels.topology.istio.io/cluster",
                "topology.istio.io/cluster",
            ),
        ),
    ],
)
def test_a_patch_that_is_for_nothing_or_takes_too_much_is_reported_once(
    patch: str, expected: tuple[str, str, str]
) -> None:
    code, path, value = expected
    assert found(patched(patch, where="")) == [(code, f"spec.overrides.0.{path}", value)]


def test_an_object_that_some_clusters_lack_is_enough() -> None:
    autoscaled = "{where: {clusters: [hz-b]}, set: {autoscaling: {minReplicas: 2, maxReplicas: 3}}}"
    patch = "{where: {}, patch: {kind: HorizontalPodAutoscaler, spec: {behavior: {}}}}"
    base = f"{BASE}resources: {{requests: {{cpu: 1}}}}\noverrides: [{autoscaled}, {patch}]"
    assert noted(base) == [
        ("hz-b", "", "HorizontalPodAutoscaler cart"),
        ("hz-b", "next", "HorizontalPodAutoscaler cart-next"),
    ]


def test_what_is_offered_is_named() -> None:
    _, (finding,) = lower(patched("{kind: Deploymnt}"))
    assert "Deployment cart, ServiceAccount cart, PodDisruptionBudget cart, Service cart" in finding.fix


def test_plain_objects_are_patched_where_the_override_applies() -> None:
    lowered = good(patched("{spec: {replicas: 4}}", base=PLAIN), FILES)
    assert [o.data["spec"].get("replicas") for o in objects(lowered, "hz-a")] == [1, 1, None]
    assert [o.data["spec"].get("replicas") for o in objects(lowered, "hz-b")] == [4, 1, None]


def test_a_plain_object_of_another_name_is_patched_by_name() -> None:
    lowered = good(patched("{metadata: {name: worker}, spec: {replicas: 4}}", base=PLAIN), FILES)
    assert [o.data["spec"].get("replicas") for o in objects(lowered, "hz-b")] == [1, 4, None]


def test_the_only_object_of_its_kind_needs_no_name() -> None:
    lowered = good(patched("{kind: Thing, spec: {list: [3]}}", base=PLAIN), FILES)
    assert objects(lowered, "hz-b")[2].data["spec"] == {"list": [3]}


def test_of_several_objects_one_has_to_be_named() -> None:
    files = {"apps/cart/k8s/all.yaml": MANIFEST.replace("name: cart}", "name: web}")}
    _, (finding,) = lower(patched("{spec: {replicas: 4}}", base=PLAIN), files)
    assert finding.code.name == "patch-target"
    assert "Deployment web, Deployment worker" in finding.fix


def test_a_patch_of_a_plain_object_that_cannot_be_merged_is_reported_once() -> None:
    assert found(patched("{metadata: {name: cart}, spec: {replicas: [1]}}", "", PLAIN), FILES) == [
        ("bad-patch", "spec.overrides.0.patch.spec.replicas", "a list")
    ]


def test_a_missing_object_is_not_reported_beside_a_manifest_that_cannot_be_read() -> None:
    files = {"apps/cart/k8s/all.yaml": "apiVersion: apps/v1\nkind: Deployment\n"}
    assert [code for code, _, _ in found(patched("{spec: {replicas: 4}}", base=PLAIN), files)] == ["bad-manifest"]
