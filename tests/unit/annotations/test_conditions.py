"""Conditions (dialect higress): on methods, headers, query parameters and pseudo-headers."""

from __future__ import annotations

import pytest

from compiler.annotations.conditions import METHODS, Conditions
from compiler.ir.traffic import ValueMatch
from tests.unit.annotations.reading import METADATA, read

DIALECT = ("higress",)


def conditions(**said: str) -> Conditions | None:
    """What annotations say in which nothing is wrong; `_` stands for a dash."""
    annotations, findings = read({f"higress.io/{k.replace('_', '-')}": v for k, v in said.items()}, dialects=DIALECT)
    assert findings == ()
    return annotations.conditions


def wrong(annotations: dict[str, str]) -> tuple[str, str, str]:
    """Code, name and reason of the one finding."""
    said, (finding,) = read({f"higress.io/{name}": text for name, text in annotations.items()}, dialects=DIALECT)
    assert said.conditions is None
    assert said.is_broken
    return finding.code.name, str(finding.origin.path[-1]).removeprefix("higress.io/"), finding.why


def test_all_conditions_of_an_ingress_hold_together() -> None:
    """Sorted by name; names of headers in lower case, those of parameters as written."""
    said = conditions(
        regex_match_header_X_Type="application/(json|xml)",
        exact_match_header_abc="123",
        prefix_match_pseudo_header_authority="test",
        exact_match_query_Page="2",
        prefix_match_query_a="b",
        match_method="POST GET  POST",
    )
    assert said == Conditions(
        (
            ValueMatch(":authority", "prefix", "test"),
            ValueMatch("abc", "exact", "123"),
            ValueMatch("x-type", "regex", "application/(json|xml)"),
        ),
        (ValueMatch("Page", "exact", "2"), ValueMatch("a", "prefix", "b")),
        ("GET", "POST"),
    )


def test_conditions_know_where_they_stand() -> None:
    """At the first of them by key."""
    said = conditions(prefix_match_header_a="1", exact_match_header_b="2")
    assert said is not None
    assert said.origin.path == METADATA.at("annotations", "higress.io/exact-match-header-b").path


@pytest.mark.parametrize("method", METHODS)
def test_every_method_of_http_is_known(method: str) -> None:
    """RFC 9110, and PATCH."""
    said = conditions(match_method=method)
    assert said is not None
    assert said.methods == (method,)


@pytest.mark.parametrize(("text", "item"), [("get", "get"), ("GET,POST", "GET,POST"), ("GET FETCH", "FETCH")])
def test_what_is_no_method_is_refused(text: str, item: str) -> None:
    """They stand between blanks, in upper case."""
    assert wrong({"match-method": text}) == ("annotation-value", "match-method", f"{item!r} is no HTTP method")


def test_only_pseudo_headers_of_requests_exist() -> None:
    """RFC 9113."""
    name = "exact-match-pseudo-header-status"
    assert wrong({name: "200"}) == ("annotation-value", name, "requests have no pseudo-header :status")


def test_patterns_are_re2() -> None:
    """They run in Envoy."""
    code, name, why = wrong({"regex-match-query-a": "(?=b)"})
    assert (code, name) == ("annotation-regex", "regex-match-query-a")
    assert why.startswith("RE2 cannot compile it")


@pytest.mark.parametrize("part", ["header", "query", "pseudo-header"])
def test_two_conditions_on_one_name_contradict_each_other(part: str) -> None:
    """Higress keeps one of the two."""
    code, name, why = wrong({f"exact-match-{part}-path": "/b", f"prefix-match-{part}-path": "/b"})
    assert (code, name) == ("annotation-conflict", f"prefix-match-{part}-path")
    assert f"higress.io/exact-match-{part}-path is a condition on" in why


def test_names_of_headers_are_one_in_any_letter_case_and_those_of_parameters_are_not() -> None:
    """As in HTTP."""
    assert wrong({"exact-match-header-A": "1", "exact-match-header-a": "2"})[0] == "annotation-conflict"
    said = conditions(exact_match_query_A="1", exact_match_query_a="2")
    assert said is not None
    assert len(said.query) == 2


def test_an_empty_condition_is_not_set() -> None:
    """A warning, as everywhere."""
    said, (finding,) = read({"higress.io/exact-match-header-a": " "}, dialects=DIALECT)
    assert finding.code.name == "annotation-empty"
    assert said.conditions is None
    assert not said.is_broken


def test_one_mistake_does_not_hide_the_next() -> None:
    """Both are told."""
    annotations = {"higress.io/match-method": "get", "higress.io/regex-match-header-a": "("}
    _, findings = read(annotations, dialects=DIALECT)
    assert [finding.code.name for finding in findings] == ["annotation-value", "annotation-regex"]
