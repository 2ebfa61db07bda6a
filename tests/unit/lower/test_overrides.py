"""How versions and overrides change an app, and which placements an override is for."""

from __future__ import annotations

import pytest

from compiler.ir.workload import Variable
from tests.unit.lower.apps import found, good, lower, placement

BASE = """
image: registry.example.com/cart:1
replicas: 3
env: [{name: LEVEL, value: info}, {name: ZONE, value: none}]
ports: [{name: http, port: 80, targetPort: 8080}, {name: admin, port: 9000}]
readinessProbe: {httpGet: {path: /healthz, port: http}}
resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 256Mi}}
labels: {team: shop}
nodeSelector: {disk: ssd}
config: {data: {a: "1", b: "2"}, mountPath: /etc/cart}
volumes: [{name: tmp, emptyDir: {}}, {name: cache, emptyDir: {}}]
volumeMounts: [{name: tmp, mountPath: /tmp}, {name: cache, mountPath: /cache}]
imagePullSecrets: [{name: registry}]
tolerations: [{key: spot, operator: Exists}]
placement: {clusterSelector: {matchLabels: {env: prod}}}
"""


def override(text: str, where: str = "clusters: [hz-b]") -> str:
    return f"{BASE}\noverrides: [{{where: {{{where}}}, set: {{{text}}}}}]"


def test_placements_without_overrides_share_one_workload() -> None:
    lowered = good(BASE)
    assert placement(lowered, "hz-a").workload is placement(lowered, "hz-b").workload


def test_placements_under_the_same_overrides_share_one_workload() -> None:
    lowered = good(override("env: [{name: LEVEL, value: debug}]", where=""))
    assert placement(lowered, "hz-a").workload is placement(lowered, "hz-b").workload


def test_parts_that_an_override_does_not_reach_stay_the_same_nodes() -> None:
    lowered = good(override("env: [{name: ZONE, value: b}]"))
    a, b = placement(lowered, "hz-a"), placement(lowered, "hz-b")
    assert a.workload is b.workload
    assert a.env[0] is b.env[0]
    other = good(override("image: registry.example.com/cart:2"))
    a, b = placement(other, "hz-a"), placement(other, "hz-b")
    assert a.workload is not b.workload
    assert a.workload.ports is b.workload.ports
    assert a.workload.readiness is b.workload.readiness


def test_replicas_of_one_cluster_leave_the_workload_shared() -> None:
    lowered = good(override("replicas: 5"))
    assert [p.replicas for p in lowered.placements] == [3, 5]
    assert placement(lowered, "hz-a").workload is placement(lowered, "hz-b").workload


def test_env_is_merged_by_name_in_the_place_of_the_old_entry() -> None:
    there = placement(good(override("env: [{name: NEW, value: x}, {name: LEVEL, value: debug}]")), "hz-b")
    assert there.env == (Variable("LEVEL", "debug"), Variable("ZONE", "none"), Variable("NEW", "x"))


def test_an_entry_of_the_same_name_is_replaced_as_a_whole() -> None:
    workload = placement(good(override("ports: [{name: admin, port: 9000, targetPort: 9001}]")), "hz-b").workload
    assert [(p.name, p.number, p.target) for p in workload.ports] == [("http", 80, 8080), ("admin", 9000, 9001)]


def test_volumes_merge_by_name_and_mounts_by_path() -> None:
    text = "volumes: [{name: cache, emptyDir: {medium: Memory}}], volumeMounts: [{name: tmp, mountPath: /cache}]"
    workload = placement(good(override(text)), "hz-b").workload
    assert [(v.name, v.in_memory) for v in workload.volumes] == [("tmp", False), ("cache", True)]
    assert [(m.path, m.volume) for m in workload.mounts] == [("/tmp", "tmp"), ("/cache", "tmp")]


def test_pull_secrets_merge_by_name() -> None:
    assert placement(good(override("imagePullSecrets: [{name: other}]")), "hz-b").workload.pull_secrets == (
        "registry",
        "other",
    )


def test_mappings_merge_by_key() -> None:
    text = "labels: {tier: web}, nodeSelector: {disk: hdd}, resources: {limits: {cpu: 1}}, config: {data: {b: '3'}}"
    workload = placement(good(override(text)), "hz-b").workload
    assert workload.labels == (("team", "shop"), ("tier", "web"))
    assert workload.node_labels == (("disk", "hdd"),)
    assert workload.requests == (("cpu", "100m"), ("memory", "128Mi"))
    assert workload.limits == (("cpu", 1), ("memory", "256Mi"))
    assert workload.config is not None
    assert workload.config.data == (("a", "1"), ("b", "3"))
    assert workload.config.mount_path == "/etc/cart"


