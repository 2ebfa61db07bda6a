"""What has to hold for the pods of every placement; each finding stands in the layer that said it last."""

from __future__ import annotations

import pytest

from tests.unit.lower.apps import found, good, lower

BASE = "image: registry.example.com/cart:1\nplacement: {clusters: [hz-a, hz-b]}\n"
HTTP = "ports: [{name: http, port: 80}]\n"
READY = "readinessProbe: {httpGet: {port: http}}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            f"{HTTP}readinessProbe: {{httpGet: {{port: htp}}}}",
            ("unknown-port", "spec.readinessProbe.httpGet.port", "htp"),
        ),
        ("livenessProbe: {tcpSocket: {port: web}}", ("unknown-port", "spec.livenessProbe.tcpSocket.port", "web")),
        ("volumeMounts: [{name: tmp, mountPath: /tmp}]", ("unknown-volume", "spec.volumeMounts.0.name", "tmp")),
        (
            (
                "config: {data: {a: b}, mountPath: /etc/cart}\nvolumes: [{name: v, emptyDir: {}}]\n"
                "volumeMounts: [{name: v, mountPath: /etc/cart}]"
            ),
            ("duplicate-item", "spec.volumeMounts.0.mountPath", "/etc/cart"),
        ),
        (
            f"{READY}ports: [{{name: http, port: 80}}, {{name: web, port: 80, targetPort: 81}}]",
            ("duplicate-port", "spec.ports.1.port", "80"),
        ),
        ("env: [{name: A, value: a}, {name: A, value: b}]", ("duplicate-item", "spec.env.1", "A")),
        (
            "replicas: 2\nresources: {requests: {cpu: 1}}\nautoscaling: {minReplicas: 2, maxReplicas: 3}",
            ("replicas-and-autoscaling", "spec.replicas", "2"),
        ),
        (
            "resources: {requests: {cpu: 1}}\nautoscaling: {minReplicas: 3, maxReplicas: 2}",
            ("autoscaling-bounds", "spec.autoscaling.maxReplicas", "2"),
        ),
        ("autoscaling: {minReplicas: 2, maxReplicas: 3}", ("autoscaling-requests", "spec.autoscaling", "")),
        (
            (
                "resources: {requests: {cpu: 1}}\n"
                "autoscaling: {minReplicas: 2, maxReplicas: 3, targetMemoryUtilizationPercentage: 70}"
            ),
            ("autoscaling-requests", "spec.autoscaling", ""),
        ),
        (
            "preStopSeconds: 20\nterminationGracePeriodSeconds: 20",
            ("grace-too-short", "spec.terminationGracePeriodSeconds", "20"),
        ),
        (
            "resources: {requests: {memory: 1Gi}, limits: {memory: 1000Mi}}",
            ("requests-above-limits", "spec.resources.requests.memory", "1Gi"),
        ),
        (
            "config: {data: {a: b}, mountPath: /etc/cart}\nvolumes: [{name: fleetgate-config, emptyDir: {}}]",
            ("duplicate-item", "spec.volumes.0.name", "fleetgate-config"),
        ),
        (
            (
                "config: {data: {a: b}, mountPath: /etc/cart}\nvolumes: [{name: scratch, emptyDir: {}}]\n"
                "volumeMounts: [{name: scratch, mountPath: /etc/cart/}]"
            ),
            ("duplicate-item", "spec.volumeMounts.0.mountPath", "/etc/cart/"),
        ),
        (
            "resources: {requests: {nvidia.com/gpu: 1}}",
            ("requests-above-limits", "spec.resources.requests.nvidia.com/gpu", "1"),
        ),
        (
            "resources: {requests: {cpu: 1, hugepages-2Mi: 4Mi}, limits: {hugepages-2Mi: 8Mi}}",
            ("requests-above-limits", "spec.resources.requests.hugepages-2Mi", "4Mi"),
        ),
        (HTTP, ("no-readiness-probe", "spec.ports", "")),
        (
            "replicas: 2\ndisruptionBudget: {maxUnavailable: 0}",
            ("blocked-disruption", "spec.disruptionBudget.maxUnavailable", "0"),
        ),
        (
            "replicas: 2\ndisruptionBudget: {minAvailable: 2}",
            ("blocked-disruption", "spec.disruptionBudget.minAvailable", "2"),
        ),
        (
            "replicas: 2\ndisruptionBudget: {minAvailable: 100%}",
            ("blocked-disruption", "spec.disruptionBudget.minAvailable", "100%"),
        ),
        (
            "labels: {topology.istio.io/cluster: c-two}",
            ("reserved-label", "spec.labels.topology.istio.io/cluster", "topology.istio.io/cluster"),
        ),
    ],
)
def test_a_pod_that_breaks_a_rule_is_reported_at_its_place(text: str, expected: tuple[str, str, str]) -> None:
    assert found(BASE + text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        f"{HTTP}readinessProbe: {{httpGet: {{port: 8081}}}}",
        "livenessProbe: {exec: {command: [true]}}".replace("true", "'true'"),
        "resources: {limits: {cpu: 1}}\nautoscaling: {minReplicas: 2, maxReplicas: 2}",
        "resources: {requests: {cpu: 700m, memory: 0.5Gi}, limits: {cpu: 0.7, memory: 512Mi}}",
        f"{READY}ports: [{{name: http, port: 80}}, {{name: dns, port: 80, protocol: UDP}}]",
        f"{READY}ports: [{{name: http, port: 80, targetPort: 8080}}, {{name: web, port: 81, targetPort: 8080}}]",
        "replicas: 3\ndisruptionBudget: {minAvailable: 2}",
        "replicas: 0\ndisruptionBudget: {minAvailable: 1}",
        "preStopSeconds: 0\nterminationGracePeriodSeconds: 1",
        "env: [{name: A, value: a}, {name: B, value: a}]",
    ],
)
def test_a_pod_that_keeps_the_rules_is_silent(text: str) -> None:
    good(BASE + text)


