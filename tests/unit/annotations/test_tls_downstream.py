"""Client TLS: versions, suites, certificates of clients."""

from __future__ import annotations

import pytest

from compiler.annotations.tls_downstream import CIPHERS, VERSIONS
from compiler.ir.delivery import TLS_DEFAULTS
from compiler.ir.traffic import SecretRef, TlsSettings
from tests.unit.annotations.reading import bad, bad_value, good, read

GCM = "ECDHE-ECDSA-AES128-GCM-SHA256"
RSA = "ECDHE-RSA-AES128-GCM-SHA256"


@pytest.mark.parametrize("version", VERSIONS)
def test_versions_are_written_as_mse_writes_them(version: str) -> None:
    """Four of them."""
    assert good({"tls-min-protocol-version": version}).tls == TlsSettings(min_version=version)  # type: ignore[arg-type]
    assert good({"tls-max-protocol-version": version}).tls == TlsSettings(max_version=version)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["tls-min-protocol-version", "tls-max-protocol-version"])
@pytest.mark.parametrize("text", ["1.2", "tlsv1.2", "TLSv1", "TLSv1_2", "SSLv3", "TLSv1.4"])
def test_a_version_that_mse_would_ignore_is_an_error(name: str, text: str) -> None:
    """The host would offer all of them."""
    words = "TLSv1.0, TLSv1.1, TLSv1.2, TLSv1.3"
    assert bad_value({name: text}) == (name, f"{text!r} is not one of {words}")


def test_the_lowest_version_is_not_above_the_highest() -> None:
    """No client could come in."""
    ((code, name, why),) = bad({"tls-min-protocol-version": "TLSv1.3", "tls-max-protocol-version": "TLSv1.2"})
    assert (code, name) == ("annotation-conflict", "tls-min-protocol-version")
    assert (
        why == "it is above mse.ingress.kubernetes.io/tls-max-protocol-version, which says TLSv1.2: no version is left"
    )
    same = good({"tls-min-protocol-version": "TLSv1.2", "tls-max-protocol-version": "TLSv1.2"})
    assert same.tls == TlsSettings("TLSv1.2", "TLSv1.2")


@pytest.mark.parametrize("text", [f"{GCM},{RSA}", f"{GCM}:{RSA}", f" {GCM} , {RSA},{GCM}"])
def test_suites_are_separated_by_commas_or_by_colons(text: str) -> None:
    """The two pages of MSE disagree. The order is that of preference."""
    assert good({"ssl-cipher": text}).tls == TlsSettings(ciphers=(GCM, RSA))


def test_every_documented_suite_is_known() -> None:
    """The default of MSE, and two more."""
    assert len(set(CIPHERS)) == 14
    assert good({"ssl-cipher": ",".join(CIPHERS)}).tls == TlsSettings(ciphers=CIPHERS)
    assert good({"ssl-cipher": ":".join(TLS_DEFAULTS.ciphers)}).tls == TlsSettings(ciphers=TLS_DEFAULTS.ciphers)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"{GCM},{RSA}:{GCM}", "it separates suites by commas and by colons"),
        (f"{GCM},", "there is nothing between two of its separators"),
        ("TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256 belongs to TLS 1.3, whose suites cannot be chosen"),
        ("!aNULL", "'!aNULL' is an expression of OpenSSL, and the gateway knows names of single suites only"),
        ("HIGH", "'HIGH' is an expression of OpenSSL, and the gateway knows names of single suites only"),
        (GCM.lower(), f"{GCM.lower()!r} is no cipher suite of the gateway, did you mean {GCM}?"),
        ("AES256-GCM-SHA256", "'AES256-GCM-SHA256' is no cipher suite of the gateway, did you mean AES128-GCM-SHA256?"),
        ("3DES!", "'3DES!' is no cipher suite of the gateway"),
    ],
)
def test_a_suite_that_mse_would_drop_is_an_error(text: str, why: str) -> None:
    """With none left it would offer its default suites."""
    assert bad_value({"ssl-cipher": text}) == ("ssl-cipher", why)
    assert read({"ssl-cipher": text})[0].tls is None


def test_suites_have_no_effect_where_only_tls_1_3_is_spoken() -> None:
    """Its suites cannot be chosen."""
    said, (finding,) = read({"ssl-cipher": GCM, "tls-min-protocol-version": "TLSv1.3"})
    assert said.tls == TlsSettings(min_version="TLSv1.3")
    assert finding.code.name == "annotation-no-effect"


def test_a_client_ca_is_a_secret_by_name() -> None:
    """In the namespace of the Ingress where none is written."""
    assert good({"auth-tls-secret": "web-cacert"}).tls == TlsSettings(client_ca=SecretRef("shop", "web-cacert"))
    assert good({"auth-tls-secret": "edge/web-cacert"}).tls == TlsSettings(client_ca=SecretRef("edge", "web-cacert"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Edge/web", "'Edge' is no name of a namespace"),
        ("edge/", "'' is no name of a Secret"),
        ("edge/Web", "'Web' is no name of a Secret"),
        ("a/b/c", "'a/b' is no name of a namespace"),
    ],
)
def test_what_names_no_secret_is_an_error(text: str, why: str) -> None:
    """Plain TLS would stay on."""
    assert bad_value({"auth-tls-secret": text}) == ("auth-tls-secret", why)


def test_one_mistake_hides_no_other() -> None:
    """All are read."""
    found = bad(
        {"tls-min-protocol-version": "1", "tls-max-protocol-version": "2", "ssl-cipher": "3", "auth-tls-secret": "4/"}
    )
    assert len(found) == 4
