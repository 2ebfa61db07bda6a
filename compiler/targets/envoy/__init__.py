"""Target `envoy`: the traffic program as a complete Envoy configuration. What comes out: `bootstrap`, `resources`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compiler.targets.envoy.bootstrap import assemble, folder_of
    from compiler.targets.envoy.codes import CODES
    from compiler.targets.envoy.emission import emit_traffic

__all__ = ["CODES", "assemble", "emit_traffic", "folder_of"]

_HOMES = {"CODES": "codes", "assemble": "bootstrap", "emit_traffic": "emission", "folder_of": "bootstrap"}


def __getattr__(name: str) -> object:
    """What this target offers, imported when it is asked for: a fleet without Envoys needs none of these modules."""
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
