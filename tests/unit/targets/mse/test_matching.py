"""What the dialect of Higress asks for, MSE can't do: told at the annotation that asks."""

from __future__ import annotations

import pytest

from tests.small_fleet import NGINX, Found, canary, compiled, fleet, ingress, path, rule, service

FLEET = [*fleet("hz-a", "hz-b", dialects=["higress"]), service("cart", "hz-a", "hz-b"), service("next", "hz-a", "hz-b")]


def found(annotations: dict[str, str]) -> list[Found]:
    return compiled([*FLEET, ingress("web", rule(path("cart")), annotations=annotations)]).found


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("match-method", "GET"),
        ("exact-match-header-a", "1"),
        ("regex-match-query-a", "1"),
        ("prefix-match-pseudo-header-authority", "a"),
        ("ignore-path-case", "true"),
        ("full-path-regex", "true"),
    ],
)
def test_mse_cannot_match_what_higress_matches(name: str, text: str) -> None:
    place = f"ingress-web:metadata.annotations.higress.io/{name}"
    assert found({f"higress.io/{name}": text}) == [("mse-conditions", place, "shop/web")]


def test_mse_cannot_replace_the_beginning_of_a_path() -> None:
    place = "ingress-web:metadata.annotations.higress.io/rewrite-path"
    assert found({"higress.io/rewrite-path": "/v2"}) == [("mse-rewrite", place, "shop/web")]


def test_what_says_nothing_new_is_expressed() -> None:
    assert found({"higress.io/ignore-path-case": "false", "higress.io/full-path-regex": "false"}) == []


@pytest.mark.parametrize(("pattern", "is_whole"), [("/a.*", False), (r"/a\.*", True), ("/a", True)])
def test_a_pattern_of_the_whole_path_that_goes_on_anyway_is_expressed(pattern: str, is_whole: bool) -> None:  # noqa: FBT001 - a parameter of the table
    annotations = {"higress.io/full-path-regex": "true"}
    result = compiled([*FLEET, ingress("web", rule(path("cart", pattern)), annotations=annotations)])
    assert result.codes == (["mse-conditions"] if is_whole else [])
    if not is_whole:
        (emitted,) = result.ingresses().values()
        assert emitted["spec"]["rules"][0]["http"]["paths"][0]["path"] == "/a"
        assert emitted["metadata"]["annotations"] == {f"{NGINX}use-regex": "true"}


def test_a_canary_of_such_a_base_is_told_too() -> None:
    """Neither can be emitted."""
    base = ingress("web", rule(path("cart")), annotations={"higress.io/exact-match-header-a": "1"})
    special = {"higress.io/exact-match-header-a": "1", f"{NGINX}canary-by-header": "b"}
    result = compiled([*FLEET, base, canary("x", rule(path("next")), **special)])
    assert [(code, value) for code, _, value in result.found] == [
        ("mse-conditions", "shop/web"),
        ("mse-conditions", "shop/x"),
    ]
