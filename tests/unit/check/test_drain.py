"""How pods end, beside how gateways find out."""

from __future__ import annotations

from typing import Any

import pytest

from tests.small_fleet import Compiled, Document, app, compiled, fleet, ingress, path, policy, rule, weights

WEB = ingress("web", rule(path("cart")))
ENVOY = {"targets": ["envoy"]}
TOLD = {"drain-too-short", "rollout-outage"}


def ending(*more: Document, web: Document = WEB, **spec: Any) -> list[tuple[str, str, str]]:
    """(code, why, fix) of what is told of `cart` in two clusters."""
    documents = [*fleet("hz-a", "hz-b", gateway=ENVOY), app("cart", "hz-a", "hz-b", replicas=2, **spec), *more, web]
    return told(compiled(documents))


def told(found: Compiled) -> list[tuple[str, str, str]]:
    """Of these codes alone."""
    return [(f.code.name, f.why, f.fix) for f in found.findings if f.code.name in TOLD]


def checked(**check: Any) -> Document:
    """A policy with a health check."""
    return policy("cart", weights(hz_a=50, hz_b=50), healthCheck={"path": "/healthz", **check})


@pytest.mark.parametrize(
    ("check", "needed"),
    [
        ({"interval": "5s", "timeout": "1s", "unhealthyThreshold": 2}, 11),
        ({"interval": "7s", "timeout": "1s", "unhealthyThreshold": 2}, 15),
        ({"interval": "7s", "timeout": "1001ms", "unhealthyThreshold": 2}, 16),
        ({"interval": "30s", "timeout": "5s", "unhealthyThreshold": 3}, 95),
        ({"interval": "500ms", "timeout": "200ms", "unhealthyThreshold": 1}, 1),
    ],
)
def test_the_pause_outlasts_every_health_check_that_can_be_declared(check: dict[str, Any], needed: int) -> None:
    """A check has just succeeded, then all that must fail do, the last by its timeout. The default is 15 s."""
    found = ending(checked(**check))
    assert (found == []) is (needed <= 15)
    if needed > 15:
        assert found[0][2] == f"write preStopSeconds: {needed} in its App, or check more often"
    assert ending(checked(**check), preStopSeconds=needed) == []
    if needed > 1:
        assert ending(checked(**check), preStopSeconds=needed - 1) != []


def test_without_a_health_check_the_list_of_pods_needs_a_pause_too() -> None:
    assert [why for _, why, _ in ending(preStopSeconds=0)] == [
        "in hz-a a pod that goes pauses for 0 s; a gateway finds out by the list of pods"
    ]


def test_what_is_left_after_the_pause_is_enough_for_the_longest_request() -> None:
    slow = ingress("web", rule(path("cart")), annotations={"mse.ingress.kubernetes.io/timeout": "60"})
    assert ending(web=slow, terminationGracePeriodSeconds=75) == []
    ((code, why, fix),) = ending(web=slow)
    assert (code, fix) == ("drain-too-short", "write terminationGracePeriodSeconds: 75")
    assert why == (
        "in hz-a 30 s are left for requests in flight after the pause of 15 s, and a request may take 60 s (timeout)"
    )


def test_a_service_that_no_gateway_serves_is_nobodys_business() -> None:
    other = [app("batch", "hz-a", "hz-b", replicas=2, preStopSeconds=0)]
    assert ending(*other) == []


@pytest.mark.parametrize(
    ("strategy", "is_told"),
    [
        ({"type": "Recreate", "rollingUpdate": None}, True),
        ({"rollingUpdate": {"maxUnavailable": 2}}, True),
        ({"rollingUpdate": {"maxUnavailable": "100%"}}, True),
        ({"rollingUpdate": {"maxUnavailable": 1}}, False),
    ],
)
def test_a_patch_that_takes_all_pods_at_once_is_told(strategy: dict[str, Any], *, is_told: bool) -> None:
    patch = {"kind": "Deployment", "spec": {"strategy": strategy}}
    found = ending(overrides=[{"where": {"clusters": ["hz-b"]}, "patch": patch}])
    assert [code for code, _, _ in found] == (["rollout-outage"] if is_told else [])


def test_a_patch_that_cuts_the_pause_is_told() -> None:
    hook = {"name": "cart", "lifecycle": {"preStop": {"sleep": {"seconds": 0}}}}
    patch = {"kind": "Deployment", "spec": {"template": {"spec": {"containers": [hook]}}}}
    assert [code for code, _, _ in ending(overrides=[{"where": {"clusters": ["hz-b"]}, "patch": patch}])] == [
        "drain-too-short"
    ]


def test_a_hook_of_another_kind_is_trusted() -> None:
    """Nobody can say how long a command takes."""
    hook = {"name": "cart", "lifecycle": {"preStop": {"sleep": None, "exec": {"command": ["/drain"]}}}}
    patch = {"kind": "Deployment", "spec": {"template": {"spec": {"containers": [hook]}}}}
    assert ending(overrides=[{"where": {"clusters": ["hz-b"]}, "patch": patch}]) == []
