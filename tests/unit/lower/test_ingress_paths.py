"""Paths of rules: what is accepted can be the path of a request, as a gateway sees it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from compiler.trace.paths import normal_path
from tests.small_fleet import NGINX, compiled, fleet, ingress, path, rule, service

_PIECES = st.sampled_from(
    [*"aA./~%$&;:@*()[]'+,=!_-{}|^<`\"\\ é", "//", "..", "%%", "%2e", "%2F", "%5c", "%41", "%C3%A9", "%7f"]
)


def found(written: str, kind: str = "ImplementationSpecific", **annotations: str) -> list[tuple[str, str]]:
    """(code, value) of errors of an Ingress with this one path."""
    said = {NGINX + name.replace("_", "-"): value for name, value in annotations.items()}
    documents = [*fleet("a", gateway={"targets": ["envoy"]}), service("cart", "a")]
    result = compiled([*documents, ingress("shop", rule(path("cart", written, kind)), annotations=said)])
    return [(f.code.name, f.value) for f in result.findings if f.code.severity == "error"]


@pytest.mark.parametrize("written", ["/a?b", "/a?", "/a#b", "/a b", "/é", "/a//b", "/{id}", "/%41", "/a\\b", "/a/.."])
def test_a_path_that_no_request_has_is_refused(written: str) -> None:
    assert found(written) == [("bad-path", written)]


@pytest.mark.parametrize("written", ["/a?", "/a{2}", "/(a|b)", "/^a$"])
def test_a_pattern_may_hold_what_a_path_may_not(written: str) -> None:
    assert found(written, use_regex="true") == []


@pytest.mark.parametrize("kind", ["Exact", "Prefix"])
def test_envoy_is_never_given_a_path_with_a_query(kind: str) -> None:
    assert found("/cart?id=1", kind) == [("bad-path", "/cart?id=1")]


@given(written=st.lists(_PIECES, max_size=6).map(lambda pieces: "/" + "".join(pieces)))
@example(written="/")
def test_a_path_is_accepted_if_a_gateway_sees_it_as_it_is_written(written: str) -> None:
    """The reader of paths and the evaluator know the same of what a gateway makes of a path."""
    normal = normal_path(written)
    is_sendable = written.isascii() and " " not in written
    is_kept = normal.path == written and not normal.is_moved and "//" not in written
    assert (found(written) == []) is (is_sendable and is_kept)
