"""Target `mse` says to MSE what the traffic program says, whatever the ages of the Ingresses.

For generated fleets the emitted Ingresses are read as MSE reads them (`tests.mse_reading`, in an arbitrary order of
creation) and compared with the program: routes with their order, conditions, shares, pods, headers, settings,
clients and names, and the certificates and TLS of hosts.
"""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import yaml
from hypothesis import HealthCheck, assume, given, note, settings
from hypothesis import strategies as st

from compiler.diagnostics import Severity
from compiler.ir.traffic import Forward, Redirect
from compiler.pipeline.compile import compile_fleet
from compiler.pipeline.options import Options
from compiler.pipeline.root import open_root
from tests import mse_reading
from tests.small_fleet import MSE, NGINX, fleet, ingress, path, pin, policy, rule, service

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

    from compiler.ir import traffic as ir
    from compiler.pipeline.compile import Cells

HOSTS = ("shop.example.com", "*.example.com", None)
PATHS = (("Exact", "/"), ("Prefix", "/"), ("Prefix", "/cart"), ("Prefix", "/cart/"), ("ImplementationSpecific", "/c.t"))
SERVICES = ("cart", "pay", "web")
WEIGHTS = {
    1: ((100,),),
    2: ((70, 30), (50, 50), (47, 53), (100, 0), (59, 41)),
    3: ((50, 30, 20), (98, 1, 1), (60, 40, 0)),
    4: ((25, 25, 25, 25), (40, 30, 20, 10)),
}
SETTINGS = (
    {NGINX + "timeout": "5"},
    {MSE + "timeout": "5"},
    {NGINX + "proxy-next-upstream-tries": "2"},
    {MSE + "mirror-target-service": "web:80"},
    {MSE + "mirror-target-service": "other/sorry", MSE + "mirror-percentage": "10"},
    {NGINX + "default-backend": "other/sorry"},
    {NGINX + "enable-cors": "true", NGINX + "cors-allow-origin": "https://a.example.com"},
    {NGINX + "ssl-redirect": "true"},
    {NGINX + "app-root": "/home"},
    {NGINX + "upstream-vhost": "inner.example.com"},
    {NGINX + "use-regex": "true"},
    {NGINX + "use-regex": "true", NGINX + "rewrite-target": "/inner"},
    {NGINX + "temporal-redirect": "https://sorry.example.com/soon"},
    {NGINX + "permanent-redirect": "https://new.example.com", NGINX + "permanent-redirect-code": "308"},
    {MSE + "request-header-control-update": "x-base 1"},
    {MSE + "response-header-control-remove": "server,via"},
    {MSE + "destination": "60% cart.shop.svc.cluster.local:80\n40% pay.shop.svc.cluster.local:80\n"},
    {MSE + "destination": "100% sorry.other.svc.cluster.local:80"},
    {MSE + "service-subset": "next"},
    {NGINX + "default-backend": "other/sorry", NGINX + "custom-http-errors": "503,404"},
    {MSE + "route-limit-rpm": "600", MSE + "route-limit-rps": "5"},
    {MSE + "route-limit-rps": "5", MSE + "route-limit-burst-multiplier": "2"},
    {MSE + "rate-limit": "50", MSE + "rate-limit-fallback-redirect-url": "sorry.example.com/busy"},
    {MSE + "concurrency-limit": "7", MSE + "concurrency-limit-fallback-custom-response-code": "503"},
    {MSE + "concurrency-limit": "7", MSE + "concurrency-limit-fallback-custom-response-body-type": "json"},
    {NGINX + "whitelist-source-range": "10.0.0.0/8", NGINX + "denylist-source-range": "10.1.0.0/16"},
    {NGINX + "denylist-source-range": "10.2.0.1,::1"},
    {MSE + "blacklist-source-range": "10.3.0.1"},
    {MSE + "domain-whitelist-source-range": "10.4.0.0/16", MSE + "domain-blacklist-source-range": "10.4.4.4"},
    {MSE + "domain-blacklist-source-range": "10.5.0.0/16"},
    {NGINX + "auth-type": "basic", NGINX + "auth-secret": "accounts"},
    {NGINX + "auth-type": "basic", NGINX + "auth-secret": "other/a", NGINX + "auth-secret-type": "auth-map"},
    {MSE + "wasmplugin": "{}"},
    {NGINX + "server-alias": "www.example.org"},
    {MSE + "server-alias": "*.example.org, www.example.org"},
    {MSE + "tls-min-protocol-version": "TLSv1.2"},
    {MSE + "tls-min-protocol-version": "TLSv1.0", MSE + "tls-max-protocol-version": "TLSv1.2"},
    {NGINX + "ssl-cipher": "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"},
    {"fleetgate.dev/priority": "5"},
    {"example.com/owner": "team-a"},
)
SPOKEN = (
    {NGINX + "backend-protocol": "grpc"},
    {MSE + "backend-protocol": "HTTP2", MSE + "connection-policy-tcp-max-connection": "7"},
    {NGINX + "backend-protocol": "HTTP"},
    {NGINX + "backend-protocol": "HTTPS", NGINX + "proxy-ssl-server-name": "on", NGINX + "proxy-ssl-secret": "cert"},
    {MSE + "load-balance": "least_conn", MSE + "warmup": "5"},
    {NGINX + "load-balance": "round_robin"},
    {NGINX + "upstream-hash-by": "$http_x-user", NGINX + "load-balance": "random"},
    {NGINX + "session-cookie-name": "c", NGINX + "session-cookie-expires": "60"},
    {NGINX + "proxy-ssl-server-name": "on"},
)
"""How Services are spoken to."""
CONDITIONS = (
    {NGINX + "canary-by-header": "x-stage", NGINX + "canary-by-header-value": "one"},
    {NGINX + "canary-by-header": "x-stage", NGINX + "canary-by-header-value": "two"},
    {NGINX + "canary-by-header": "x-stage"},
    {NGINX + "canary-by-header": "x-stage", MSE + "canary-by-query": "stage", MSE + "canary-by-query-value": "one"},
    {MSE + "canary-by-query": "stage", MSE + "canary-by-query-pattern": "^(one|two)$"},
    {NGINX + "canary-by-cookie": "stage"},
    {NGINX + "canary-by-cookie": "stage", MSE + "canary-by-cookie-value": "one"},
)


