"""Every annotation that is known: the families that are built, in order, and the names of all others.

Names and classes: MSE's annotation reference, its totals matched to the annotation table of ingress-nginx.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

from msgspec import Struct

from compiler.annotations import (
    affinity,
    alias,
    auth,
    canary,
    concurrency_limit,
    connection_pool,
    cors,
    destination,
    errors,
    fallback,
    global_limit,
    header_control,
    ip_access,
    load_balance,
    local_limit,
    mirror,
    own,
    protocol,
    redirect,
    regex,
    retry,
    rewrite,
    subset,
    timeout,
    tls_downstream,
    upstream_tls,
    wasm,
)
from compiler.annotations.family import PREFIXES, Annotation, Family, Prefix, Support

FAMILIES: tuple[Family, ...] = (
    canary.FAMILY,
    subset.FAMILY,
    destination.FAMILY,
    fallback.FAMILY,
    regex.FAMILY,
    rewrite.FAMILY,
    redirect.FAMILY,
    timeout.FAMILY,
    retry.FAMILY,
    mirror.FAMILY,
    header_control.FAMILY,
    cors.FAMILY,
    errors.FAMILY,
    alias.FAMILY,
    local_limit.FAMILY,
    global_limit.FAMILY,
    concurrency_limit.FAMILY,
    ip_access.FAMILY,
    tls_downstream.FAMILY,
    auth.FAMILY,
    wasm.FAMILY,
    protocol.FAMILY,
    load_balance.FAMILY,
    affinity.FAMILY,
    connection_pool.FAMILY,
    upstream_tls.FAMILY,
    own.PRIORITY_FAMILY,
)
"""What is read from an Ingress. The order is that in which findings about one Ingress arise."""

SERVICE_FAMILIES: tuple[Family, ...] = (own.CLUSTERS_FAMILY,)
"""What is read from a plain Service."""


class Known(Struct, frozen=True, gc=False):
    """An annotation by name: what MSE makes of it, and what to write instead."""

    name: str
    prefixes: tuple[Prefix, ...]
    family: str
    support: Support
    instead: str = ""
    """For what MSE does not read: an imperative sentence; "" = there is nothing to write instead."""
    annotation: Annotation | None = None
    """Its declaration, where its family is built."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The whole keys under which it is known, in order of precedence."""
        return tuple(PREFIXES[prefix] + self.name for prefix in self.prefixes)


_NGINX: tuple[Prefix, ...] = ("nginx",)

_MSE_TIMEOUT = "write mse.ingress.kubernetes.io/timeout, which limits the whole exchange"
_ROUTE_LIMIT = "write mse.ingress.kubernetes.io/route-limit-rps or -rpm, which count per route and not per client"
_NO_SNIPPET = "write what it does as annotations, or do it in the application; fleetgate never carries raw nginx text"
_EXTERNAL_AUTH = "check callers in the application; MSE cannot ask an external service"
_RESPONSE_HEADERS = "write mse.ingress.kubernetes.io/response-header-control-update"
_MIRROR = "write mse.ingress.kubernetes.io/mirror-target-service"
_AT_THE_GATEWAY = "set it up for the whole gateway (MseIngressConfig spec.monitor)"
_FIREWALL = "use the firewall of the gateway"
_SERVICE_TLS = "leave it to the gateway"
_NO_FCGI = "put an HTTP server in front of the application; MSE speaks no FastCGI"
_AFFINITY = "delete it; the affinity cookie of MSE has name, path and lifetime only"


def _group(support: Support, family: str, prefixes: tuple[Prefix, ...], names: dict[str, str]) -> tuple[Known, ...]:
    return tuple(Known(name, prefixes, family, support, instead) for name, instead in names.items())


