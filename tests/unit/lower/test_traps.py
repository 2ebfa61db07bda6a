"""What surprises: told once per Ingress, with both sides."""

from __future__ import annotations

from typing import Any

import pytest

from tests.small_fleet import MSE, NGINX, Compiled, canary, compiled, fleet, ingress, path, rule, service

SERVICES = [service(name, "hz-a", "hz-b") for name in ("cart", "sorry")]
PLAIN_AUTH = {NGINX + "auth-type": "basic", NGINX + "auth-secret": "accounts"}
AUTH = {**PLAIN_AUTH, NGINX + "ssl-redirect": "true"}
RPM, RPS = MSE + "route-limit-rpm", MSE + "route-limit-rps"


def compiled_with(annotations: dict[str, str], **gateway: Any) -> Compiled:
    """An Ingress with two paths."""
    document = ingress("web", rule(path("cart"), path("cart", "/b")), annotations=annotations)
    return compiled([*fleet("hz-a", "hz-b", gateway=gateway), *SERVICES, document])


def why(result: Compiled, code: str) -> str:
    (finding,) = (f for f in result.findings if f.code.name == code)
    assert finding.notes
    return finding.why


def test_the_replay_of_error_statuses_is_told_with_the_service_that_is_asked() -> None:
    """Path `/`, Host of the request, any method."""
    result = compiled_with({NGINX + "default-backend": "sorry", NGINX + "custom-http-errors": "503,502"})
    assert why(result, "errors-replay") == (
        "after these answers the request is sent again, whatever its method, to shop/sorry: with path / and the Host "
        "of the request"
    )
    assert result.found == [("errors-replay", f"ingress-web:metadata.annotations.{NGINX}custom-http-errors", "502,503")]


@pytest.mark.parametrize(
    ("annotations", "gateway", "replicas", "passing"),
    [
        ({RPM: "600"}, {}, 3, "1800 requests a minute"),
        ({RPS: "10"}, {"mse": {"instance": {"replicas": 5}}}, 5, "50 requests a second"),
    ],
)
def test_a_local_limit_is_multiplied_by_the_replicas_of_the_gateway(
    annotations: dict[str, str], gateway: dict[str, Any], replicas: int, passing: str
) -> None:
    """MSE runs three where nothing is said."""
    result = compiled_with(annotations, **gateway)
    said = f"each of the {replicas} replicas of gateway public counts by itself, so up to {passing} pass"
    assert why(result, "limit-per-replica") == said
    assert result.codes == ["limit-per-replica"]


@pytest.mark.parametrize("replicas", [0, 1])
def test_a_gateway_that_runs_once_counts_right(replicas: int) -> None:
    """Nothing surprises."""
    assert compiled_with({RPM: "600"}, mse={"instance": {"replicas": replicas}}).found == []


_EACH = "replicas of gateway public counts by itself, so up to"


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({"common": {"instance": {"replicas": 7}}}, f"each of the 7 {_EACH} 70 requests a second pass"),
        ({}, f"each of the 3 {_EACH} 30 requests a second pass"),
        ({"id": "gw-1"}, "each replica of gateway public counts by itself, so a multiple of that passes"),
    ],
)
def test_the_replicas_of_a_gateway_of_the_repo_stand_in_its_own_object(spec: dict[str, Any], found: str) -> None:
    """Those of one that is reused are not known."""
    own = {
        "apiVersion": "mse.alibabacloud.com/v1alpha1",
        "kind": "MseIngressConfig",
        "metadata": {"name": "public"},
        "spec": spec,
    }
    document = ingress("web", rule(path("cart")), annotations={RPS: "10"})
    result = compiled([*fleet("hz-a", "hz-b"), *SERVICES, own, document])
    assert why(result, "limit-per-replica") == found
    assert result.findings[0].notes[0].origin.file == "mseingressconfig-public.yaml"


