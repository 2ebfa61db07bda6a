"""Wasm plug-ins, which are refused: what the annotation holds is known to MSE alone."""

from __future__ import annotations

from tests.envoy.effects.case import Effects, Refusal

PLUGIN = '{"url": "oci://registry.example.com/plugins/audit:1.0.0"}'

EFFECTS = Effects("wasm", (), refusals=(Refusal("plugin", {"wasmplugin": PLUGIN}, "envoy-wasm"),))
