"""Limits of the whole gateway, by rate and by concurrency: the number, and the answer beyond it."""

from __future__ import annotations

import pytest

from compiler.ir.traffic import ConcurrencyLimit, GlobalLimit, Rejection
from tests.unit.annotations.reading import bad, bad_value, good, read

LIMITS = ("rate-limit", "concurrency-limit")


def both(annotations: dict[str, str], limit: str) -> dict[str, str]:
    """`code`, `body-type`, `body` and `redirect-url` as the fallback annotations of a limit that is there."""
    names = {"redirect-url": f"{limit}-fallback-redirect-url"}
    said = {names.get(name, f"{limit}-fallback-custom-response-{name}"): text for name, text in annotations.items()}
    return {limit: "100", **said}


def test_beyond_a_limit_the_answer_is_429() -> None:
    """With the text of the plug-in that counts."""
    assert Rejection() == Rejection(429, "text/plain", "sentinel rate limited", "")
    assert good({"rate-limit": "100"}).global_limit == GlobalLimit(100, Rejection())
    assert good({"concurrency-limit": "0"}).concurrency == ConcurrencyLimit(0, Rejection())


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize(
    ("annotations", "rejection"),
    [
        ({"code": "503"}, Rejection(503)),
        ({"body": " Sorry, später! "}, Rejection(body="Sorry, später!")),
        ({"code": "200", "body-type": "json", "body": "{}"}, Rejection(200, "application/json", "{}")),
        ({"redirect-url": "sorry.example.com/busy?a=1"}, Rejection(redirect="sorry.example.com/busy?a=1")),
        ({"redirect-url": "https://sorry.example.com:8443"}, Rejection(redirect="https://sorry.example.com:8443")),
    ],
)
def test_the_answer_can_be_said_or_a_redirect(limit: str, annotations: dict[str, str], rejection: Rejection) -> None:
    """The reference writes the address without a scheme."""
    said = good(both(annotations, limit))
    found = said.global_limit if limit == "rate-limit" else said.concurrency
    assert found is not None
    assert found.rejection == rejection


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("code", "199", "it is below 200"),
        ("code", "600", "it is above 599"),
        ("code", "429 Too Many", "it is not a plain whole number"),
        ("body-type", "JSON", "'JSON' is not one of text, json"),
        ("body-type", "html", "'html' is not one of text, json"),
        ("redirect-url", "/sorry", "it names no host"),
        ("redirect-url", "ftp://sorry.example.com", "'' is no port number from 1 to 65535"),
        ("redirect-url", "sorry.example.com:0", "'0' is no port number from 1 to 65535"),
        ("redirect-url", "sorry_example", "'sorry_example' is no host name (RFC 1123)"),
        ("redirect-url", "a.b/c d", "it holds a character that has to be percent-encoded in a path"),
        ("redirect-url", "a.b/c?d e", "its query holds a character that has to be percent-encoded"),
        ("redirect-url", "a.b/c#d", "a fragment is never sent to a server"),
        ("redirect-url", "$host/c", "nginx variables such as $host mean nothing to MSE"),
    ],
)
def test_an_answer_that_nobody_could_get_is_an_error(limit: str, name: str, text: str, why: str) -> None:
    """At the annotation that says it."""
    annotations = both({name: text}, limit)
    assert bad_value(annotations) == (list(annotations)[-1], why)
    said = read(annotations)[0]
    assert (said.global_limit, said.concurrency) == (None, None)


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("name", ["code", "body-type", "body"])
def test_answer_and_redirect_exclude_each_other(limit: str, name: str) -> None:
    """The reference: one of the two."""
    text = {"code": "503", "body-type": "json", "body": "no"}[name]
    ((code, at, why),) = bad(both({name: text, "redirect-url": "a.b/c"}, limit))
    assert (code, at) == ("annotation-conflict", f"{limit}-fallback-custom-response-{name}")
    assert why == f"it contradicts mse.ingress.kubernetes.io/{limit}-fallback-redirect-url on the same Ingress"


@pytest.mark.parametrize("limit", LIMITS)
def test_an_answer_needs_its_own_limit(limit: str) -> None:
    """The other limit has its own answer."""
    (other,) = {*LIMITS} - {limit}
    name = f"{limit}-fallback-custom-response-code"
    assert bad({other: "1", name: "503"}) == [("annotation-requires", name, f"it means nothing without {limit}")]


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("text", ["-1", "10/s", "ten", "2147483648"])
def test_a_limit_is_a_whole_number(limit: str, text: str) -> None:
    """From 0."""
    assert bad_value({limit: text})[0] == limit
