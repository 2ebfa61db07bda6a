"""Certificates for tests, made by openssl."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LISTENERS = [{"name": "http", "port": 80}, {"name": "https", "port": 443, "protocol": "HTTPS"}]
"""What a gateway with TLS listens on."""


def certify(folder: Path, name: str, *, host: str = "", ca: str = "ca", namespace: str = "shop") -> None:
    """Secret `<namespace>/<name>` below `folder`: a certificate for `host`, signed by a CA that is made with the first.

    The CA is in `<folder>/<ca>`: `crt` and `key`; the Secret has it as `ca.crt`.
    """
    authority, mine = folder / ca, folder / namespace / name
    mine.mkdir(parents=True)

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)

    if not authority.exists():
        authority.mkdir()
        openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"),
            *("-subj", "/CN=ca", "-keyout", f"{authority}/key", "-out", f"{authority}/crt"),
        )
    openssl(
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"),
        *("-subj", f"/CN={host or name}", "-addext", f"subjectAltName=DNS:{host or name}"),
        *("-CA", f"{authority}/crt", "-CAkey", f"{authority}/key"),
        *("-keyout", f"{mine}/tls.key", "-out", f"{mine}/tls.crt"),
    )
    (mine / "ca.crt").write_bytes((authority / "crt").read_bytes())
