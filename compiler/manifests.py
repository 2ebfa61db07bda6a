"""The one manifest writer: plain data in, YAML out as a person would have written it.

Every reader must read back what was given, but they type plain scalars differently: `yes` is a boolean to PyYAML and
kubectl and a string to ruamel.yaml, `12:30:45` a number to PyYAML alone, `0o17` a string to PyYAML alone. So a string
stands plain only where all of them take it for a string; every other one is double-quoted, or a literal block where it
has several lines. PyYAML's emitter knows YAML 1.1 alone, breaks long lines, and takes 15 times as long even in C, which
would be most of a build: hence a writer of our own.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

Node: TypeAlias = "str | int | float | bool | Mapping[str, Node] | Sequence[Node] | Shared | None"
"""What can be written: plain data. The keys of a mapping are written in the order in which it holds them."""


class Shared:
    """A subtree that many documents contain: its text is made once per indentation and reused.

    It may stand wherever its value may, and is written the same. Nobody may change the value any more.
    """

    __slots__ = ("_texts", "value")

    def __init__(self, value: Node) -> None:
        self.value = value
        self._texts: dict[tuple[int, int], str] = {}

    def text(self, indent: int, list_indent: int) -> str:
        """What `_write` writes for the value at this place."""
        text = self._texts.get((indent, list_indent))
        if text is None:
            pieces: list[str] = []
            _write(self.value, indent, list_indent, pieces)
            text = self._texts[indent, list_indent] = "".join(pieces)
        return text


def shared(value: Node) -> Shared:
    """Mark a subtree that many documents contain; see `Shared`."""
    return Shared(value)


def render(document: Node, comment: str | None = None) -> str:
    """One document, below a comment line if one is given; ends with a newline and is to be encoded as UTF-8.

    Raises ValueError for what some reader could not read back equal: NaN, infinities, integers beyond 64 bits, lone
    surrogates, nesting deeper than our own reader lets in. Raises TypeError for what is no `Node`. Input never holds
    such values, because our reader refuses them or types them as kubectl does: either is a bug of ours.
    """
    return render_all((document,), comment)


def render_all(documents: Iterable[Node], comment: str | None = None) -> str:
    """Several documents, divided by `---`, below a comment line if one is given. Raises as `render` does."""
    texts: list[str] = []
    for document in documents:
        pieces: list[str] = []
        _write(document, 0, 0, pieces)
        texts.append("".join(pieces)[1:] + "\n")
    stream = "---\n".join(texts)
    if comment is None:
        return stream
    if "\n" in comment or not _is_visible(comment):
        raise ValueError(f"a comment is one line of visible text, not {comment!r}")
    return f"# {comment}\n{stream}"


class Hole(Shared):
    """A value that is left open in a `Form`. It stands as the value of keys, as often as it likes."""

    __slots__ = ("number",)

    def __init__(self) -> None:
        super().__init__(None)
        self.number = -1

    def text(self, indent: int, list_indent: int) -> str:
        """What stands in the form's text for now, and for nothing else: the writer escapes every NUL."""
        return f"{_HOLE}{self.number} {indent} {list_indent}{_HOLE}"


_HOLE = "\0"


