"""Laws of the readers for any input: the fast and the slow one agree, nothing raises, every place exists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from compiler.diagnostics import Diagnostics, Origin
from compiler.source import fast, slow
from compiler.source.documents import read_documents
from compiler.source.positions import excerpt, locate
from tests.property.yaml_texts import BLOCKS, EVERYDAY, LINES, NUMERIC, STRUCTURES, TEXTS
from tests.yaml_readers import explicit

if TYPE_CHECKING:
    from compiler.diagnostics import PathStep

FILES = st.sampled_from(("a.yaml", "b/c.yml", "d.json"))
BYTES = st.one_of(
    st.binary(max_size=40),
    TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.builds(
        lambda text, junk, at: text.encode()[:at] + junk + text.encode()[at:],
        LINES,
        st.binary(max_size=3),
        st.integers(0, 60),
    ),
)


def agree(text: str) -> None:
    """Where the fast reader reads a file, the slow one reads the same and finds nothing to say."""
    raw = text.encode()
    quickly = fast.read(raw)
    event("fast" if quickly is not None else "slow")
    if quickly is None:
        return
    found = Diagnostics()
    slowly = slow.read("a.yaml", raw, found)
    assert [f.code.name for f in found] == []
    assert documents(quickly) == documents(slowly)


def documents(values: list[Any]) -> list[tuple[int, Any]]:
    """All documents that are not empty, with their index."""
    return [(index, explicit(value)) for index, value in enumerate(values) if value is not None]


@given(st.one_of(EVERYDAY, LINES, NUMERIC, STRUCTURES, BLOCKS))
@settings(max_examples=1500, deadline=None)
def test_the_fast_reader_agrees_with_the_slow_one(text: str) -> None:
    agree(text)


@pytest.mark.slow
@given(TEXTS)
@settings(max_examples=100_000, deadline=None)
def test_the_fast_reader_agrees_with_the_slow_one_for_long(text: str) -> None:
    agree(text)


def read(file: str, raw: bytes) -> None:
    """Read a file and look up the place of everything in it and of everything found."""
    found = Diagnostics()
    text = raw.decode("utf-8", "replace").replace("\r\n", "\n")
    lines = text.split("\n")
    for document in read_documents(file, raw, found):
        for path in paths(document.data):
            for origin in (Origin(file, document.index, path), Origin(file, document.index, path, "key")):
                line, column = locate(raw, origin)
                assert 1 <= line <= len(lines)
                assert 1 <= column <= len(lines[line - 1]) + 1
    for finding in found.sorted():
        line, column = locate(raw, finding.origin)
        # The parser may give up at the end, one line beyond the last.
        assert 1 <= line <= len(lines) + 1
        assert column >= 1
        assert "\n" not in excerpt(raw, line)
        assert finding.why
        assert finding.fix
        for note in finding.notes:
            assert locate(raw, note.origin)[0] <= len(lines)


def paths(data: Any, so_far: tuple[PathStep, ...] = ()) -> list[tuple[PathStep, ...]]:
    """The paths to everything in a document."""
    found = [so_far]
    if isinstance(data, dict):
        for key, value in data.items():
            found += paths(value, (*so_far, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            found += paths(value, (*so_far, index))
    return found


@given(FILES, BYTES)
@settings(max_examples=1500, deadline=None)
def test_any_bytes_give_documents_or_findings_and_every_place_exists(file: str, raw: bytes) -> None:
    read(file, raw)


@pytest.mark.slow
@given(FILES, BYTES)
@settings(max_examples=100_000, deadline=None)
def test_any_bytes_give_documents_or_findings_for_long(file: str, raw: bytes) -> None:
    read(file, raw)


@given(
    TEXTS,
    st.lists(st.one_of(st.integers(-2, 5), st.sampled_from(("a", "b", "<<", "name"))), max_size=4),
    st.integers(0, 3),
)
@settings(max_examples=300, deadline=None)
def test_every_origin_has_a_place(text: str, path: list[int | str], document: int) -> None:
    """Also one that does not exist."""
    raw = text.encode("utf-8", "surrogatepass")
    for origin in (Origin("a.yaml", document, tuple(path)), Origin("a.json", document, tuple(path), "key")):
        line, column = locate(raw, origin)
        assert line >= 1
        assert column >= 1