@pytest.mark.parametrize("name", ["route-limit-rpm", "route-limit-rps", "rate-limit", "concurrency-limit"])
def test_a_limit_of_0_is_told(name: str) -> None:
    """The reference allows it, and does not say what it means."""
    result = compiled_with({MSE + name: "0"})
    assert result.found == [("limit-zero", f"ingress-web:metadata.annotations.{MSE}{name}", "0")]


def test_a_secret_with_accounts_is_told_because_nobody_can_see_it() -> None:
    """Without it everybody gets in."""
    result = compiled_with(AUTH)
    assert why(result, "secret-unseen") == (
        "nobody can see here whether this Secret exists beside gateway public, and without it everybody gets in "
        "without a password, in silence"
    )
    assert result.found == [("secret-unseen", f"ingress-web:metadata.annotations.{NGINX}auth-secret", "shop/accounts")]


def test_what_a_canary_says_in_vain_is_no_trap() -> None:
    """It is told that its base decides, and nothing else."""
    base = ingress("web", rule(path("cart")))
    refined = canary("next", rule(path("sorry")), weight="10", **{RPM: "600", **PLAIN_AUTH})
    result = compiled([*fleet("hz-a", "hz-b"), *SERVICES, base, refined])
    assert sorted((code, value) for code, _, value in result.found) == [
        ("canary-setting", "auth"),
        ("canary-setting", "local_limit"),
    ]


CORS, ORIGIN, CREDENTIALS = (NGINX + name for name in ("enable-cors", "cors-allow-origin", "cors-allow-credentials"))


@pytest.mark.parametrize("listed", [{}, {ORIGIN: "*"}])
def test_any_origin_with_credentials_is_told_where_the_origins_are_said_or_left_out(listed: dict[str, str]) -> None:
    """Both are documented defaults."""
    result = compiled_with({CORS: "true", **listed})
    place = ORIGIN if listed else CORS
    assert result.found == [("cors-any-origin", f"ingress-web:metadata.annotations.{place}", "*")]
    assert [note.origin.path[-1] for note in result.findings[0].notes] == ([CORS] if listed else [])


@pytest.mark.parametrize("said", [{ORIGIN: "https://shop.example.com"}, {CREDENTIALS: "false"}])
def test_named_origins_or_no_credentials_are_no_trap(said: dict[str, str]) -> None:
    """Each of the two ways out that the finding names."""
    assert compiled_with({CORS: "true", **said}).codes == []


def test_with_target_envoy_a_limit_is_no_less_each_replica_s_own() -> None:
    """A rate-limit is divided there, so that nothing counts over the whole gateway."""
    document = ingress("web", rule(path("cart")), annotations={RPS: "10"})
    result = compiled([*fleet("hz-a", "hz-b", gateway={"targets": ["envoy"]}), *SERVICES, document])
    (finding,) = (f for f in result.findings if f.code.name == "limit-per-replica")
    assert "divides among the replicas" in finding.fix


HTTP, HTTPS = {"name": "http", "port": 80}, {"name": "https", "port": 443, "protocol": "HTTPS"}


@pytest.mark.parametrize(
    ("more", "listeners", "is_told"),
    [
        ({}, [HTTP, HTTPS], True),
        ({NGINX + "ssl-redirect": "false"}, [HTTP, HTTPS], True),
        ({NGINX + "ssl-redirect": "true"}, [HTTP, HTTPS], False),
        ({NGINX + "force-ssl-redirect": "true"}, [HTTP, HTTPS], False),
        ({NGINX + "permanent-redirect": "https://new.example.com"}, [HTTP, HTTPS], False),
        ({}, [HTTPS], False),
    ],
)
def test_passwords_in_plain_http_are_told(more: dict[str, str], listeners: list[Any], *, is_told: bool) -> None:
    """Unless nothing is asked for there: a redirect comes first, or no listener does without TLS."""
    result = compiled_with({**PLAIN_AUTH, **more}, targets=["envoy"], listeners=listeners)
    assert ("plain-password" in result.codes) is is_told
