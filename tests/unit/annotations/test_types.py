"""Types in words and patterns: every one that is used is there, and numbers keep to their bounds."""

from __future__ import annotations

import re

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from compiler.annotations.family import Annotation
from compiler.annotations.types import TYPES, pattern
from tests.unit.annotations.specimens import BUILT

BOUNDS = [None, -100, -1, 0, 1, 7, 300]


def number(low: int | None, high: int | None) -> Annotation:
    """An annotation that is a number."""
    return Annotation("a", ("mse",), "int", "ingress", "Is a number.", low=low, high=high)


@pytest.mark.parametrize("annotation", BUILT, ids=lambda annotation: annotation.name)
def test_every_annotation_has_a_type_and_a_pattern(annotation: Annotation) -> None:
    """That every engine compiles."""
    assert annotation.type in TYPES
    assert re2.compile(pattern(annotation))
    assert re.compile(pattern(annotation))


@pytest.mark.parametrize("low", BOUNDS)
@pytest.mark.parametrize("high", [None, -50, 0, 9, 10, 99, 100, 308, 599, 1234])
def test_a_pattern_of_numbers_is_exact(low: int | None, high: int | None) -> None:
    """Each number from -1200 to 12000, and none in another spelling."""
    if low is not None and high is not None and low > high:
        return
    compiled = re.compile(pattern(number(low, high)))
    for each in range(-1200, 12000):
        is_meant = (low is None or low <= each) and (high is None or each <= high)
        assert bool(compiled.match(str(each))) == is_meant, each
    for text in ("05", "+5", "-0", "5.0", "0x5", "5s"):
        assert not compiled.match(text)


@given(st.integers(), st.sampled_from(BOUNDS))
def test_a_number_without_an_upper_bound_may_be_long(value: int, low: int | None) -> None:
    """What the gateway's own types hold is for the reader to say."""
    assert bool(re.match(pattern(number(low, None)), str(value))) == (low is None or value >= low)
