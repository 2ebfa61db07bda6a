"""CORS: origins, methods, headers."""

from __future__ import annotations

import pytest

from compiler.ir.traffic import Cors
from tests.unit.annotations.reading import bad, bad_value, good, read

ON = {"enable-cors": "true"}
METHODS = ("GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS")
HEADERS = (
    "DNT",
    "X-CustomHeader",
    "Keep-Alive",
    "User-Agent",
    "X-Requested-With",
    "If-Modified-Since",
    "Cache-Control",
    "Content-Type",
    "Authorization",
)


def test_everything_has_a_default() -> None:
    """Those of MSE: all origins, six methods, nine headers, credentials, 20 days."""
    assert good(ON).cors == Cors(("*",), METHODS, HEADERS, (), allow_credentials=True, max_age_s=1728000)


def test_everything_can_be_said() -> None:
    """Origins in lower case, as browsers send them; the rest as written."""
    said = good(
        {
            **ON,
            "cors-allow-origin": "https://Shop.example.com, http://*.example.org:8080, capacitor://localhost",
            "cors-allow-methods": "GET,POST",
            "cors-allow-headers": "X-A",
            "cors-expose-headers": "X-B, X-C",
            "cors-allow-credentials": "false",
            "cors-max-age": "-1",
        }
    )
    origins = ("https://shop.example.com", "http://*.example.org:8080", "capacitor://localhost")
    assert said.cors == Cors(origins, ("GET", "POST"), ("X-A",), ("X-B", "X-C"), allow_credentials=False, max_age_s=-1)


def test_off_is_off() -> None:
    """Settings below the switch are named once."""
    said, (finding,) = read({"enable-cors": "false", "cors-max-age": "1", "cors-allow-origin": "*"})
    assert said.cors is None
    assert finding.code.name == "annotation-no-effect"


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("enable-cors", "on", "it is neither true nor false"),
        ("cors-allow-origin", "*, https://a.b", "* allows everything, so the other items are lost"),
        (
            "cors-allow-origin",
            "a.b",
            "'a.b' is no origin: scheme://host, scheme://host:port or scheme://*.host, without a path",
        ),
        (
            "cors-allow-origin",
            "https://a.b/",
            "'https://a.b/' is no origin: scheme://host, scheme://host:port or scheme://*.host, without a path",
        ),
        (
            "cors-allow-origin",
            "https://a.*.b",
            "'https://a.*.b' is no origin: scheme://host, scheme://host:port or scheme://*.host, without a path",
        ),
        ("cors-allow-origin", "https://a.b:99999", "'https://a.b:99999' has no port from 1 to 65535"),
        ("cors-allow-methods", "get", "'get' is no HTTP method, did you mean GET?"),
        ("cors-allow-methods", "PATHC", "'PATHC' is no HTTP method, did you mean PATCH?"),
        ("cors-allow-methods", "Q", "'Q' is no HTTP method"),
        (
            "cors-allow-headers",
            "X A",
            "'X A' is no name of a header: letters, digits and !#$%&'*+-.^_`|~ only",
        ),
        ("cors-expose-headers", "X-A,", "there is nothing between two of its commas"),
        ("cors-allow-credentials", "maybe", "it is neither true nor false"),
        ("cors-max-age", "1h", "it carries a unit, and MSE would ignore it"),
    ],
)
def test_an_item_that_could_never_match_is_an_error(name: str, text: str, why: str) -> None:
    """MSE checks none of these lists."""
    assert bad_value({**ON, name: text}) == (name, why)
    assert read({**ON, name: text})[0].cors is None


def test_rules_need_the_switch() -> None:
    """All that is missing is one annotation, so it is one finding."""
    found = bad({"cors-max-age": "1", "cors-allow-origin": "*"})
    assert found == [("annotation-requires", "cors-allow-origin", "it means nothing without enable-cors")]
