"""Laws of the manifest writer that hold for any data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.manifests import Node, Shared, render, render_all, shared
from tests.yaml_readers import HARD_STRINGS, READERS, explicit

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy


@st.composite
def _hard_strings(draw: DrawFn) -> str:
    """One of the hard strings, without all of them in the strategy's name."""
    return draw(st.sampled_from(HARD_STRINGS))


_CHARACTERS = st.characters(exclude_categories=["Cs"])  # lone surrogates are no text
_STRINGS = st.one_of(
    _hard_strings(),
    st.text(_CHARACTERS),
    st.text("01579eExXobB_.:+-,tTzZ aFfMi%/ "),
    st.text("ab \t\n\r:#-?.!&*|>'\"\\[]{}%@`~=<,\x85\u2028\ufeff\0é中\U0001f600"),
    st.lists(_hard_strings(), min_size=2, max_size=4).map("".join),
    st.lists(st.text("ab:# -\t.é", max_size=6), min_size=2).map("\n".join),
)
_SCALARS = st.one_of(
    _STRINGS,
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
)


def _containers(nodes: SearchStrategy[Node]) -> SearchStrategy[Node]:
    return st.one_of(st.lists(nodes, max_size=4), st.dictionaries(_STRINGS, nodes, max_size=4))


_NODES: SearchStrategy[Node] = st.recursive(_SCALARS, _containers, max_leaves=12)
_DOCUMENTS = st.dictionaries(_STRINGS, _NODES, max_size=5)


@st.composite
def _with_marks(draw: DrawFn) -> tuple[Node, Node]:
    """Some data, and the same data with some subtrees marked as shared."""

    def mark(node: Node) -> Node:
        if isinstance(node, dict):
            node = {key: mark(value) for key, value in node.items()}
        elif isinstance(node, list):
            node = [mark(item) for item in node]
        return shared(node) if draw(st.booleans()) else node

    document = draw(_DOCUMENTS)
    return document, mark(document)


def _copied(node: Node) -> Node:
    """The same data in other containers, tuples for lists."""
    if isinstance(node, dict):
        return {key: _copied(value) for key, value in node.items()}
    return tuple(_copied(item) for item in node) if isinstance(node, list) else node


def assert_reads_back(documents: list[Node]) -> None:
    text = render_all(documents, "a comment")
    for read in READERS:
        assert explicit(read(text)) == explicit(documents), f"{read.__name__} of {text!r}"


@given(_NODES)
@settings(deadline=None, max_examples=300)
def test_any_document_reads_back_equal_under_every_reader(document: Node) -> None:
    assert_reads_back([document])


@given(_STRINGS)
@settings(deadline=None, max_examples=500)
def test_any_string_reads_back_equal_in_every_place(value: str) -> None:
    assert_reads_back([{"a": value, value: [value, {value: value}], "z": {"b": [[value], {}]}}])


@given(st.lists(_DOCUMENTS, min_size=1, max_size=4))
@settings(deadline=None)
def test_any_stream_reads_back_as_its_documents(documents: list[Node]) -> None:
    assert_reads_back(documents)


@given(_DOCUMENTS, _DOCUMENTS)
@settings(deadline=None)
def test_the_same_data_has_the_same_bytes_whatever_was_written_before(document: Node, other: Node) -> None:
    first = render(document)
    render(other)
    assert render(document) == first
    assert render(_copied(document)) == first


@given(_with_marks())
@settings(deadline=None)
def test_sharing_changes_no_byte(pair: tuple[Node, Node]) -> None:
    document, marked = pair
    text = render_all([document, document, [document]])
    assert render_all([marked, marked, [marked]]) == text
    assert render_all([Shared(marked), marked, [Shared(marked)]]) == text


@given(_DOCUMENTS)
@settings(deadline=None)
def test_each_line_is_visible_and_ends_in_text(document: Node) -> None:
    text = render(document)
    assert text.endswith("\n")
    assert (
        re.search(r"[ \t]\n|[^\t\n\x20-\x7e\xa1-\U0010ffff]|[\xad\u2028\u2029\u202e\ufeff\ufffe\uffff]", text) is None
    )


@given(st.lists(_DOCUMENTS, min_size=1, max_size=3))
@settings(deadline=None)
def test_only_dividers_begin_a_line_with_a_document_marker(documents: list[Node]) -> None:
    """A stream is cut at such lines by kubectl, before it looks at the YAML."""
    markers = re.findall(r"^(?:---|\.\.\.).*", render_all(documents), re.MULTILINE)
    assert markers == ["---"] * (len(documents) - 1)


@pytest.mark.slow
@given(_NODES)
@settings(deadline=None, max_examples=20_000)
def test_very_many_documents_read_back_equal(document: Node) -> None:
    assert_reads_back([document])


@pytest.mark.slow
@given(_STRINGS)
@settings(deadline=None, max_examples=50_000)
def test_very_many_strings_read_back_equal(value: str) -> None:
    assert_reads_back([{"a": value, value: [value]}])
