"""Annotations together: whatever of them stands on one Ingress, what is emitted reads the same, and emits the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, assume, given, note, settings
from hypothesis import strategies as st

from compiler.annotations.values import TRUE
from tests.small_fleet import compiled
from tests.test_round_trip import FLEET, documents, emitted, program
from tests.unit.annotations.specimens import BUILT, COMPANIONS, good, required

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

ORDINARY = [each for each in BUILT if not each.name.startswith("canary")]


@st.composite
def several(draw: DrawFn) -> dict[str, str]:
    """Some annotations with good texts, with all that they need; now and then on a canary."""
    said: dict[str, str] = {}
    for annotation in draw(st.lists(st.sampled_from(ORDINARY), min_size=2, max_size=6, unique_by=lambda a: a.name)):
        beside = {**COMPANIONS.get(annotation.name, {}), **required(annotation)}
        said = {**beside, **said, annotation.name: draw(st.sampled_from(good(annotation)))}
    if draw(st.integers(0, 4)) == 0:
        said |= {"canary": "true", **draw(st.sampled_from(({"canary-weight": "20"}, {"canary-by-header": "x-stage"})))}
    return said


@settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much], max_examples=60)
@given(several())
def test_what_is_emitted_of_several_annotations_reads_the_same(annotations: dict[str, str]) -> None:
    """Of those that go together; what has no effect beside another is gone after the first time."""
    first = compiled([*FLEET, *documents(annotations)])
    assume(not first.has_errors)
    note(str(emitted(first)))
    again = compiled([*FLEET, *emitted(first)])
    assert not again.has_errors, again.found
    assert emitted(again) == emitted(first)
    if annotations.get("canary") not in TRUE:
        third = compiled([*FLEET, *emitted(again)])
        assert program(third) == program(again)
