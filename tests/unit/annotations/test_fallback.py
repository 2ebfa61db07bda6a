"""Fallback: the Service that takes over."""

from __future__ import annotations

import pytest

from compiler.annotations.family import ServiceRef
from tests.unit.annotations.reading import bad_value, good, read


@pytest.mark.parametrize(
    ("text", "service"),
    [("sorry", ServiceRef("shop", "sorry")), (" base/sorry ", ServiceRef("base", "sorry"))],
)
def test_the_namespace_defaults_to_that_of_the_ingress(text: str, service: ServiceRef) -> None:
    """`[namespace/]name`, first port."""
    assert good({"default-backend": text}).fallback == service


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("sorry:80", "it names a port, and the first port of the Service is always used"),
        ("Sorry", "'Sorry' is no name of a Service"),
        ("a/b/c", "'a/b' is no name of a namespace"),
        ("/sorry", "'' is no name of a namespace"),
        ("shop/", "'' is no name of a Service"),
    ],
)
def test_a_service_that_cannot_exist_is_an_error(text: str, why: str) -> None:
    """MSE ignores the annotation then."""
    assert bad_value({"default-backend": text}) == ("default-backend", why)
    assert read({"default-backend": text})[0].fallback is None
