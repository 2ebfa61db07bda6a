"""Version ranges: what `packaging`, the reference of PEP 440, says of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

import compiler
from compiler.model.versions import admits

_NUMBERS = st.integers(0, 3)
_RELEASES = st.builds(
    lambda release, pre: ".".join(map(str, release)) + pre,
    st.lists(_NUMBERS, min_size=1, max_size=3),
    st.sampled_from(["", "", "a1", "b2", "rc1"]),
)
_VERSIONS = st.builds(
    lambda release, post, dev: release + post + dev,
    _RELEASES,
    st.sampled_from(["", "", ".post1", ".post2"]),
    st.sampled_from(["", "", ".dev0", ".dev3"]),
)
_BOUNDS = st.builds(
    lambda operator, blank, version: f"{operator}{blank}{version}",
    st.sampled_from(["==", "!=", "<=", ">=", "<", ">"]),
    st.sampled_from(["", " "]),
    _RELEASES,
)


@given(st.lists(_BOUNDS, min_size=1, max_size=3), _VERSIONS)
def test_a_range_admits_what_packaging_says(bounds: list[str], version: str) -> None:
    text = " , ".join(bounds)
    assert admits(text, version) == SpecifierSet(text).contains(version, prereleases=True)


def test_this_version_can_be_compared() -> None:
    assert admits(f"=={compiler.__version__}", compiler.__version__)
    assert not admits("<0.0.1", compiler.__version__)


@pytest.mark.parametrize(
    ("bounds", "version"), [("~=1.0", "1.0"), (">=x", "1.0"), (">=1.0.post1", "1.0"), (">=1", "1.0-beta")]
)
def test_what_is_no_range_or_version_is_our_own_mistake(bounds: str, version: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        admits(bounds, version)
