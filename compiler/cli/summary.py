"""What was compiled, for whom, and where: the last thing that a successful run says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.cli.formats.text import plural
from compiler.cli.table import listed, table
from compiler.cli.terminal import escape

if TYPE_CHECKING:
    from compiler.cli.report import Report, Written
    from compiler.cli.terminal import Style
    from compiler.pipeline.options import Summary


def checked(report: Report, style: Style) -> str:
    """After `check` without errors: one line."""
    verdict = "" if report.findings else f": {style('good', 'all is well')}"
    clusters = {cluster.name: cluster.files for cluster in report.summary.clusters}
    files = plural(clusters.get(report.cluster, report.summary.files), "file")
    would = f"would compile to {files}{_scope(report)}"
    return f"{_headline(report.summary, style)} {would}{verdict}{_accepted(report)}\n"


def built(report: Report, written: Written, style: Style) -> str:
    """After `build` without errors: clusters, gateways, and what became of the output folder."""
    summary = report.summary
    clusters = table(
        ("CLUSTER", "REGION", "ZONES", "NAMESPACES", "APPS", "WORKLOADS", "FILES"),
        [(c.name, c.region, listed(c.zones, 3), c.namespaces, c.apps, c.workloads, c.files) for c in summary.clusters],
        style,
    )
    gateways = table(
        ("GATEWAY", "REGION", "TARGETS", "INGRESSES", "HOSTS", "ROUTES", "CLUSTERS"),
        [
            (g.name, g.region, listed(g.targets), g.ingresses, g.hosts, g.routes, listed(g.clusters))
            for g in summary.gateways
        ],
        style,
    )
    return f"{_headline(summary, style)}\n\n{clusters}\n{gateways}\n{_output(report, written, style)}"


def _headline(summary: Summary, style: Style) -> str:
    apps = plural(summary.apps, "app")
    clusters = plural(len(summary.clusters), "cluster")
    gateways = plural(len(summary.gateways), "gateway")
    return f"{style('strong', escape(summary.fleet))}: {apps} in {clusters} behind {gateways}"


def _output(report: Report, written: Written, style: Style) -> str:
    folder = style("strong", escape(written.output))
    time = f"({report.seconds:.2f} s)"
    if written.verified:
        verdict = style("good", "is exactly what this fleet compiles to") + _scope(report)
        return f"{folder} {verdict}: {plural(written.unchanged, 'file')} {time}{_accepted(report)}\n"
    if written.up_to_date:
        verdict = style("good", "is up to date")
        return f"{folder} {verdict}: {plural(written.unchanged, 'file')} {time}{_accepted(report)}\n"
    counts = (("written", written.written), ("removed", written.removed), ("unchanged", written.unchanged))
    told = ", ".join(f"{plural(n, 'file')} {name}" if not i else f"{n} {name}" for i, (name, n) in enumerate(counts))
    gone = f"\n{style('warning', 'gone')}: {escape('; '.join(_first(written.gone)))}" if written.gone else ""
    return f"{folder}: {told}{_scope(report)} {time}{gone}{_accepted(report)}\n"


def _first(names: tuple[str, ...], most: int = 10) -> tuple[str, ...]:
    rest = len(names) - most
    return names if rest <= 0 else (*names[:most], f"and {rest} more")


def _scope(report: Report) -> str:
    return f", only cluster {escape(report.cluster)}" if report.cluster else ""


def _accepted(report: Report) -> str:
    number = len(report.accepted)
    return f"\n{plural(number, 'finding')} accepted by the Fleet (`spec.accept`)" if number else ""
