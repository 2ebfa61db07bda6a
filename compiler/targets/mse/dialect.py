"""Policies of the traffic program in the words of MSE: one prefix, one spelling, defaults left out.

Shared annotations are written with the ingress-nginx prefix, which MSE reads first; its own with the MSE prefix.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.ir.delivery import CORS_DEFAULTS
from compiler.ir.traffic import Redirect
from compiler.targets.mse.guards import guards
from compiler.targets.mse.keys import MSE, NGINX, Pairs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from compiler.ir.traffic import (
        Action,
        Backend,
        Cors,
        HeaderControl,
        Match,
        Mirror,
        Policies,
        Retry,
        Rewrite,
        Share,
        ValueMatch,
    )

CLUSTER_LABEL = "topology.istio.io/cluster"
SUBSET_SINCE = (1, 2, 25)
"""First version with service-subset (MSE annotation reference)."""

CANARY: Pairs = [(f"{NGINX}canary", "true")]
USE_REGEX = (f"{NGINX}use-regex", "true")


def policies(written: Policies, fallback: Backend | None) -> Pairs:
    """Everything that a base says beside its backend."""
    pairs: Pairs = []
    if written.https:
        pairs.append((f"{NGINX}ssl-redirect", "true"))
    if written.rewrite:
        pairs += rewrite(written.rewrite)
    if written.headers:
        pairs += headers(written.headers)
    if written.cors:
        pairs += cors(written.cors)
    if written.timeout:
        pairs.append((f"{MSE}timeout", str(written.timeout.seconds)))
    if written.retry:
        pairs += retry(written.retry)
    if written.mirror:
        pairs += mirror(written.mirror)
    if fallback:
        pairs.append((f"{NGINX}default-backend", str(fallback.service)))
        if written.errors:
            pairs.append((f"{NGINX}custom-http-errors", ",".join(map(str, written.errors.statuses))))
    pairs += guards(written)
    return pairs


def rewrite(written: Rewrite) -> Pairs:
    """Path and Host that the backend sees."""
    pairs: Pairs = []
    if written.kind:
        target = written.path
        if written.kind == "regex":
            for group in range(1, 10):
                target = target.replace(f"\\{group}", f"${group}")
        pairs.append((f"{NGINX}rewrite-target", target))
    if written.host:
        pairs.append((f"{NGINX}upstream-vhost", written.host))
    return pairs


def redirect(written: Redirect) -> Pairs:
    """An answer with a Location."""
    port = "" if written.port is None else f":{written.port}"
    url = f"{written.scheme}://{written.host}{port}{written.path}"
    if written.status == 302:
        return [(f"{NGINX}temporal-redirect", url)]
    pairs = [(f"{NGINX}permanent-redirect", url)]
    if written.status != 301:
        pairs.append((f"{NGINX}permanent-redirect-code", str(written.status)))
    return pairs


def is_app_root(written: Redirect) -> bool:
    """Whether a redirect keeps scheme and host: only app-root says that."""
    return not written.scheme and not written.host and written.status == 302


def app_root(written: Action) -> Pairs:
    """The start page of the hosts of an Ingress."""
    assert isinstance(written, Redirect), "a start page is a redirect"
    return [(f"{NGINX}app-root", written.path)]


def weight(share: int, total: int) -> Pairs:
    """The share of a canary."""
    pairs = [(f"{NGINX}canary-weight", str(share))]
    return pairs if total == 100 else [*pairs, (f"{NGINX}canary-weight-total", str(total))]


def destination(shares: Iterable[Share]) -> tuple[str, str]:
    """Services and their shares, in the place of one backend."""
    lines = "".join(
        f"{s.weight}% {s.backend.service.name}.{s.backend.service.namespace}.svc.cluster.local:{s.backend.port}\n"
        for s in shares
    )
    return (f"{MSE}destination", lines)


def headers(written: HeaderControl) -> Pairs:
    """Changes to headers."""
    pairs: Pairs = []
    for name, lines in (
        ("request-header-control-add", written.request_add),
        ("request-header-control-update", written.request_set),
        ("response-header-control-add", written.response_add),
        ("response-header-control-update", written.response_set),
    ):
        if lines:
            text = "\n".join([f"{header} {value}" for header, value in lines])
            pairs.append((f"{MSE}{name}", f"{text}\n" if len(lines) > 1 else text))
    if written.request_remove:
        pairs.append((f"{MSE}request-header-control-remove", ",".join(written.request_remove)))
    if written.response_remove:
        pairs.append((f"{MSE}response-header-control-remove", ",".join(written.response_remove)))
    return pairs


def cors(written: Cors) -> Pairs:
    """Cross-origin rules; values that are MSE's defaults are left out."""
    pairs = [(f"{NGINX}enable-cors", "true")]
    lists: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
        ("cors-allow-origin", written.allow_origins, CORS_DEFAULTS.origins),
        ("cors-allow-methods", written.allow_methods, CORS_DEFAULTS.methods),
        ("cors-allow-headers", written.allow_headers, CORS_DEFAULTS.headers),
        ("cors-expose-headers", written.expose_headers, ()),
    )
    pairs += [(f"{NGINX}{name}", ",".join(values)) for name, values, default in lists if values != default]
    if not written.allow_credentials:
        pairs.append((f"{NGINX}cors-allow-credentials", "false"))
    if written.max_age_s != CORS_DEFAULTS.max_age_s:
        pairs.append((f"{NGINX}cors-max-age", str(written.max_age_s)))
    return pairs


