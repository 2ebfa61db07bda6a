"""Session affinity: the cookie, and what MSE does otherwise than ingress-nginx."""

from __future__ import annotations

import pytest

from compiler.ir.traffic import Affinity
from tests.unit.annotations.reading import bad, bad_value, good, read

ON = {"affinity": "cookie"}


@pytest.mark.parametrize(
    ("annotations", "affinity"),
    [
        ({}, None),
        (ON, Affinity("INGRESSCOOKIE", "/", None)),
        ({"session-cookie-name": "cart"}, Affinity("cart", "/", None)),
        ({"session-cookie-path": "/cart"}, Affinity("INGRESSCOOKIE", "/cart", None)),
        (
            {**ON, "affinity-mode": "balanced", "affinity-canary-behavior": "legacy"},
            Affinity("INGRESSCOOKIE", "/", None),
        ),
        ({**ON, "session-cookie-max-age": "60"}, Affinity("INGRESSCOOKIE", "/", 60)),
        ({**ON, "session-cookie-expires": "60"}, Affinity("INGRESSCOOKIE", "/", 60)),
        ({**ON, "session-cookie-max-age": "0"}, Affinity("INGRESSCOOKIE", "/", None)),
        ({"session-cookie-name": "cart", "session-cookie-max-age": "5"}, Affinity("cart", "/", 5)),
    ],
)
def test_the_word_the_name_or_the_path_switches_affinity_on(
    annotations: dict[str, str], affinity: Affinity | None
) -> None:
    """Each alone; a lifetime does not."""
    assert good(annotations).affinity == affinity


@pytest.mark.parametrize("name", ["session-cookie-max-age", "session-cookie-expires", "affinity-mode"])
def test_what_shapes_a_cookie_that_nobody_switched_on_is_an_error(name: str) -> None:
    """MSE would set no cookie."""
    assert [(code, short) for code, short, _ in bad({name: "balanced" if "mode" in name else "60"})] == [
        ("annotation-requires", name)
    ]


def test_max_age_is_read_before_expires() -> None:
    """The other one is lost, which is told."""
    annotations = {**ON, "session-cookie-max-age": "5", "session-cookie-expires": "60"}
    assert [(code, name) for code, name, _ in bad(annotations)] == [("annotation-no-effect", "session-cookie-expires")]
    assert read(annotations)[0].affinity == Affinity("INGRESSCOOKIE", "/", 5)


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("affinity", "ip", "'ip' is not one of cookie, and MSE would switch that one on whatever stands here"),
        (
            "affinity-mode",
            "persistent",
            "'persistent' is not one of balanced, and MSE would go by that: sessions move when pods do",
        ),
        ("affinity-canary-behavior", "stick", "'stick' is not one of sticky, legacy"),
        (
            "session-cookie-name",
            "a b",
            "it is no name of a cookie: letters, digits and !#$%&'*+-.^_`|~ only",
        ),
        ("session-cookie-path", "/a;b", "a semicolon ends the path in the header Set-Cookie"),
        ("session-cookie-path", "cart", "a path begins with /"),
        ("session-cookie-max-age", "1h", "it carries a unit, and MSE would ignore it"),
        ("session-cookie-expires", "-1", "it is below 0"),
    ],
)
def test_what_mse_would_replace_in_silence_is_an_error(name: str, text: str, why: str) -> None:
    """Each value is read, so that one mistake never hides the next."""
    assert bad_value({**ON, name: text}) == (name, why)
    assert read({**ON, name: text})[0].affinity is None


def test_callers_never_stay_with_a_canary_and_who_asks_for_it_is_told() -> None:
    """The setting is accepted by MSE, and never read."""
    why = "MSE chooses between base and canary anew for each request, where ingress-nginx stays with the first choice"
    annotations = {**ON, "affinity-canary-behavior": "sticky"}
    assert bad(annotations) == [("affinity-canary-behavior", "affinity-canary-behavior", why)]
    assert read(annotations)[0].affinity == Affinity("INGRESSCOOKIE", "/", None)