class Form:
    """Documents that are alike but for some values: their text is made once, and filled in for each.

    `fill` gives what `render_all` gives for the documents with the values in place of the holes.
    """

    __slots__ = ("_apart", "_binding", "_places", "_texts")

    def __init__(self, documents: Iterable[Node], holes: Sequence[Hole]) -> None:
        """`holes`: those in the documents, in the order in which their values will be given."""
        for number, hole in enumerate(holes):
            hole.number = number
        parts = render_all(documents).split(_HOLE)
        self._texts = parts[::2]
        self._places = [_place(part) for part in parts[1::2]]
        """One between each two texts."""
        self._apart = parts
        """The texts, and between each two of them something that fillings take the place of."""
        self._binding: tuple[int, _Binding] | None = None
        """How to bind so many values: most forms are bound to as many each time."""
        if {number for number, *_ in self._places} != set(range(len(holes))):
            raise ValueError(f"{len(holes)} holes are named, and the documents have others")

    @property
    def texts(self) -> Sequence[str]:
        """What stands around the open places."""
        return self._texts

    def fill(self, values: Sequence[Node]) -> str:
        """The text with these values, in the order of the holes. Raises as `render` does."""
        return "".join(self.around(self.fillings(values)))

    def fillings(self, values: Sequence[Node]) -> list[str]:
        """What stands in the open places for these values. Raises as `render` does."""
        return [_filling(values[number], indent, list_indent) for number, indent, list_indent in self._places]

    def around(self, fillings: Sequence[str]) -> list[str]:
        """The text in pieces, with these `fillings`: those of the same form, or of one that is bound to other values.
        What stands between them are the same objects each time.
        """
        pieces = self._apart.copy()
        pieces[1::2] = fillings
        return pieces

    def bind(self, values: Sequence[Node]) -> Form:
        """The form with these values in its first holes; the others stay open. Raises as `render` does."""
        count = len(values)
        if self._binding is None or self._binding[0] != count:
            self._binding = count, self._bind(count)
        binding = self._binding[1]
        made = [_filling(values[number], indent, list_indent) for number, indent, list_indent in binding.bound]
        form = Form((), ())
        form._texts, form._places = [], binding.open
        for texts, indices in binding.stretches:
            pieces = texts.copy()
            pieces[1::2] = [made[index] for index in indices]
            form._texts.append("".join(pieces))
        form._apart = [""] * (2 * len(form._texts) - 1)
        form._apart[::2] = form._texts
        return form

    def _bind(self, count: int) -> _Binding:
        bound: dict[_Place, int] = {}
        stretches: list[tuple[list[str], list[int]]] = [([self._texts[0]], [])]
        still_open: list[_Place] = []
        for text, place in zip(self._texts[1:], self._places, strict=True):
            number, indent, list_indent = place
            if number < count:
                texts, indices = stretches[-1]
                texts += ["", text]
                indices.append(bound.setdefault(place, len(bound)))
            else:
                stretches.append(([text], []))
                still_open.append((number - count, indent, list_indent))
        return _Binding(list(bound), stretches, still_open)


_Place: TypeAlias = tuple[int, int, int]
"""A place that is left open: (number of the hole, indentation, that of a list)."""


class _Binding(NamedTuple):
    """How the first holes of a form are filled: names stand in many places, and are written alike in most."""

    bound: list[_Place]
    """The places to be filled, equal ones once."""
    stretches: list[tuple[list[str], list[int]]]
    """What stands before, between and after the places that stay open: texts, every second one to be filled with the
    text of a place in `bound`, of which the index is given.
    """
    open: list[_Place]


def _place(text: str) -> _Place:
    number, indent, list_indent = map(int, text.split())
    return number, indent, list_indent


def _filling(value: Node, indent: int, list_indent: int) -> str:
    if type(value) is str and value in _scalars:  # as in `_write_mapping`
        return _scalars[value]
    pieces: list[str] = []
    _write(value, indent, list_indent, pieces)
    return "".join(pieces)


_DEEPEST = 200
"""Largest indentation. Our reader lets in 100 levels, each of which indents by at most 2."""
_LONGEST_SIMPLE_KEY = 1000
"""In bytes. Readers look for the colon of `key: value` within 1024 characters, and some may count bytes."""
_MEMO_ENTRIES = 1 << 14
"""Bound of each memo. The strings of a fleet repeat; a full memo is emptied and fills again."""
_MEMO_LENGTH = 256
"""Longest string worth remembering, in characters: longer ones seldom repeat, and cost memory."""

_scalars: dict[str, str] = {}
"""String -> what follows its key or dash when it stands on that line."""
_keys: tuple[dict[str, str], ...] = tuple({} for _ in range(_DEEPEST + 1))
"""Per indentation: key -> line break, indentation, text, colon."""