@st.composite
def spreads(draw: DrawFn, clusters: list[str]) -> dict[str, Any]:
    """A spread that MSE can express."""
    if len(clusters) > 1 and draw(st.booleans()):
        first, *rest = draw(st.permutations(clusters))
        tiers = [{"clusters": [{"cluster": first}]}, {"clusters": [{"cluster": c} for c in rest]}]
        return {"type": "PrimarySecondary", "primarySecondary": {"tiers": tiers}}
    weights = draw(st.sampled_from(WEIGHTS[len(clusters)]))
    listed = [{"cluster": c, "weight": w} for c, w in zip(clusters, weights, strict=True)]
    return {"type": "ActiveActive", "activeActive": {"weights": listed}}


BaseRule = tuple[str | None, str, str, dict[str, str]]
"""Host, path type, path, and the annotations of the Ingress."""


@st.composite
def bases(draw: DrawFn, number: int, clusters: list[str], governed: set[str]) -> tuple[dict[str, Any], list[BaseRule]]:
    """An ordinary Ingress, and its rules."""
    annotations: dict[str, str] = {}
    for chosen in draw(st.lists(st.sampled_from(SETTINGS), max_size=4)):
        annotations |= chosen
    if draw(st.booleans()):
        annotations |= draw(st.sampled_from(SPOKEN))
    rules = []
    for host in draw(st.lists(st.sampled_from(HOSTS), min_size=1, max_size=2, unique=True)):
        paths = draw(st.lists(st.sampled_from(PATHS), min_size=1, max_size=3, unique=True))
        rules.append((host, [(k, p, draw(st.sampled_from(SERVICES))) for k, p in paths]))
    is_free = not {s for _, paths in rules for _, _, s in paths} & governed
    if draw(st.booleans()) and is_free:
        annotations |= pin(draw(st.sampled_from(clusters)))
    more: dict[str, Any] = {}
    hosts = [host for host, _ in rules if host]
    if draw(st.booleans()) and hosts:
        more["tls"] = [{"hosts": hosts, "secretName": f"tls-{number}"}]
        if draw(st.integers(0, 3)) == 0:
            annotations[MSE + "auth-tls-secret"] = f"tls-{number}-cacert"
    if draw(st.integers(0, 4)) == 0 and NGINX + "rewrite-target" not in annotations:
        more["defaultBackend"] = path(draw(st.sampled_from(SERVICES)))["backend"]
    written = [(host, kind, text, annotations) for host, paths in rules for kind, text, _ in paths]
    shown = [rule(*(path(to, text, kind) for kind, text, to in paths), host=host) for host, paths in rules]
    return ingress(f"web-{number}", *shown, annotations=annotations, **more), written


