"""JSON files: values as kubectl's JSON decoder types them, and nodes that know their place.

JSON is not read as YAML: kubectl takes a file that begins with `{` for JSON first, and the differences are real (in
JSON `1.0` stays a float, tabs may indent, and surrogate pairs are escapes).
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Any, Final

from compiler.diagnostics import Origin, error
from compiler.source.nodes import MAX_DEPTH, YAML_TOO_DEEP, Node
from compiler.source.text import position
from compiler.source.values import YAML_AMBIGUOUS, YAML_NUMBER, report_duplicate

if TYPE_CHECKING:
    from compiler.diagnostics import Diagnostics

JSON_SYNTAX = error(
    "json-syntax",
    "a file is not valid JSON",
    """
A *.json file holds one JSON object. JSON has no comments, no trailing commas and no single quotes; numbers have no
leading zeros or plus sign. Write the file as YAML (*.yaml) if you want those.

fleetgate reads every *.yaml, *.yml and *.json file below the root. If a file is not meant for it (a package
manifest, a dashboard), name the file or its folder in `.fleetgateignore`.
""",
)
CODES = (JSON_SYNTAX,)

_INT64: Final = range(-(2**63), 2**63)
_BRACKETS: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|([\[{])|([\]}])')
_TOKEN: Final = re.compile(r'("(?:[^"\\]|\\.)*+")|([{\[])|([}\]])|[,:]|([^\s{}\[\],:"]+)')
_CONSTANT: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|(-?Infinity|NaN)')
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def read(file: str, text: str, found: Diagnostics) -> list[Any] | None:
    """The value of a JSON file as its only document; None where the text is not JSON, [] after a finding."""
    if _is_too_deep(text):
        why = f"lists and objects are nested more than {MAX_DEPTH} levels deep"
        found.add(YAML_TOO_DEEP, Origin(file, line=1, column=1), "", why, "flatten the document")
        return []
    decoder = _Decoder()
    try:
        value = decoder.decode(text)
    except json.JSONDecodeError:
        return None
    if decoder.is_doubtful:
        _check(compose(text), Origin(file), found)
    return [value]


def is_json(text: str) -> bool:
    """Whether `read` finds a value in the text."""
    if _is_too_deep(text):
        return False
    try:
        _Decoder().decode(text)
    except json.JSONDecodeError:
        return False
    return True


def report_syntax(file: str, text: str, found: Diagnostics) -> None:
    """The finding for text that is not JSON and was meant to be."""
    try:
        _Decoder().decode(text)
    except json.JSONDecodeError as failed:
        index = failed.pos
    else:
        raise AssertionError("the text is JSON")
    # Python 3.13 points at a trailing comma, older ones at the bracket behind it.
    trailing = re.compile(r",\s*(?=[\]}])").match(text, index)
    index = trailing.end() if trailing is not None else index
    line, column = position(text, index)
    character = text[index : index + 1]
    if not character:
        why, fix = "the file ends before its brackets and quotes are closed", "close what is open"
    elif text[index : index + 2] in {"//", "/*"} or character == "#":
        why, fix = "JSON has no comments", "remove the comment, or write the file as YAML"
    elif character == "'":
        why, fix = "JSON text stands in double quotes", "use double quotes"
    elif character in "]}":
        why, fix = (
            "a value or name is missing before this bracket",
            "remove the comma before it, or write what is missing",
        )
    elif character == "{" and _is_whole(text[:index]):
        why, fix = "a second JSON object begins here", "write each object in a file of its own, or the file as YAML"
    else:
        why, fix = "this is not valid JSON from here on", "mend the line, or write the file as YAML"
    shown = text.split("\n")[line - 1].strip()
    ignore = ", or name the file in .fleetgateignore if it is not meant for fleetgate"
    found.add(JSON_SYNTAX, Origin(file, line=line, column=column), shown, why, fix + ignore)


def compose(text: str) -> Node:
    """The nodes of valid JSON: objects as mappings, every string as a quoted scalar, other scalars as plain ones."""
    line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
    root = Node("list", 1, 1)
    open_nodes = [root]
    for token in _TOKEN.finditer(text):
        string, begin, end, other = token.groups()
        line = bisect_right(line_starts, token.start())
        column = token.start() - line_starts[line - 1] + 1
        if begin is not None:
            node = Node("list" if begin == "[" else "mapping", line, column)
            open_nodes[-1].children.append(node)
            open_nodes.append(node)
        elif end is not None:
            open_nodes.pop()
        elif string is not None:
            open_nodes[-1].children.append(Node("scalar", line, column, text=json.loads(string)))
        elif other is not None:
            open_nodes[-1].children.append(Node("scalar", line, column, text=other, is_plain=True))
    return root.children[0]


class _ConstantError(Exception):
    """Infinity or NaN."""


class _Decoder:
    """Python's JSON decoder, with Go's numbers and an eye for what needs a finding."""

    def __init__(self) -> None:
        self.is_doubtful = False
        """Whether there is a duplicate key, a number that does not fit, or perhaps half a surrogate pair."""

    def decode(self, text: str) -> Any:
        """Raises json.JSONDecodeError."""
        self.is_doubtful = "\\u" in text
        decoder = json.JSONDecoder(
            object_pairs_hook=self._object,
            parse_int=self._int,
            parse_float=self._float,
            parse_constant=self._constant,
        )
        try:
            return decoder.decode(text)
        except _ConstantError:
            constant = next(match for match in _CONSTANT.finditer(text) if match[1])
            raise json.JSONDecodeError("not JSON", text, constant.start()) from None

    def _constant(self, name: str) -> None:
        """Python takes Infinity and NaN; JSON does not know them."""
        raise _ConstantError(name)

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        self.is_doubtful |= len(fields) < len(pairs)
        return fields

    def _int(self, digits: str) -> int | float:
        if len(digits) <= 20 and (number := int(digits)) in _INT64:
            return number
        return self._float(digits, is_exact=False)

    def _float(self, digits: str, *, is_exact: bool = True) -> float:
        number = float(digits)
        self.is_doubtful |= not (is_exact and math.isfinite(number))
        return number


def _is_too_deep(text: str) -> bool:
    # Python's decoder recurses. Most files have too few brackets to be worth a second look.
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    depth = 0
    for bracket in _BRACKETS.finditer(text):
        if bracket[1]:
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif bracket[2]:
            depth -= 1
    return False


def _check(node: Node, origin: Origin, found: Diagnostics) -> None:
    """Report, with their places, the things that made the decoder doubt."""
    if node.kind == "list":
        for index, item in enumerate(node.children):
            _check(item, origin.at(index), found)
    elif node.kind == "mapping":
        _check_object(node, origin, found)
    elif node.is_plain:
        _check_number(node.text, origin, found)
    else:
        _check_string(node, origin, found)


def _check_object(node: Node, origin: Origin, found: Diagnostics) -> None:
    first: dict[str, Node] = {}
    pairs = iter(node.children)
    for key, value in zip(pairs, pairs, strict=True):
        _check_string(key, origin, found)
        earlier = first.setdefault(key.text, key)
        if earlier is not key:
            report_duplicate(origin.key(key.text), key, earlier, found)
        _check(value, origin.at(key.text), found)


def _check_number(text: str, origin: Origin, found: Diagnostics) -> None:
    digits = text.lstrip("-")
    if not digits[0].isdigit():
        return  # true, false, null
    number = float(text)
    if math.isinf(number):
        why = "this number is too large for a float, so kubectl refuses the file"
        found.add(YAML_NUMBER, origin, text, why, "write a smaller number, or text in quotes")
    elif digits.isdigit() and abs(number) >= 2.0**63 and int(text) != number:
        why = f"kubectl rounds integers beyond 64 bits: it reads the number {number!r}, other readers {text}"
        found.add(YAML_AMBIGUOUS, origin, text, why, f'quote it: "{text}"')


def _check_string(node: Node, origin: Origin, found: Diagnostics) -> None:
    if _SURROGATE.search(node.text):
        where = Origin(origin.file, path=origin.path, line=node.line, column=node.column)
        why = "this text holds half of a surrogate pair, which is not a character"
        found.add(JSON_SYNTAX, where, "", why, "write the character itself, or both halves of the pair")


def _is_whole(text: str) -> bool:
    """Whether the text is a JSON value by itself."""
    try:
        json.loads(text)
    except json.JSONDecodeError:
        return False
    return True
