"""Upstream TLS: what goes with the protocol, what implies it, what is lost without it."""

from __future__ import annotations

import pytest

from compiler.ir.traffic import SecretRef, UpstreamTls
from tests.unit.annotations.reading import at, bad, bad_value, good, read

HTTPS = {"backend-protocol": "https"}
CERT = SecretRef("shop", "cert")


@pytest.mark.parametrize(
    ("annotations", "tls"),
    [
        ({}, None),
        ({"proxy-ssl-secret": "cert"}, UpstreamTls(CERT)),
        ({"proxy-ssl-secret": "team/cert.v2"}, UpstreamTls(SecretRef("team", "cert.v2"))),
        ({"proxy-ssl-server-name": "on"}, UpstreamTls(sends_server_name=True)),
        ({"proxy-ssl-server-name": "off"}, UpstreamTls()),
        (
            {"proxy-ssl-server-name": "on", "proxy-ssl-name": "A.b"},
            UpstreamTls(sends_server_name=True, server_name="a.b"),
        ),
        ({"proxy-ssl-verify": "on"}, UpstreamTls(verifies=True)),
    ],
)
@pytest.mark.parametrize("protocol", ["HTTPS", "grpcs"])
def test_settings_beside_a_protocol_with_tls_are_read(
    annotations: dict[str, str], tls: UpstreamTls | None, protocol: str
) -> None:
    """MSE reference."""
    assert good({"backend-protocol": protocol, **annotations}).upstream_tls == tls


@pytest.mark.parametrize(
    ("annotations", "first", "notes"),
    [
        ({"proxy-ssl-server-name": "on"}, "proxy-ssl-server-name", []),
        ({"proxy-ssl-verify": "on"}, "proxy-ssl-verify", []),
        (
            {"proxy-ssl-name": "a.b", "proxy-ssl-server-name": "on", "backend-protocol": "GRPC"},
            "proxy-ssl-name",
            ["backend-protocol", "proxy-ssl-server-name"],
        ),
    ],
)
def test_settings_without_tls_are_lost_and_that_is_told(
    annotations: dict[str, str], first: str, notes: list[str]
) -> None:
    """One finding for all of them, with the protocol where it is written."""
    ((code, name, why),) = bad(annotations)
    assert (code, name) == ("upstream-tls-unused", first)
    assert why.endswith("the gateway speaks to the Service without TLS")
    _, (finding,) = read(annotations)
    assert [note.origin.path for note in finding.notes] == [at(each).path for each in notes]


@pytest.mark.parametrize("name", ["proxy-ssl-server-name", "proxy-ssl-verify"])
def test_a_switch_that_is_off_loses_nothing_without_tls(name: str) -> None:
    """It asks for what is."""
    assert good({name: "off"}).upstream_tls == UpstreamTls()


def test_a_client_certificate_implies_tls_where_no_protocol_is_written() -> None:
    """Alibaba Cloud's pages show it alone; public code passes over it. So the doubt is told."""
    annotations = {"proxy-ssl-secret": "cert", "proxy-ssl-server-name": "on"}
    why = "no backend-protocol is written, so MSE may pass over it; a certificate needs TLS"
    assert bad(annotations) == [("upstream-tls-implied", "proxy-ssl-secret", why)]
    assert read(annotations)[0].upstream_tls == UpstreamTls(CERT, sends_server_name=True)


@pytest.mark.parametrize("protocol", ["HTTP", "HTTP2", "grpc"])
def test_a_client_certificate_contradicts_a_protocol_without_tls(protocol: str) -> None:
    """No documentation says which of the two wins."""
    annotations = {"proxy-ssl-secret": "cert", "backend-protocol": protocol}
    said, (finding,) = read(annotations)
    assert (finding.code.name, finding.origin.path) == ("annotation-conflict", at("proxy-ssl-secret").path)
    assert [note.origin.path for note in finding.notes] == [at("backend-protocol").path]
    assert said.upstream_tls is None


@pytest.mark.parametrize("annotations", [{"proxy-ssl-secret": "cert"}, {"proxy-ssl-verify": "on"}])
@pytest.mark.parametrize("protocol", ["FCGI", "HTTP\x00"])
def test_beside_a_protocol_that_nobody_knows_nothing_more_is_told(annotations: dict[str, str], protocol: str) -> None:
    """The one mistake is enough."""
    assert [name for _, name, _ in bad({**annotations, "backend-protocol": protocol})] == ["backend-protocol"]


def test_a_server_name_needs_the_switch() -> None:
    """MSE ignores proxy-ssl-name without proxy-ssl-server-name, and while that is off."""
    assert [(code, name) for code, name, _ in bad({**HTTPS, "proxy-ssl-name": "a.b"})] == [
        ("annotation-requires", "proxy-ssl-name")
    ]
    annotations = {**HTTPS, "proxy-ssl-name": "a.b", "proxy-ssl-server-name": "off"}
    assert [(code, name) for code, name, _ in bad(annotations)] == [("annotation-no-effect", "proxy-ssl-name")]
    assert read(annotations)[0].upstream_tls == UpstreamTls()


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("proxy-ssl-secret", "a/b/c", "'a/b' is no name of a namespace"),
        ("proxy-ssl-secret", "Cert", "'Cert' is no name of a Secret"),
        ("proxy-ssl-name", "a b", "'a b' is no host name (RFC 1123)"),
        ("proxy-ssl-server-name", "true", "'true' is not one of on, off, and MSE would take it as off"),
        ("proxy-ssl-verify", "On", "'On' is not one of on, off, and MSE would take it as off"),
    ],
)
def test_a_value_that_mse_would_drop_is_an_error(name: str, text: str, why: str) -> None:
    """All are read, so that one mistake never hides the next."""
    company = {"proxy-ssl-server-name": "on"} if name == "proxy-ssl-name" else {}
    assert bad_value({**HTTPS, **company, name: text}) == (name, why)
    assert read({**HTTPS, **company, name: text})[0].upstream_tls is None