@st.composite
def canaries(draw: DrawFn, number: int, base: BaseRule, clusters: list[str], governed: set[str]) -> dict[str, Any]:
    """A canary Ingress of a rule."""
    host, kind, text, theirs = base
    annotations = {NGINX + "canary": "true"}
    annotations |= {k: v for k, v in theirs.items() if k in (NGINX + "use-regex", NGINX + "rewrite-target")}
    name = draw(st.sampled_from(SERVICES))
    is_weighted = draw(st.booleans())
    if is_weighted:
        annotations |= {NGINX + "canary-weight": str(draw(st.sampled_from((0, 10, 50, 200, 530))))}
        annotations |= {NGINX + "canary-weight-total": "1000"}
    else:
        annotations |= draw(st.sampled_from(CONDITIONS))
    if draw(st.booleans()) and (name not in governed or not is_weighted):
        annotations |= pin(draw(st.sampled_from(clusters)))
    if draw(st.booleans()):
        annotations |= {MSE + "request-header-control-update": f"x-canary {number}"}
    if draw(st.booleans()):
        annotations |= draw(st.sampled_from(SPOKEN))
    return ingress(f"canary-{number}", rule(path(name, text, kind), host=host), annotations=annotations)


@st.composite
def documents(draw: DrawFn) -> list[dict[str, Any]]:
    """A fleet: clusters, Services, policies, base Ingresses, canaries."""
    clusters = ["hz-a", "hz-b", "hz-c", "hz-d"][: draw(st.integers(2, 4))]
    found = [*fleet(*clusters), service("sorry", *clusters, namespace="other")]
    governed = draw(st.sets(st.sampled_from(SERVICES)))
    for name in SERVICES:
        found.append(service(name, *clusters))
        found[-1]["spec"]["ports"][0]["name"] = draw(st.sampled_from(["http", "http", "http2-api", "grpc"]))
        if name in governed:
            found.append(policy(name, draw(spreads(clusters))))
    rules: list[BaseRule] = []
    for number in range(draw(st.integers(1, 3))):
        base, written = draw(bases(number, clusters, governed))
        found.append(base)
        rules += written
    chosen = draw(st.lists(st.sampled_from(rules), max_size=4))
    return [*found, *(draw(canaries(number, rule, clusters, governed)) for number, rule in enumerate(chosen))]


