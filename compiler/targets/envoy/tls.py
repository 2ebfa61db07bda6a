"""TLS contexts: towards clients, and towards backends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compiler.ir.delivery import TLS_DEFAULTS
from compiler.ir.traffic import SecretRef
from compiler.targets.envoy import extensions as ext

if TYPE_CHECKING:
    from compiler.ir.traffic import Entry, Tls, TlsSettings, UpstreamTls
    from compiler.targets.envoy.secrets import Secrets

Plain = dict[str, Any]

TLS_SOCKET = "envoy.transport_sockets.tls"
_OLD = ("TLSv1.0", "TLSv1.1")
"""Versions whose suites Envoy offers only when it is told to."""


def chain_key(certificate: Tls, settings: TlsSettings | None) -> str:
    """What a filter chain is known by: hosts with one certificate and the same settings share it."""
    key = f"{certificate.namespace}/{certificate.secret}"
    if settings is None:
        return key
    parts = [settings.min_version or "", settings.max_version or "", ":".join(settings.ciphers)]
    parts.append(str(settings.client_ca or ""))
    return f"{key}|{'|'.join(parts)}" if any(parts) else key


def downstream(certificate: Tls, settings: TlsSettings | None, secrets: Secrets) -> Plain:
    """The transport socket that presents a certificate."""
    common: Plain = {
        "alpn_protocols": ["h2", "http/1.1"],
        "tls_certificate_sds_secret_configs": [
            secrets.certificate(SecretRef(certificate.namespace, certificate.secret))
        ],
    }
    context: Plain = {"@type": ext.DOWNSTREAM_TLS, "common_tls_context": common}
    if settings is not None:
        parameters: Plain = {}
        if settings.min_version:
            parameters["tls_minimum_protocol_version"] = _version(settings.min_version)
        if settings.max_version:
            parameters["tls_maximum_protocol_version"] = _version(settings.max_version)
        ciphers = settings.ciphers or (TLS_DEFAULTS.ciphers if settings.min_version in _OLD else ())
        if ciphers:
            parameters["cipher_suites"] = list(ciphers)
        if parameters:
            common["tls_params"] = parameters
        if settings.client_ca is not None:
            common["validation_context_sds_secret_config"] = secrets.authority(settings.client_ca)
            context["require_client_certificate"] = True
    return {"name": TLS_SOCKET, "typed_config": context}


def _version(word: str) -> str:
    """`TLSv1.2` -> `TLSv1_2`."""
    return word.replace(".", "_")


def upstream(written: UpstreamTls | None, alpn: str, secrets: Secrets) -> Plain:
    """The transport socket towards pods whose protocol has TLS."""
    common: Plain = {"alpn_protocols": [alpn]}
    context: Plain = {"@type": ext.UPSTREAM_TLS, "common_tls_context": common}
    if written is not None:
        if written.client_certificate is not None:
            common["tls_certificate_sds_secret_configs"] = [secrets.certificate(written.client_certificate)]
            common["validation_context_sds_secret_config"] = secrets.authority(written.client_certificate)
        elif written.verifies:
            common["validation_context_sds_secret_config"] = secrets.system_authorities()
        if written.sends_server_name and written.server_name:
            context["sni"] = written.server_name
            if written.verifies:
                validation = common.pop("validation_context_sds_secret_config")
                name = {"san_type": "DNS", "matcher": {"exact": written.server_name}}
                common["combined_validation_context"] = {
                    "default_validation_context": {"match_typed_subject_alt_names": [name]},
                    "validation_context_sds_secret_config": validation,
                }
    return {"name": TLS_SOCKET, "typed_config": context}


def to_entry(entry: Entry, alpn: str, secrets: Secrets) -> Plain:
    """The transport socket towards the entry of a cluster."""
    if entry.server_name == "":
        return {"name": "envoy.transport_sockets.raw_buffer", "typed_config": {"@type": ext.RAW_BUFFER}}
    name = {"san_type": "DNS", "matcher": {"exact": entry.server_name}}
    common: Plain = {"alpn_protocols": [alpn]}
    ca = secrets.system_authorities() if entry.authority is None else secrets.authority(entry.authority)
    common["combined_validation_context"] = {
        "default_validation_context": {"match_typed_subject_alt_names": [name]},
        "validation_context_sds_secret_config": ca,
    }
    context = {"@type": ext.UPSTREAM_TLS, "sni": entry.server_name, "common_tls_context": common}
    return {"name": TLS_SOCKET, "typed_config": context}
