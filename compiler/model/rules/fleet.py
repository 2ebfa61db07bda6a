"""Rules of Fleet and Cluster."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import compiler
from compiler.diagnostics import Code, error
from compiler.model.problems import BAD_VALUE, MISSING_FIELD
from compiler.model.rules.report import CONFLICTING_FIELDS, climbs

if TYPE_CHECKING:
    from compiler.model.fleet import ArgoCD, Cluster, Destination, Fleet, Gateway, Reach
    from compiler.model.rules.report import Path, Report

COMPILER_VERSION = error(
    "compiler-version",
    "this version of fleetgate may not compile the fleet",
    "`spec.compiler` of the Fleet says which versions of fleetgate may compile it, so that everybody who works on the "
    "fleet, and its CI, get the same result. Install a version in that range, or widen the range and look at what "
    "changes in the output.",
)
CODES: tuple[Code, ...] = (COMPILER_VERSION,)

_BRANCH_NEVER = r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|//|@\{|^[-/.]|[/.]$|\.lock(/|$)|/\."
"""What no branch name of Git holds (git-check-ref-format)."""


def check_fleet(fleet: Fleet, report: Report) -> None:
    """All rules of one Fleet."""
    spec = fleet.spec
    if spec.compiler is not None:
        _check_version(spec.compiler, report)
    path: Path = ("spec", "gateways")
    report.unique(path, [gateway.name for gateway in spec.gateways], ("name",), "gateway")
    for index, gateway in enumerate(spec.gateways):
        _check_gateway(gateway, (*path, index), report)
    _check_argocd(spec.argocd, ("spec", "argocd"), report)
    path = ("spec", "tenants")
    report.unique(path, [tenant.name for tenant in spec.tenants], ("name",), "tenant")
    for number, tenant in enumerate(spec.tenants):
        for index, folder in enumerate(tenant.paths):
            if climbs(folder):
                report.add(
                    BAD_VALUE,
                    (*path, number, "paths", index),
                    folder,
                    "the paths of a tenant are folders below the root",
                    "write a relative path without `..`",
                )
        for index, network in enumerate(tenant.addresses):
            if not is_network(network):
                report.add(
                    BAD_VALUE,
                    (*path, number, "addresses", index),
                    network,
                    "this is no network: an address, a slash and a length, with no bits behind it",
                    "write it as 10.8.0.0/16, or 2001:db8::/32",
                )
    for index, accepted in enumerate(spec.accept):
        if accepted.until is not None and not is_day(accepted.until):
            report.add(
                BAD_VALUE,
                ("spec", "accept", index, "until"),
                accepted.until,
                "this month has no such day",
                "write a day of the calendar",
            )


def _check_argocd(argocd: ArgoCD, path: Path, report: Report) -> None:
    if climbs(argocd.path):
        report.add(
            BAD_VALUE,
            (*path, "path"),
            argocd.path,
            "the path must stay inside the repository",
            "write a relative path without `..`",
        )
    if re.search(_BRANCH_NEVER, argocd.branch):
        report.add(
            BAD_VALUE,
            (*path, "branch"),
            argocd.branch,
            "Git allows no branch of this name",
            "write the name of a branch, such as rendered",
        )
    if argocd.project == "default":
        report.add(
            BAD_VALUE,
            (*path, "project"),
            argocd.project,
            "project default is Argo CD's own, and other Applications may rely on what it allows",
            "name a project of the fleet's own",
        )


def is_day(text: str) -> bool:
    """Whether YYYY-MM-DD is a day of the calendar; its form has been checked."""
    import datetime as dt  # noqa: PLC0415 - few documents hold a date

    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _check_version(bounds: str, report: Report) -> None:
    from compiler.model.versions import admits  # noqa: PLC0415 - once per run, where the Fleet asks for it

    if not admits(bounds, compiler.__version__):
        report.add(
            COMPILER_VERSION,
            ("spec", "compiler"),
            bounds,
            f"this is fleetgate {compiler.__version__}",
            "install a version in this range, or widen the range",
        )


def _check_gateway(gateway: Gateway, path: Path, report: Report) -> None:
    report.unique((*path, "targets"), gateway.targets, (), "target")
    if report.unique((*path, "listeners"), [listener.name for listener in gateway.listeners], ("name",), "listener"):
        ports = [listener.port for listener in gateway.listeners]
        report.unique((*path, "listeners"), ports, ("port",), "port")
    report.unique((*path, "envoy", "placement", "clusters"), gateway.envoy.placement.clusters, (), "cluster")
    _check_destination(gateway.mse.destination, (*path, "mse", "destination"), report)


def _check_destination(destination: Destination, path: Path, report: Report) -> None:
    if (destination.server is None) == (destination.name is None):
        given = {"server": destination.server, "name": destination.name}
        report.exactly_one(path, "", given, "a destination of Argo CD")


def check_cluster(cluster: Cluster, report: Report) -> None:
    """All rules of one Cluster."""
    spec = cluster.spec
    report.unique(("spec", "zones"), spec.zones, (), "zone")
    _check_destination(spec.argocd.destination, ("spec", "argocd", "destination"), report)
    if spec.id is None and len(cluster.metadata.name) > 63:
        report.add(
            BAD_VALUE,
            ("metadata", "name"),
            cluster.metadata.name,
            "the name is the id too where there is no `id`, and an id may have 63 characters at most",
            "shorten it, or add `spec.id`",
        )
    _check_reach(spec.reach, ("spec", "reach"), report)


def _check_reach(reach: Reach, path: Path, report: Report) -> None:
    if reach.type == "Address":
        for field, given in (("addresses", reach.addresses), ("port", reach.port)):
            if not given:
                report.add(
                    MISSING_FIELD,
                    path,
                    field,
                    "a cluster that is reached by `type: Address` needs the addresses and the port of its entry",
                    f"add `{field}`",
                )
    else:
        for field, unused in (("addresses", reach.addresses), ("port", reach.port), ("tls", reach.tls)):
            if unused:
                report.add(
                    CONFLICTING_FIELDS,
                    (*path, field),
                    field,
                    f"with `type: {reach.type}` the gateway sends to the pods themselves, so this has no effect",
                    "write `type: Address`, or delete it",
                )
    for index, address in enumerate(reach.addresses):
        if ip_version(address) is None:
            report.add(
                BAD_VALUE,
                (*path, "addresses", index),
                address,
                "this is no IP address",
                "write an IPv4 or IPv6 address, such as 10.1.0.9",
            )
    report.unique((*path, "addresses"), reach.addresses, (), "address")


def is_network(text: str) -> bool:
    """Whether a text is a network in CIDR form, without bits behind its length."""
    import ipaddress  # noqa: PLC0415 - few documents hold addresses

    try:
        return "/" in text and ipaddress.ip_network(text) is not None
    except ValueError:
        return False


def ip_version(text: str) -> int | None:
    """4 or 6; None for what is no IP address."""
    import ipaddress  # noqa: PLC0415 - few documents hold addresses

    try:
        return ipaddress.ip_address(text).version
    except ValueError:
        return None