def compiled(found: list[dict[str, Any]]) -> Cells:
    """The cells that documents compile to."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "fleet.yaml").write_text(yaml.safe_dump_all(found))
        options = Options(root=folder, stop_after="ir")
        with open_root(options) as root:
            cells, _, told = compile_fleet(root, options, lambda *_: None)
    assume(not any(f.code.severity is Severity.ERROR or f.code.name == "mse-route-order" for f in told.findings))
    return cells


# --- the program in the words of the reading


def expected(gateway: ir.Gateway, ids: dict[str, str]) -> dict[str, mse_reading.Host]:
    """What MSE has to make of it."""
    return {
        host.host: mse_reading.Host(
            tuple(_of_host(_route(route, ids), route, host) for route in host.routes),
            f"{host.tls.namespace}/{host.tls.secret}" if host.tls else "",
            _client_tls(host.tls_settings),
        )
        for host in gateway.hosts
    }


def _of_host(read: mse_reading.Route, route: ir.Route, host: ir.VirtualHost) -> mse_reading.Route:
    """With what a route has of its host; a start page stands beside the routes."""
    if isinstance(route.action, Redirect) and not route.action.host:
        return read
    clients = route.policies.access or host.access
    blocks = (clients.kind, *sorted(clients.ranges)) if clients else ()
    return msgspec.structs.replace(read, clients=blocks, names=host.aliases)


def _client_tls(said: ir.TlsSettings | None) -> mse_reading.ClientTls:
    if said is None:
        return mse_reading.ClientTls()
    lowest, highest = said.min_version or "TLSv1.0", said.max_version or "TLSv1.3"
    return mse_reading.ClientTls(lowest, highest, ",".join(said.ciphers), str(said.client_ca or ""))


def _route(route: ir.Route, ids: dict[str, str]) -> mse_reading.Route:
    action, match = route.action, route.match
    conditions = tuple(
        (f"{part}:{c.name}", c.value if c.kind == "exact" else f"~{c.value}")
        for part, found in (("header", match.headers), ("query", match.query), ("cookie", match.cookies))
        for c in found
    )
    kind, path = match.path.kind, match.path.value
    if isinstance(action, Redirect):
        location = f"{action.scheme}://{action.host}{action.path}" if action.host else action.path
        said = _settings(route.policies, action.behind.fallback if action.behind else None) if action.host else ()
        return mse_reading.Route(kind, path, conditions, f"{action.status} {location}", (), said)
    assert isinstance(action, Forward)
    total = sum(s.weight for s in action.split.shares)
    shares = []
    for share in action.split.shares:
        own = share.headers if share.owner != route.owner else route.policies.headers
        for pods, percent in _pods(share.backend, ids):
            to = f"{share.backend.service}:{share.backend.port}"
            weight = percent * share.weight / total
            assert weight == int(weight)
            shares.append(mse_reading.Share(to, pods, _headers(own), int(weight)))
    shown = tuple(sorted(s for s in shares if s.percent))
    return mse_reading.Route(kind, path, conditions, "", shown, _settings(route.policies, action.fallback))


def _pods(backend: ir.Backend, ids: dict[str, str]) -> list[tuple[mse_reading.Labels, float]]:
    spread, subset = backend.spread, backend.subset
    labels = [] if subset is None else [*subset.labels]
    if subset is not None and subset.without_prefix:
        labels.append((f"!{subset.without_prefix}", ""))
    if spread.by_replicas and len(spread.tiers) == 1:
        return [(tuple(labels), 100)]
    members = spread.tiers[0].members
    total = sum(m.weight for m in members)
    label = "topology.istio.io/cluster"
    return [(tuple(sorted([*labels, (label, ids[m.cluster])])), 100 * m.weight / total) for m in members]


def _headers(control: ir.HeaderControl | None) -> mse_reading.Settings:
    if control is None:
        return ()
    found = []
    for side in ("request", "response"):
        for act, field in (("add", "add"), ("update", "set"), ("remove", "remove")):
            values = getattr(control, f"{side}_{field}")
            if values:
                text = ",".join(values) if act == "remove" else "\n".join(f"{n} {v}" for n, v in values)
                found.append((f"{side}-header-control-{act}", text))
    return tuple(found)


def _settings(policies: ir.Policies, fallback: ir.Backend | None) -> mse_reading.Settings:
    rewrite, mirror, retry, cors = policies.rewrite, policies.mirror, policies.retry, policies.cors
    said = {
        "ssl-redirect": "true" if policies.https else "",
        "timeout": str(policies.timeout.seconds) if policies.timeout else "",
        "proxy-next-upstream": ",".join(retry.written) if retry else "",
        "proxy-next-upstream-tries": str(retry.attempts) if retry else "",
        "mirror-target-service": f"{mirror.backend.service}:{mirror.backend.port}" if mirror else "",
        "mirror-percentage": str(mirror.percent) if mirror and mirror.percent != 100 else "",
        "default-backend": str(fallback.service) if fallback else "",
        "enable-cors": "true" if cors else "",
        "cors-allow-origin": ",".join(cors.allow_origins) if cors else "",
        "rewrite-target": rewrite.path if rewrite and rewrite.kind else "",
        "upstream-vhost": rewrite.host if rewrite else "",
        "custom-http-errors": ",".join(map(str, policies.errors.statuses)) if policies.errors else "",
        "wasmplugin": policies.wasm.config if policies.wasm else "",
        **_limits(policies),
    }
    return tuple((name, said[name]) for name in mse_reading.INHERITED if said.get(name))


def _limits(policies: ir.Policies) -> dict[str, str]:
    local, auth = policies.local_limit, policies.auth
    said: dict[str, str] = {}
    if local is not None:
        said["route-limit-rpm" if local.unit_s == 60 else "route-limit-rps"] = str(local.requests)
        if local.burst != 5 * local.requests:
            said["route-limit-burst-multiplier"] = str(local.burst // local.requests)
    if auth is not None:
        said |= {"auth-type": "basic", "auth-secret": str(auth.secret)}
        said["auth-secret-type"] = "" if auth.form == "auth-file" else auth.form
    rate, at_once = policies.global_limit, policies.concurrency
    if rate is not None:
        said |= {"rate-limit": str(rate.requests_per_second), **_rejection("rate-limit", rate.rejection)}
    if at_once is not None:
        said |= {"concurrency-limit": str(at_once.requests), **_rejection("concurrency-limit", at_once.rejection)}
    return said


def _rejection(limit: str, rejection: ir.Rejection) -> dict[str, str]:
    stem = f"{limit}-fallback-custom-response"
    return {
        f"{limit}-fallback-redirect-url": rejection.redirect,
        f"{stem}-code": "" if rejection.status == 429 else str(rejection.status),
        f"{stem}-body-type": "json" if rejection.content_type == "application/json" else "",
    }


def spoken(gateway: ir.Gateway) -> dict[str, mse_reading.Settings]:
    """How each Service that a route leads to has to be spoken to."""
    found: dict[str, mse_reading.Settings] = {}
    for route in (route for host in gateway.hosts for route in host.routes):
        action = route.action.behind if isinstance(route.action, Redirect) else route.action
        if isinstance(action, Forward):
            backends = [share.backend for share in action.split.shares]
            found |= {f"{each.service}:{each.port}": _spoken(each.policy) for each in backends}
    return found


def _spoken(policy: ir.ServicePolicy) -> mse_reading.Settings:
    balance, pool, tls = policy.balance, policy.pool, policy.tls
    cookie = balance.affinity if balance else None
    hash_by = balance.hash_by if balance else None
    said = {
        "backend-protocol": policy.protocol if policy.protocol != "HTTP" else "",
        "load-balance": balance.algorithm if balance and balance.algorithm != "round_robin" else "",
        "upstream-hash-by": f"$http_{hash_by.name}" if hash_by else "",
        "warmup": str(balance.warmup_s) if balance and balance.warmup_s else "",
        "affinity": "cookie" if cookie else "",
        "session-cookie-name": cookie.cookie if cookie else "",
        "session-cookie-max-age": str(cookie.max_age_s) if cookie and cookie.max_age_s else "",
        "connection-policy-tcp-max-connection": str(pool.max_connections) if pool else "",
        "proxy-ssl-secret": str(tls.client_certificate) if tls and tls.client_certificate else "",
        "proxy-ssl-server-name": "on" if tls and tls.sends_server_name else "",
    }
    return tuple((name, said[name]) for name in mse_reading.SPOKEN if said.get(name))


def check(found: list[dict[str, Any]], order: Any) -> None:
    """The law."""
    for cell in compiled(found).cells:
        program = cell.program
        assert program is not None
        ids = {c.name: c.id for c in program.traffic.clusters}
        emitted = [yaml.safe_load(e.text) for e in cell.emissions if e.scope[0] == "gateway"]
        names = [(e["metadata"]["namespace"], e["metadata"]["name"]) for e in emitted]
        assert len(names) == len(set(names))
        order.shuffle(emitted)
        note(yaml.safe_dump_all(emitted))
        (gateway,) = program.traffic.gateways
        read = mse_reading.read(emitted)
        ports = {
            f"{service.name}:{port.number}": port.name for service in program.traffic.services for port in service.ports
        }
        assert mse_reading.read_services(emitted, ports) == spoken(gateway)
        assert {h: _settled(host) for h, host in read.items()} == {
            h: _settled(host) for h, host in expected(gateway, ids).items()
        }


def _settled(host: mse_reading.Host) -> mse_reading.Host:
    """A host without what makes no difference: shares of nothing, and the order of canaries that exclude each other."""
    routes = [msgspec.structs.replace(r, shares=tuple(s for s in r.shares if s.percent)) for r in host.routes]
    runs = itertools.groupby(
        routes, lambda r: (r.kind, r.path, [c[0].partition(":")[0] == "cookie" for c in r.conditions[:1]])
    )
    ordered = [route for _, run in runs for route in sorted(run, key=lambda r: r.conditions)]
    return msgspec.structs.replace(host, routes=tuple(ordered))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(documents(), st.randoms(use_true_random=False))
def test_mse_reads_in_the_emitted_ingresses_what_the_program_says(found: list[dict[str, Any]], order: Any) -> None:
    check(found, order)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(documents(), st.randoms(use_true_random=False))
def test_mse_reads_in_very_many_ingresses_what_the_program_says(found: list[dict[str, Any]], order: Any) -> None:
    check(found, order)
