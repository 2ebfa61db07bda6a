"""Settings that nothing reads are told at their place; what some target reads is not."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import yaml

from compiler.diagnostics import Diagnostics, Origin
from compiler.lower.unread import check_unread
from compiler.lower.world import Sourced
from compiler.model.fleet import Cluster, Fleet
from tests.unit.lower.apps import dotted

FLEET = """
apiVersion: fleetgate.dev/v1alpha1
kind: Fleet
metadata: {name: acme}
spec:
  gateways: [{name: public, ingressClassName: mse, targets: [mse]}]
  argocd: {repoURL: https://git.example.com/acme/fleet.git, project: acme}
"""
CLUSTER = """
apiVersion: fleetgate.dev/v1alpha1
kind: Cluster
metadata: {name: hz-a}
spec: {region: cn-hangzhou, zones: [h], argocd: {destination: {name: hz-a}}}
"""


def told(gateway: str = "{}", spec: str = "{}", cluster: str = "{}") -> list[tuple[str, str]]:
    """(place, value) of each finding for a fleet of one gateway and one cluster, its member."""
    fleet: dict[str, Any] = yaml.safe_load(FLEET)
    fleet["spec"]["gateways"][0] |= yaml.safe_load(gateway)
    fleet["spec"] |= yaml.safe_load(spec)
    member: dict[str, Any] = yaml.safe_load(CLUSTER)
    member["spec"] |= yaml.safe_load(cluster)
    findings = Diagnostics()
    check_unread(
        Sourced(msgspec.convert(fleet, Fleet), Origin("fleet.yaml")),
        {"hz-a": Sourced(msgspec.convert(member, Cluster), Origin("hz-a.yaml"))},
        {"public": ("hz-a",)},
        findings,
    )
    return [(dotted(finding.origin), finding.value) for finding in findings.sorted()]


ENTRY = "reach: {type: Address, addresses: [10.1.0.9], port: 80}"


@pytest.mark.parametrize(
    ("written", "place", "value"),
    [
        ({"gateway": "envoy: {replicas: 3}"}, "fleet.yaml:spec.gateways.0.envoy", "envoy"),
        (
            {"gateway": "listeners: [{name: a, port: 80}, {name: b, port: 8080}]"},
            "fleet.yaml:spec.gateways.0.listeners.1.port",
            "HTTP 8080",
        ),
        (
            {"gateway": "listeners: [{name: a, port: 80, protocol: HTTPS}]"},
            "fleet.yaml:spec.gateways.0.listeners.0.port",
            "HTTPS 80",
        ),
        ({"cluster": ENTRY}, "hz-a.yaml:spec.reach", "Address"),
    ],
)
def test_a_setting_that_nothing_reads_is_told(written: dict[str, str], place: str, value: str) -> None:
    assert told(**written) == [(place, value)]


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"gateway": "listeners: [{name: a, port: 80}, {name: b, port: 443, protocol: HTTPS}]"},
        {"gateway": "{targets: [mse, envoy], envoy: {replicas: 3}, listeners: [{name: a, port: 8080}]}"},
        {"gateway": "targets: [envoy]", "cluster": ENTRY},
        {"cluster": "reach: {type: PodIP}"},
    ],
)
def test_what_a_target_reads_is_not_told(written: dict[str, str]) -> None:
    assert told(**written) == []
