"""Wasm plug-in: JSON as it is."""

from __future__ import annotations

import pytest

from compiler.ir.traffic import WasmPlugin
from tests.unit.annotations.reading import bad_value, good


@pytest.mark.parametrize("text", ["{}", ' {"url": "oci://a.b/c", "config": {"é": [1, null]}} '])
def test_a_plug_in_is_a_json_object_that_stays_as_written(text: str) -> None:
    """Nobody documents its fields."""
    assert good({"wasmplugin": text}).wasm == WasmPlugin(text.strip())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[]", "it is JSON, and not an object between { and }"),
        ("audit", "it is not JSON: JSON is malformed: invalid character (byte 0)"),
        ("{url: a}", "it is not JSON: JSON is malformed: object keys must be strings (byte 1)"),
        ('{"a": NaN}', "it is not JSON: JSON is malformed: invalid character (byte 6)"),
    ],
)
def test_what_is_no_json_object_is_an_error(text: str, why: str) -> None:
    """What the gateway makes of it is known to nobody."""
    assert bad_value({"wasmplugin": text}) == ("wasmplugin", why)