def retry(written: Retry) -> Pairs:
    """Repeats; the three annotations together, so that no default is left to chance."""
    if written.attempts == 0:
        return [(f"{NGINX}proxy-next-upstream", "off")]
    pairs = [
        (f"{NGINX}proxy-next-upstream", ",".join(written.written)),
        (f"{NGINX}proxy-next-upstream-tries", str(written.attempts)),
    ]
    if written.try_timeout_s is not None:
        pairs.append((f"{NGINX}proxy-next-upstream-timeout", str(written.try_timeout_s)))
    return pairs


def mirror(written: Mirror) -> Pairs:
    """A copy of some requests."""
    pairs = [(f"{MSE}mirror-target-service", f"{written.backend.service}:{written.backend.port}")]
    if written.percent != 100:
        pairs.append((f"{MSE}mirror-percentage", str(written.percent)))
    return pairs


def pin(name: str, cluster_id: str, labels: Iterable[tuple[str, str]] = ()) -> Pairs:
    """Pods of one cluster first; all pods of the Service when none is left."""
    pairs = [(CLUSTER_LABEL, cluster_id), *labels]
    return [
        (f"{MSE}service-subset", name),
        (f"{MSE}subset-labels", "\n".join(f"{key} {value}" for key, value in pairs)),
    ]


def subset(backend: Backend) -> Pairs:
    """Pods with some labels first, in all clusters."""
    chosen = backend.subset
    if chosen is None:
        return []
    pairs = [(f"{MSE}service-subset", chosen.name)]
    if chosen.labels and chosen.labels != ((f"opensergo.io/canary-{chosen.name}", chosen.name),):
        pairs.append((f"{MSE}subset-labels", "\n".join(f"{key} {value}" for key, value in chosen.labels)))
    return pairs


def conditions(match: Match) -> Pairs | None:
    """Header, query and cookie of a conditional canary; None where MSE has no words for them."""
    one_each = len(match.headers) <= 1 and len(match.query) <= 1 and len(match.cookies) <= 1
    if not one_each or (match.cookies and (match.headers or match.query)):
        return None
    if any(c.kind == "prefix" or c.name.startswith(":") for c in (*match.headers, *match.query, *match.cookies)):
        return None
    pairs: Pairs = []
    for word, prefix, found in (
        ("header", NGINX, match.headers),
        ("query", MSE, match.query),
        ("cookie", NGINX, match.cookies),
    ):
        for condition in found:
            if word == "cookie" and condition.kind == "regex":
                return None
            pairs += _condition(word, prefix, condition)
    return pairs


def _condition(word: str, prefix: str, condition: ValueMatch) -> Pairs:
    pairs = [(f"{prefix}canary-by-{word}", condition.name)]
    if condition.kind == "regex":
        pairs.append((f"{prefix}canary-by-{word}-pattern", condition.value))
    elif condition.value != "always":
        # the values of cookie and query are MSE's own annotations, that of a header is shared
        pairs.append((f"{NGINX if word == 'header' else MSE}canary-by-{word}-value", condition.value))
    return pairs
