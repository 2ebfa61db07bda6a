"""The IR loses nothing: what the mse target writes of it reads back as the same."""

from __future__ import annotations

import pytest

from compiler.annotations.paths import route_path
from compiler.diagnostics import Diagnostics, Origin
from compiler.ir.traffic import DEFAULT_POLICY, Match, PathMatch, Policies
from compiler.lower.service_policies import declared_by, policy_of
from compiler.targets.mse import dialect
from compiler.targets.mse.services import service_policy
from tests.unit.annotations.reading import good

HEADERS = "request-header-control"


@pytest.mark.parametrize(
    "annotations",
    [
        {"timeout": "7"},
        {"enable-cors": "true"},
        {
            "enable-cors": "true",
            "cors-allow-origin": "https://a.b,https://*.c.d:8443",
            "cors-allow-methods": "GET",
            "cors-allow-headers": "*",
            "cors-expose-headers": "X-A,X-B",
            "cors-allow-credentials": "false",
            "cors-max-age": "-1",
        },
        {"proxy-next-upstream-tries": "5"},
        {"proxy-next-upstream": "http_503 non_idempotent error", "proxy-next-upstream-timeout": "4"},
        {"proxy-next-upstream": "off"},
        {f"{HEADERS}-add": "X-A one  two\nx-b '3'", f"{HEADERS}-update": "c d", f"{HEADERS}-remove": "E,f"},
        {"response-header-control-update": "c d"},
        {"ssl-redirect": "true"},
        {"route-limit-rpm": "600"},
        {"route-limit-rps": "7", "route-limit-burst-multiplier": "3"},
        {"rate-limit": "5", "concurrency-limit": "0"},
        {
            "rate-limit": "5",
            "rate-limit-fallback-custom-response-code": "503",
            "rate-limit-fallback-custom-response-body-type": "json",
            "rate-limit-fallback-custom-response-body": '{"later": true}',
        },
        {"concurrency-limit": "5", "concurrency-limit-fallback-redirect-url": "sorry.example.com/busy"},
        {"whitelist-source-range": "10.0.0.0/8,::1"},
        {"denylist-source-range": "10.0.0.0/8"},
        {"blacklist-source-range": "10.0.0.0/8"},
        {"auth-type": "basic", "auth-secret": "accounts"},
        {"auth-type": "basic", "auth-secret": "a/b", "auth-secret-type": "auth-map", "auth-realm": "Staff only"},
        {"wasmplugin": '{"url": "oci://a.b/c"}'},
    ],
)
def test_policies_read_back_as_they_were(annotations: dict[str, str]) -> None:
    """One spelling, no default that is left to chance."""
    said = good(annotations)
    policies = Policies(
        https=None if said.redirects is None else said.redirects.https,
        headers=said.headers,
        cors=said.cors,
        timeout=said.timeout,
        retry=said.retry,
        local_limit=said.local_limit,
        global_limit=said.global_limit,
        concurrency=said.concurrency,
        access=said.access.route if said.access is not None else None,
        auth=said.auth,
        wasm=said.wasm,
    )
    assert good(dict(dialect.policies(policies, None))) == said


@pytest.mark.parametrize(
    "annotations",
    [
        {"backend-protocol": "grpcs"},
        {"load-balance": "least_conn", "warmup": "30"},
        {"load-balance": "random"},
        {"warmup": "5"},
        *({"upstream-hash-by": key} for key in ("$request_uri", "$host", "$remote_addr", "$http_x-a", "$arg_B")),
        {"affinity": "cookie"},
        {"session-cookie-name": "c", "session-cookie-path": "/a", "session-cookie-expires": "60"},
        {
            "connection-policy-tcp-max-connection": "1",
            "connection-policy-tcp-max-connection-per-endpoint": "2",
            "connection-policy-http-max-request-per-connection": "3",
        },
        {
            "backend-protocol": "HTTPS",
            "proxy-ssl-secret": "cert",
            "proxy-ssl-server-name": "on",
            "proxy-ssl-name": "a.b",
            "proxy-ssl-verify": "on",
        },
    ],
)
def test_service_policies_read_back_as_they_were(annotations: dict[str, str]) -> None:
    """In one spelling, whichever of two was written."""
    declared = declared_by(good(annotations))
    policy = policy_of(declared, None)
    assert policy != DEFAULT_POLICY
    again = declared_by(good(dict(service_policy(policy))))
    assert policy_of(again, None) == policy
    assert service_policy(policy_of(again, None)) == service_policy(policy)


@pytest.mark.parametrize(
    "annotations",
    [
        {"backend-protocol": "http"},
        {"load-balance": "round_robin"},
        {"load-balance": "round_robin", "backend-protocol": "HTTP"},
        {"proxy-ssl-server-name": "off", "proxy-ssl-verify": "off"},
    ],
)
def test_defaults_of_service_policies_are_left_out(annotations: dict[str, str]) -> None:
    """They are what MSE does anyway."""
    assert service_policy(policy_of(declared_by(good(annotations)), None)) == []


@pytest.mark.parametrize(
    ("path", "annotations"),
    [
        ("/a(/|$)(.*)", {"rewrite-target": "/x/$2$1", "upstream-vhost": "a.b"}),
        ("/a", {"rewrite-target": "/x", "use-regex": "true"}),
        ("/a", {"upstream-vhost": "a.b"}),
    ],
)
def test_rewrites_read_back_as_they_were(path: str, annotations: dict[str, str]) -> None:
    """The pattern of a path ends in `.*`, which the target takes off again."""
    findings = Diagnostics()
    found = route_path(path, "Prefix", good(annotations), Origin("f"), findings)
    assert found is not None
    match, rewrite = found
    assert rewrite is not None
    written = dict(dialect.rewrite(rewrite)) | ({"use-regex": "true"} if match.kind == "regex" else {})
    again = route_path(match.value.removesuffix(".*"), "Prefix", good(written), Origin("f"), findings)
    assert again == (match, rewrite)
    assert not len(findings)


@pytest.mark.parametrize(
    "url",
    [
        ("temporal-redirect", "https://a.b/c"),
        ("permanent-redirect", "http://a.b"),
        ("permanent-redirect", "https://a.b/"),
    ],
)
@pytest.mark.parametrize("code", [None, "300", "307", "308"])
def test_redirects_read_back_as_they_were(url: tuple[str, str], code: str | None) -> None:
    """Status and address."""
    name, target = url
    extra = {} if code is None or name == "temporal-redirect" else {"permanent-redirect-code": code}
    said = good({name: target, **extra})
    assert said.redirects is not None
    assert said.redirects.target is not None
    assert good(dict(dialect.redirect(said.redirects.target))) == said


@pytest.mark.parametrize(
    "annotations",
    [
        {"canary-by-header": "X-A"},
        {"canary-by-header": "x-a", "canary-by-header-value": "b c", "canary-by-query": "q"},
        {"canary-by-header": "x-a", "canary-by-header-pattern": "a|b"},
        {"canary-by-query": "q", "canary-by-query-pattern": "^a$"},
        {"canary-by-cookie": "c", "canary-by-cookie-value": "d"},
    ],
)
def test_conditions_read_back_as_they_were(annotations: dict[str, str]) -> None:
    """A pattern that covers the whole value means the same when it is searched."""
    said = good({"canary": "true", **annotations})
    assert said.canary is not None
    canary = said.canary
    written = dialect.conditions(Match(PathMatch("prefix", "/"), canary.headers, canary.query, canary.cookies))
    assert written is not None
    assert good({"canary": "true", **dict(written)}).canary == canary
