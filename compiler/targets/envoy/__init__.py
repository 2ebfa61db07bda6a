"""Target `envoy`: the traffic program as a complete Envoy configuration, and the objects that run it in clusters."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compiler.targets.envoy.bootstrap import assemble, folder_of, frame_of
    from compiler.targets.envoy.codes import CODES
    from compiler.targets.envoy.emission import emit_traffic
    from compiler.targets.envoy.findings import check_secrets
    from compiler.targets.envoy.places import gateway_of
    from compiler.targets.envoy.wrapping import kinds_of, wrap

__all__ = [
    "CODES",
    "assemble",
    "check_secrets",
    "emit_traffic",
    "folder_of",
    "frame_of",
    "gateway_of",
    "kinds_of",
    "wrap",
]

_HOMES = {
    "CODES": "codes",
    "assemble": "bootstrap",
    "check_secrets": "findings",
    "emit_traffic": "emission",
    "folder_of": "bootstrap",
    "frame_of": "bootstrap",
    "gateway_of": "places",
    "kinds_of": "wrapping",
    "wrap": "wrapping",
}


def __getattr__(name: str) -> object:
    """What this target offers, imported when it is asked for: a fleet without Envoys needs none of these modules."""
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
