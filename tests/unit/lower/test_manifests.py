"""Plain manifests: read as they are, placed in the app's clusters, their Services offered to gateways."""

from __future__ import annotations

import pytest

from compiler.ir.traffic import ObjectName, ServiceMember, ServicePort
from tests.unit.lower.apps import found, good, lower, objects

BASE = "placement: {clusters: [hz-a, hz-b]}\nmanifests: [k8s/**/*.yaml]\n"
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: web:1}]}}
"""
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80, appProtocol: grpc}]}
"""


def files(*documents: str) -> dict[str, str]:
    return {"apps/cart/k8s/all.yaml": "---".join(documents)}


def only(code: str, text: str) -> tuple[str, str]:
    """Place and value of the one finding that a manifest gives."""
    ((name, place, value),) = found(BASE, files(text))
    assert name == code
    return place.removeprefix("apps/cart/k8s/all.yaml:"), value


def test_objects_are_placed_in_every_cluster_in_the_order_of_files() -> None:
    there = {
        "apps/cart/k8s/b.yaml": SERVICE,
        "apps/cart/k8s/deep/a.yaml": DEPLOYMENT,
        "apps/cart/k8s/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
        "apps/cart/other.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: not-named}\n",
    }
    lowered = good(BASE, there)
    assert [c for c, _ in lowered.objects] == ["hz-a", "hz-b"]
    for where in ("hz-a", "hz-b"):
        assert [o.data["kind"] for o in objects(lowered, where)] == ["ConfigMap", "Service", "Deployment"]


def test_an_object_without_namespace_gets_that_of_the_app_behind_its_name() -> None:
    (web,) = objects(good(BASE, files(DEPLOYMENT)), "hz-a")
    assert list(web.data["metadata"].items()) == [("name", "web"), ("namespace", "shop")]


def test_an_object_keeps_its_own_namespace() -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: other}\n"
    (plain,) = objects(good(BASE, files(text)), "hz-a")
    assert plain.data["metadata"]["namespace"] == "other"


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n",
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: a}\n",
        "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a, namespace: ''}\n",
    ],
)
def test_a_cluster_scoped_object_gets_no_namespace(text: str) -> None:
    (plain,) = objects(good(BASE, files(text)), "hz-a")
    assert "namespace" not in plain.data["metadata"]


@pytest.mark.parametrize(("scope", "namespace"), [("Cluster", None), ("Namespaced", "shop")])
def test_a_definition_among_the_manifests_tells_the_scope_of_its_kind(scope: str, namespace: str | None) -> None:
    definition = (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.com}\n"
        f"spec: {{group: example.com, scope: {scope}, names: {{kind: Thing}}}}\n"
    )
    thing = "\napiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\n"
    _, plain = objects(good(BASE, files(definition, thing)), "hz-a")
    assert plain.data["metadata"].get("namespace") == namespace


def test_pods_get_the_label_of_their_cluster() -> None:
    lowered = good(BASE, files(DEPLOYMENT))
    for where, identity in (("hz-a", "c-one"), ("hz-b", "hz-b")):
        (web,) = objects(lowered, where)
        labels = web.data["spec"]["template"]["metadata"]["labels"]
        assert labels == {"app": "web", "topology.istio.io/cluster": identity}
        assert web.data["spec"]["selector"] == {"matchLabels": {"app": "web"}}


@pytest.mark.parametrize(
    ("api_version", "kind", "is_labelled"),
    [
        ("apps/v1", "StatefulSet", True),
        ("apps/v1", "DaemonSet", True),
        ("argoproj.io/v1alpha1", "Rollout", True),
        ("batch/v1", "Job", False),
        ("example.com/v1", "Deployment", False),
    ],
)
def test_kinds_whose_pods_may_serve_are_labelled(api_version: str, kind: str, is_labelled: bool) -> None:  # noqa: FBT001
    text = f"apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: web}}\nspec: {{template: {{spec: {{}}}}}}\n"
    (plain,) = objects(good(BASE, files(text)), "hz-a")
    assert ("metadata" in plain.data["spec"]["template"]) is is_labelled


