"""Words of an author that MSE passes over: told where they stand, once per Ingress."""

from __future__ import annotations

from tests.small_fleet import NGINX, Found, canary, compiled, fleet, ingress, path, rule, service

FLEET = [*fleet("hz-a", "hz-b"), service("cart", "hz-a", "hz-b"), service("next", "hz-a", "hz-b")]
CORS = {f"{NGINX}enable-cors": "true"}


def found(annotations: dict[str, str]) -> list[Found]:
    web = ingress("web", rule(path("cart"), path("cart", "/b")), annotations=annotations)
    return compiled([*FLEET, web, canary("x", rule(path("next")), by_header="x")]).found


def test_a_retry_of_what_is_not_idempotent_is_told() -> None:
    place = f"ingress-web:metadata.annotations.{NGINX}proxy-next-upstream"
    assert found({f"{NGINX}proxy-next-upstream": "error,non_idempotent"}) == [("mse-retry", place, "non_idempotent")]
    assert found({f"{NGINX}proxy-next-upstream": "error,timeout"}) == []


def test_a_wildcard_of_an_origin_is_told() -> None:
    place = f"ingress-web:metadata.annotations.{NGINX}cors-allow-origin"
    origins = "https://*.a.example.com,https://b.example.com,http://*.c.example.com:8080"
    wild = "https://*.a.example.com,http://*.c.example.com:8080"
    assert found({**CORS, f"{NGINX}cors-allow-origin": origins}) == [("mse-origin", place, wild)]


def test_plain_origins_and_all_origins_are_not_told() -> None:
    assert found({**CORS, f"{NGINX}cors-allow-origin": "https://a.example.com"}) == []
    assert [code for code, *_ in found(CORS) if code.startswith("mse-")] == []
