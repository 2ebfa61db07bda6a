"""Reports for the tests of printers."""

from __future__ import annotations

from compiler.cli.report import Finding, Place, PlacedNote, Report, Written
from compiler.diagnostics import Severity, error, warning
from compiler.pipeline.options import ClusterSummary, GatewaySummary, Summary

CANARY_WEIGHT = error(
    "annotation-value", "a canary weight that is no share", "A weight is a whole number from 0 to the total."
)
SHADOWED_ROUTE = warning("shadowed-route", "a route that no request reaches", "An older Ingress has the same path.")

SUMMARY = Summary(
    fleet="acme",
    gateways=(
        GatewaySummary(
            name="public",
            region="cn-hangzhou",
            targets=("mse",),
            hosts=3,
            routes=7,
            ingresses=4,
            clusters=("hz-a", "hz-b"),
        ),
    ),
    clusters=(
        ClusterSummary(
            name="hz-a", region="cn-hangzhou", zones=("cn-hangzhou-h",), namespaces=2, apps=3, workloads=4, files=5
        ),
        ClusterSummary(
            name="hz-b", region="cn-hangzhou", zones=("cn-hangzhou-i",), namespaces=2, apps=12, workloads=4, files=15
        ),
    ),
    apps=12,
    documents=30,
    files=20,
)


def weight(value: str = "nginx.ingress.kubernetes.io/canary-weight: '120'", **changes: object) -> Finding:
    """An error with everything: place, value, source line, fix, and a second place."""
    fields: dict[str, object] = {
        "code": CANARY_WEIGHT,
        "severity": Severity.ERROR,
        "place": Place("apps/shop/ingress.yaml", 14, 48),
        "document": 0,
        "path": ("metadata", "annotations", "nginx.ingress.kubernetes.io/canary-weight"),
        "value": value,
        "why": "it is above 100",
        "fix": "write a number from 0 to 100",
        "excerpt": '    nginx.ingress.kubernetes.io/canary-weight: "120"',
        "notes": (PlacedNote(Place("apps/shop/base.yaml", 9, 5), "the base is here"),),
    }
    return Finding(**(fields | changes))  # type: ignore[arg-type] # any field may be replaced


def shadow() -> Finding:
    """A warning that has no more than it must."""
    return Finding(
        SHADOWED_ROUTE,
        Severity.WARNING,
        Place("apps/shop/b.yaml", 3, 0),
        1,
        ("spec", "rules", 0),
        "",
        "no request reaches it",
        "",
        "",
        (),
    )


def report(*findings: Finding, prefix: str = "", written: Written | None = None, accepted: int = 0) -> Report:
    """A report of these findings."""
    return Report(prefix, findings, (shadow(),) * accepted, SUMMARY, written, 0.125)