def test_a_bare_pod_is_labelled_itself() -> None:
    (plain,) = objects(good(BASE, files("apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n")), "hz-a")
    assert plain.data["metadata"]["labels"] == {"topology.istio.io/cluster": "c-one"}


def test_the_label_of_the_cluster_may_not_be_written_by_hand() -> None:
    text = DEPLOYMENT.replace("labels: {app: web}}", "labels: {app: web, topology.istio.io/cluster: x}}")
    assert only("reserved-label", text) == ("spec.template.metadata.labels.topology.istio.io/cluster", "x")


def test_what_clusters_have_in_common_is_shared() -> None:
    lowered = good(BASE, files(DEPLOYMENT, SERVICE))
    (a, service_a), (b, service_b) = objects(lowered, "hz-a"), objects(lowered, "hz-b")
    assert service_a.data is service_b.data
    assert a.data["spec"]["template"]["spec"] is b.data["spec"]["template"]["spec"]


# --- Services


def test_a_service_is_offered_with_the_pods_that_it_selects() -> None:
    (service,) = good(BASE, files(DEPLOYMENT, SERVICE)).services
    assert service.name == ObjectName("shop", "web")
    assert service.ports == (ServicePort("http", 80, "TCP", "grpc"),)
    assert service.members == (ServiceMember("hz-a", 3), ServiceMember("hz-b", 3))


def test_patched_replicas_count() -> None:
    text = f"{BASE}overrides: [{{where: {{clusters: [hz-b]}}, patch: {{spec: {{replicas: 7}}}}}}]"
    (service,) = good(text, files(DEPLOYMENT, SERVICE)).services
    assert [m.replicas for m in service.members] == [3, 7]


