"""YAML text to nodes that know their place: PyYAML's parser, bounded while it reads.

PyYAML hands over one event at a time, so depth, number of nodes and aliases are checked before anything grows, and
nothing here recurses. Values are made of the nodes in `compiler.source.values`, places in `compiler.source.positions`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn

import msgspec

from compiler.diagnostics import Note, Origin, error

if TYPE_CHECKING:
    from yaml import MarkedYAMLError

    from compiler.diagnostics import Code, Diagnostics

MAX_DEPTH: Final = 100
"""Mappings and lists inside each other, at most."""
MAX_NODES: Final = 200_000
"""Keys and values of one file, at most: far beyond what honest YAML holds."""
MAX_EXPANDED_NODES: Final = 20_000
"""Nodes that the aliases of one file stand for, at most: ten lines of aliases can stand for billions."""

YAML_SYNTAX = error(
    "yaml-syntax",
    "a file is not valid YAML",
    """
The YAML parser could not go on at this place, and what follows in the file was not read. The usual causes are
indentation that does not line up, a tab where spaces belong, a missing space after a colon, and a quote that is never
closed. Some things that YAML allows are refused too, because kubectl drops or misreads them: directives such as
`%YAML 1.2`, text on the line of `---`, and a document that follows `...` without `---`.

fleetgate reads every *.yaml, *.yml and *.json file below the root. If a file is not meant for it (a template, a
chart), name the file or its folder in `.fleetgateignore`.
""",
)
YAML_TOO_DEEP = error(
    "yaml-too-deep",
    "a document is nested too deeply",
    f"""
Mappings and lists may be nested {MAX_DEPTH} levels deep. No Kubernetes object comes near that; a file that does is
damaged, or made to exhaust its readers. The rest of the file was not read.
""",
)
YAML_TOO_LARGE = error(
    "yaml-too-large",
    "a file holds too many values",
    f"""
One file may hold {MAX_NODES:,} keys and values. Split it into several files with a few objects in each.
""",
)
YAML_ALIASES = error(
    "yaml-aliases",
    "an alias is unknown, contains itself, or stands for too much",
    f"""
An alias (`*name`) repeats what the anchor (`&name`) above it in the same document holds. Aliases of aliases make a
few lines stand for billions of values, so all aliases of a file together may stand for {MAX_EXPANDED_NODES:,} values
at most. The rest of the file was not read.
""",
)
CODES = (YAML_SYNTAX, YAML_TOO_DEEP, YAML_TOO_LARGE, YAML_ALIASES)

_SEPARATOR_WITH_TEXT: Final = re.compile(r"^---(?![ \t]*$)(?![ \t]+#)", re.MULTILINE)
_END_OF_NOTHING: Final = re.compile(r"(?:\A|^---[^\n]*\n)(?:[ \t]*+(?:#[^\n]*+)?+\n)*+\.\.\.(?=\s|\Z)", re.MULTILINE)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_ESCAPED_SLASH: Final = re.compile(r"(?<!\\)(?:\\\\)*\\/")
_IGNORE: Final = ", or name the file in .fleetgateignore if it is not meant for fleetgate"


class Node(msgspec.Struct):
    """A value as it was written."""

    kind: Literal["scalar", "list", "mapping", "alias"]
    line: int
    """1-based."""
    column: int
    """1-based, in code points."""
    tag: str | None = None
    text: str = ""
    """Scalars: the text, unescaped."""
    is_plain: bool = False
    """Scalars: written without quotes, on its own or after a tag."""
    is_flow: bool = False
    """Lists and mappings: written in brackets."""
    children: list[Node] = []
    """Lists: the items. Mappings: key, value, key, value …"""
    target: Node | None = None
    """Aliases: the node of the anchor."""
    size: int = 1
    """Number of nodes, the node itself and what its aliases stand for included."""
    has_anchor: bool = False
    is_complete: bool = True
    """False while a list or mapping is being read."""


class _SyntaxProblem(msgspec.Struct, frozen=True):
    """What the parser says, in words for somebody who has never read the YAML specification."""

    problem: str
    """Part of the parser's message (libyaml's, or PyYAML's own where that differs)."""
    why: str
    fix: str
    at_begin: bool = False
    """Whether to point at what the parser was reading rather than at where it gave up."""


