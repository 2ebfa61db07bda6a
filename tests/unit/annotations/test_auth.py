"""Basic auth: a Secret, its form, a realm."""

from __future__ import annotations

import pytest

from compiler.ir.traffic import BasicAuth, SecretRef
from tests.unit.annotations.reading import bad, bad_value, good, read

QUOTED = "a realm is sent between quotes, so it is printable ASCII without quotes and backslashes"
ON = {"auth-type": "basic", "auth-secret": "accounts"}


def test_the_secret_stands_in_the_namespace_of_the_ingress_and_holds_a_file() -> None:
    """Unless something else is written."""
    assert good(ON).auth == BasicAuth(SecretRef("shop", "accounts"), "auth-file")
    said = {"auth-secret": "staff/accounts", "auth-secret-type": "auth-map", "auth-realm": "Staff only"}
    assert good({**ON, **said}).auth == BasicAuth(SecretRef("staff", "accounts"), "auth-map", "Staff only")


@pytest.mark.parametrize(
    ("annotations", "name", "missing"),
    [
        ({"auth-type": "basic"}, "auth-type", "auth-secret"),
        ({"auth-secret": "accounts"}, "auth-secret", "auth-type"),
        ({"auth-realm": "a"}, "auth-realm", "auth-type and auth-secret"),
        ({"auth-type": "basic", "auth-secret-type": "auth-map"}, "auth-type", "auth-secret"),
    ],
)
def test_without_scheme_and_secret_everybody_would_get_in(annotations: dict[str, str], name: str, missing: str) -> None:
    """MSE asks nobody then, in silence."""
    assert bad(annotations) == [("annotation-requires", name, f"it means nothing without {missing}")]
    assert read(annotations)[0].auth is None


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("auth-type", "digest", "'digest' is not one of basic"),
        ("auth-type", "Basic", "'Basic' is not one of basic"),
        ("auth-secret", "a/b/c", "'a/b' is no name of a namespace"),
        ("auth-secret-type", "file", "'file' is not one of auth-file, auth-map"),
        ("auth-realm", 'a"b', QUOTED),
        ("auth-realm", "a\\b", QUOTED),
        ("auth-realm", "Bücher", QUOTED),
    ],
)
def test_a_value_that_mse_would_ignore_is_an_error(name: str, text: str, why: str) -> None:
    """Everybody would get in, or nobody."""
    assert bad_value({**ON, name: text}) == (name, why)
    assert read({**ON, name: text})[0].auth is None
