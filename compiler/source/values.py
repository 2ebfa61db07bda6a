"""Nodes to plain values, typed as kubectl types them; what it would change or drop in silence is a finding."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from compiler.diagnostics import Note, Origin, error, warning
from compiler.source import scalars

if TYPE_CHECKING:
    from compiler.diagnostics import Diagnostics, PathStep
    from compiler.source.nodes import Node

YAML_DUPLICATE_KEY = error(
    "yaml-duplicate-key",
    "a mapping has the same key twice",
    """
Most readers, kubectl among them, keep the last of the two values and drop the other in silence, so one of the two
lines does nothing. Remove the one that is not meant, or merge what they hold.
""",
)
YAML_KEY = error(
    "yaml-key",
    "a mapping key is not text",
    """
Keys become the names of JSON fields, which are text. kubectl turns an unquoted key that reads as a boolean or number
into other text (`on` becomes "true", `017` becomes "15", `1.0` becomes "1"), and refuses null, lists and mappings as
keys. Write the key in quotes.
""",
)
YAML_MERGE = error(
    "yaml-merge",
    "a merge key (<<) cannot be applied",
    """
`<<` takes a mapping, or a list of mappings, usually by aliases: `<<: *defaults`. It belongs at the top of its
mapping: kubectl lets a merge override the keys that stand above it, while YAML says that the keys of the mapping
itself always win, so what comes out would depend on the reader.
""",
)
YAML_TAG = error(
    "yaml-tag",
    "a YAML tag is not supported",
    """
Tags (`!something`, `!!binary`) ask a reader to build a special value. kubectl ignores most of them, which changes
what the line means. Supported are `!!str` on any scalar, `!!int`, `!!float`, `!!bool` and `!!null` on scalars that
read as such, `!!map` and `!!seq`. If the file is meant for another tool, name it in `.fleetgateignore`.
""",
)
YAML_NUMBER = error(
    "yaml-number",
    "a number that JSON cannot hold",
    """
Infinity and not-a-number exist in YAML but not in JSON, which is what Kubernetes speaks: kubectl refuses the file.
So does a number in a JSON file that is too large for a float. Write a number that exists, or text in quotes.
""",
)
YAML_AMBIGUOUS = warning(
    "yaml-ambiguous",
    "an unquoted value that YAML readers read differently",
    """
