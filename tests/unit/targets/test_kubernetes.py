"""Target kubernetes: what every cluster runs."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from compiler.diagnostics import Diagnostics
from compiler.ir import workload as ir
from compiler.lower.patching import API_VERSIONS, generated
from compiler.manifests import render_all
from compiler.targets import kubernetes
from compiler.targets.kubernetes import emission, pods
from compiler.targets.target import ObjectId
from tests.unit.lower.apps import EVERYTHING, good, placement

BASE = """
image: registry.example.com/cart:1
placement: {clusters: [hz-a, hz-b]}
ports: [{name: http, port: 80, targetPort: 8080}]
readinessProbe: {httpGet: {port: http}}
"""


def documents(spec: str, where: str = "hz-a", **more: Any) -> list[dict[str, Any]]:
    """The objects that an App has in a cluster, as every reader reads them."""
    (found,) = (e for e in kubernetes.emit(good(spec, **more)) if e.scope[1] == where)
    return list(yaml.safe_load_all(found.text))


def one(kind: str, spec: str, where: str = "hz-a", name: str = "cart") -> dict[str, Any]:
    (found,) = (d for d in documents(spec, where) if (d["kind"], d["metadata"]["name"]) == (kind, name))
    return found


def pod(spec: str, where: str = "hz-a", name: str = "cart") -> dict[str, Any]:
    template: dict[str, Any] = one("Deployment", spec, where, name)["spec"]["template"]
    return template


def container(spec: str, where: str = "hz-a", name: str = "cart") -> dict[str, Any]:
    found: dict[str, Any] = pod(spec, where, name)["spec"]["containers"][0]
    return found


# --- files


def test_an_app_has_one_file_per_cluster() -> None:
    files = kubernetes.emit(good(BASE))
    assert [f.path for f in files] == ["clusters/hz-a/shop/cart.yaml", "clusters/hz-b/shop/cart.yaml"]
    assert [f.scope for f in files] == [("cluster", "hz-a", "shop"), ("cluster", "hz-b", "shop")]
    assert files[0].text.startswith("# Compiled by fleetgate from App shop/cart. Edits are lost")


@pytest.mark.parametrize("spec", [BASE, EVERYTHING])
def test_the_objects_of_a_file_are_those_in_its_text_in_order(spec: str) -> None:
    for file in kubernetes.emit(good(spec)):
        there = [
            ObjectId(d["apiVersion"], d["kind"], d["metadata"].get("namespace", ""), d["metadata"]["name"])
            for d in yaml.safe_load_all(file.text)
        ]
        assert list(file.objects) == there


def test_the_list_of_objects_is_shared_between_clusters() -> None:
    first, second = kubernetes.emit(good(f"{BASE}overrides: [{{where: {{clusters: [hz-b]}}, set: {{replicas: 3}}}}]"))
    assert first.objects is not second.objects  # the second has a PodDisruptionBudget
    first, second = kubernetes.emit(good(BASE))
    assert first.objects is second.objects


def test_kinds_stand_in_the_order_in_which_they_are_needed() -> None:
    assert [(d["kind"], d["metadata"]["name"]) for d in documents(EVERYTHING)] == [
        ("ServiceAccount", "cart"),
        ("ConfigMap", "cart"),
        ("Deployment", "cart"),
        ("Service", "cart"),
        ("PodDisruptionBudget", "cart"),
        ("ConfigMap", "cart-next"),
        ("Deployment", "cart-next"),
        ("Service", "cart-next"),
        ("HorizontalPodAutoscaler", "cart-next"),
        ("PodDisruptionBudget", "cart-next"),
    ]


def test_plain_objects_stand_behind_the_workloads() -> None:
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\n"
    there = documents(f"{BASE}manifests: [a.yaml]", files={"apps/cart/a.yaml": config})
    assert [(d["kind"], d["metadata"]["name"]) for d in there][-1] == ("ConfigMap", "extra")


def test_plain_objects_alone_have_a_file_too() -> None:
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\n"
    spec = "placement: {clusters: [hz-a]}\nmanifests: [a.yaml]"
    (file,) = kubernetes.emit(good(spec, {"apps/cart/a.yaml": config}))
    assert file.path == "clusters/hz-a/shop/cart.yaml"
    assert list(file.objects) == [ObjectId("v1", "ConfigMap", "shop", "extra")]


def test_an_app_without_objects_in_a_cluster_has_no_file_there() -> None:
    spec = "placement: {clusters: [hz-a]}\ntemplates: [a.j2]"
    assert kubernetes.emit(good(spec, {"apps/cart/a.j2": "{# nothing here #}"})) == []


ADVERSARIAL = ["yes", "", "a\x07b", "- x", "two\nlines\n", "{{ }}", " lead", "\u2028", "'", "#", "0x10", "\t", "\\0"]
HARD = BASE + yaml.dump({"env": [{"name": f"V{i}", "value": value} for i, value in enumerate(ADVERSARIAL)]})


@pytest.mark.parametrize("spec", [BASE, EVERYTHING, HARD])
def test_what_is_filled_into_shared_text_reads_like_what_is_written_at_once(spec: str) -> None:
    lowered = good(spec)
    for file in kubernetes.emit(lowered):
        expected: list[Any] = []
        accounts: set[str] = set()
        for each in lowered.placements:
            if each.cluster == file.scope[1]:
                account = each.workload.account
                expected += emission._patched(each, with_account=account.owned and account.name not in accounts)
                accounts.add(account.name)
        assert file.text.partition("\n")[2] == render_all(expected)


def test_every_value_of_an_environment_variable_arrives() -> None:
    assert [variable["value"] for variable in container(HARD)["env"]] == ADVERSARIAL


@pytest.mark.parametrize("spec", [BASE, EVERYTHING])
def test_lowering_knows_which_objects_there_are(spec: str) -> None:
    """`patch` finds its object by what lowering says will be emitted."""
    lowered = good(spec)
    for file in kubernetes.emit(lowered):
        accounts: set[str] = set()
        told = {
            ObjectId(API_VERSIONS[kind], kind, "shop", name)
            for p in lowered.placements
            if p.cluster == file.scope[1]
            for kind, name in generated(p, accounts).items()
        }
        assert told == set(file.objects)


# --- Deployments


def test_the_label_of_the_cluster_is_on_the_pods_and_in_no_selector() -> None:
    for where, identity in (("hz-a", "c-one"), ("hz-b", "hz-b")):
        deployment = one("Deployment", BASE, where)
        assert deployment["spec"]["template"]["metadata"]["labels"]["topology.istio.io/cluster"] == identity
        assert "topology.istio.io/cluster" not in deployment["spec"]["selector"]["matchLabels"]


def test_selectors_match_the_pods_of_one_version_and_of_no_other() -> None:
    labels = {name: pod(EVERYTHING, name=name)["metadata"]["labels"] for name in ("cart", "cart-next")}
    for kind, path in (
        ("Deployment", ("spec", "selector", "matchLabels")),
        ("PodDisruptionBudget", ("spec", "selector", "matchLabels")),
        ("Service", ("spec", "selector")),
    ):
        for name, other in (("cart", "cart-next"), ("cart-next", "cart")):
            selector: Any = one(kind, EVERYTHING, name=name)
            for step in path:
                selector = selector[step]
            assert selector.items() <= labels[name].items()
            assert not selector.items() <= labels[other].items()


def test_a_later_version_leaves_the_stable_objects_as_they_are() -> None:
    """Selectors cannot be changed, and pods should not restart because a canary begins."""
    before = documents(BASE)
    after = documents(f"{BASE}versions: [{{name: next}}]")
    assert after[: len(before)] == before


def test_no_replicas_stand_beside_a_horizontal_pod_autoscaler() -> None:
    assert one("Deployment", EVERYTHING)["spec"]["replicas"] == 3
    assert "replicas" not in one("Deployment", EVERYTHING, name="cart-next")["spec"]
    scaler = one("HorizontalPodAutoscaler", EVERYTHING, name="cart-next")["spec"]
    assert scaler["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "cart-next"}
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 9)
    assert [(m["resource"]["name"], m["resource"]["target"]["averageUtilization"]) for m in scaler["metrics"]] == [
        ("cpu", 60),
        ("memory", 70),
    ]


def test_no_pod_goes_before_its_successor_is_ready() -> None:
    assert one("Deployment", BASE)["spec"]["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0},
    }


def test_pods_pause_before_they_end() -> None:
    assert container(BASE)["lifecycle"] == {"preStop": {"sleep": {"seconds": 15}}}
    assert pod(BASE)["spec"]["terminationGracePeriodSeconds"] == 45
    assert "lifecycle" not in container(f"{BASE}preStopSeconds: 0")


def test_by_default_pods_keep_the_restricted_pod_security_standard() -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/: what `restricted` demands."""
    spec, main = pod(BASE)["spec"], container(BASE)
    assert spec["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert main["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    assert spec["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()


@pytest.mark.parametrize(
    ("security", "expected"),
    [
        (
            ir.Security(privileged=True, escalation=True, drop_capabilities=()),
            {"privileged": True, "allowPrivilegeEscalation": True},
        ),
        (ir.Security(add_capabilities=("SYS_ADMIN",), drop_capabilities=()), {"capabilities": {"add": ["SYS_ADMIN"]}}),
        (
            ir.Security(read_only_root=True, drop_capabilities=()),
            {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True},
        ),
    ],
)
def test_rights_that_kubernetes_would_refuse_together_are_not_written(security: ir.Security, expected: Any) -> None:
    assert pods.container_security(security) == expected


def test_pods_are_spread_over_zones_and_hosts_and_run_all_the_same_where_they_cannot() -> None:
    constraints = pod(BASE)["spec"]["topologySpreadConstraints"]
    assert [c["topologyKey"] for c in constraints] == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
    assert {c["whenUnsatisfiable"] for c in constraints} == {"ScheduleAnyway"}


def test_the_pod_template_does_not_depend_on_the_number_of_pods() -> None:
    assert pod(BASE) == pod(f"{BASE}replicas: 7")


def test_container_ports_are_unique_by_number_and_protocol() -> None:
    """Server-side apply refuses two entries with the same key."""
    assert container(EVERYTHING)["ports"] == [
        {"name": "http", "containerPort": 8080},
        {"name": "dns", "containerPort": 53, "protocol": "UDP"},
    ]


def test_a_service_leads_to_the_container_by_number() -> None:
    assert one("Service", EVERYTHING)["spec"]["ports"] == [
        {"name": "http", "port": 80, "targetPort": 8080, "appProtocol": "http"},
        {"name": "web", "port": 81, "targetPort": 8080},
        {"name": "dns", "port": 53, "targetPort": 53, "protocol": "UDP"},
    ]


def test_without_ports_there_is_no_service() -> None:
    spec = "image: registry.example.com/cart:1\nplacement: {clusters: [hz-a]}"
    assert [d["kind"] for d in documents(spec)] == ["ServiceAccount", "Deployment"]


def test_unready_pods_do_not_hold_up_a_drain() -> None:
    budget = one("PodDisruptionBudget", f"{BASE}replicas: 2")["spec"]
    assert (budget["maxUnavailable"], budget["unhealthyPodEvictionPolicy"]) == (1, "AlwaysAllow")
    assert one("PodDisruptionBudget", EVERYTHING, name="cart-next")["spec"]["minAvailable"] == "50%"


def test_every_field_of_a_container_is_written_as_kubernetes_reads_it() -> None:
    main = container(EVERYTHING)
    assert main["command"] == ["/bin/cart"]
    assert main["args"] == ["--listen", ":8080"]
    assert main["env"] == [
        {"name": "LEVEL", "value": "off"},
        {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "CPUS", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1m"}}},
        {"name": "MEMORY", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory"}}},
        {"name": "DB", "valueFrom": {"secretKeyRef": {"name": "db", "key": "url", "optional": True}}},
        {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "shared", "key": "mode"}}},
    ]
    assert main["envFrom"] == [
        {"prefix": "DB_", "secretRef": {"name": "db", "optional": True}},
        {"configMapRef": {"name": "shared"}},
    ]
    assert main["readinessProbe"] == {
        "httpGet": {
            "path": "/healthz",
            "port": 8080,
            "scheme": "HTTPS",
            "httpHeaders": [{"name": "X-Probe", "value": "fleet"}],
        }
    }
    assert main["livenessProbe"] == {
        "tcpSocket": {"port": 8080},
        "initialDelaySeconds": 0,
        "periodSeconds": 10,
        "timeoutSeconds": 2,
        "failureThreshold": 3,
    }
    assert main["startupProbe"] == {"exec": {"command": ["/bin/ready"]}, "successThreshold": 1}
    assert main["resources"] == {"requests": {"cpu": 0.5, "memory": "128Mi"}, "limits": {"cpu": 1, "memory": "256Mi"}}
    assert [m["mountPath"] for m in main["volumeMounts"]] == ["/tmp", "/cache", "/shared", "/db", "/data", "/etc/cart"]
    assert container(EVERYTHING, name="cart-next")["readinessProbe"] == {"grpc": {"port": 8080, "service": "cart"}}


def test_every_field_of_a_pod_is_written_as_kubernetes_reads_it() -> None:
    template = pod(EVERYTHING)
    spec = template["spec"]
    assert template["metadata"]["labels"]["team"] == "shop"
    assert template["metadata"]["annotations"]["example.com/scrape"] == "true"
    assert spec["serviceAccountName"] == "cart"
    assert spec["automountServiceAccountToken"] is True
    assert spec["imagePullSecrets"] == [{"name": "registry"}]
    assert spec["nodeSelector"] == {"disk": "ssd"}
    assert spec["tolerations"] == [
        {"key": "spot", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60},
        {"key": "team", "operator": "Equal", "value": "shop"},
    ]
    assert spec["volumes"] == [
        {"name": "tmp", "emptyDir": {}},
        {"name": "cache", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}},
        {
            "name": "shared",
            "configMap": {"name": "shared", "items": [{"key": "a", "path": "a.txt", "mode": 256}], "optional": True},
        },
        {"name": "db", "secret": {"secretName": "db"}},
        {"name": "data", "persistentVolumeClaim": {"claimName": "data", "readOnly": True}},
        {"name": "fleetgate-config", "configMap": {"name": "cart"}},
    ]
    assert spec["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "runAsGroup": 1000,
        "fsGroup": 2000,
        "seccompProfile": {"type": "Localhost", "localhostProfile": "profiles/cart.json"},
    }


# --- ConfigMaps, ServiceAccounts, metadata


def test_pods_restart_when_their_config_changes_and_only_then() -> None:
    text = "config: {data: {a: '%s', b: '2'}}"
    digests = [
        pod(BASE + config)["metadata"]["annotations"]["fleetgate.dev/config-digest"]
        for config in (text % "1", text % "2", "config: {data: {b: '2', a: '1'}}")
    ]
    assert digests[0] == digests[2] != digests[1]


def test_a_config_without_path_becomes_environment_that_what_is_listed_after_it_overrides() -> None:
    spec = f"{BASE}config: {{data: {{A: b}}}}\nenvFrom: [{{configMapRef: {{name: shared}}}}]"
    assert container(spec)["envFrom"] == [{"configMapRef": {"name": "cart"}}, {"configMapRef": {"name": "shared"}}]
    assert one("ConfigMap", spec)["data"] == {"A": "b"}
    assert "volumes" not in pod(spec)["spec"]


def test_a_version_has_a_config_of_its_own() -> None:
    spec = f"{BASE}config: {{data: {{A: b}}}}\nversions: [{{name: next, config: {{data: {{A: c}}}}}}]"
    assert one("ConfigMap", spec, name="cart-next")["data"] == {"A": "c"}
    assert container(spec, name="cart-next")["envFrom"] == [{"configMapRef": {"name": "cart-next"}}]


def test_the_account_of_an_app_is_written_once_for_all_versions() -> None:
    kinds = [d["kind"] for d in documents(f"{BASE}versions: [{{name: next}}, {{name: other}}]")]
    assert kinds.count("ServiceAccount") == 1


def test_the_account_is_written_by_a_version_where_the_stable_one_does_not_run() -> None:
    spec = f"{BASE}versions: [{{name: next, placement: {{clusters: [sh-a]}}}}]"
    assert [d["kind"] for d in documents(spec, "sh-a")] == ["ServiceAccount", "Deployment", "Service"]


def test_an_existing_account_is_used_and_not_written() -> None:
    spec = f"{BASE}serviceAccount: {{name: robot}}"
    assert "ServiceAccount" not in [d["kind"] for d in documents(spec)]
    assert pod(spec)["spec"]["serviceAccountName"] == "robot"


def test_labels_and_annotations_of_the_app_are_on_every_object() -> None:
    metadata = "{labels: {team: shop}, annotations: {example.com/owner: ann}}"
    account = "serviceAccount: {annotations: {example.com/role: cart}}"
    for document in documents(f"{BASE}{account}", metadata=metadata):
        assert document["metadata"]["labels"] == {
            "app.kubernetes.io/name": "cart",
            "app.kubernetes.io/instance": "cart",
            "app.kubernetes.io/managed-by": "fleetgate",
            "team": "shop",
        }
        role = {"example.com/role": "cart"} if document["kind"] == "ServiceAccount" else {}
        assert document["metadata"]["annotations"] == {"example.com/owner": "ann", **role}


def test_no_object_of_an_app_waits_for_a_later_sync_wave() -> None:
    """A later wave waits until everything before it is healthy: one broken app would hold up its whole namespace."""
    assert "sync-wave" not in "".join(file.text for file in kubernetes.emit(good(EVERYTHING)))


def test_a_namespace_comes_first_and_is_never_deleted() -> None:
    file = kubernetes.namespace_emission("hz-a", "shop")
    assert file.path == "clusters/hz-a/shop/namespace.yaml"
    assert file.objects == (ObjectId("v1", "Namespace", "", "shop"),)
    assert yaml.safe_load(file.text)["metadata"]["annotations"] == {
        "argocd.argoproj.io/sync-wave": "-1",
        "argocd.argoproj.io/sync-options": "Delete=false,Prune=false",
    }


# --- patches


def test_patches_change_what_is_emitted_in_their_placements_alone() -> None:
    patched = pod(EVERYTHING, "hz-b")["spec"]["containers"]
    assert [c["name"] for c in patched] == ["cart", "log"]
    assert patched[0]["tty"] is True
    assert "tty" not in container(EVERYTHING, "hz-a")
    assert one("Service", EVERYTHING, "hz-b")["spec"]["sessionAffinity"] == "ClientIP"
    assert "sessionAffinity" not in one("Service", EVERYTHING, "hz-b", "cart-next")["spec"]


def wrongly_patched() -> ir.LoweredApp:
    lowered = good(
        f"{BASE}overrides: [{{where: {{}}, patch: {{spec: {{template: {{spec: {{containers: [{{tty: true}}]}}}}}}}}}}]"
    )
    assert placement(lowered, "hz-a").patches
    return lowered


def test_a_patch_that_does_not_merge_is_reported_before_anything_is_emitted() -> None:
    findings = Diagnostics()
    kubernetes.check_patches(wrongly_patched(), findings)
    (finding,) = findings.sorted()
    assert finding.code.name == "bad-patch"
    assert finding.origin.path[:4] == ("spec", "overrides", 0, "patch")


def test_to_emit_what_was_not_checked_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="were not checked"):
        kubernetes.emit(wrongly_patched())


def test_good_patches_pass_the_check() -> None:
    findings = Diagnostics()
    kubernetes.check_patches(good(EVERYTHING), findings)
    assert findings.sorted() == ()
