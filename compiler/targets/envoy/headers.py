"""Changes to headers, as fields of a Route or of a weighted cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compiler.targets.envoy.answers import SERVED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from compiler.ir.traffic import HeaderControl

Plain = dict[str, Any]


def header_fields(written: HeaderControl | None) -> Plain:
    """What is added, set and removed; nothing where nothing is said."""
    if written is None:
        return {}
    # by that one the script knows answers of pods, and takes it off itself
    removed = [name for name in written.response_remove if name.lower() != SERVED]
    fields = {
        "request_headers_to_add": [*_changes(written.request_add, add=True), *_changes(written.request_set, add=False)],
        "request_headers_to_remove": list(written.request_remove),
        "response_headers_to_add": [
            *_changes(written.response_add, add=True),
            *_changes(written.response_set, add=False),
        ],
        "response_headers_to_remove": removed,
    }
    return {field: value for field, value in fields.items() if value}


def _changes(pairs: Iterable[tuple[str, str]], *, add: bool) -> list[Plain]:
    action = "APPEND_IF_EXISTS_OR_ADD" if add else "OVERWRITE_IF_EXISTS_OR_ADD"
    # a percent sign begins a variable of Envoy, and nobody means one
    return [
        {"header": {"key": name, "value": value.replace("%", "%%")}, "append_action": action, "keep_empty_value": True}
        for name, value in pairs
    ]
