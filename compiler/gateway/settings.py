"""How a gateway is served."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - msgspec evaluates the annotations of structs

from msgspec import Struct

LINGER_S = 10.0
"""How long Envoy keeps what is not wanted any more: requests that chose their route before may still need it."""


class Settings(Struct, frozen=True, kw_only=True):
    """How a gateway is served."""

    gateway: str
    socket: Path
    state: Path | None = None
    """Folder for the last good configuration; None = it is forgotten at the end."""
    admin: tuple[str, int] | None = None
    """Admin interface of the Envoy that is served."""
    health: tuple[str, int] | None = None
    """Where the pages for probes are."""
    linger_s: float = LINGER_S
    """How long Envoy keeps what is not wanted any more, in seconds."""
