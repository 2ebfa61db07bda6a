"""Laws of reading by lines: what is known is not read again, and what lines can't tell is left alone."""

from __future__ import annotations

from typing import Any

import pytest

from compiler.source import fast, lines
from compiler.source.lines import Lines

FILE = """\
# an app
apiVersion: v1
kind: App
metadata:
  name: cart
  labels: {team: shop}
spec:
  ports:
  - name: http
    port: 80
  - name: admin
    port: 81

  command:
    - sh
    - "-c"
    # a comment between
    - ["a", b]
  empty:
  other:
    deep:
      deeper: true
---
kind: Second
"""
READ = [
    {
        "apiVersion": "v1",
        "kind": "App",
        "metadata": {"name": "cart", "labels": {"team": "shop"}},
        "spec": {
            "ports": [{"name": "http", "port": 80}, {"name": "admin", "port": 81}],
            "command": ["sh", "-c", ["a", "b"]],
            "empty": None,
            "other": {"deep": {"deeper": True}},
        },
    },
    {"kind": "Second"},
]


class Parser:
    """Parses as the fast reader does, and counts."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, text: str) -> list[Any] | None:
        self.asked.append(text)
        engine = fast._engine()
        assert engine is not None, "ryaml is installed where tests run"
        documents = engine[0](text)
        return documents[0] if documents else None


@pytest.fixture
def parser() -> Parser:
    return Parser()


def test_a_file_is_built_from_what_its_lines_say(parser: Parser) -> None:
    assert Lines(parser).read(FILE) == READ


def test_each_different_line_is_parsed_once(parser: Parser) -> None:
    reader = Lines(parser)
    reader.read(FILE)
    assert len(parser.asked) == 1
    assert reader.read(FILE) == READ
    assert reader.read(FILE.replace("port: 81", "port: 82")) is not None
    assert parser.asked[1:] == ["- port: 82"]


@pytest.mark.parametrize(
    ("text", "documents"),
    [
        ("", [None]),
        ("# nothing\n", [None]),
        ("---\n", [None]),
        ("---\n---\n", [None, None]),
        ("a: 1\n---\n", [{"a": 1}, None]),
        ("---\na: 1", [{"a": 1}]),
        ("- a\n- b: 1\n  c: 2\n", [["a", {"b": 1, "c": 2}]]),
        ("a:\n- x\nb:\n-  c:\n   -  d\n", [{"a": ["x"], "b": [{"c": ["d"]}]}]),
        ("- a:\n  - x\n- b\n", [[{"a": ["x"]}, "b"]]),
        ("- a:\n- b:\n  c: 1", [[{"a": None}, {"b": None, "c": 1}]]),
        ("  a:\n    b: 1\n  c: 2\n", [{"a": {"b": 1}, "c": 2}]),
        ("a: |\n  b: 1\n   # c\n\n  - d\n\n# e\nf: 2\n", [{"a": "b: 1\n # c\n\n- d\n", "f": 2}]),
        ("- a: |-\n    b\n  c: |\n   d\n- |\n e\n", [[{"a": "b", "c": "d\n"}, "e\n"]]),
        ("a:\n- |-\n  b\nc: 1\n", [{"a": ["b"], "c": 1}]),
    ],
)
def test_documents_begin_and_end_where_they_should(text: str, documents: list[Any], parser: Parser) -> None:
    assert Lines(parser).read(text) == documents


@pytest.mark.parametrize(
    "text",
    [
        "a: x\n  y\n",  # the value goes on
        "a:\n  x\n",
        "a: x\n  b: y\n",
        "a: x\n  - y\n",
        "- x\n  y: 1\n",
        "a: null\n  b: 1\n",
        "a: # null\n  b: 1\n",
        "a: 1\na: 2\n",
        "a:\n    b: 1\n  c: 2\n",
        "a:\n  - b\n - c\n",
        "a: 1\n- b\n",
        "- a\nb: 1\n",
        "- - a\n",
        "-\n  a: 1\n",
        "  ---\n",
        "--- a\n",
        "a: [b,\n  c]\n",
        "a: [b, [c]\nd: e]\n",
        'a: "b\n  c"\n',
        "a: |\n  b",  # no line break that could be kept
        "a: |+\n  b\n",
        "a: |2\n  b\n",
        "a: | # c\n  b\n",
        "a: |\n\n  b\n",
        "a: |\n  b\n \n  c\n",
        "a: |\n  b\n   \n",
        "  a: |\n    b\n  \n    # c\n",  # blanks alone do not end it, however few
        "a: |\n  b\n c\n",
        "a: |\n  \tb\n",
        "a: |\n  \x07\n",
        "a: |\nb: 1\n",
        "a: b |\n  c\n",
        'a: "b: |\n  c"\n',
        "- - |\n   b\n",
        "a:\n  |\n  b\n",
        "a: yes\n",
        "1: a\n",
        "a: &x b\n",
        "a:\tb\n",
        "# \x07\n",
        f"{' ' * 37}a: 1\n",
        f"a: {'x' * 300}\n",
    ],
)
def test_what_lines_cannot_tell_is_left_alone(text: str, parser: Parser) -> None:
    assert Lines(parser).read(text) is None


def test_lines_that_never_repeat_are_not_learned_for_ever(parser: Parser) -> None:
    reader = Lines(parser)
    texts = ["".join(f"key{number}: {index}\n" for number in range(50)) for index in range(400)]
    results = [reader.read(text) for text in texts]
    assert results[0] is not None
    assert results[-1] is None
    assert sum(text.count("\n") + 1 for text in parser.asked) <= lines._CREDIT + len(texts)


def test_memory_is_bounded_and_refills(parser: Parser) -> None:
    reader = Lines(parser)
    most = 0
    for index in range(400):
        # more than half of the lines are known, so that learning always pays
        text = "".join(f"k{number}: {index}\nsame: {number}\n---\n" for number in range(30))
        reader.read(text)
        most = max(most, len(reader.known))
    assert lines._ENTRIES // 2 < most <= lines._ENTRIES
    assert reader.read("same: 1\n") == [{"same": 1}]


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("name: cart-one", {"name": "cart-one"}),
        ("image: registry.example.com/shop/cart:1.0", {"image": "registry.example.com/shop/cart:1.0"}),
        ("- path: /cart-one", [{"path": "/cart-one"}]),
    ],
)
def test_a_name_is_known_for_a_text_unparsed(line: str, read: Any, parser: Parser) -> None:
    """They are what differs from file to file."""
    assert Lines(parser).read(line) == [read]
    assert not parser.asked


@pytest.mark.parametrize("line", ["name: cart", "name: a-b:", "name: a-b #c", "name: 1-2", "on: a-b", "name: -a.b"])
def test_what_may_be_no_name_is_parsed(line: str, parser: Parser) -> None:
    Lines(parser).read(line)
    assert parser.asked
