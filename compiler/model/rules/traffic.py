"""Rules of TrafficPolicy, TrafficState and TrafficPin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.model.problems import BAD_VALUE, MISSING_FIELD
from compiler.model.rules.fleet import is_day
from compiler.model.rules.report import CONFLICTING_FIELDS

if TYPE_CHECKING:
    from compiler.model.rules.report import Path, Report
    from compiler.model.traffic import (
        Failback,
        HealthCheck,
        PrimarySecondary,
        Spread,
        TrafficPin,
        TrafficPolicy,
        TrafficState,
    )


def check_traffic_policy(policy: TrafficPolicy, report: Report) -> None:
    """All rules of one TrafficPolicy."""
    spec = policy.spec
    report.unique(("spec", "targetRefs"), [ref.name for ref in spec.target_refs], ("name",), "Service")
    _check_spread(spec.spread, ("spec", "spread"), report)
    if spec.health_check is not None:
        _check_health(spec.health_check, ("spec", "healthCheck"), report)
    if spec.hedge is not None:
        _check_positive(spec.hedge.delay, ("spec", "hedge", "delay"), report)
    _check_failback(spec.failback, ("spec", "failback"), report)


def _check_spread(spread: Spread, path: Path, report: Report) -> None:
    blocks = {
        "ActiveActive": ("activeActive", spread.active_active),
        "PrimarySecondary": ("primarySecondary", spread.primary_secondary),
    }
    own, settings = blocks.pop(spread.type)
    ((other_type, (other, foreign)),) = blocks.items()
    if foreign is not None:
        if spread.type == "PrimarySecondary" and settings is None:
            report.is_complete = False
        report.add(
            CONFLICTING_FIELDS,
            (*path, other),
            other,
            f"with `type: {spread.type}` it has no effect",
            f"write `type: {other_type}`, or `{own}` in its place",
            ((*path, "type"), "the type"),
        )
    elif spread.type == "PrimarySecondary" and settings is None:
        report.missing(
            path,
            own,
            "a spread of type PrimarySecondary needs its tiers",
            "add `primarySecondary: {tiers: [...]}`",
        )
    if spread.primary_secondary is not None:
        _check_tiers(spread.primary_secondary, (*path, "primarySecondary", "tiers"), report)


def _check_tiers(spread: PrimarySecondary, path: Path, report: Report) -> None:
    for number, tier in enumerate(spread.tiers):
        unweighted = [index for index, member in enumerate(tier.clusters) if member.weight is None]
        if unweighted and len(unweighted) < len(tier.clusters):
            index = unweighted[0]
            weighted = next(i for i, member in enumerate(tier.clusters) if member.weight is not None)
            report.add(
                MISSING_FIELD,
                (*path, number, "clusters", index),
                tier.clusters[index].cluster,
                "the weights of a tier are shares of one whole: all of its clusters have one, or none has",
                "add `weight`, or delete the weights of the others",
                ((*path, number, "clusters", weighted, "weight"), "a weight of the same tier"),
            )


def _check_health(check: HealthCheck, path: Path, report: Report) -> None:
    if check.path is not None and check.protocol != "HTTP":
        report.add(
            CONFLICTING_FIELDS,
            (*path, "path"),
            check.path,
            f"a check by {check.protocol} requests no path",
            "delete it, or write `protocol: HTTP`",
        )
    _check_positive(check.interval, (*path, "interval"), report)
    _check_positive(check.timeout, (*path, "timeout"), report)


def _check_positive(duration: str, path: Path, report: Report) -> None:
    if not duration.strip("0.hms"):
        report.add(BAD_VALUE, path, duration, "the duration must be longer than 0", "write one such as 5s or 100ms")


def _check_failback(failback: Failback, path: Path, report: Report) -> None:
    steps = failback.steps
    for index in range(1, len(steps)):
        if steps[index] <= steps[index - 1]:
            report.add(
                BAD_VALUE,
                (*path, "steps", index),
                str(steps[index]),
                f"the steps of a return go up, and the step before is {steps[index - 1]}",
                "write the steps in ascending order, ending at 100",
            )
            return
    if steps[-1] != 100:
        report.add(
            BAD_VALUE,
            (*path, "steps", len(steps) - 1),
            str(steps[-1]),
            "the last step must be 100 percent: otherwise the declared weights never return",
            "add 100 as the last step",
        )


def check_traffic_state(state: TrafficState, report: Report) -> None:
    """All rules of one TrafficState."""
    path: Path = ("spec", "services")
    services = [f"{entry.service.namespace}/{entry.service.name}" for entry in state.spec.services]
    report.unique(path, services, ("service",), "Service")
    for index, entry in enumerate(state.spec.services):
        weights = (*path, index, "weights")
        report.unique(weights, [weight.cluster for weight in entry.weights], ("cluster",), "cluster")
        if not any(weight.weight for weight in entry.weights):
            report.add(
                BAD_VALUE,
                weights,
                services[index],
                "all weights are 0, so no cluster would get traffic",
                "give at least one cluster a weight above 0",
            )


def check_traffic_pin(pin: TrafficPin, report: Report) -> None:
    """All rules of one TrafficPin."""
    if not is_day(pin.spec.until[:10]):
        report.add(
            BAD_VALUE,
            ("spec", "until"),
            pin.spec.until,
            "this month has no such day",
            "write a day of the calendar",
        )
