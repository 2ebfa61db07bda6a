"""An App as a whole: versions, names, how many pods there are, what its Services offer."""

from __future__ import annotations

import pytest

from compiler.ir.traffic import ObjectName, ServiceMember, ServicePort
from compiler.ir.workload import Autoscaling, Disruption
from tests.unit.lower.apps import found, good, lower, placement

IMAGE = "image: registry.example.com/cart:1"
PLACED = "placement: {clusters: [hz-a, hz-b]}"
HTTP = "ports: [{name: http, port: 80, targetPort: 8080, appProtocol: grpc}]\nreadinessProbe: {tcpSocket: {port: http}}"
BASE = f"{IMAGE}\n{PLACED}\n{HTTP}\n"


def test_a_service_has_a_member_per_cluster_with_its_replicas() -> None:
    lowered = good(f"{BASE}replicas: 3\noverrides: [{{where: {{clusters: [hz-b]}}, set: {{replicas: 1}}}}]")
    (service,) = lowered.services
    assert service.name == ObjectName("shop", "cart")
    assert service.ports == (ServicePort("http", 80, "TCP", "grpc"),)
    assert service.members == (ServiceMember("hz-a", 3), ServiceMember("hz-b", 1))


def test_with_autoscaling_the_lower_bound_counts() -> None:
    requests = "resources: {requests: {cpu: 100m}}"
    lowered = good(f"{BASE}{requests}\nautoscaling: {{minReplicas: 2, maxReplicas: 9}}")
    (service,) = lowered.services
    assert [(m.replicas, m.most_replicas) for m in service.members] == [(2, 9), (2, 9)]
    assert placement(lowered, "hz-a").replicas is None
    assert placement(lowered, "hz-a").autoscaling == Autoscaling(2, 9, 80, None)


def test_autoscaling_by_memory_alone_does_not_aim_at_cpu() -> None:
    text = "autoscaling: {minReplicas: 2, maxReplicas: 9, targetMemoryUtilizationPercentage: 70}"
    lowered = good(f"{BASE}resources: {{requests: {{memory: 1Gi}}}}\n{text}")
    assert placement(lowered, "hz-a").autoscaling == Autoscaling(2, 9, None, 70)


def test_every_version_has_a_service_of_its_own_where_it_runs() -> None:
    version = "versions: [{name: next, replicas: 1, placement: {clusters: [hz-b]}}]"
    lowered = good(f"{BASE}replicas: 2\n{version}")
    assert [(s.name.name, s.members) for s in lowered.services] == [
        ("cart", (ServiceMember("hz-a", 2), ServiceMember("hz-b", 2))),
        ("cart-next", (ServiceMember("hz-b", 1),)),
    ]


def test_an_app_without_ports_offers_nothing() -> None:
    assert good(f"{IMAGE}\n{PLACED}").services == ()


def test_capacity_is_told_per_service_and_cluster() -> None:
    override = "overrides: [{where: {clusters: [hz-b]}, set: {capacity: {requestsPerSecond: 50}}}]"
    lowered = good(f"{BASE}capacity: {{requestsPerSecond: 400}}\n{override}")
    (service,) = lowered.services
    assert [(m.cluster, m.requests_per_second) for m in service.members] == [("hz-a", 400.0), ("hz-b", 50.0)]


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("replicas: 1", None),
        ("replicas: 2", Disruption(max_unavailable=1)),
        ("replicas: 9\ndisruptionBudget: {maxUnavailable: 25%}", Disruption(max_unavailable="25%")),
        ("replicas: 9\ndisruptionBudget: {minAvailable: 3}", Disruption(min_available=3)),
        (
            "resources: {requests: {cpu: 1}}\nautoscaling: {minReplicas: 2, maxReplicas: 3}",
            Disruption(max_unavailable=1),
        ),
    ],
)
def test_by_default_one_pod_of_several_may_go(text: str, budget: Disruption | None) -> None:
    assert placement(good(BASE + text), "hz-a").disruption == budget


def test_pods_are_labelled_with_the_id_of_their_cluster() -> None:
    lowered = good(BASE)
    assert [p.cluster_id for p in lowered.placements] == ["c-one", "hz-b"]


