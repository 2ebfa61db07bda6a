"""Patterns: RE2, how large they are, and that a searched pattern may be covering without changing its meaning."""

from __future__ import annotations

import re

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.annotations import patterns
from compiler.annotations.family import Reader, Value
from compiler.diagnostics import Diagnostics, Origin
from tests.unit.annotations.reading import METADATA, read


def covering(text: str) -> tuple[str | None, list[str]]:
    """The covering pattern, and the codes of what was found."""
    findings = Diagnostics()
    found = patterns.value_pattern(Reader({}, findings, "shop", METADATA), Value(text, "a/b", Origin("f")))
    return found, [finding.code.name for finding in findings]


@pytest.mark.parametrize(
    ("written", "whole"),
    [
        ("^beta$", "^beta$"),
        (r"^v\d+\.0$", r"^v\d+\.0$"),
        (r"^a\|b$", r"^a\|b$"),
        ("beta", ".*(?:beta).*"),
        ("^beta", ".*(?:^beta).*"),
        ("^a|b$", ".*(?:^a|b$).*"),
        ("^*b$", ".*(?:^*b$).*"),
        (r"^a\$", r".*(?:^a\$).*"),
        (".*(?:a|b).*", ".*(?:a|b).*"),
        (".*(?:a)(?:b).*", ".*(?:.*(?:a)(?:b).*).*"),
        (r"\Qa.b", r".*(?:\Qa.b\E).*"),
        (r"\Qa\E.b", r".*(?:\Qa\E.b).*"),
    ],
)
def test_a_pattern_covers_the_whole_value_only_where_it_says_so(written: str, whole: str) -> None:
    """Anchors that no alternative, repetition or quote takes away stay as they are."""
    assert covering(written) == (whole, [])


@settings(deadline=None)
@given(
    st.text("ab^$|()*+?.\\[]Q", min_size=1, max_size=8),
    st.lists(st.text("ab$^|.", max_size=5), min_size=1, max_size=6),
)
def test_searching_the_written_is_matching_the_covering(written: str, texts: list[str]) -> None:
    """For every pattern of RE2 and every text: found somewhere = the covering pattern takes it all."""
    whole, codes = covering(written)
    if whole is None:
        assert codes == ["annotation-regex"]
        return
    for text in texts:
        options = re2.Options()
        options.log_errors = False
        found = re2.compile(written.strip(), options=options).search(text) is not None
        assert found == (re2.compile(whole, options=options).fullmatch(text) is not None)


@pytest.mark.parametrize("text", ["(", "a{2000}", r"\1", "(?<=a)b", "a**", "\udc80"])
def test_what_re2_refuses_is_an_error(text: str) -> None:
    """With the reason that RE2 gives."""
    assert covering(text) == (None, ["annotation-regex"])


def test_nothing_around_a_pattern_mends_it() -> None:
    """`a)(?:b` is refused, although it would fit into a group."""
    assert isinstance(patterns.compile_pattern(".*(?:a)(?:b).*"), patterns.Program)
    assert covering("a)(?:b") == (None, ["annotation-regex"])


def test_a_large_pattern_is_a_warning_with_its_size() -> None:
    """Envoy's default limit is 100."""
    annotations = {"canary": "true", "canary-by-header": "x", "canary-by-header-pattern": "^[a-z]{1,60}$"}
    said, (finding,) = read(annotations)
    assert said.canary is not None
    assert finding.code.name == "annotation-regex-size"
    assert re.fullmatch(r"its program has \d+ steps, and Envoy refuses more than 100 by default", finding.why)
