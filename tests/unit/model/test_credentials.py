"""Plaintext credentials in documents and plain manifests."""

from __future__ import annotations

from typing import Any

import pytest

from compiler.diagnostics import Diagnostics, Origin
from compiler.model.credentials import PLAINTEXT_CREDENTIAL, conceals, credentials_in, is_secret_name, may_show_any
from compiler.source.documents import Document
from tests.unit.model.documents import decoded

TOP = Origin("k8s/a.yaml", 2)
SECRETS = (
    "-----BEGIN PRIVATE KEY-----\nMIIE",
    "-----BEGIN OPENSSH PRIVATE KEY-----",
    "-----BEGIN PGP PRIVATE KEY BLOCK-----",
    "id AKIAIOSFODNN7EXAMPLE",
    "ASIAIOSFODNN7EXAMPLE",
    "LTAI5tExampleExample12345",
    "ghp_" + "a1" * 18,
    "github_pat_" + "A_1" * 20,
    "glpat-" + "x" * 20,
    "xoxb-1234567890-abcdef",
    "AIza" + "B" * 35,
    "https://user:hunter2@example.com/",
    "url = amqp://guest:guest@queue:5672/vhost",
    "redis://:hunter2@redis:6379/0",
    'config: {"url": "mongodb+srv://a:b@c"}',
    "Authorization Bearer hunter2hunter2",
    "curl -H 'Authorization: Basic aHVudGVyOmh1bnRlcg=='",
    "--db-password=hunter2",
    "--token=hunter2",
    "-api-key=hunter2",
)
HARMLESS = (
    "-----BEGIN CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----",
    "AKIA-SHORT",
    "Authorization: Bearer $(TOKEN)",
    "authorization: basic",
    "--password=$(DB_PASSWORD)",
    "--password=",
    "--max-token=4096",
    "--token=true",
    "--password-file=/run/secrets/db",
    "--secret=cart-db",
    "ASIA",
    "ghp_short",
    "https://example.com/a:b@c",
    "https://user@example.com/",
    "https://example.com:8443/x?mail=a@example.com",
    "postgres://user:$(PASSWORD)@db/app",
    "postgres://user:${PASSWORD}@db/app",
    "postgres://user:{{ password }}@db/app",
    "postgres://user:<password>@db/app",
    "postgres://user:***@db/app",
    "git@git.example.com:acme/fleet.git",
    "registry.example.com:5000/a@sha256:0000",
)


def _found(data: Any) -> list[tuple[tuple[str | int, ...], str]]:
    findings = Diagnostics()
    credentials_in(data, TOP, findings)
    for finding in findings:
        assert finding.code is PLAINTEXT_CREDENTIAL
        assert (finding.origin.file, finding.origin.document) == ("k8s/a.yaml", 2)
    return [(f.origin.path, f.value) for f in findings]


@pytest.mark.parametrize("text", SECRETS)
def test_a_credential_is_known_by_its_form_wherever_it_stands(text: str) -> None:
    assert _found({"anything": [{"deep": text}]}) == [(("anything", 0, "deep"), "deep: ***")]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_a_credential_is_none(text: str) -> None:
    assert _found({"anything": [{"deep": text}]}) == []


@pytest.mark.parametrize("text", SECRETS)
def test_a_credential_is_found_in_every_text_of_a_decoded_document(text: str) -> None:
    data = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "a", "annotations": {"note": text}},
        "spec": {"defaultBackend": {"service": {"name": "a", "port": {"number": 80}}}},
    }
    (finding,) = decoded(Document("a.yaml", 0, data))[1]
    assert finding.code is PLAINTEXT_CREDENTIAL
    assert finding.origin.path == ("metadata", "annotations", "note")


@pytest.mark.parametrize(
    "name",
    [
        *("PASSWORD", "PGPASSWORD", "DB_PASSWD", "db.password", "dbPassword", "MYSQL_PWD", "PASSPHRASE", "SECRET"),
        *("CLIENT_SECRET", "clientSecret", "TOKEN", "GITHUB_TOKEN", "authToken", "API_KEY", "apikey", "api-key"),
        *("PRIVATE_KEY", "AWS_SECRET_ACCESS_KEY", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "Authorization", "CREDENTIALS"),
    ],
)
def test_names_that_end_in_a_word_for_a_credential_hold_one(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("PASSWORD_FILE", "SECRET_NAME", "secretName", "TOKEN_URL", "MAX_TOKENS", "TOKENS", "PWD", "OLDPWD", "KEY"),
        *("PARTITION_KEY", "SORT_KEY", "MONKEY", "tokenPath", "PASSWORD_MIN_LENGTH", "AUTH_MODE", "", "SECRETARY"),
    ],
)
def test_other_names_hold_none(name: str) -> None:
    assert not is_secret_name(name)


def test_variables_of_plain_manifests_are_judged_by_name() -> None:
    container = {"env": [{"name": "A", "value": "b"}, {"name": "DB_PASSWORD", "value": "hunter2"}]}
    data = {"kind": "Deployment", "spec": {"template": {"spec": {"containers": [container]}}}}
    path = ("spec", "template", "spec", "containers", 0, "env", 1, "value")
    assert _found(data) == [(path, "DB_PASSWORD: ***")]