# What every reader takes for a string. No word of these in any case, since case matters to some readers only. A start
# with a digit needs a sign that no number, time or date has: a letter beyond exponents and prefixes, "/", "%" or two
# dots. Beyond ASCII, `_hidden` has its say too.
_PLAIN = re.compile(
    r"(?![-.]?(?i:true|false|yes|no|on|off|y|n|null|nan|inf|infinity)\Z)"
    r"(?:[^\x00-#%-')-@\[\]`{-\x7f]|/"  # a letter or one of $ ( / \ ^ _
    r"|--?(?=[A-Za-z])|\.(?=[A-Za-z])|\.\.?/"
    r"|[0-9]+\.[0-9]+\.[0-9]"
    r"|(?!0[BOXbox]|[0-9]{4}-[0-9])(?=[0-9][0-9_.:+,Ee-]*+[A-DF-Za-df-z/%])"
    r")"
    r"(?:[^\x00- :\x7f]++|:(?=[^\x00- \x7f])| ++(?=[^\x00- #\x7f]))*+"  # neither ": " nor " #" nor a blank at the end
)
_ESCAPED = re.compile(r'["\\\x00-\x1f\x7f]')
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


@functools.cache
def _hidden() -> re.Pattern[str]:
    """Characters beyond ASCII that nobody sees in a review: control, format, blank, private and unassignable ones.

    Some turn the text around them, and readers of YAML refuse or normalise some. They are spelled out because what
    `str.isprintable` says changes with the version of Python, and so would the bytes of the output. U+FE0F is seen
    behind a symbol, where it asks for the coloured form. Made on demand: compiling it takes some milliseconds, and
    most fleets are ASCII.
    """
    return re.compile(
        r"[\x80-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f"
        r"\u2800\u3000\u3164\ud800-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0e\ufeff\uffa0\ufff0-\uffff\U000e0000-\U0010ffff]"
        r"|(?<![\u2100-\u27ff\u2900-\u2fff\U0001f000-\U0001faff])\ufe0f"
    )


# Tuples, because a union made anew at each call is slow; the builtin types first, because the abstract ones are.
_NUMBERS = (int, float)
_MAPPINGS = (dict, Mapping)
_LISTS = (list, tuple, Sequence)
_BINARY = (bytes, bytearray, memoryview)

# Each piece of text begins with what divides it from the piece before it: a blank, or a line break and indentation.
# What stands in a list begins on the line of its dash, so there the break and all but one blank are cut off.


def _write(node: Node, indent: int, list_indent: int, pieces: list[str]) -> None:
    """Any value. Keys of a mapping and lines of a literal stand at `indent`, dashes of a list at `list_indent`."""
    if isinstance(node, Shared):
        pieces.append(node.text(indent, list_indent))
    elif isinstance(node, str):
        pieces.append(_string(str.__str__(node), indent))
    elif node is None or isinstance(node, _NUMBERS):
        pieces.append(_atom(node))
    elif isinstance(node, _MAPPINGS):
        if node:
            _write_mapping(node, indent, pieces)
        else:
            pieces.append(" {}")
    elif isinstance(node, _LISTS) and not isinstance(node, _BINARY):
        if node:
            _write_list(node, list_indent, pieces)
        else:
            pieces.append(" []")
    else:
        raise TypeError(f"not plain data: {node!r}")


def _write_mapping(node: Mapping[str, Node], indent: int, pieces: list[str]) -> None:
    """A mapping that is not empty, its keys at `indent`."""
    if indent > _DEEPEST:
        raise ValueError(f"nested deeper than an indentation of {_DEEPEST}")
    keys = _keys[indent]
    scalars = _scalars
    append = pieces.append
    for key, value in node.items():
        append(keys[key] if key in keys else _key(key, indent))
        if type(value) is str:
            append(scalars[value] if value in scalars else _string(value, indent + 2))
        elif type(value) is dict and value:
            _write_mapping(value, indent + 2, pieces)
        elif type(value) is list and value:
            _write_list(value, indent, pieces)
        else:
            _write(value, indent + 2, indent, pieces)


