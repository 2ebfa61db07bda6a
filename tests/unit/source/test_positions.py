"""Laws of positions: where an origin is in the text of its file."""

from __future__ import annotations

import pytest

from compiler.diagnostics import Origin, PathStep
from compiler.source.positions import excerpt, locate

TEXT = """\
# a comment
apiVersion: v1
metadata:
  name: "cart"
  labels: {tier: front, zürich: öl, x: y}
spec:
- a: &anchor
    b: 1
  empty:
- *anchor
- <<: *anchor
  c: 2
- |
  text
---
second: {x: [1, [2, 3]]}
---
# nothing
---
017: octal
on: true
"""


@pytest.mark.parametrize(
    ("document", "path", "value", "key"),
    [
        (0, (), (2, 1), (2, 1)),
        (0, ("apiVersion",), (2, 13), (2, 1)),
        (0, ("metadata",), (4, 3), (3, 1)),
        (0, ("metadata", "name"), (4, 9), (4, 3)),
        (0, ("metadata", "labels", "tier"), (5, 18), (5, 12)),
        (0, ("metadata", "labels", "x"), (5, 40), (5, 37)),
        (0, ("spec", 0, "a", "b"), (8, 8), (8, 5)),
        (0, ("spec", 0), (7, 3), (7, 3)),
        (0, ("spec", 3), (13, 3), (13, 3)),
        # a value that is not there is where its key is
        (0, ("spec", 0, "empty"), (9, 3), (9, 3)),
        # an alias is where it stands; what is in it is where the anchor is
        (0, ("spec", 1), (10, 3), (10, 3)),
        (0, ("spec", 1, "b"), (8, 8), (8, 5)),
        (0, ("spec", 2, "b"), (8, 8), (8, 5)),
        (0, ("spec", 2, "<<"), (11, 7), (11, 3)),
        (0, ("spec", 2, "c"), (12, 6), (12, 3)),
        # what does not exist is where its nearest ancestor is
        (0, ("metadata", "namespace"), (4, 3), (4, 3)),
        (0, ("metadata", "name", "deeper", 3), (4, 9), (4, 9)),
        (0, ("spec", 9), (7, 1), (7, 1)),
        (0, ("spec", "name"), (7, 1), (7, 1)),
        (0, ("spec", -1), (7, 1), (7, 1)),
        (0, (0,), (2, 1), (2, 1)),
        # other documents; an empty one counts
        (1, ("second", "x", 1, 0), (16, 18), (16, 18)),
        (3, ("017",), (20, 6), (20, 1)),
        (3, ("on",), (21, 5), (21, 1)),
        (9, ("on",), (1, 1), (1, 1)),
    ],
)
def test_an_origin_has_a_place(
    document: int, path: tuple[PathStep, ...], value: tuple[int, int], key: tuple[int, int]
) -> None:
    origin = Origin("a.yaml", document, path)
    assert locate(TEXT, origin) == value
    assert locate(TEXT.encode(), origin) == value
    assert locate(TEXT.replace("\n", "\r\n"), origin) == value
    assert locate(TEXT, Origin("a.yaml", document, path, "key")) == key


JSON = """\
{
\t"a": {"b": ["x", 1.5, {"ü": null}]},
\t"c\\u0064": "\\ud83d\\ude00", "e": true
}
"""


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        ((), (1, 1), (1, 1)),
        (("a",), (2, 7), (2, 2)),
        (("a", "b", 1), (2, 19), (2, 19)),
        (("a", "b", 2, "ü"), (2, 30), (2, 25)),
        (("cd",), (3, 13), (3, 2)),
        (("e",), (3, 34), (3, 29)),
        (("f",), (1, 1), (1, 1)),
    ],
)
@pytest.mark.parametrize("file", ["a.json", "a.yaml"])
def test_json_has_places(file: str, path: tuple[PathStep, ...], value: tuple[int, int], key: tuple[int, int]) -> None:
    assert locate(JSON, Origin(file, 0, path)) == value
    assert locate(JSON, Origin(file, 0, path, "key")) == key


def test_of_a_key_that_is_written_twice_the_last_one_counts() -> None:
    """As in what was read: the value that a finding is about is the last one."""
    assert locate("a: 1\na: 2\n", Origin("a.yaml", 0, ("a",))) == (2, 4)


def test_a_place_that_is_known_is_not_looked_up() -> None:
    assert locate("", Origin("a.yaml", 7, ("a",), line=3, column=4)) == (3, 4)
    assert locate("", Origin("a.yaml", line=3)) == (3, 1)


def test_documents_before_a_syntax_error_have_places() -> None:
    broken = "a: 1\nb: 2\n---\nc: 'd\n"
    assert locate(broken, Origin("a.yaml", 0, ("b",))) == (2, 4)
    assert locate(broken, Origin("a.yaml", 1, ("c",))) == (1, 1)


@pytest.mark.parametrize(
    "text", [b"\xff\xfe", b"\0", "\ud800", "", "\x85", "a: [", "{", "a: *b", "[" * 1000, "\ufeffa: 1"]
)
@pytest.mark.parametrize("file", ["a.json", "a.yaml"])
def test_a_file_that_cannot_be_read_has_one_place(file: str, text: bytes | str) -> None:
    assert locate(text, Origin(file, 0, ("a", 0), "key")) == (1, 1)


def test_an_excerpt_is_the_line_as_written() -> None:
    assert excerpt("a\n  b: ü\t\n", 2) == "  b: ü\t"
    assert excerpt(b"a\r\nb\r\n", 1) == "a"
    assert excerpt(b"a \xff\n", 1) == "a \ufffd"
    assert excerpt("a\n", 3) == ""
    assert excerpt("a\n", 0) == ""
