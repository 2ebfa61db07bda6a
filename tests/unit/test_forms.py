"""Forms: documents whose text is made once and filled in for each of many values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.manifests import Form, Hole, render_all, shared

if TYPE_CHECKING:
    from compiler.manifests import Node

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-99, 99), st.text(st.characters(exclude_categories=["Cs"])))
NODES = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text("ab:# ", min_size=1), inner))
)


def documents(first: Node, second: Node, text: str) -> list[Node]:
    return [
        {"kind": text, "spec": {"first": first, "list": [{"deep": {"second": second, "tail": text}}, text]}},
        {"after": shared({"text": text})},
    ]


@given(NODES, NODES, st.text(st.characters(exclude_categories=["Cs"])))
def test_filling_a_form_gives_what_writing_the_documents_gives(first: Node, second: Node, text: str) -> None:
    holes = Hole(), Hole()
    form = Form(documents(*holes, text), holes)
    assert form.fill([first, second]) == render_all(documents(first, second, text))


@given(NODES, NODES, st.text(st.characters(exclude_categories=["Cs"])))
def test_a_form_can_be_filled_step_by_step(first: Node, second: Node, text: str) -> None:
    holes = Hole(), Hole()
    form = Form(documents(*holes, text), holes).bind([first])
    assert form.fill([second]) == render_all(documents(first, second, text))
    assert form.bind([second]).fill([]) == render_all(documents(first, second, text))


def test_a_hole_may_stand_in_many_places() -> None:
    name, number = Hole(), Hole()
    form = Form([{"a": name, "b": [{"c": name, "d": number}], "e": name}], [name, number])
    assert form.fill(["x", 1]) == "a: x\nb:\n- c: x\n  d: 1\ne: x\n"
    assert form.fill(["x\ny", 1]) == render_all([{"a": "x\ny", "b": [{"c": "x\ny", "d": 1}], "e": "x\ny"}])


def test_a_form_is_filled_again_and_again() -> None:
    hole = Hole()
    form = Form([{"a": hole, "b": 2}], [hole])
    values: list[Node] = [1, "yes", []]
    assert [form.fill([value]) for value in values] == ["a: 1\nb: 2\n", 'a: "yes"\nb: 2\n', "a: []\nb: 2\n"]


def test_text_that_looks_like_a_hole_is_none() -> None:
    hole = Hole()
    assert Form([{"nul": "\0", "a": hole}], [hole]).fill(["x"]) == 'nul: "\\x00"\na: x\n'


@pytest.mark.parametrize("named", [0, 2])
def test_holes_that_are_not_named_or_not_there_are_a_mistake(named: int) -> None:
    with pytest.raises(ValueError, match=f"{named} holes are named, and the documents have others"):
        Form([{"a": Hole()}], [Hole()] * named)


def test_every_hole_needs_a_value() -> None:
    hole = Hole()
    with pytest.raises(IndexError):
        Form([{"a": hole}], [hole]).fill([])
