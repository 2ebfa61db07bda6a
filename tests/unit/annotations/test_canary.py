"""Canary: who goes to the canary, by request or by chance, and never by both."""

from __future__ import annotations

import pytest

from compiler.annotations.canary import Canary
from compiler.ir.traffic import ValueMatch
from tests.unit.annotations.reading import at, bad, bad_value, good, read

ON = {"canary": "true"}
X_STAGE = {**ON, "canary-by-header": "X-Stage"}
QUERY = {**ON, "canary-by-query": "stage"}
COOKIE = {**ON, "canary-by-cookie": "stage"}
WEIGHT = {**ON, "canary-weight": "20"}


@pytest.mark.parametrize(
    ("annotations", "canary"),
    [
        ({}, None),
        ({"canary": "false"}, None),
        (WEIGHT, Canary(weight=20)),
        ({**ON, "canary-weight": "0"}, Canary(weight=0)),
        ({**ON, "canary-weight": "100"}, Canary(weight=100)),
        ({**ON, "canary-weight": "150", "canary-weight-total": "1000"}, Canary(weight=150, total=1000)),
        ({**WEIGHT, "canary": "T"}, Canary(weight=20)),
        (X_STAGE, Canary(headers=(ValueMatch("x-stage", "exact", "always"),))),
        (
            {**X_STAGE, "canary-by-header-value": " trial b "},
            Canary(headers=(ValueMatch("x-stage", "exact", "trial b"),)),
        ),
        (
            {**X_STAGE, "canary-by-header-pattern": "^v[12]$"},
            Canary(headers=(ValueMatch("x-stage", "regex", "^v[12]$"),)),
        ),
        (
            {**X_STAGE, "canary-by-header-pattern": "beta"},
            Canary(headers=(ValueMatch("x-stage", "regex", ".*(?:beta).*"),)),
        ),
        (QUERY, Canary(query=(ValueMatch("stage", "exact", "always"),))),
        ({**QUERY, "canary-by-query-value": "b"}, Canary(query=(ValueMatch("stage", "exact", "b"),))),
        (
            {**QUERY, "canary-by-query-pattern": "a|b"},
            Canary(query=(ValueMatch("stage", "regex", ".*(?:a|b).*"),)),
        ),
        (
            {**X_STAGE, **QUERY, "canary-by-query-value": "b"},
            Canary(headers=(ValueMatch("x-stage", "exact", "always"),), query=(ValueMatch("stage", "exact", "b"),)),
        ),
        (COOKIE, Canary(cookies=(ValueMatch("stage", "exact", "always"),))),
        ({**COOKIE, "canary-by-cookie-value": "v2"}, Canary(cookies=(ValueMatch("stage", "exact", "v2"),))),
    ],
)
def test_a_canary_is_a_condition_or_a_weight(annotations: dict[str, str], canary: Canary | None) -> None:
    """MSE reference: header or query, then cookie, then weight; the value of a header is matched exactly."""
    assert good(annotations).canary == canary


def test_a_canary_stands_where_its_deciding_annotation_stands() -> None:
    """Findings of later stages point at the annotation that matters."""
    for written, name in ((WEIGHT, "canary-weight"), (X_STAGE, "canary-by-header"), (QUERY, "canary-by-query")):
        canary = good(written).canary
        assert canary is not None
        assert canary.origin.path == at(name).path
        assert canary.is_conditional is (name != "canary-weight")


@pytest.mark.parametrize(
    ("annotations", "name", "why"),
    [
        ({"canary": "yes"}, "canary", "it is neither true nor false"),
        ({**WEIGHT, "canary": "TrUe"}, "canary", "it is neither true nor false"),
        ({**ON, "canary-weight": "20%"}, "canary-weight", "it is not a plain whole number"),
        ({**ON, "canary-weight": "-1"}, "canary-weight", "it is below 0"),
        ({**ON, "canary-weight": "101"}, "canary-weight", "it is above 100"),
        ({**WEIGHT, "canary-weight-total": "19"}, "canary-weight", "it is above 19"),
        ({**WEIGHT, "canary-weight-total": "0"}, "canary-weight-total", "it is below 1"),
        (
            {**ON, "canary-by-header": "x stage"},
            "canary-by-header",
            "'x stage' is no name of a header: letters, digits and !#$%&'*+-.^_`|~ only",
        ),
        ({**ON, "canary-by-header": "x-stage:"}, "canary-by-header", "the name 'x-stage:' ends with a colon"),
        (
            {**ON, "canary-by-query": "stage=b"},
            "canary-by-query",
            "it is no name of a query parameter: it holds a character that would end the name or has to be encoded",
        ),
        (
            {**ON, "canary-by-cookie": "stage;"},
            "canary-by-cookie",
            "it is no name of a cookie: letters, digits and !#$%&'*+-.^_`|~ only",
        ),
        (
            {**COOKIE, "canary-by-cookie-value": "a b"},
            "canary-by-cookie-value",
            "a cookie cannot have this value: blanks, quotes, commas, semicolons and backslashes never arrive in one",
        ),
    ],
)
def test_a_value_that_mse_would_drop_is_an_error(annotations: dict[str, str], name: str, why: str) -> None:
    """MSE falls back to a canary of weight 0, or to none at all."""
    assert bad_value(annotations) == (name, why)
    assert read(annotations)[0].canary is None


