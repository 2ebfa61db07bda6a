"""The fast reader: ryaml behind a guard that lets through only what every YAML reader reads alike.

ryaml takes a fifth of the time of PyYAML, but types scalars by YAML 1.2, which is not how kubectl does it. So a file
goes this way only when the whole of it matches a regular grammar of plain everyday YAML: block mappings and
sequences, quoted strings, unmistakable plain scalars, flow collections that end on their line, comments, `---`.
Everything else (tags, anchors, merge keys, block scalars, octal numbers, `yes` …) goes to `compiler.source.events`.
tests/property proves that both readers agree on whatever the grammar lets through.

The grammar is matched by RE2: 4 us for a file of 1 KB, where Python's `re` would take 50 and could be made to
backtrack for ever. It sees bytes, so that its automaton stays small.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from compiler.source.lines import Lines
from compiler.source.sections import Sections
from compiler.source.text import find_illegal

if TYPE_CHECKING:
    from collections.abc import Callable

    Load = Callable[[str], list[Any] | None]

_NON_ASCII = r"\x80-\xff"
"""A byte of a character beyond ASCII; which of them are allowed is asked of `find_illegal`."""
_INTEGER = r"(?:0|-?[1-9][0-9]{0,17})"
_FRACTION = r"-?(?:0|[1-9][0-9]{0,7})\.[0-9]{0,6}[1-9]"
"""Not a whole number: kubectl reads 1.0 as the integer 1."""
_VERSION = r"[0-9]+(?:\.[0-9]+){2,}(?:[-+/][A-Za-z0-9._/+-]*)?"
"""1.2.3-rc.1, 10.0.0.0/8: with two dots or more it is never a number."""
_QUANTITY = r"[0-9]+[acdf-np-wyzACDF-NP-WYZ%][A-Za-z0-9%]*"
"""100m, 128Mi, 1m30s: the first letter is none of b, e, o, x, with which numbers are written."""
_DOUBLE_QUOTED = rf'"(?:[ !#-\[\]-~{_NON_ASCII}]|\\["\\nt])*"'
_SINGLE_QUOTED = rf"'(?:[ -&(-~{_NON_ASCII}]|'')*'"
_TYPED = rf"(?:{_INTEGER}|{_FRACTION}|{_VERSION}|{_QUANTITY}|{_DOUBLE_QUOTED}|{_SINGLE_QUOTED})"
_KEY = rf"(?:[A-Za-z_][A-Za-z0-9_./-]*|{_DOUBLE_QUOTED})"
_WORD = rf"(?:[!-9;-~{_NON_ASCII}]|:[A-Za-z0-9/*])"
"""A step inside a plain scalar: anything visible; a colon only where it can't end a key."""
_PLAIN = rf"(?:[A-Za-z_/$^({_NON_ASCII}]|--?[A-Za-z])(?:{_WORD}| +[!-\"$-9;-~{_NON_ASCII}])*"
_FLOW_PLAIN = r"(?:[A-Za-z_/$^(]|--?[A-Za-z])(?:[!-+\--9;->@-Z\\^-z|~]|:[A-Za-z0-9/*])*"
"""A plain scalar in flow context: no spaces, commas, brackets, nor the question mark that kubectl refuses there."""
_FLOW_SCALAR = rf"(?:{_TYPED}|{_FLOW_PLAIN})"
_FLOW_LIST = rf"\[ *(?:{_FLOW_SCALAR}(?: *, *{_FLOW_SCALAR})*)? *\]"
# Whether brackets match is ryaml's to say. Here it matters that no number, boolean or null can become a key, so that
# outside a list of scalars they stand only behind a key.
_FLOW_STEP = rf"(?: +|[,{{}}\[\]]|{_FLOW_LIST}|{_KEY}: +(?:{_FLOW_SCALAR})?)"
_FLOW = rf"(?:{_FLOW_LIST}|[\[{{]{_FLOW_STEP}*[\]}}])"
_VALUE = rf"(?:{_TYPED}|{_PLAIN}|{_FLOW})"
_COMMENT = rf"#[ -~{_NON_ASCII}]*"
_END = rf"(?: +{_COMMENT})? *"
# 36 columns of indentation, three dashes and (below) eight brackets keep the nesting under the limit of 100.
_LINE = rf"(?: {{0,36}}(?:- +){{0,3}}(?:-|{_KEY} *:|(?:{_KEY} *: +)?{_VALUE}){_END}|(?: *{_COMMENT})? *|---{_END})"
_EVERYDAY = rf"\n(?:{_LINE}\n)*"

_WORDS = "y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF"
_NOT_TEXT = "true|True|TRUE|false|False|FALSE|null|Null|NULL"
_DOUBTFUL = rf"[ \n,\[{{](?:(?:{_WORDS}) *[\n,\]}}:#]|(?:{_NOT_TEXT}) *:)|(?:[\[{{][^\n]*){{9}}"
"""Words that kubectl alone reads as booleans, keys that are not text, more than eight brackets in a line."""


_MAX_BYTES = 100_000
"""A larger file could hold more values than the slow reader lets through; each takes a byte at least."""


def read(raw: bytes) -> list[Any] | None:
    """All documents of a file, empty ones as None; None where the file needs the slow reader or is wrong."""
    engine = _engine()
    if engine is None or len(raw) > _MAX_BYTES:
        return None
    load, by_lines = engine
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None
    if not raw.isascii() and find_illegal(text):
        return None
    documents = by_lines(text)
    return load(text) if documents is None else documents


@functools.cache
def _engine() -> tuple[Load, Load] | None:
    """What reads a text with ryaml, and what reads it by sections and lines; None where RE2 or ryaml is not there."""
    try:
        import re2  # noqa: PLC0415 - may be missing
        import ryaml  # noqa: PLC0415 - may be missing
    except ImportError:
        return None
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    is_everyday = re2.compile(_EVERYDAY.encode(), options).fullmatch
    is_doubtful = re2.compile(_DOUBTFUL.encode(), options).search

    def load(text: str) -> list[Any] | None:
        framed = b"\n%b\n" % text.encode()
        if not is_everyday(framed) or is_doubtful(framed):
            return None
        try:
            return ryaml.loads_all(text) if "\n---" in text else [ryaml.loads(text)]  # type: ignore[attr-defined]
        except ValueError:
            # Not YAML, or a duplicate key: the slow reader says which, and where.
            return None

    def items(text: str) -> list[Any] | None:
        documents = load(text)
        return documents[0] if documents else None

    return load, Sections(Lines(items)).read
