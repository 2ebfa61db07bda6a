"""Backend protocol: five words, in any letter case."""

from __future__ import annotations

import pytest

from compiler.annotations.protocol import PROTOCOLS, BackendProtocol, Protocol
from tests.unit.annotations.reading import bad_value, good, read


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("spell", [str.lower, str.upper, str.title])
def test_letter_case_does_not_matter(protocol: Protocol, spell: type[str]) -> None:
    """MSE reference: nothing is lost, so nothing is told."""
    assert good({"backend-protocol": f" {spell(protocol)} "}).protocol == BackendProtocol(protocol)


def test_nothing_is_said_where_nothing_is_written() -> None:
    """The name of the port may decide then."""
    assert good({}).protocol is None


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("FCGI", "put an HTTP server in front of the application"),
        ("ajp", "put an HTTP server in front of the application"),
        ("AUTO_HTTP", "write HTTP, or HTTPS where the pods have TLS"),
        ("GRPS", "write GRPCS"),
        ("H2C", "write one of HTTP, HTTP2, HTTPS, GRPC, GRPCS"),
        ("HTTP\u017f", "write HTTP"),
    ],
)
def test_what_mse_would_take_as_http_is_an_error_that_says_so(text: str, fix: str) -> None:
    """MSE goes on with HTTP, and tells nobody."""
    why = f"{text!r} is not one of HTTP, HTTP2, HTTPS, GRPC, GRPCS, and MSE would speak HTTP"
    assert bad_value({"backend-protocol": text}) == ("backend-protocol", why)
    said, (finding,) = read({"backend-protocol": text})
    assert said.protocol is None
    assert finding.fix == fix
