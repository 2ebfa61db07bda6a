"""Redirect: answers with another address."""

from __future__ import annotations

import pytest

from compiler.annotations.redirect import Redirects
from compiler.ir.traffic import Redirect
from tests.unit.annotations.reading import at, bad, bad_value, good, read

HTTPS = Redirect(308, "https")


@pytest.mark.parametrize(
    ("annotations", "redirects"),
    [
        ({"ssl-redirect": "false"}, None),
        ({"ssl-redirect": "true"}, Redirects(https=HTTPS)),
        ({"force-ssl-redirect": "true"}, Redirects(https=HTTPS)),
        ({"ssl-redirect": "false", "force-ssl-redirect": "true"}, Redirects(https=HTTPS)),
        ({"app-root": "/home"}, Redirects(app_root=Redirect(302, path="/home"))),
        ({"permanent-redirect": "https://New.example.com"}, Redirects(Redirect(301, "https", "new.example.com"))),
        (
            {"permanent-redirect": "http://a.b/c/", "permanent-redirect-code": "308"},
            Redirects(Redirect(308, "http", "a.b", path="/c/")),
        ),
        ({"temporal-redirect": "HTTPS://a.b/"}, Redirects(Redirect(302, "https", "a.b", path="/"))),
        (
            {"temporal-redirect": "https://a.b", "ssl-redirect": "false", "app-root": "/x"},
            Redirects(Redirect(302, "https", "a.b"), app_root=Redirect(302, path="/x")),
        ),
    ],
)
def test_redirects_have_a_status_and_an_address(annotations: dict[str, str], redirects: Redirects | None) -> None:
    """302 for now, 301 for good unless told otherwise, 308 to HTTPS; without a path that of the request stays."""
    assert good(annotations).redirects == redirects


@pytest.mark.parametrize(
    ("annotations", "name", "why"),
    [
        ({"ssl-redirect": "308"}, "ssl-redirect", "it is neither true nor false"),
        ({"force-ssl-redirect": "yes"}, "force-ssl-redirect", "it is neither true nor false"),
        (
            {"permanent-redirect": "/new"},
            "permanent-redirect",
            "it is no http:// or https:// URL, so MSE would not redirect at all",
        ),
        (
            {"temporal-redirect": "ftp://a.b"},
            "temporal-redirect",
            "it is no http:// or https:// URL, so MSE would not redirect at all",
        ),
        (
            {"temporal-redirect": "https://a.b/c?d=e"},
            "temporal-redirect",
            "the query ?d=e would be lost: only scheme, host and path of the URL are used",
        ),
        (
            {"temporal-redirect": "https://a.b#c"},
            "temporal-redirect",
            "the fragment #c would be lost: only scheme, host and path of the URL are used",
        ),
        (
            {"temporal-redirect": "https://a.b:8443"},
            "temporal-redirect",
            "the port of a.b:8443 would be lost: only scheme, host and path of the URL are used",
        ),
        (
            {"temporal-redirect": "https://me@a.b"},
            "temporal-redirect",
            "a user name would be lost: only scheme, host and path of the URL are used",
        ),
        (
            {"temporal-redirect": "https://a.b$request_uri"},
            "temporal-redirect",
            "nginx variables such as $request_uri mean nothing to MSE",
        ),
        ({"temporal-redirect": "https:///a"}, "temporal-redirect", "it names no host"),
        ({"temporal-redirect": "https://a_b"}, "temporal-redirect", "'a_b' is no host name (RFC 1123)"),
        (
            {"temporal-redirect": "https://a.b/c d"},
            "temporal-redirect",
            "it holds a character that has to be percent-encoded in a path",
        ),
        (
            {"permanent-redirect": "https://a.b", "permanent-redirect-code": "200"},
            "permanent-redirect-code",
            "it is below 300",
        ),
        (
            {"permanent-redirect": "https://a.b", "permanent-redirect-code": "309"},
            "permanent-redirect-code",
            "it is above 308",
        ),
        ({"app-root": "home"}, "app-root", "a path begins with /"),
        ({"app-root": "/"}, "app-root", "it redirects / to /, forever"),
    ],
)
def test_what_a_redirect_would_lose_is_an_error(annotations: dict[str, str], name: str, why: str) -> None:
    """MSE drops parts of the URL, or the whole redirect."""
    assert bad_value(annotations) == (name, why)
    assert read(annotations)[0].redirects is None


def test_a_temporary_redirect_comes_before_all_others() -> None:
    """Order: temporal-redirect, permanent-redirect, ssl-redirect; what loses is named with what wins."""
    said, findings = read(
        {
            "temporal-redirect": "https://a.b",
            "permanent-redirect": "https://c.d",
            "permanent-redirect-code": "308",
            "ssl-redirect": "true",
        }
    )
    assert said.redirects == Redirects(Redirect(302, "https", "a.b"))
    assert len(findings) == 3
    for finding in findings:
        assert finding.code.name == "annotation-no-effect"
        assert finding.why == "it has no effect beside nginx.ingress.kubernetes.io/temporal-redirect"
        assert finding.notes[0].origin.path == at("temporal-redirect").path


def test_a_status_needs_a_redirect() -> None:
    """Alone it means nothing."""
    why = "it means nothing without permanent-redirect"
    assert bad({"permanent-redirect-code": "308"}) == [("annotation-requires", "permanent-redirect-code", why)]