OTHERS: tuple[Known, ...] = (
    # Needless with MSE.
    *_group(
        "noop",
        "nginx-tuning",
        _NGINX,
        {
            "client-body-buffer-size": "",
            "proxy-buffering": "",
            "proxy-buffers-number": "",
            "proxy-buffer-size": "",
            "proxy-max-temp-file-size": "",
            "proxy-read-timeout": _MSE_TIMEOUT,
            "proxy-send-timeout": _MSE_TIMEOUT,
            "proxy-connect-timeout": _MSE_TIMEOUT,
            "proxy-http-version": "write nginx.ingress.kubernetes.io/backend-protocol, which chooses the version",
            "ssl-prefer-server-ciphers": "",
            "proxy-ssl-protocols": "",
            "preserve-trailing-slash": "",
            "http2-push-preload": "",
            "proxy-ssl-ciphers": "",
            "enable-rewrite-log": "",
            "proxy-body-size": "delete it, and let the application refuse what is too large for it",
        },
    ),
    # Never read by MSE.
    *_group(
        "unsupported",
        "snippet",
        _NGINX,
        {
            "configuration-snippet": _NO_SNIPPET,
            "server-snippet": _NO_SNIPPET,
            "stream-snippet": _NO_SNIPPET,
            "modsecurity-snippet": _NO_SNIPPET,
            "auth-snippet": _NO_SNIPPET,
        },
    ),
    # Not yet read by MSE.
    *_group(
        "planned",
        "external-auth",
        _NGINX,
        {
            "auth-url": _EXTERNAL_AUTH,
            "auth-cache-key": _EXTERNAL_AUTH,
            "auth-cache-duration": _EXTERNAL_AUTH,
            "auth-keepalive": _EXTERNAL_AUTH,
            "auth-keepalive-share-vars": _EXTERNAL_AUTH,
            "auth-keepalive-requests": _EXTERNAL_AUTH,
            "auth-keepalive-timeout": _EXTERNAL_AUTH,
            "auth-proxy-set-headers": _EXTERNAL_AUTH,
            "enable-global-auth": _EXTERNAL_AUTH,
            "auth-method": _EXTERNAL_AUTH,
            "auth-signin": _EXTERNAL_AUTH,
            "auth-signin-redirect-param": _EXTERNAL_AUTH,
            "auth-response-headers": _EXTERNAL_AUTH,
            "auth-request-redirect": _EXTERNAL_AUTH,
            "auth-always-set-cookie": _EXTERNAL_AUTH,
        },
    ),
    *_group("planned", "auth", _NGINX, {"satisfy": ""}),
    *_group(
        "planned",
        "tls-downstream",
        _NGINX,
        {
            "auth-tls-verify-depth": "",
            "auth-tls-verify-client": "write auth-tls-secret alone, which always asks for a certificate",
            "auth-tls-error-page": "",
            "auth-tls-pass-certificate-to-upstream": "",
            "auth-tls-match-cn": "",
            "ssl-passthrough": "let the gateway end TLS",
            "ssl-ciphers": "write nginx.ingress.kubernetes.io/ssl-cipher, without the s",
        },
    ),
    *_group("planned", "upstream_tls", _NGINX, {"proxy-ssl-verify-depth": _SERVICE_TLS}),
    *_group(
        "planned",
        "nginx-rate-limit",
        _NGINX,
        {
            "limit-connections": "write mse.ingress.kubernetes.io/concurrency-limit, which counts per route",
            "limit-rps": _ROUTE_LIMIT,
            "limit-rpm": _ROUTE_LIMIT,
            "limit-burst-multiplier": "write mse.ingress.kubernetes.io/route-limit-burst-multiplier",
            "limit-rate": "",
            "limit-rate-after": "",
            "limit-whitelist": "",
            "limit-allowlist": "",
            "global-rate-limit": "write mse.ingress.kubernetes.io/rate-limit, which counts over the whole gateway",
            "global-rate-limit-window": "",
            "global-rate-limit-key": "",
            "global-rate-limit-ignored-cidrs": "",
        },
    ),
    *_group(
        "planned",
        "waf",
        _NGINX,
        {
            "enable-modsecurity": _FIREWALL,
            "enable-owasp-core-rules": _FIREWALL,
            "modsecurity-transaction-id": "",
        },
    ),
    *_group(
        "planned",
        "mirror",
        _NGINX,
        {
            "mirror-target": _MIRROR,
            "mirror-request-body": "delete it; MSE always copies the body",
            "mirror-host": "delete it; the copy's Host is that of the request with -shadow behind it",
        },
    ),
    *_group(
        "planned",
        "header-control",
        _NGINX,
        {
            "custom-headers": _RESPONSE_HEADERS,
            "x-forwarded-prefix": "write mse.ingress.kubernetes.io/request-header-control-update",
        },
    ),
    *_group(
        "planned",
        "response-rewrite",
        _NGINX,
        {
            "proxy-cookie-domain": "let the application set the right Domain",
            "proxy-cookie-path": "let the application set the right Path",
            "proxy-redirect-from": "let the application answer the right Location",
            "proxy-redirect-to": "let the application answer the right Location",
        },
    ),
    *_group(
        "planned",
        "nginx-tuning",
        _NGINX,
        {
            "proxy-request-buffering": "delete it; the gateway streams request bodies",
            "connection-proxy-header": "delete it; the gateway sets the header itself",
            "service-upstream": "delete it; the gateway always goes to the pods",
            "proxy-busy-buffers-size": "delete it; the gateway manages its buffers itself",
        },
    ),
    *_group(
        "planned",
        "affinity",
        _NGINX,
        {
            "session-cookie-change-on-failure": _AFFINITY,
            "session-cookie-conditional-samesite-none": _AFFINITY,
            "session-cookie-domain": _AFFINITY,
            "session-cookie-samesite": _AFFINITY,
            "session-cookie-secure": _AFFINITY,
        },
    ),
    *_group(
        "planned",
        "redirect",
        _NGINX,
        {
            "from-to-www-redirect": "write an Ingress for the other host with permanent-redirect",
            "temporal-redirect-code": "delete it; the status is always 302",
            "relative-redirects": "",
            "use-port-in-redirects": "",
        },
    ),
    *_group(
        "planned",
        "observability",
        _NGINX,
        {
            "enable-access-log": _AT_THE_GATEWAY,
            "enable-opentelemetry": _AT_THE_GATEWAY,
            "opentelemetry-trust-incoming-span": _AT_THE_GATEWAY,
            "opentelemetry-operation-name": "",
            "enable-opentracing": _AT_THE_GATEWAY,
            "opentracing-trust-incoming-span": _AT_THE_GATEWAY,
            "enable-influxdb": "",
            "influxdb-measurement": "",
            "influxdb-port": "",
            "influxdb-host": "",
            "influxdb-server-name": "",
        },
    ),
    *_group("planned", "balance", _NGINX, {"upstream-hash-by-subset": "", "upstream-hash-by-subset-size": ""}),
    *_group(
        "planned",
        "ip-access",
        _NGINX,
        {"allowlist-source-range": "write nginx.ingress.kubernetes.io/whitelist-source-range, the older name"},
    ),
    *_group("planned", "fallback", _NGINX, {"disable-proxy-intercept-errors": ""}),
    *_group("planned", "protocol", _NGINX, {"fastcgi-index": _NO_FCGI, "fastcgi-params-configmap": _NO_FCGI}),
)
"""Annotations that MSE does not read, and so no family of ours."""


