"""The slow reader: any file that the fast one leaves alone, JSON and broken files included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compiler.diagnostics import Diagnostics
from compiler.source import jsonfile
from compiler.source.nodes import compose
from compiler.source.text import decode, find_illegal
from compiler.source.values import Builder

if TYPE_CHECKING:
    from compiler.source.nodes import Node


def read(file: str, raw: bytes, found: Diagnostics) -> list[Any]:
    """The values of all documents that can be read, empty ones as None."""
    text = decode(file, raw, found)
    if text is None:
        return []
    # kubectl, too, takes what begins with a brace for JSON first, and for YAML in flow style where it is none.
    if _is_json_name(file) or text.lstrip().startswith("{"):
        values = jsonfile.read(file, text, found)
        if values is not None:
            return values
        if _is_json_name(file):
            jsonfile.report_syntax(file, text, found)
            return []
    return [Builder(file, index, found).value(node) for index, node in enumerate(_compose(file, text, found))]


def roots(file: str, text: str) -> list[Node]:
    """The nodes that `read` makes its values of, as far as the file can be read."""
    if find_illegal(text):
        return []
    if (_is_json_name(file) or text.lstrip().startswith("{")) and jsonfile.is_json(text):
        return [jsonfile.compose(text)]
    return _compose(file, text, Diagnostics())


def _compose(file: str, text: str, found: Diagnostics) -> list[Node]:
    # kubectl ends the last line if its author did not, which shows in a block scalar at the end of a file.
    return compose(file, text if text.endswith("\n") else text + "\n", found)


def _is_json_name(file: str) -> bool:
    return file.lower().endswith(".json")