def _write_list(node: Sequence[Node], indent: int, pieces: list[str]) -> None:
    """A list that is not empty, its dashes at `indent`."""
    if indent > _DEEPEST:
        raise ValueError(f"nested deeper than an indentation of {_DEEPEST}")
    dash = "\n" + " " * indent + "-"
    for value in node:
        pieces.append(dash)
        first = len(pieces)
        if type(value) is dict and value:
            _write_mapping(value, indent + 2, pieces)
        else:
            _write(value, indent + 2, indent + 2, pieces)
        if pieces[first][0] == "\n":
            pieces[first] = pieces[first][indent + 2 :]


def _key(key: str, indent: int) -> str:
    """A key and its colon on a line of their own, remembered."""
    if not isinstance(key, str):
        raise TypeError(f"a key is a string, not {key!r}")
    text = _one_line(str.__str__(key))
    margin = "\n" + " " * indent
    if len(text.encode()) > _LONGEST_SIMPLE_KEY:
        return f"{margin}? {text}{margin}:"
    line = f"{margin}{text}:"
    _remember(_keys[indent], key, line)
    return line


def _string(value: str, indent: int) -> str:
    """A string after its key or dash: a literal block with its lines at `indent`, or one line, remembered."""
    text = _scalars.get(value)
    if text is not None:
        return text
    if "\n" in value and _may_be_literal(value):
        return _literal(value, indent)
    text = " " + _one_line(value)
    _remember(_scalars, value, text)
    return text


def _one_line(value: str) -> str:
    if _PLAIN.fullmatch(value) and _is_visible(value):
        return value
    text = _ESCAPED.sub(_escape, value)
    return f'"{text if text.isascii() else _hidden().sub(_escape, text)}"'


def _is_visible(value: str) -> bool:
    """Whether a reviewer sees every character; tabs and line breaks count as seen."""
    return not _CONTROL.search(value) and (value.isascii() or not _hidden().search(value))


def _escape(match: re.Match[str]) -> str:
    """A character as an escape that YAML 1.1 and 1.2 have in common."""
    char = match[0]
    short = _SHORT_ESCAPES.get(char)
    if short is not None:
        return short
    code = ord(char)
    if 0xD800 <= code <= 0xDFFF:
        raise ValueError(f"a lone surrogate is no text: U+{code:04X}")
    if code <= 0xFF:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def _may_be_literal(value: str) -> bool:
    """Whether all readers, and editors that trim lines, leave a literal block of it alone.

    The first line tells a reader the indentation, so no blank may precede its text: libyaml refuses a tab there.
    """
    return (
        value[0] not in " \t\n"
        and " \n" not in value
        and "\t\n" not in value
        and value[-1] not in " \t"
        and _is_visible(value)
    )


def _literal(value: str, indent: int) -> str:
    """`|`, or how it keeps a missing or further line break at the end, and the lines."""
    head, body = " |-", value
    if value[-1] == "\n":
        head, body = (" |+" if value[-2:] == "\n\n" else " |"), value[:-1]
    margin = "\n" + " " * (indent or 2)
    return head + "".join([margin + line if line else "\n" for line in body.split("\n")])


def _atom(value: float | None) -> str:
    """Null, a boolean or a number."""
    if value is None:
        return " null"
    if value is True or value is False:
        return " true" if value else " false"
    if isinstance(value, float):
        return _float(value)
    if not -(1 << 63) <= value < 1 << 63:
        raise ValueError(f"kubectl reads integers of 64 bits: {value}")
    return " " + int.__repr__(value)


def _float(value: float) -> str:
    """With a dot and a signed exponent: without either, YAML 1.1 takes it for a string."""
    if not math.isfinite(value):
        raise ValueError(f"JSON, and so Kubernetes, has no {value}")
    mantissa, exponent, power = float.__repr__(value).partition("e")
    return f" {mantissa}{'' if '.' in mantissa or not exponent else '.0'}{exponent}{power}"


def _remember(memo: dict[str, str], string: str, text: str) -> None:
    if len(string) > _MEMO_LENGTH:
        return
    if len(memo) >= _MEMO_ENTRIES:
        memo.clear()
    memo[string] = text
