"""Rules of the Kubernetes kinds and MseIngressConfig: what the API server or the controller would refuse or ignore."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.model.problems import BAD_VALUE, MISSING_FIELD
from compiler.model.rules.fleet import ip_version
from compiler.model.rules.report import CONFLICTING_FIELDS

if TYPE_CHECKING:
    from compiler.model.kubernetes import (
        EndpointSlice,
        HttpIngressPath,
        Ingress,
        IngressBackend,
        IngressClass,
        IngressTls,
        Service,
    )
    from compiler.model.mse import MseIngressConfig
    from compiler.model.rules.report import Path, Report

SLICE_LABELS = ("kubernetes.io/service-name", "topology.istio.io/cluster")
"""Labels that say to which Service and cluster the addresses of an EndpointSlice belong."""

_NOT_IN_PATHS = ("//", "/./", "/../", "%2f", "%2F")
"""What the API server refuses in Exact and Prefix paths, which are compared as they are."""


def check_ingress(ingress: Ingress, report: Report) -> None:
    """All rules of one Ingress."""
    spec = ingress.spec
    if not spec.rules and spec.default_backend is None:
        report.missing(("spec",), "rules", "an Ingress needs `rules` or a `defaultBackend`", "add one of them")
    if spec.default_backend is not None:
        _check_backend(spec.default_backend, ("spec", "defaultBackend"), report)
    for index, rule in enumerate(spec.rules):
        if rule.host is not None:
            _check_host(rule.host, ("spec", "rules", index, "host"), report)
        if rule.http is not None:
            for number, path in enumerate(rule.http.paths):
                _check_path(path, ("spec", "rules", index, "http", "paths", number), report)
    for index, tls in enumerate(spec.tls):
        _check_tls(tls, ("spec", "tls", index), report)


def _check_host(host: str, path: Path, report: Report) -> None:
    if host.replace(".", "").isdigit():
        report.add(
            BAD_VALUE,
            path,
            host,
            "a host must be a DNS name: requests to an IP address carry no name to match",
            "write a DNS name, or delete the line to match every host",
        )


def _check_path(written: HttpIngressPath, path: Path, report: Report) -> None:
    _check_backend(written.backend, (*path, "backend"), report)
    text = written.path
    if written.path_type == "ImplementationSpecific" or text is None:
        return
    if any(part in text for part in _NOT_IN_PATHS) or text.endswith(("/..", "/.")):
        report.add(
            BAD_VALUE,
            (*path, "path"),
            text,
            f"a path of type {written.path_type} holds no //, /./, /../ or %2f: requests arrive without them",
            "write the path as requests have it, beginning with `/`",
        )


def _check_backend(backend: IngressBackend, path: Path, report: Report) -> None:
    service = backend.service
    if (service is None) == (backend.resource is None):
        given = {"service": service, "resource": backend.resource}
        report.exactly_one(path, "", given, "a backend", vital=True)
    if service is not None and (service.port.name is None) == (service.port.number is None):
        numbered = {"name": service.port.name, "number": service.port.number}
        report.exactly_one((*path, "service", "port"), service.name, numbered, "the port of a backend", vital=True)


def _check_tls(tls: IngressTls, path: Path, report: Report) -> None:
    if tls.secret_name is None:
        report.missing(
            path,
            "secretName",
            "without a certificate the gateway cannot serve these hosts by HTTPS",
            "add `secretName`: a Secret of type kubernetes.io/tls in the namespace of the Ingress",
        )
    for index, host in enumerate(tls.hosts):
        _check_host(host, (*path, "hosts", index), report)


def check_ingress_class(ingress_class: IngressClass, report: Report) -> None:
    """All rules of one IngressClass."""
    parameters = ingress_class.spec.parameters
    if parameters is None:
        return
    path: Path = ("spec", "parameters")
    if parameters.scope == "Namespace" and not parameters.namespace:
        report.add(
            MISSING_FIELD, path, "namespace", "parameters of scope Namespace need a namespace", "add `namespace`"
        )
    elif parameters.scope != "Namespace" and parameters.namespace:
        report.add(
            CONFLICTING_FIELDS,
            (*path, "namespace"),
            parameters.namespace,
            "parameters have a namespace with `scope: Namespace` only",
            "delete it, or add `scope: Namespace`",
        )


def check_service(service: Service, report: Report) -> None:
    """All rules of one plain Service."""
    spec, name = service.spec, service.metadata.name
    if "." in name or len(name) > 63:
        report.add(
            BAD_VALUE,
            ("metadata", "name"),
            name,
            "the name of a Service must be a DNS label: at most 63 characters, and no dots",
            "write the name that it has in its clusters",
        )
    if spec.type == "ExternalName":
        report.add(
            BAD_VALUE,
            ("spec", "type"),
            spec.type,
            "a Service of type ExternalName has no endpoints in any cluster, so nothing can be spread over them",
            "name a Service with pods, or send the traffic elsewhere with a redirect",
        )
    if len(spec.ports) > 1:
        path: Path = ("spec", "ports")
        for index, port in enumerate(spec.ports):
            if port.name is None:
                report.add(
                    MISSING_FIELD,
                    (*path, index),
                    "name",
                    "a Service with several ports names each of them",
                    "add `name`",
                )
        names = [port.name for port in spec.ports]
        if None in names or report.unique(path, names, ("name",), "port"):
            report.unique(path, [f"{port.port}/{port.protocol}" for port in spec.ports], ("port",), "port")


def check_endpoint_slice(endpoints: EndpointSlice, report: Report) -> None:
    """All rules of one EndpointSlice."""
    labels = endpoints.metadata.labels
    for label in SLICE_LABELS:
        if not labels.get(label):
            report.missing(
                ("metadata", "labels", label) if label in labels else ("metadata",),
                label,
                f"an EndpointSlice needs the labels {' and '.join(SLICE_LABELS)}, which say whose addresses these are",
                "add this label",
            )
    report.unique(("ports",), [port.name for port in endpoints.ports], (), "port")
    wanted = 4 if endpoints.address_type == "IPv4" else 6
    for number, endpoint in enumerate(endpoints.endpoints):
        for index, address in enumerate(endpoint.addresses):
            if ip_version(address) != wanted:
                report.add(
                    BAD_VALUE,
                    ("endpoints", number, "addresses", index),
                    address,
                    f"`addressType` is {endpoints.address_type}, and this is no such address",
                    f"write an {endpoints.address_type} address",
                )
            elif what := _special(address):
                report.add(
                    BAD_VALUE,
                    ("endpoints", number, "addresses", index),
                    address,
                    f"this is {what}, and the API server refuses it: no pod has such an address",
                    "write the address of a pod",
                )


def _special(address: str) -> str:
    """Why the API server refuses an address in an EndpointSlice; "" where it does not, or on loopback alone."""
    import ipaddress  # noqa: PLC0415 - few documents hold addresses

    found = ipaddress.ip_address(address)
    if "%" in address:
        return "an address with a zone"
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    if mapped is not None:
        return "an IPv4 address in the clothes of IPv6"
    if found.is_unspecified:
        return "the address of no machine and of every one"
    if found.is_link_local:
        return "an address of the link, where clouds keep the credentials of machines"
    return "an address of many machines (multicast)" if found.is_multicast else ""


def check_mse_ingress_config(config: MseIngressConfig, report: Report) -> None:
    """All rules of one MseIngressConfig."""
    spec = config.spec
    if spec.override is not None and spec.id is None:
        report.add(
            CONFLICTING_FIELDS,
            ("spec", "override"),
            "true" if spec.override else "false",
            "`override` says what happens to the settings of an existing gateway, and no `id` names one",
            "add `id`, or delete `override`",
        )
    tracing = spec.monitor.tracing if spec.monitor is not None else None
    if tracing is not None:
        given = {"xTrace": tracing.x_trace, "openTelemetry": tracing.open_telemetry}
        report.exactly_one(("spec", "monitor", "tracing"), "", given, "tracing")