def all_families() -> tuple[Family, ...]:
    """Every family: of Ingresses, of plain Services, and of the dialect higress."""
    from compiler.annotations import higress  # noqa: PLC0415 - few fleets ask for the dialect

    return (*FAMILIES, *SERVICE_FAMILIES, *higress.FAMILIES)


def named(name: str) -> Known | None:
    """The annotation that a name means; where its author chose the end of the name, the one with a star there."""
    names = catalog()
    if name in names:
        return names[name]
    return next((names[each] for each in names if each.endswith("*") and name.startswith(each[:-1])), None)


def that_name(name: str, relation: Literal["overrides", "excludes"]) -> tuple[str, ...]:
    """The annotations that say of `name` that they override or exclude it, in order."""
    declared = (annotation for family in all_families() for annotation in family.annotations)
    return tuple(each.name for each in declared if name in getattr(each, relation))


def features_of(family: str) -> tuple[str, ...]:
    """What the annotations of a family become: some of `compiler.ir.features`."""
    return next((each.features for each in all_families() if each.name == family), ())


@cache
def catalog() -> dict[str, Known]:
    """Every known annotation by its short name, sorted: those of MSE, of ingress-nginx, of Higress, and our own."""
    from compiler.annotations import higress  # noqa: PLC0415 - see `all_families`

    built = (
        Known(annotation.name, annotation.prefixes, family.name, annotation.support, annotation=annotation)
        for family in all_families()
        for annotation in family.annotations
    )
    refused = (Known(each.name, ("higress",), "higress", "higress", each.instead) for each in higress.REFUSED)
    return {known.name: known for known in sorted((*built, *OTHERS, *refused), key=lambda known: known.name)}