@pytest.mark.parametrize("part", ["header", "query"])
def test_a_pattern_is_re2(part: str) -> None:
    """Envoy refuses a whole route table for one bad pattern."""
    annotations = {**ON, f"canary-by-{part}": "x", f"canary-by-{part}-pattern": "(?=a)"}
    why = "RE2 cannot compile it: invalid perl operator: (?="
    assert bad(annotations) == [("annotation-regex", f"canary-by-{part}-pattern", why)]


def test_mistakes_in_header_and_query_are_both_reported() -> None:
    """One mistake never hides the next."""
    found = bad({**ON, "canary-by-header": "a b", "canary-by-query": "c d"})
    assert [(code, name) for code, name, _ in found] == [
        ("annotation-value", "canary-by-query"),
        ("annotation-value", "canary-by-header"),
    ]


@pytest.mark.parametrize(
    ("annotations", "lost"),
    [
        ({**X_STAGE, **WEIGHT}, {"canary-weight": "canary-by-header"}),
        (
            {**QUERY, **WEIGHT, "canary-weight-total": "50"},
            {"canary-weight": "canary-by-query", "canary-weight-total": "canary-by-query"},
        ),
        ({**COOKIE, **WEIGHT}, {"canary-weight": "canary-by-cookie"}),
        (
            {**X_STAGE, **COOKIE, **WEIGHT, "canary-by-cookie-value": "b"},
            dict.fromkeys(["canary-by-cookie", "canary-by-cookie-value", "canary-weight"], "canary-by-header"),
        ),
        (
            {**X_STAGE, "canary-by-header-value": "a", "canary-by-header-pattern": "b"},
            {"canary-by-header-pattern": "canary-by-header-value"},
        ),
    ],
)
def test_a_canary_uses_one_kind_and_says_what_is_lost(annotations: dict[str, str], lost: dict[str, str]) -> None:
    """Header and query come before cookie, cookie before weight; exact value before pattern."""
    said, findings = read(annotations)
    assert said.canary is not None
    assert {str(f.origin.path[-1]).rpartition("/")[2]: f.notes[0].origin.path for f in findings} == {
        name: at(winner).path for name, winner in lost.items()
    }
    assert {f.code.name for f in findings} == {"annotation-no-effect"}


def test_a_canary_without_a_rule_gets_nothing_and_says_so() -> None:
    """MSE makes it a canary of weight 0."""
    said, (finding,) = read(ON)
    assert said.canary == Canary()
    assert finding.code.name == "canary-no-rule"
    assert finding.why == "no annotation says who goes to this canary, so nobody does"


def test_value_and_pattern_of_one_query_parameter_contradict_each_other() -> None:
    """No source says which of them wins."""
    found = bad({**QUERY, "canary-by-query-value": "a", "canary-by-query-pattern": "b"})
    assert [code for code, _, _ in found] == ["annotation-conflict"]


def test_a_canary_that_is_switched_off_is_an_ordinary_ingress() -> None:
    """Its other annotations are named once, as one finding."""
    said, (finding,) = read({**WEIGHT, "canary": "false", "canary-weight-total": "50"})
    assert said.canary is None
    assert finding.code.name == "annotation-no-effect"
    assert finding.why == "it has no effect while nginx.ingress.kubernetes.io/canary is false"
    assert [note.text for note in finding.notes] == [
        "it is switched off here",
        "nginx.ingress.kubernetes.io/canary-weight-total is lost too",
    ]


def test_canary_annotations_without_canary_are_one_mistake() -> None:
    """The missing switch is reported once, with every annotation that needs it."""
    _, (finding,) = read({"canary-weight": "20", "canary-weight-total": "50", "canary-by-cookie": "x"})
    assert finding.code.name == "annotation-requires"
    assert finding.why == "it means nothing without canary"
    assert len(finding.notes) == 2