_SYNTAX_PROBLEMS: Final = (
    _SyntaxProblem(
        "mapping values are not allowed",
        "a colon cannot follow here: the line is indented differently than its neighbours, or its text holds a colon",
        "line the key up with its neighbours, or write text that holds a colon in quotes",
    ),
    _SyntaxProblem(
        "could not find expected ':'",
        "this line is neither `key: value` nor a list item, and belongs to no text above it",
        "write `key: value`, or indent the line below the text that it continues",
        at_begin=True,
    ),
    _SyntaxProblem(
        "entries are not allowed",
        "a list item cannot begin here",
        "begin the list on its own line below the key",
    ),
    _SyntaxProblem(
        "mapping keys are not allowed",
        "a question mark and a space begin a key, which cannot be here",
        "write the text in quotes",
    ),
    _SyntaxProblem(
        "did not find expected key",
        "the mapping that began above cannot go on like this",
        "give its keys the same indentation, one on each line, and write nothing behind a closing quote or bracket",
    ),
    _SyntaxProblem(
        "did not find expected '-' indicator",
        "the list that began above cannot go on like this",
        "begin every item with `- ` in the same column",
    ),
    _SyntaxProblem(
        "expected ',' or",
        "this bracket is not closed, or a comma is missing between what it holds",
        "close the bracket, put commas between the items, and write text that holds a bracket or colon in quotes",
        at_begin=True,
    ),
    _SyntaxProblem(
        "node content",
        "a value is missing before this character, or a text that begins with it has no quotes",
        "write the value in quotes, or remove the character",
    ),
    _SyntaxProblem("unexpected end of stream", "this quote is never closed", "close the quote", at_begin=True),
    _SyntaxProblem("unexpected document", "this quote is never closed", "close the quote", at_begin=True),
    _SyntaxProblem(
        "unknown escape character",
        "there is no such escape in double-quoted text",
        "double the backslash, or use single quotes, where a backslash stands for itself",
    ),
    _SyntaxProblem(
        "invalid Unicode character escape code",
        "this escape is not a character (the halves of a surrogate pair are none)",
        "write the character itself, or \\U with eight hexadecimal digits",
    ),
    _SyntaxProblem(
        "unexpected ':'",
        "text without quotes cannot end with a colon inside brackets",
        "write the text in quotes, or a value behind the colon",
    ),
    _SyntaxProblem("a tab character", "a tab stands where only spaces can indent", "indent with spaces"),
    _SyntaxProblem(
        "<document start>",
        "the document has ended before this line",
        "indent the line so that it belongs to the document, or begin a new document with ---",
    ),
    _SyntaxProblem(
        "directive",
        "kubectl cannot read files with directives (lines that begin with %)",
        "remove the line",
    ),
)
_CANNOT_START: Final = "cannot start any token"


class _Unreadable(Exception):  # noqa: N818 - not an error but the end of reading: the finding is already made
    """The rest of the file cannot be read."""


def compose(file: str, text: str, found: Diagnostics) -> list[Node]:
    """The root node of every document of a file, as far as it can be read; the finding says why no further."""
    import yaml  # noqa: PLC0415 - takes 13 ms, and the codes of this module are wanted without it

    composer = _Composer(file, text, found)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        composer.check_separators()
        composer.read(loader)
    except _Unreadable:
        pass
    except yaml.MarkedYAMLError as failed:
        composer.report_syntax(failed)
    finally:
        loader.dispose()
    return composer.documents