def test_other_lists_and_probes_are_replaced() -> None:
    text = "tolerations: [{key: gpu, operator: Exists}], readinessProbe: {tcpSocket: {port: admin}}, args: [-v]"
    workload = placement(good(override(text)), "hz-b").workload
    assert [t.key for t in workload.tolerations] == ["gpu"]
    assert workload.readiness is not None
    assert (workload.readiness.kind, workload.readiness.port) == ("tcp", 9000)
    assert workload.args == ("-v",)


def test_a_probe_by_name_follows_its_port_when_only_the_port_changes() -> None:
    workload = placement(good(override("ports: [{name: http, port: 80, targetPort: 9090}]")), "hz-b").workload
    assert workload.readiness is not None
    assert workload.readiness.port == 9090


def test_overrides_apply_in_order() -> None:
    lowered = good(
        f"{BASE}\noverrides:\n- {{where: {{}}, set: {{replicas: 4}}}}\n"
        "- {where: {clusterSelector: {matchLabels: {env: prod}}}, set: {replicas: 6}}\n"
        "- {where: {clusters: [hz-b]}, set: {replicas: 7}}"
    )
    assert [p.replicas for p in lowered.placements] == [6, 7]


@pytest.mark.parametrize(
    ("where", "meant"),
    [
        ("", ["hz-a/", "hz-a/next", "hz-b/", "hz-b/next"]),
        ("versions: [stable]", ["hz-a/", "hz-b/"]),
        ("versions: [next], clusters: [hz-b]", ["hz-b/next"]),
        ("clusters: [hz-a], clusterSelector: {matchLabels: {env: prod}}", ["hz-a/", "hz-a/next"]),
    ],
)
def test_all_conditions_of_where_hold(where: str, meant: list[str]) -> None:
    lowered = good(f"{override('replicas: 9', where)}\nversions: [{{name: next}}]")
    assert [f"{p.cluster}/{p.workload.version}" for p in lowered.placements if p.replicas == 9] == meant


def test_a_version_has_everything_of_the_app_except_what_it_sets() -> None:
    lowered = good(
        f"{BASE}\nversions: [{{name: next, image: registry.example.com/cart:2, env: [{{name: A, value: b}}]}}]"
    )
    stable, version = placement(lowered, "hz-a").workload, placement(lowered, "hz-a", "next").workload
    assert version.image == "registry.example.com/cart:2"
    assert [v.name for v in placement(lowered, "hz-a", "next").env] == ["LEVEL", "ZONE", "A"]
    assert version.ports == stable.ports
    assert placement(lowered, "hz-a", "next").replicas == 3


def test_a_version_may_run_in_fewer_clusters() -> None:
    lowered = good(f"{BASE}\nversions: [{{name: next, placement: {{clusters: [hz-b]}}}}]")
    assert [(p.cluster, p.workload.version) for p in lowered.placements] == [
        ("hz-a", ""),
        ("hz-b", ""),
        ("hz-b", "next"),
    ]


def test_replicas_of_a_later_layer_replace_autoscaling_and_the_other_way_round() -> None:
    lowered = good(
        f"{BASE}\nversions: [{{name: next, autoscaling: {{minReplicas: 2, maxReplicas: 4}}}}]\n"
        "overrides: [{where: {clusters: [hz-b]}, set: {replicas: 8}}]"
    )
    assert placement(lowered, "hz-a", "next").autoscaling is not None
    assert placement(lowered, "hz-a", "next").replicas is None
    assert placement(lowered, "hz-b", "next").autoscaling is None
    assert placement(lowered, "hz-b", "next").replicas == 8


def test_an_unknown_version_is_reported_with_the_nearest_name() -> None:
    _, (finding,) = lower(f"{override('replicas: 9', 'versions: [nxt]')}\nversions: [{{name: next}}]")
    assert (finding.code.name, finding.value, finding.fix) == ("unknown-version", "nxt", "did you mean next?")


@pytest.mark.parametrize(
    ("where", "place", "value"),
    [
        ("clusters: [sh-a]", "spec.overrides.0.where.clusters", "sh-a"),
        ("clusterSelector: {matchLabels: {env: stage}}", "spec.overrides.0.where.clusterSelector", ""),
        ("clusters: [hz-a, sh-a]", "spec.overrides.0.where.clusters.1", "sh-a"),
    ],
)
def test_what_an_override_names_for_nothing_is_reported(where: str, place: str, value: str) -> None:
    assert found(override("replicas: 9", where)) == [("override-unused", place, value)]


def test_an_unknown_cluster_is_not_reported_as_unused_too() -> None:
    assert found(override("replicas: 9", "clusters: [hz-c]")) == [
        ("unknown-cluster", "spec.overrides.0.where.clusters.0", "hz-c")
    ]