YAML 1.1 and YAML 1.2 disagree about some unquoted scalars, and kubectl agrees with neither every time: `yes` and `on`
(boolean or text), `017` (15 or 17), `1_000`, `0b11`, `12e03` (number or text), `1:30` (90 or text), dates (timestamp
or text), integers beyond 64 bits (exact or rounded). fleetgate reads them as kubectl does and says so here. Write text
in quotes and numbers in their plain form, and every reader agrees.
""",
)
CODES = (YAML_DUPLICATE_KEY, YAML_KEY, YAML_MERGE, YAML_TAG, YAML_NUMBER, YAML_AMBIGUOUS)

_TAG_PREFIX: Final = "tag:yaml.org,2002:"
_MERGE: Final = "<<"


class Builder:
    """Makes the value of one document."""

    def __init__(self, file: str, document: int, found: Diagnostics) -> None:
        self._file = file
        self._document = document
        self._found = found
        self._path: list[PathStep] = []
        self._of_anchor: dict[int, Any] = {}
        """Values of nodes by id(node): what aliases stand for. The nodes live as long as the builder."""

    def value(self, node: Node) -> Any:
        """The plain value of a node. Depth is bounded by the composer, so this may recurse."""
        if node.target is not None:
            # An anchor on a key has not been built as a value yet.
            if id(node.target) not in self._of_anchor:
                self._of_anchor[id(node.target)] = self.value(node.target)
            return self._of_anchor[id(node.target)]
        if node.kind == "scalar":
            value: Any = self._scalar(node)
        elif node.kind == "list":
            self._check_collection_tag(node, "seq")
            value = self._list(node)
        else:
            self._check_collection_tag(node, "map")
            value = self._mapping(node)
        if node.has_anchor:
            self._of_anchor[id(node)] = value
        return value

    def _list(self, node: Node) -> list[Any]:
        values = []
        for index, item in enumerate(node.children):
            self._path.append(index)
            values.append(self.value(item))
            self._path.pop()
        return values

    def _mapping(self, node: Node) -> dict[str, Any]:
        values: dict[str, Any] = {}
        written: dict[str, Node] = {}
        pairs = iter(node.children)
        for key_node, value_node in zip(pairs, pairs, strict=True):
            key = _MERGE if _is_merge(key_node) else self._key(key_node)
            first = written.setdefault(key, key_node)
            if first is not key_node:
                entry = Origin(self._file, self._document, (*self._path, key))
                report_duplicate(entry, key_node, first, self._found)
                if _is_merge(key_node):
                    continue
            self._path.append(key)
            if _is_merge(key_node):
                self._merge(key_node, value_node, values)
            else:
                values[key] = self.value(value_node)
            self._path.pop()
        return values

    def _merge(self, key_node: Node, value_node: Node, values: dict[str, Any]) -> None:
        """Fill in what `<<` names; kubectl lets the first mapping of a list win over the later ones."""
        target = value_node.target or value_node
        is_list = target is value_node and target.kind == "list"
        sources = value_node.children if is_list else [value_node]
        if any((source.target or source).kind != "mapping" for source in sources):
            why = "<< can merge only a mapping, or a list of mappings"
            self._found.add(
                YAML_MERGE, self._key_origin(key_node), _MERGE, why, "name mappings, such as `<<: *defaults`"
            )
            return
        merged: dict[str, Any] = {}
        built = self.value(value_node) if is_list else [self.value(value_node)]
        for source in reversed(built):
            merged |= source
        overridden = sorted(merged.keys() & values.keys())
        if overridden:
            names = ", ".join(overridden)
            why = f"kubectl lets this merge override what stands above it ({names}), other readers do not"
            fix = "move the << line to the top of its mapping"
            self._found.add(YAML_MERGE, self._key_origin(key_node), _MERGE, why, fix)
        values |= merged

    def _key(self, node: Node) -> str:
        """The name of a field. After a finding it is the text as written, so that no other finding follows."""
        scalar = node.target or node
        if scalar.kind != "scalar":
            origin = self._key_origin(node)
            why, fix = f"a {scalar.kind} is no name of a field", "write text as the key"
            self._found.add(YAML_KEY, origin, "", why, fix)
            return f"({scalar.kind} in line {node.line})"
        text = scalar.text
        if scalar.tag is not None:
            if scalar.tag != _TAG_PREFIX + "str":
                self._report_tag(node, scalar)
            return text
        if not scalar.is_plain:
            return text
        value = scalars.resolve(text)
        if isinstance(value, str):
            self._check_ambiguous(text, self._key_origin(node))
        elif value is None:
            why = "kubectl reads this key as null and refuses the file"
            self._found.add(YAML_KEY, self._key_origin(node), text, why, f"write the key, in quotes: {_quoted(text)}")
        elif isinstance(value, float) or scalars.json_text(value) != text:
            why = "kubectl reads this key as a number and writes it in its own form"
            if not isinstance(value, float):
                why = f"kubectl reads this key as {_quoted(scalars.json_text(value))}"
            self._found.add(YAML_KEY, self._key_origin(node), text, why, f"quote it: {_quoted(text)}")
        return text

    def _scalar(self, node: Node) -> scalars.Scalar:
        text = node.text
        if node.tag is not None:
            return self._tagged(node)
        if not node.is_plain:
            return text
        value = scalars.kubectl(text)
        if isinstance(value, float) and not math.isfinite(value):
            why = "infinity and not-a-number do not exist in JSON, so kubectl refuses the file"
            fix = f"write a number, or quote it as {_quoted(text)} if text is meant"
            self._found.add(YAML_NUMBER, self._origin(), text, why, fix)
            return value
        self._check_ambiguous(text, self._origin())
        return value

    def _tagged(self, node: Node) -> scalars.Scalar:
        """`!!str` makes text of anything; other tags must say what the text reads as without them."""
        assert node.tag is not None, "the caller looked"
        name = node.tag.removeprefix(_TAG_PREFIX)
        if not node.tag.startswith(_TAG_PREFIX) or name not in scalars.TYPES:
            self._report_tag(node, node)
            return node.text
        if name == "str":
            return node.text
        value = scalars.resolve(node.text)
        is_meant = type(value) is scalars.TYPES[name] or (name == "float" and type(value) is int)
        if not is_meant or (isinstance(value, float) and not math.isfinite(value)):
            why = f"the value does not read as {_tag_shown(node.tag)}, so kubectl refuses the file"
            self._found.add(YAML_TAG, self._origin(), node.text, why, "correct the value, or remove the tag")
            return node.text
        self._check_ambiguous(node.text, self._origin())
        return scalars.kubectl(node.text)

    def _check_collection_tag(self, node: Node, allowed: str) -> None:
        if node.tag is not None and node.tag != _TAG_PREFIX + allowed:
            self._report_tag(node, node)

    def _report_tag(self, node: Node, tagged: Node) -> None:
        assert tagged.tag is not None, "the caller looked"
        origin = Origin(self._file, self._document, tuple(self._path), "value", node.line, node.column)
        shown = _tag_shown(tagged.tag)
        why = "kubectl ignores this tag, which changes what the line means"
        fix = "remove the tag; write text in quotes and numbers as such"
        self._found.add(YAML_TAG, origin, shown, why, fix)

    def _check_ambiguous(self, text: str, origin: Origin) -> None:
        three = scalars.readings(text)
        if three is None:
            return
        kubectl, yaml11, yaml12 = three
        if kubectl == yaml11:
            why = f"kubectl and YAML 1.1 readers read {kubectl}, YAML 1.2 readers {yaml12}"
        elif kubectl == yaml12:
            why = f"kubectl and YAML 1.2 readers read {kubectl}, YAML 1.1 readers {yaml11}"
        elif yaml11 == yaml12:
            why = f"kubectl reads {kubectl}, other readers {yaml11}"
        else:
            why = f"kubectl reads {kubectl}, YAML 1.1 readers {yaml11}, YAML 1.2 readers {yaml12}"
        fix = f"quote it: {_quoted(text)}"
        if kubectl.type in {"boolean", "number"}:
            plain = scalars.json_text(kubectl.value)
            fix = f"quote it as {_quoted(text)} if text is meant, or write {plain} if a {kubectl.type} is meant"
        self._found.add(YAML_AMBIGUOUS, origin, text, why, fix)

    def _origin(self) -> Origin:
        return Origin(self._file, self._document, tuple(self._path))

    def _key_origin(self, node: Node) -> Origin:
        """The place of a key that no path can name."""
        return Origin(self._file, self._document, tuple(self._path), "key", node.line, node.column)


def report_duplicate(entry: Origin, key: Node, first: Node, found: Diagnostics) -> None:
    """Both keys have one path, so both places are told by line and column."""

    def place(node: Node) -> Origin:
        return Origin(entry.file, entry.document, entry.path, "key", node.line, node.column)

    why = "this key is already in the mapping, and readers keep only one of the two values"
    notes = (Note(place(first), "first written here"),)
    found.add(YAML_DUPLICATE_KEY, place(key), key.text, why, "remove one of the two entries", notes)


def _is_merge(key: Node) -> bool:
    return key.is_plain and key.tag is None and key.text == _MERGE


def _quoted(text: str) -> str:
    return f'"{text}"'


def _tag_shown(tag: str) -> str:
    return "!!" + tag.removeprefix(_TAG_PREFIX) if tag.startswith(_TAG_PREFIX) else tag