def test_keys_of_a_config_map_are_judged_by_name_and_those_of_metadata_are_not() -> None:
    data = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"annotations": {"nginx.ingress.kubernetes.io/auth-secret": "basic"}, "labels": {"token": "a"}},
        "data": {"token": "a", "mode": "b"},
    }
    assert _found(data) == [(("data", "token"), "token: ***")]


def test_every_value_of_a_secret_is_a_credential() -> None:
    data = {
        "apiVersion": "v1",
        "kind": "Secret",
        "data": {"tls.crt": "Y2VydA==", "empty": ""},
        "stringData": {"user": "cart"},
    }
    assert _found(data) == [(("data", "tls.crt"), "tls.crt: ***"), (("stringData", "user"), "user: ***")]


def test_a_secret_is_found_inside_a_list_of_objects() -> None:
    data = {"kind": "List", "items": [{"apiVersion": "v1", "kind": "Secret", "stringData": {"a": "b"}}]}
    assert _found(data) == [(("items", 0, "stringData", "a"), "a: ***")]


def test_secrets_that_hold_no_values_are_none() -> None:
    assert _found({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token"}) == []
    sealed = {"apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "spec": {"encryptedData": {"a": "AgBy3i4"}}}
    assert _found(sealed) == []


@pytest.mark.parametrize("value", [12345678, True, ["hunter2"], {"a": "hunter2"}, None])
def test_a_finding_about_another_mistake_does_not_show_the_credential(value: Any) -> None:
    data = {
        "apiVersion": "fleetgate.dev/v1alpha1",
        "kind": "App",
        "metadata": {"name": "a"},
        "spec": {"image": "a", "env": [{"name": "DB_PASSWORD", "value": value}], "placement": {"clusters": ["c"]}},
    }
    for finding in decoded(Document("a.yaml", 0, data))[1]:
        assert "hunter2" not in repr(finding)
        assert "12345678" not in repr(finding)


@pytest.mark.parametrize("text", SECRETS)
def test_no_finding_shows_a_text_that_has_the_form_of_a_credential(text: str) -> None:
    """Here it stands where a host name is needed, so that the first mistake is one of form."""
    data = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "a"},
        "spec": {"rules": [{"host": text}]},
    }
    found = decoded(Document("a.yaml", 0, data))[1]
    assert found
    assert all(text not in repr(finding) and repr(text) not in repr(finding) for finding in found)


def test_what_is_concealed_is_known_by_path_and_by_the_name_beside_it() -> None:
    data = {"env": [{"name": "TOKEN", "value": 1}, {"name": "A", "value": 2}], "password": 3, "mode": 4}
    assert conceals(data, ("env", 0, "value"))
    assert not conceals(data, ("env", 1, "value"))
    assert not conceals(data, ("env", 0, "name"))
    assert conceals(data, ("password",))
    assert not conceals(data, ("mode",))


@pytest.mark.parametrize(
    "line",
    [
        "password: hunter2",
        "  - DB_PASSWORD=hunter2",
        '{"password": "hunter2", "a": }',
        "db: {apiKey: 'hunter2'}",
        "nginx.ingress.kubernetes.io/auth-passwd: hunter2",
        "password: !text hunter2",
        "password: [hunter2, *x]",
        "env: [{name: DB_PASSWORD, value: hunter2, valeu: 3}]",
        '{"kind":"Secret","stringData":{"a":"hunter2"}}',
        "url: amqp://guest:guest@queue:5672/",
        "password: |- hunter2",
        "auth-secret: hunter2",
        "nginx.ingress.kubernetes.io/auth-secret: cart, password: hunter2",
    ],
)
def test_a_line_that_may_show_a_credential_is_known_without_reading_the_document(line: str) -> None:
    assert may_show_any(line)


@pytest.mark.parametrize(
    "line",
    [
        "password:",
        "password: ***",
        "password: $(DB_PASSWORD)",
        "DB_PASSWORD_FILE: /run/secrets/db",
        "env: [{name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: cart-db, key: password}}}]",
        "kind: Secret",
        "name: DB_PASSWORD",
        "https://user:***@example.com",
        "nginx.ingress.kubernetes.io/proxy-ssl-secret: shop/gateway-cert",
        '{"mse.ingress.kubernetes.io/auth-tls-secret": "ca"}',
        "apiVersion: v1",
        "",
    ],
)
def test_other_lines_are_shown(line: str) -> None:
    assert not may_show_any(line)


def test_a_credential_in_a_patch_is_one_in_the_app() -> None:
    patch = {"spec": {"template": {"spec": {"containers": [{"env": [{"name": "API_TOKEN", "value": "hunter2"}]}]}}}}
    data = {
        "apiVersion": "fleetgate.dev/v1alpha1",
        "kind": "App",
        "metadata": {"name": "cart"},
        "spec": {"image": "a", "placement": {}, "overrides": [{"where": {}, "patch": patch}]},
    }
    _, found = decoded(Document("app.yaml", 0, data))
    assert [(f.code, f.value) for f in found] == [(PLAINTEXT_CREDENTIAL, "API_TOKEN: ***")]


def test_long_texts_take_no_long_time() -> None:
    """Texts made to send a backtracking matcher astray; this would take hours if one of the patterns could be."""
    for text in (
        "://" * 100_000,
        "-----BEGIN " + "A " * 100_000,
        "a://" + "b:" * 100_000,
        "/" * 300_000,
        "$(" * 100_000,
    ):
        _found({"data": {"password": text + "\n"}})