HPA = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {minReplicas: 5, maxReplicas: 9, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
"""
SECOND = DEPLOYMENT.replace("name: web}", "name: web-b}").replace("replicas: 3", "replicas: 2")
DAEMON = DEPLOYMENT.replace("kind: Deployment", "kind: DaemonSet")


@pytest.mark.parametrize(
    ("documents", "replicas"),
    [
        ((DEPLOYMENT.replace("  replicas: 3\n", ""), HPA), 5),
        ((DEPLOYMENT, SECOND), 5),
        ((DEPLOYMENT.replace("  replicas: 3\n", ""),), 1),
        ((DAEMON,), None),
        ((), None),
        (("\napiVersion: v1\nkind: Pod\nmetadata: {name: web, labels: {app: web}}\n",), 1),
        ((DEPLOYMENT.replace("name: web}", "name: web, namespace: other}"),), None),
    ],
)
def test_how_many_pods_a_service_has(documents: tuple[str, ...], replicas: int | None) -> None:
    (service,) = good(BASE, files(SERVICE, *documents)).services
    assert [m.replicas for m in service.members] == [replicas, replicas]


@pytest.mark.parametrize(
    "spec",
    ["{type: ExternalName, externalName: example.com, ports: [{port: 80}]}", "{selector: {app: web}}"],
)
def test_a_service_that_no_gateway_can_send_to_is_not_offered(spec: str) -> None:
    text = f"apiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {spec}\n"
    assert good(BASE, files(text)).services == ()


def test_a_service_without_selector_has_pods_that_nobody_knows() -> None:
    (service,) = good(BASE, files(SERVICE.replace("selector: {app: web}, ", ""))).services
    assert service.members[0].replicas is None


def test_an_extra_service_for_the_pods_of_an_app_is_offered_too() -> None:
    text = (
        "image: registry.example.com/cart:1\nreplicas: 2\nplacement: {clusters: [hz-a]}\nlabels: {app: web}\n"
        "manifests: [k8s/*.yaml]"
    )
    (service,) = good(text, files(SERVICE)).services
    assert service.members == (ServiceMember("hz-a", 2),)


def test_capacity_holds_for_plain_services() -> None:
    lowered = good(f"{BASE}capacity: {{requestsPerSecond: 9}}", files(DEPLOYMENT, SERVICE))
    (service,) = lowered.services
    assert [(m.cluster, m.requests_per_second) for m in service.members] == [("hz-a", 9.0), ("hz-b", 9.0)]


@pytest.mark.parametrize(
    ("ports", "place", "value"),
    [
        ("{port: 80}", "spec.ports", ""),
        ("[{port: 0}]", "spec.ports.0", "0"),
        ("[{name: a}]", "spec.ports.0", ""),
        ("[{port: true}]", "spec.ports.0", "True"),
        ("[{port: 80, protocol: HTTP}]", "spec.ports.0.protocol", "HTTP"),
        ("[{port: 80, name: a}, {port: 81}]", "spec.ports.1", "81"),
        ("[{port: 80, name: a}, {port: 81, name: a}]", "spec.ports.1", "a"),
        ("[{port: 80, name: a}, {port: 80, name: b}]", "spec.ports.1", "b"),
    ],
)
def test_a_service_that_cannot_be_read_is_reported(ports: str, place: str, value: str) -> None:
    text = f"apiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {{ports: {ports}}}\n"
    assert only("bad-service", text) == (place, value)


# --- what is wrong


@pytest.mark.parametrize(
    ("text", "place", "value"),
    [
        ("kind: ConfigMap\nmetadata: {name: a}\n", "", ""),
        ("apiVersion: v1\nkind: 7\nmetadata: {name: a}\n", "kind", "7"),
        ("apiVersion: v1\nkind: ConfigMap\n", "", ""),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: [a]\n", "metadata", '["a"]'),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: a-}\n", "metadata", ""),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: 7}\n", "metadata.namespace", "7"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a/b}\n", "metadata.name", "a/b"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ..}\n", "metadata.name", ".."),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a b}\n", "metadata.name", "a b"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: ../x}\n", "metadata.namespace", "../x"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: A}\n", "metadata.namespace", "A"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {x: true}}\n", "metadata.labels.x", "true"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, annotations: {x: 1}}\n", "metadata.annotations.x", "1"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: x}\n", "metadata.labels", "x"),
    ],
)
def test_what_is_no_object_is_reported_at_its_place(text: str, place: str, value: str) -> None:
    assert only("bad-manifest", text) == (place, value)


@pytest.mark.parametrize(("spec", "place"), [("[1]", "spec"), ("{template: x}", "spec.template")])
def test_pods_that_are_no_mapping_cannot_be_labelled(spec: str, place: str) -> None:
    text = f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\nspec: {spec}\n"
    assert only("bad-manifest", text) == (place, "")


@pytest.mark.parametrize(
    ("text", "place", "value"),
    [
        ("metadata: {name: a, labels: {a b: c}}\n", "metadata.labels.a b", "a b: c"),
        ("metadata: {name: a, labels: {a: 'b c'}}\n", "metadata.labels.a", "a: b c"),
        ("metadata: {name: a, annotations: {a b: c}}\n", "metadata.annotations.a b", "a b: c"),
        ("metadata: {name: a}\ndata: {a: 1}\n", "data.a", "1"),
        ("metadata: {name: a}\ndata: [a]\n", "data", '["a"]'),
    ],
)
def test_what_api_servers_refuse_in_a_config_map_is_reported(text: str, place: str, value: str) -> None:
    assert only("bad-manifest", f"apiVersion: v1\nkind: ConfigMap\n{text}") == (place, value)


def test_what_a_cluster_has_added_is_told_and_left_out() -> None:
    metadata = "{name: a, uid: x, resourceVersion: '1', finalizers: [b]}"
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {metadata}\nstatus: {{}}\n"
    lowered, (finding,) = lower(BASE, files(text))
    assert (finding.code.name, finding.value) == ("server-field", "resourceVersion, uid, status")
    (plain,) = objects(lowered, "hz-a")
    assert plain.data["metadata"] == {"name": "a", "namespace": "shop", "finalizers": ["b"]}
    assert "status" not in plain.data


SCALER = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: scaler}
spec: {minReplicas: 1, maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: %s}}
"""


@pytest.mark.parametrize("scaled", ["web", "cart"])
def test_a_number_of_pods_beside_what_scales_them_is_reported(scaled: str) -> None:
    """Be it that of another manifest or that of the App itself."""
    assert [(code, value) for code, _, value in found(BASE + "image: a\n", files(DEPLOYMENT, SCALER % scaled))] == [
        ("replicas-and-autoscaling", f"Deployment {scaled}")
    ]


@pytest.mark.parametrize("scaled", ["other", "cart"])
def test_what_states_no_number_of_pods_may_be_scaled(scaled: str) -> None:
    spec = BASE + "image: a\nautoscaling: {minReplicas: 1, maxReplicas: 2}\nresources: {requests: {cpu: 1}}\n"
    assert found(spec, files(DEPLOYMENT, SCALER % scaled)) == []


def test_names_of_roles_need_not_be_dns_names() -> None:
    text = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: 'system:Web_1'}\nrules: []\n"
    (plain,) = objects(good(BASE, files(text)), "hz-a")
    assert plain.data["metadata"]["name"] == "system:Web_1"