class _Composer:
    """Reads one file."""

    def __init__(self, file: str, text: str, found: Diagnostics) -> None:
        self.file = file
        self.text = text
        self.found = found
        self.documents: list[Node] = []
        self.nodes = 0
        self.expanded = 0
        self.has_escaped_slash = "\\/" in text

    def read(self, loader: Any) -> None:
        """Turn the events into nodes, one document after the other; raises _Unreadable or MarkedYAMLError."""
        while (event := loader.get_event()) is not None:
            if _kind(event) == "DocumentStartEvent":
                self._check_document_start(event)
                self.documents.append(self._document(loader))

    def _document(self, loader: Any) -> Node:
        """The next document's root."""
        anchors: dict[str, Node] = {}
        open_nodes: list[Node] = []
        root: Node | None = None
        while True:
            event = loader.get_event()
            kind = _kind(event)
            if kind == "DocumentEndEvent":
                assert root is not None, "every document has a node"
                return root
            if kind in {"MappingEndEvent", "SequenceEndEvent"}:
                ended = open_nodes.pop()
                ended.is_complete = True
                ended.size += sum(child.size for child in ended.children)
                continue
            node = self._node(event, anchors)
            if open_nodes:
                open_nodes[-1].children.append(node)
                if node.is_plain and "?" in node.text and open_nodes[-1].is_flow:
                    why = "kubectl refuses a question mark in text without quotes inside brackets"
                    self._stop(YAML_SYNTAX, (node.line, node.column), node.text, why, "write the text in quotes")
            else:
                root = node
            if not node.is_complete:
                open_nodes.append(node)
                if len(open_nodes) > MAX_DEPTH:
                    why = f"mappings and lists are nested more than {MAX_DEPTH} levels deep here"
                    self._stop(YAML_TOO_DEEP, (node.line, node.column), "", why, "flatten the document")

    def _node(self, event: Any, anchors: dict[str, Node]) -> Node:
        mark = event.start_mark
        place = line, column = mark.line + 1, mark.column + 1
        self.nodes += 1
        if self.nodes > MAX_NODES:
            why = f"the file holds more than {MAX_NODES:,} keys and values"
            self._stop(YAML_TOO_LARGE, place, "", why, "split it into several files")
        kind = _kind(event)
        if kind == "AliasEvent":
            node = Node("alias", line, column, text=event.anchor)
            self._check_alias(node, anchors.get(event.anchor))
            return node
        if kind == "ScalarEvent":
            node = Node("scalar", line, column, event.tag, event.value, not event.style)
            if event.style == '"':
                self._check_escapes(event, place)
        else:
            shape: Literal["list", "mapping"] = "list" if kind == "SequenceStartEvent" else "mapping"
            node = Node(shape, line, column, event.tag, is_flow=bool(event.flow_style), is_complete=False)
        if event.anchor is not None:
            node.has_anchor = True
            anchors[event.anchor] = node
        return node

    def _check_alias(self, alias: Node, target: Node | None) -> None:
        name, place = f"*{alias.text}", (alias.line, alias.column)
        if target is None:
            why = f"no anchor &{alias.text} stands above it in the same document"
            fix = f"put &{alias.text} before the value that is meant, or write text that begins with * in quotes"
            self._stop(YAML_ALIASES, place, name, why, fix)
        if not target.is_complete:
            why = f"the alias stands inside of &{alias.text}, so the value would contain itself"
            self._stop(YAML_ALIASES, place, name, why, "write the value out")
        alias.target = target
        alias.size = target.size
        self.expanded += target.size
        if self.expanded > MAX_EXPANDED_NODES:
            why = f"the aliases up to here stand for more than {MAX_EXPANDED_NODES:,} values"
            self._stop(YAML_ALIASES, place, name, why, "write fewer aliases, above all of values that hold aliases")

    def _check_escapes(self, event: Any, place: tuple[int, int]) -> None:
        """Refuse what libyaml lets through and kubectl does not, and the other way round PyYAML's own parser."""
        if self.has_escaped_slash:
            written = self.text[event.start_mark.index : event.end_mark.index]
            if _ESCAPED_SLASH.search(written):
                self._stop(YAML_SYNTAX, place, written, "kubectl does not know the escape \\/", "write / by itself")
        if _SURROGATE.search(event.value):
            why = "this text holds half of a surrogate pair, which is not a character"
            self._stop(YAML_SYNTAX, place, "", why, "write \\U with eight hexadecimal digits")

    def _check_document_start(self, event: Any) -> None:
        if event.version or event.tags:
            line, column = event.start_mark.line, event.start_mark.column
            why = "kubectl cannot read files with directives (lines that begin with %)"
            self._stop(YAML_SYNTAX, (line + 1, column + 1), self._line(line), why, "remove the line")

    def check_separators(self) -> None:
        """Split as kubectl does: at lines that begin with ---, behind which it takes only a comment."""
        separator = _SEPARATOR_WITH_TEXT.search(self.text)
        if separator is not None:
            why = "kubectl takes a line that begins with --- for the end of a document and refuses text behind it"
            self._stop_at(separator.start(), why, "put the text on the next line")
        end = _END_OF_NOTHING.search(self.text) if "..." in self.text else None
        if end is not None:
            self._stop_at(end.end() - 3, "kubectl refuses `...` where no document stands above it", "remove the line")

    def report_syntax(self, failed: MarkedYAMLError) -> None:
        """Turn the parser's error into a finding at the line to look at."""
        problem = failed.problem or ""
        begin, end = failed.context_mark, failed.problem_mark
        known = next((known for known in _SYNTAX_PROBLEMS if known.problem in problem), None)
        mark = begin if known is not None and known.at_begin and begin is not None else end or begin
        line, column = (0, 0) if mark is None else (mark.line, mark.column)
        notes: tuple[Note, ...] = ()
        if begin is not None and mark is end and end is not None and begin.line != end.line:
            notes = (Note(self._origin(begin.line + 1, begin.column + 1), _began(failed.context or "")),)
        if known is not None:
            why, fix = known.why, known.fix
        elif _CANNOT_START in problem:
            why, fix = self._cannot_start(line, column)
        else:
            why, fix = f"the YAML parser {problem or 'gave up here'}", "mend the line"
        self.found.add(YAML_SYNTAX, self._origin(line + 1, column + 1), self._line(line), why, fix + _IGNORE, notes)

    def _cannot_start(self, line: int, column: int) -> tuple[str, str]:
        character = self.text.split("\n")[line][column : column + 1]
        if character == "\t":
            return "a tab stands where only spaces can indent", "indent with spaces"
        return f"text without quotes cannot begin with {character}", "write the value in quotes"

    def _stop(self, code: Code, place: tuple[int, int], value: str, why: str, fix: str) -> NoReturn:
        self.found.add(code, self._origin(*place), value, why, fix + (_IGNORE if code is YAML_SYNTAX else ""))
        raise _Unreadable

    def _stop_at(self, index: int, why: str, fix: str) -> NoReturn:
        line = self.text.count("\n", 0, index)
        self._stop(YAML_SYNTAX, (line + 1, 1), self._line(line), why, fix)

    def _origin(self, line: int, column: int) -> Origin:
        return Origin(self.file, len(self.documents), line=line, column=column)

    def _line(self, line: int) -> str:
        """The text of a line as it is shown with a finding."""
        lines = self.text.split("\n")
        return lines[line].strip() if line < len(lines) else ""


def _kind(event: Any) -> str:
    """The name of PyYAML's class, which is not imported with this module."""
    return type(event).__name__


def _began(context: str) -> str:
    """What the parser was reading, for a note at its beginning."""
    if "mapping" in context:
        return "the mapping began here"
    return "the list began here" if "sequence" in context or "collection" in context else "it began here"