def test_labels_and_annotations_of_the_app_are_for_its_objects() -> None:
    lowered = good(BASE, metadata="{labels: {team: shop}, annotations: {example.com/owner: ann}}")
    workload = placement(lowered, "hz-a").workload
    assert workload.object_labels == (("team", "shop"),)
    assert workload.object_annotations == (("example.com/owner", "ann"),)
    assert workload.labels == ()


def test_the_grace_period_covers_the_pause_by_default() -> None:
    assert placement(good(BASE), "hz-a").workload.grace_s == 45
    lowered = good(f"{BASE}overrides: [{{where: {{clusters: [hz-b]}}, set: {{preStopSeconds: 60}}}}]")
    workload = placement(lowered, "hz-b").workload
    assert (workload.pre_stop_s, workload.grace_s) == (60, 90)


def test_versions_share_the_account_of_the_app() -> None:
    lowered = good(f"{BASE}versions: [{{name: next}}]")
    assert placement(lowered, "hz-a", "next").workload.account.name == "cart"


def test_a_version_whose_account_differs_has_one_of_its_own() -> None:
    account = "serviceAccount: {annotations: {example.com/role: canary}}"
    lowered = good(f"{BASE}versions: [{{name: next, {account}}}]")
    assert placement(lowered, "hz-a").workload.account.annotations == ()
    assert placement(lowered, "hz-a", "next").workload.account.name == "cart-next"


def test_an_existing_account_is_not_ours() -> None:
    account = placement(good(f"{BASE}serviceAccount: {{name: robot}}"), "hz-a").workload.account
    assert (account.name, account.owned) == ("robot", False)


def test_a_later_version_changes_nothing_of_the_stable_one() -> None:
    before = placement(good(BASE), "hz-a")
    after = placement(good(f"{BASE}versions: [{{name: next}}]"), "hz-a")
    assert before == after


@pytest.mark.parametrize("name", ["2cart", "c.art", "c" * 64])
def test_the_name_of_an_app_has_to_be_that_of_a_service(name: str) -> None:
    assert found(BASE, name=name) == [("app-name", "metadata.name", name)]


def test_an_app_without_ports_may_begin_with_a_digit() -> None:
    good(f"{IMAGE}\n{PLACED}", name="2cart")


def test_the_name_of_a_version_counts_together_with_that_of_the_app() -> None:
    long = "v" * 60
    assert found(f"{BASE}versions: [{{name: {long}}}]") == [("app-name", "spec.versions.0.name", long)]


def test_no_app_takes_the_file_of_its_namespace() -> None:
    assert found(BASE, name="namespace") == [("app-name", "metadata.name", "namespace")]


def test_no_app_takes_the_service_of_the_api_server() -> None:
    spec = BASE + "ports: [{name: http, port: 80}]\nreadinessProbe: {tcpSocket: {port: http}}\n"
    assert found(spec, name="kubernetes", metadata="{namespace: default}") == [
        ("app-name", "metadata.name", "kubernetes")
    ]
    assert found(spec, name="kubernetes") == []


def test_an_app_without_anything_to_run_is_reported_once() -> None:
    assert found(f"{PLACED}\n{HTTP}\nreplicas: 3") == [("empty-app", "spec", "cart")]


def test_a_version_twice_is_reported_with_both_places() -> None:
    _, (finding,) = lower(f"{BASE}versions: [{{name: next}}, {{name: next}}]")
    assert finding.code.name == "duplicate-version"
    assert finding.origin.path == ("spec", "versions", 1, "name")
    assert finding.notes[0].origin.path == ("spec", "versions", 0, "name")


def test_no_version_is_called_like_the_stable_one() -> None:
    assert found(f"{BASE}versions: [{{name: stable}}]") == [("duplicate-version", "spec.versions.0.name", "stable")]


def test_ports_of_a_service_are_the_same_in_all_clusters() -> None:
    override = "overrides: [{where: {clusters: [hz-b]}, set: {ports: [{name: http, port: 81, targetPort: 8080}]}}]"
    assert found(BASE + override) == [("ports-differ", "metadata.name", "shop/cart")]


def test_the_port_of_the_container_may_differ_between_clusters() -> None:
    port = "{name: http, port: 80, targetPort: 9090, appProtocol: grpc}"
    lowered = good(f"{BASE}overrides: [{{where: {{clusters: [hz-b]}}, set: {{ports: [{port}]}}}}]")
    assert placement(lowered, "hz-b").workload.ports[0].target == 9090
