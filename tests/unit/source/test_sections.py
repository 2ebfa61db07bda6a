"""Laws of reading by sections: it reads what lines read, equal sections are one object, and memory is bounded."""

from __future__ import annotations

from typing import Any

import pytest

from compiler.source import fast, sections
from compiler.source.lines import Lines
from compiler.source.sections import Sections

FILE = """\
# an app
kind: App
metadata:
  name: {name}
  # below the name
  labels:
    team: shop
spec:
  ports:
  - name: http
    port: 80

  overrides:
  - where:
      clusters:
      - a
  empty:
"""


def parse(text: str) -> list[Any] | None:
    engine = fast._engine()
    assert engine is not None, "ryaml is installed where tests run"
    documents = engine[0](text)
    return documents[0] if documents else None


@pytest.fixture
def reader() -> Sections:
    return Sections(Lines(parse))


@pytest.mark.parametrize(
    "text",
    [
        FILE.format(name="cart"),
        FILE.format(name="cart").removesuffix("\n"),
        FILE.format(name="cart-two") + "\n\n# the end\n",
        "a:\n  b:\n  c: 1\n",
        "a:\n- b: 1\n  c: 2\nd: 3\n",  # what looks like a section belongs to an item
        "a:\n    b: 1\n    c: 2\nd:\n  e: 1\n",
        "  a: 1\n  b: 2\n",
        "a:\n\n  # only comments\nb: 1\n",
        "a: |\n  b: 1\nc: 2\n",
        "a: 1\n---\nb: 2\n",
        "# nothing\n",
        "\n",
    ],
)
def test_it_reads_what_lines_read(text: str, reader: Sections) -> None:
    expected = Lines(parse).read(text)
    assert expected is not None
    assert reader.read(text) == expected
    assert reader.read(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\na: 2\n",
        "a:\n  b: 1\n  b: 2\n",
        "a: x\n  b: 1\n",
        "a:\n- b\n  c: 1\n",
        "a:\n    b: 1\n  c: 2\n",
        "a:\n  b: 1\n- c\n",
        "a:\n  b: 1\n c: 2\n",
        "a:\n  b: 1\n    c: 2\n",
        "a: x\n  y\n",
        "  a: 1\nb: 2\n",
        "a:\n  on: cart-one\n",
    ],
)
def test_what_lines_cannot_tell_is_left_alone(text: str, reader: Sections) -> None:
    assert reader.read(text) is None


def test_equal_sections_are_one_object(reader: Sections) -> None:
    (one,), (other,) = (reader.read(FILE.format(name=name)) or [] for name in ("cart", "wish-list"))
    assert (one["metadata"]["name"], other["metadata"]["name"]) == ("cart", "wish-list")
    assert one["spec"]["overrides"] is other["spec"]["overrides"]
    assert one["spec"] is not other["spec"]


@pytest.mark.parametrize("bound", ["_ENTRIES", "_CHARACTERS"])
def test_memory_is_bounded_and_refills(bound: str, reader: Sections, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sections, bound, 100)
    text = "a:\n  b:\n    c: {0}\n    d: {0}\n"
    for index in range(300):
        assert reader.read(text.format(index % 150)) == [{"a": {"b": {"c": index % 150, "d": index % 150}}}]
        assert len(reader._known) <= 100
        assert sum(map(len, reader._known)) == reader._characters
    assert reader._known