def test_an_empty_namespace_is_none() -> None:
    (plain,) = objects(
        good(BASE, files("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: null}\n")), "hz-a"
    )
    assert plain.data["metadata"]["namespace"] == "shop"


def test_our_own_kinds_are_not_emitted() -> None:
    text = "apiVersion: fleetgate.dev/v1alpha1\nkind: TrafficPolicy\nmetadata: {name: a}\n"
    assert only("own-kind-in-manifest", text) == ("kind", "TrafficPolicy")


def test_secrets_with_values_are_refused_without_showing_them() -> None:
    text = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {password: hunter2}\n"
    place, value = only("plaintext-credential", text)
    assert place == "stringData.password"
    assert "hunter2" not in value


@pytest.mark.parametrize("pattern", ["/etc/*.yaml", "../other/*.yaml", "k8s/../../x.yaml"])
def test_a_glob_that_leaves_the_folder_is_refused(pattern: str) -> None:
    text = f"placement: {{clusters: [hz-a]}}\nmanifests: ['{pattern}']\n"
    assert found(text) == [("path-escape", "spec.manifests.0", pattern)]


@pytest.mark.parametrize("field", ["manifests", "templates"])
def test_a_glob_that_matches_nothing_is_reported(field: str) -> None:
    text = f"placement: {{clusters: [hz-a]}}\n{field}: [nothing/*.yaml]\n"
    assert found(text) == [("no-such-manifest", f"spec.{field}.0", "nothing/*.yaml")]


def test_two_objects_of_one_identity_are_reported_with_both_places() -> None:
    _, findings = lower(BASE, files(SERVICE, SERVICE.replace("name: web}", "name: web, namespace: shop}")))
    (finding,) = [f for f in findings if f.code.name == "duplicate-object"]
    assert finding.origin.document == 1
    assert finding.notes[0].origin.document == 0


def test_an_object_that_fleetgate_writes_itself_is_reported() -> None:
    text = "image: registry.example.com/cart:1\nplacement: {clusters: [hz-a]}\nmanifests: [k8s/*.yaml]"
    assert found(text, files(DEPLOYMENT.replace("name: web}", "name: cart}"))) == [
        ("duplicate-object", "apps/cart/k8s/all.yaml:metadata.name", "cart")
    ]


@pytest.mark.parametrize(
    ("extra", "place", "value"),
    [
        ("replicas: 3\nenv: [{name: A, value: a}]", "spec.env", "env, replicas"),
        ("overrides: [{where: {}, set: {replicas: 3}}]", "spec.overrides.0.set.replicas", "replicas"),
        ("versions: [{name: next}]", "spec.versions", "versions"),
    ],
)
def test_fields_of_pods_without_image_are_reported_once_per_layer(extra: str, place: str, value: str) -> None:
    assert found(BASE + extra, files(SERVICE)) == [("pod-field-without-image", place, value)]