def test_labels_of_the_app_may_not_be_ours_either() -> None:
    assert found(BASE, metadata="{labels: {app.kubernetes.io/name: other}}") == [
        ("reserved-label", "metadata.labels.app.kubernetes.io/name", "app.kubernetes.io/name")
    ]


def test_a_rule_that_an_override_breaks_is_reported_in_the_override() -> None:
    override = "overrides: [{where: {clusters: [hz-b]}, set: {ports: [{name: admin, port: 80}]}}]"
    text = f"{BASE}{HTTP}{READY}{override}"
    assert ("duplicate-port", "spec.overrides.0.set.ports.0.port", "80") in found(text)


def test_the_place_is_that_of_the_layer_that_said_it_last() -> None:
    layers = (
        "terminationGracePeriodSeconds: 60\nversions: [{name: next, preStopSeconds: 50}]\n"
        "overrides: [{where: {versions: [next]}, set: {terminationGracePeriodSeconds: 40}}]"
    )
    assert found(BASE + layers) == [
        ("grace-too-short", "spec.overrides.0.set.terminationGracePeriodSeconds", "40"),
    ]


def test_one_mistake_of_the_app_is_reported_once_whatever_the_overrides() -> None:
    overrides = "\n".join(
        f"- {{where: {{clusters: [{c}]}}, set: {{readinessProbe: {{httpGet: {{port: http, path: /{c}}}}}}}}}"
        for c in ("hz-a", "hz-b")
    )
    text = f"{BASE}{HTTP}{READY}livenessProbe: {{tcpSocket: {{port: web}}}}\noverrides:\n{overrides}"
    assert found(text) == [("unknown-port", "spec.livenessProbe.tcpSocket.port", "web")]


def test_what_overrides_replace_in_every_cluster_is_not_looked_at() -> None:
    everywhere = f"overrides: [{{where: {{}}, set: {{{READY.strip()}}}}}]"
    good(BASE + HTTP + everywhere)


def test_what_an_override_replaces_in_one_cluster_is_still_reported_for_the_other() -> None:
    somewhere = f"overrides: [{{where: {{clusters: [hz-b]}}, set: {{{READY.strip()}}}}}]"
    assert found(BASE + HTTP + somewhere) == [("no-readiness-probe", "spec.ports", "")]


def test_an_app_that_runs_nowhere_is_looked_at_all_the_same() -> None:
    text = BASE.replace("[hz-a, hz-b]", "[nowhere]") + HTTP
    assert [code for code, _, _ in found(text)] == ["unknown-cluster", "no-readiness-probe"]


def test_a_rule_is_not_passed_over_because_the_first_variant_changes_what_it_reads() -> None:
    overrides = (
        "overrides:\n- {where: {clusters: [hz-a]}, set: {readinessProbe: {tcpSocket: {port: http}}}}\n"
        "- {where: {clusters: [hz-b]}, set: {replicas: 2}}"
    )
    assert found(BASE + HTTP + overrides) == [("no-readiness-probe", "spec.ports", "")]


def test_the_note_names_the_other_place() -> None:
    _, (finding,) = lower(f"{BASE}resources: {{requests: {{cpu: 2}}, limits: {{cpu: 1}}}}")
    assert [note.origin.path for note in finding.notes] == [("spec", "resources", "limits", "cpu")]
