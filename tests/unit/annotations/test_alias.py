"""Alias: further host names, no patterns."""

from __future__ import annotations

import pytest

from compiler.annotations.alias import Aliases
from tests.unit.annotations.reading import bad, bad_value, good, read


def test_aliases_are_names_in_lower_case_sorted_each_once() -> None:
    """Exact or wildcard."""
    names = "www.example.com, *.shop.example.com,WWW.example.com"
    assert good({"server-alias": names}).aliases == Aliases(("*.shop.example.com", "www.example.com"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("~^www\\d+", "'~^www\\\\d+' is a regular expression, and MSE knows exact names and wildcards only"),
        ("(a|b).c", "'(a|b).c' is a regular expression, and MSE knows exact names and wildcards only"),
        ("*", "* is every host: a rule without a host says that"),
        ("a.*.b", "'a.*.b' is no host name (RFC 1123)"),
        ("www.example.com:80", "'www.example.com:80' is no host name (RFC 1123)"),
        ("a b", "'a b' is no host name (RFC 1123)"),
        ("a.b,", "there is nothing between two of its commas"),
    ],
)
def test_what_is_no_name_is_an_error(text: str, why: str) -> None:
    """MSE would serve nothing under it."""
    assert bad_value({"server-alias": text}) == ("server-alias", why)
    assert read({"server-alias": text})[0].aliases is None


def test_older_gateways_do_not_know_it() -> None:
    """Since 1.2.30."""
    ((code, name, why),) = bad({"server-alias": "a.b"}, (1, 2, 29))
    assert (code, name) == ("annotation-too-new", "server-alias")
    assert why == "it came with MSE gateway 1.2.30, and this gateway states 1.2.29"
