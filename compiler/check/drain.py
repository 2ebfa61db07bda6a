"""A pod that is taken away, by a rolling update or planned work, takes no request with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from compiler.diagnostics import Note, warning
from compiler.ir.walk import backends, routes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from compiler.diagnostics import Diagnostics, Origin
    from compiler.ir.traffic import ObjectName, Spread, Traffic
    from compiler.ir.workload import LoweredApp, Placement

DRAIN_TOO_SHORT = warning(
    "drain-too-short",
    "a pod that is taken away may take requests with it",
    """\
A pod that goes first pauses (`preStopSeconds` of an App, `lifecycle.preStop` of a manifest) while it still serves, so
that every gateway has time to stop sending to it; then its process is told to end, and what is left of
terminationGracePeriodSeconds is for the requests in flight. A gateway stops when the pod leaves the list of pods, or
when its health check has failed: interval x unhealthyThreshold + timeout. The pause has to outlast the slower of the
two, and what is left after it the longest request (the `timeout` of its routes).

An App has a pause of 15 seconds and 30 seconds after it, which fits health checks of up to 15 seconds. Raise
`preStopSeconds` and `terminationGracePeriodSeconds` to what the finding says, check more often, or give the container
of a manifest `lifecycle: {preStop: {sleep: {seconds: 15}}}`.""",
)
ROLLOUT_OUTAGE = warning(
    "rollout-outage",
    "a rolling update takes all pods of a cluster at once",
    """\
With strategy Recreate, or a maxUnavailable of all replicas, an update ends every old pod before a new one serves: in
this cluster nothing is left meanwhile. Apps without a manifest of their own update with `maxUnavailable: 0`.

