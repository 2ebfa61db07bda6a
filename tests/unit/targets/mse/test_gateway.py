"""The objects of an MSE gateway itself: its configuration, its class, the namespaces of its Ingresses."""

from __future__ import annotations

from typing import Any

import yaml

from tests.small_fleet import compiled, fleet, ingress, path, rule, service

WEB = [service("cart", "hz-a", "hz-b"), ingress("web", rule(path("cart")))]


def gateway(*documents: dict[str, Any], **settings: Any) -> list[dict[str, Any]]:
    """MseIngressConfig and IngressClass."""
    result = compiled([*fleet("hz-b", "hz-a", gateway={"mse": settings}), *documents])
    return list(yaml.safe_load_all(result.files["gateways/public/mse/gateway.yaml"]))


def test_the_gateway_connects_its_members_and_serves_its_class() -> None:
    config, ingress_class = gateway(instance={"spec": "2c4g", "replicas": 2}, vSwitches=["vsw-1"])
    assert config["metadata"]["annotations"] == {"mse.alibabacloud.com/remote-clusters": "c-hz-a,c-hz-b"}
    assert config["spec"] == {
        "name": "public",
        "common": {"instance": {"spec": "2c4g", "replicas": 2}, "network": {"vSwitches": ["vsw-1"]}},
        "ingress": {"local": {"ingressClass": "mse"}},
    }
    assert ingress_class["spec"] == {
        "controller": "mse.alibabacloud.com/ingress",
        "parameters": {"apiGroup": "mse.alibabacloud.com", "kind": "MseIngressConfig", "name": "public"},
    }


def test_a_configuration_of_the_repo_stands_for_ours_and_is_connected_to_the_members() -> None:
    own = {
        "apiVersion": "mse.alibabacloud.com/v1alpha1",
        "kind": "MseIngressConfig",
        "metadata": {"name": "public", "annotations": {"example.com/owner": "a"}},
        "spec": {"id": "gw-1"},
    }
    config, _ = gateway(own)
    assert config["spec"] == {"id": "gw-1"}
    assert config["metadata"]["annotations"] == {
        "mse.alibabacloud.com/remote-clusters": "c-hz-a,c-hz-b",
        "example.com/owner": "a",
    }


def test_a_namespace_comes_before_its_ingresses_and_stays_behind_the_last() -> None:
    result = compiled([*fleet("hz-a", "hz-b"), *WEB])
    namespace = result.document("gateways/public/mse/shop/namespace.yaml")
    assert namespace["metadata"]["annotations"] == {
        "argocd.argoproj.io/sync-wave": "-1",
        "argocd.argoproj.io/sync-options": "Delete=false,Prune=false",
    }
