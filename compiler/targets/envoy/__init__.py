"""Target `envoy`: the traffic program as a complete Envoy configuration. What comes out: `bootstrap`, `resources`."""

from __future__ import annotations

from compiler.targets.envoy.bootstrap import assemble, folder_of
from compiler.targets.envoy.codes import CODES
from compiler.targets.envoy.emission import emit_traffic

__all__ = ["CODES", "assemble", "emit_traffic", "folder_of"]