Write `strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 0}}`, or accept the finding where
two versions must never run side by side.""",
)

_SURGING = ("Deployment",)
_WITH_PODS = ("Deployment", "StatefulSet", "DaemonSet")
_DEFAULT_GRACE_S = 30
"""Of Kubernetes, for pods that do not say."""


class _Ending(Struct, frozen=True):
    """How pods end."""

    pause_s: int | None
    """None = a hook of another kind, which may wait as long as it likes."""
    grace_s: int
    """The pause included."""
    at_once: str
    """What takes all pods at once; "" = nothing."""
    origin: Origin
    """Of the App, the manifest or the patch."""
    is_manifest: bool = False
    """Whether somebody else wrote it, not an App."""

    @property
    def place(self) -> Origin:
        """Where it is written, or would be."""
        pod = ("spec", "template", "spec", "containers", 0) if self.is_manifest else ("spec", "preStopSeconds")
        return self.origin.at(*pod)


class _Needed(Struct, frozen=True):
    """What the gateways of a Service need."""

    spread: Spread
    longest_s: int
    """Timeout of its slowest route; 0 = none declared."""

    @property
    def notice_ms(self) -> int:
        """Until a gateway has stopped sending, at worst: a check that has just succeeded, then all that must fail."""
        check = self.spread.health_check
        return 0 if check is None else check.interval_ms * check.unhealthy_threshold + check.timeout_ms

    @property
    def pause_s(self) -> int:
        """Whole seconds; at least one, for the list of pods."""
        return max(1, -(-self.notice_ms // 1000))


def check_drain(traffic: Traffic, apps: Iterable[LoweredApp], findings: Diagnostics) -> None:
    """Compare how pods end with how gateways find out; once per Service."""
    needed = _needed(traffic)
    for app in apps:
        for service in app.services:
            if service.name in needed:
                _check(service.name, needed[service.name], app, findings)


def _needed(traffic: Traffic) -> dict[ObjectName, _Needed]:
    found: dict[ObjectName, _Needed] = {}
    for _, route in routes(traffic):
        longest = 0 if route.policies.timeout is None else route.policies.timeout.seconds
        for backend in backends(route):
            known = found.get(backend.service)
            if known is None or longest > known.longest_s:
                spread = backend.spread if known is None else known.spread
                found[backend.service] = _Needed(spread, longest)
    return found


def _check(name: ObjectName, needed: _Needed, app: LoweredApp, findings: Diagnostics) -> None:
    told: set[str] = set()
    for cluster, ending in _endings(name, app):
        if ending.at_once and "outage" not in told:
            told.add("outage")
            findings.add(
                ROLLOUT_OUTAGE,
                ending.origin.at("spec", "strategy"),
                str(name),
                f"in {cluster}, {ending.at_once}",
                "update with maxUnavailable: 0, or accept the finding with a reason",
            )
        if "drain" not in told and _report_drain(name, cluster, needed, ending, findings):
            told.add("drain")


def _report_drain(name: ObjectName, cluster: str, needed: _Needed, ending: _Ending, findings: Diagnostics) -> bool:
    """Whether there was anything to report."""
    if ending.pause_s is None:
        return False
    left = ending.grace_s - ending.pause_s
    check = needed.spread.health_check
    if ending.pause_s < needed.pause_s:
        place, longer = _place(needed.spread, ending), max(15, needed.pause_s)
        by = (
            "the list of pods"
            if check is None
            else f"its health check, which takes up to {needed.notice_ms / 1000:g} s"
        )
        findings.add(
            DRAIN_TOO_SHORT,
            place,
            str(name),
            f"in {cluster} a pod that goes pauses for {ending.pause_s} s; a gateway finds out by {by}",
            (
                f"give its container lifecycle: {{preStop: {{sleep: {{seconds: {longer}}}}}}}"
                if ending.is_manifest
                else f"write preStopSeconds: {longer} in its App"
            )
            + (", or check more often" if check is not None and check.is_declared else ""),
            (Note(ending.place, "how its pods end"),) if place.sort_key != ending.place.sort_key else (),
        )
        return True
    if left <= 0 and not ending.is_manifest:
        return False  # grace-too-short has said so
    if left < max(1, needed.longest_s):
        findings.add(
            DRAIN_TOO_SHORT,
            ending.place,
            str(name),
            f"in {cluster} {max(0, left)} s are left for requests in flight after the pause of {ending.pause_s} s"
            + (f", and a request may take {needed.longest_s} s (timeout)" if needed.longest_s else ""),
            f"write terminationGracePeriodSeconds: {ending.pause_s + max(30, needed.longest_s)}",
        )
        return True
    return False


def _place(spread: Spread, ending: _Ending) -> Origin:
    """The health check that somebody wrote, or else what ends the pods."""
    is_written = spread.health_check is not None and spread.health_check.is_declared
    if is_written and spread.origin.path[:1] == ("spec",):
        return replace(spread.origin, path=("spec", "healthCheck"), part="key")
    return ending.place


def _endings(name: ObjectName, app: LoweredApp) -> Iterator[tuple[str, _Ending]]:
    """(cluster, how the pods behind a Service end), sorted by cluster; of placements of a workload that end alike the
    first one.
    """
    behind: dict[int, bool] = {}
    seen: set[int] = set()
    for placement in app.placements:
        key = id(placement.workload)
        if key not in behind:
            behind[key] = placement.workload.name == name.name
        if behind[key] and (placement.patches or key not in seen):
            if not placement.patches:
                seen.add(key)
            yield placement.cluster, _of_placement(placement, app.origin)
    if not any(behind.values()):
        for cluster, objects in app.objects:
            for data, origin in _behind(name, [(plain.data, plain.origin) for plain in objects]):
                written = _Ending(0, _DEFAULT_GRACE_S, "", origin, is_manifest=True)
                yield cluster, _overlaid(data, written, _number(data))


def _of_placement(placement: Placement, origin: Origin) -> _Ending:
    found = _Ending(placement.workload.pre_stop_s, placement.workload.grace_s, "", origin)
    for patch in placement.patches:
        if patch.kind in _SURGING:
            found = _overlaid(patch.data, found, placement.floor, patch.origin)
    return found


def _behind(
    name: ObjectName, objects: Iterable[tuple[dict[str, Any], Origin]]
) -> Iterator[tuple[dict[str, Any], Origin]]:
    """Plain manifests whose pods a plain Service selects."""
    every = list(objects)
    selectors = [
        _at(data, "spec", "selector")
        for data, _ in every
        if data.get("kind") == "Service" and _at(data, "metadata", "name") == name.name
    ]
    for data, origin in every:
        labels = _at(data, "spec", "template", "metadata", "labels")
        if data.get("kind") in _WITH_PODS and any(_selects(selector, labels) for selector in selectors):
            yield data, origin


def _selects(selector: object, labels: object) -> bool:
    return (
        isinstance(selector, dict)
        and isinstance(labels, dict)
        and bool(selector)
        and all(labels.get(key) == value for key, value in selector.items())
    )


def _overlaid(data: Mapping[str, Any], before: _Ending, replicas: int | None, origin: Origin | None = None) -> _Ending:
    """`before`, and what a manifest or a patch of one says."""
    pod = _at(data, "spec", "template", "spec")
    grace = _at(pod, "terminationGracePeriodSeconds")
    strategy = _at(data, "spec", "strategy")
    found = replace(
        before,
        pause_s=_pause(pod, before.pause_s),
        grace_s=grace if isinstance(grace, int) else before.grace_s,
        at_once=_at_once(strategy, replicas) if strategy is not None else before.at_once,
    )
    changed = (found.pause_s, found.grace_s, found.at_once) != (before.pause_s, before.grace_s, before.at_once)
    return replace(found, origin=origin, is_manifest=True) if origin is not None and changed else found


def _pause(pod: object, before: int | None) -> int | None:
    """The shortest pause of the containers that say one; None where a hook is of another kind."""
    hooks = [hook for each in _at(pod, "containers") or () if (hook := _at(each, "lifecycle", "preStop")) is not None]
    seconds = [_at(hook, "sleep", "seconds") for hook in hooks]
    if not hooks:
        return before
    return min(seconds) if all(isinstance(each, int) for each in seconds) else None


def _at_once(strategy: object, replicas: int | None) -> str:
    if _at(strategy, "type") == "Recreate":
        return "strategy Recreate ends every pod before a new one starts"
    most = _at(strategy, "rollingUpdate", "maxUnavailable")
    if most == "100%" or (isinstance(most, int) and replicas is not None and 0 < replicas <= most):
        return f"maxUnavailable: {most} lets all {replicas or ''} pods go at once".replace("  ", " ")
    return ""


def _number(data: Mapping[str, Any]) -> int | None:
    replicas = _at(data, "spec", "replicas")
    return replicas if isinstance(replicas, int) else 1


def _at(value: object, *path: str) -> Any:
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value
