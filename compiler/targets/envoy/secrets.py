"""Secrets by reference: Envoy is told where to find a file, and asks for it by SDS.

Each Secret is asked for by name, so that a missing or broken file harms only what uses it (measured: a certificate that
is named in a listener itself rejects the whole listener when its file is missing).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compiler.targets.envoy import extensions as ext
from compiler.targets.envoy.fragments import text_of

if TYPE_CHECKING:
    from compiler.ir.traffic import SecretRef

Plain = dict[str, Any]

NOBODY = "-:{SHA}AAAAAAAAAAAAAAAAAAAAAAAAAAA="
"""A list of users in which nobody can log in: Envoy wants one."""

SYSTEM_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
"""CAs of the system in Envoy's image (Debian)."""


class Secrets:
    """The Secrets that a configuration refers to."""

    def __init__(self, folder: str) -> None:
        """`folder`: where Secrets are mounted, as `<folder>/<namespace>/<name>/<key>`."""
        self._folder = folder
        self.files: dict[str, str] = {}
        """Path below the folder of the gateway -> text: what Envoy reads to find a Secret."""

    def certificate(self, ref: SecretRef) -> Plain:
        """A reference to `tls.crt` and `tls.key` (SdsSecretConfig)."""
        name = str(ref)
        content = {
            "tls_certificate": {
                "certificate_chain": {"filename": self._path(ref, "tls.crt")},
                "private_key": {"filename": self._path(ref, "tls.key")},
            }
        }
        return self._reference(name, f"secrets/{ref}/tls.json", content)

    def authority(self, ref: SecretRef) -> Plain:
        """A reference to `ca.crt` (SdsSecretConfig)."""
        content = {"validation_context": {"trusted_ca": {"filename": self._path(ref, "ca.crt")}}}
        return self._reference(f"{ref}/ca.crt", f"secrets/{ref}/ca.json", content)

    def system_authorities(self) -> Plain:
        """A reference to the CAs of the system (SdsSecretConfig)."""
        content = {"validation_context": {"trusted_ca": {"filename": SYSTEM_AUTHORITIES}}}
        return self._reference("system", "secrets/system.json", content)

    def users(self, ref: SecretRef) -> str:
        """Name of the filter that lets the users in `auth` pass, and nobody else."""
        name = filter_name(ref)
        config = {"@type": ext.BASIC_AUTH, "users": {"filename": self._path(ref, "auth")}}
        resource = {"@type": ext.TYPED_CONFIG, "name": name, "typed_config": config}
        self.files[f"secrets/{ref}/users.json"] = text_of({"resources": [resource]})
        return name

    def _path(self, ref: SecretRef, key: str) -> str:
        return f"{self._folder}/{ref.namespace}/{ref.name}/{key}"

    def _reference(self, name: str, path: str, content: Plain) -> Plain:
        self.files[path] = text_of({"resources": [{"@type": ext.SECRET, "name": name, **content}]})
        return {"name": name, "sds_config": read_file(path)}


def read_file(path: str) -> Plain:
    """A ConfigSource: a file beside the bootstrap. Envoy takes a path that begins with no `/` or `./` for none."""
    return {"path_config_source": {"path": f"./{path}"}, "resource_api_version": "V3"}


def filter_name(ref: SecretRef) -> str:
    """Of the filter that asks for credentials."""
    return f"users/{ref}"


def users_filter(ref: str) -> Plain:
    """The filter that asks for the credentials of a Secret (`namespace/name`): off, until a route wants it.

    Until its users are known it lets nobody pass.
    """
    config = {"@type": ext.BASIC_AUTH, "users": {"inline_string": NOBODY}}
    return {
        "name": f"users/{ref}",
        "disabled": True,
        "config_discovery": {
            "config_source": read_file(f"secrets/{ref}/users.json"),
            "type_urls": [ext.BASIC_AUTH],
            "default_config": config,
            "apply_default_config_without_warming": True,
        },
    }
