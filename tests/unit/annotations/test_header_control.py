"""Header control: lines of headers, each header changed in one way."""

from __future__ import annotations

import pytest

from compiler.ir.traffic import HeaderControl
from tests.unit.annotations.reading import at, bad_value, good, read

ADD, UPDATE, REMOVE = (f"request-header-control-{act}" for act in ("add", "update", "remove"))


@pytest.mark.parametrize(
    ("annotations", "headers"),
    [
        ({ADD: "X-A one two\nx-b\t3\n"}, HeaderControl(request_add=(("X-A", "one two"), ("x-b", "3")))),
        ({UPDATE: "\"x-a\" 'b c'"}, HeaderControl(request_set=(("x-a", "b c"),))),
        ({REMOVE: "x-a, X-B,x-A"}, HeaderControl(request_remove=("x-a", "X-B"))),
        (
            {ADD: "a b", UPDATE: "c d", REMOVE: "e", "response-header-control-add": "a z"},
            HeaderControl((("a", "b"),), (("c", "d"),), ("e",), (("a", "z"),)),
        ),
        (
            {"response-header-control-update": "a b", "response-header-control-remove": "c"},
            HeaderControl(response_set=(("a", "b"),), response_remove=("c",)),
        ),
    ],
)
def test_headers_keep_their_order_and_spelling(annotations: dict[str, str], headers: HeaderControl) -> None:
    """The first run of blanks separates; quotes do not belong to name and value."""
    assert good(annotations).headers == headers


@pytest.mark.parametrize(
    ("annotations", "name", "why"),
    [
        ({ADD: "x-a"}, ADD, "the line 'x-a' has a name and no value"),
        ({ADD: 'x-a ""'}, ADD, "the line 'x-a \"\"' has a name and no value"),
        ({ADD: "x-a b\nX-A c"}, ADD, "X-A stands in it twice, and only the last line would count"),
        (
            {ADD: 'x-a "b'},
            ADD,
            "a name or value of the line 'x-a \"b' begins or ends with a blank or quote that MSE would strip",
        ),
        (
            {ADD: "x-a \"'b'\""},
            ADD,
            "a name or value of the line 'x-a \"\\'b\\'\"' begins or ends with a blank or quote that MSE would strip",
        ),
        (
            {ADD: "x-a ' b'"},
            ADD,
            "a name or value of the line \"x-a ' b'\" begins or ends with a blank or quote that MSE would strip",
        ),
        ({ADD: "x-a: b"}, ADD, "the name 'x-a:' ends with a colon"),
        ({ADD: "x/a b"}, ADD, "'x/a' is no name of a header: letters, digits and !#$%&'*+-.^_`|~ only"),
        ({ADD: "x-a é"}, ADD, "'é' holds characters that a header value cannot carry (printable ASCII only)"),
        ({ADD: "x-a %REQ(x)%"}, ADD, "'%REQ(x)%' holds a percent sign, which Envoy reads as the start of a variable"),
        ({REMOVE: "x-a,,x-b"}, REMOVE, "there is nothing between two of its commas"),
        ({REMOVE: "x a"}, REMOVE, "'x a' is no name of a header: letters, digits and !#$%&'*+-.^_`|~ only"),
        (
            {UPDATE: "Upgrade h2c"},
            UPDATE,
            "Upgrade belongs to one connection, and the gateway decides on it for each of its own",
        ),
        (
            {"response-header-control-remove": "server,Date"},
            "response-header-control-remove",
            "an answer has a Date (RFC 9110): Envoy adds one where there is none",
        ),
        (
            {UPDATE: "X-Envoy-Retry-On 5xx"},
            UPDATE,
            "Envoy obeys X-Envoy-Retry-On, which could make it repeat what a backend has executed already",
        ),
        ({UPDATE: "Host a.b"}, UPDATE, "Envoy refuses to change the header host this way"),
        (
            {REMOVE: "Content-Length"},
            REMOVE,
            "Content-Length frames the message, and changing it lets others smuggle requests",
        ),
    ],
)
def test_a_header_that_mse_would_drop_or_mangle_is_an_error(annotations: dict[str, str], name: str, why: str) -> None:
    """MSE drops such lines with a log entry."""
    assert bad_value(annotations) == (name, why)
    assert read(annotations)[0].headers is None


@pytest.mark.parametrize(("first", "second"), [(ADD, UPDATE), (ADD, REMOVE), (UPDATE, REMOVE)])
def test_each_header_is_changed_in_one_way(first: str, second: str) -> None:
    """No documentation says in which order the three act."""
    texts = {ADD: "x-a b", UPDATE: "X-A b", REMOVE: "X-a"}
    _, (finding,) = read({first: texts[first], second: texts[second]})
    assert finding.code.name == "annotation-value"
    assert finding.origin.path == at(second).path
    assert finding.notes[0].origin.path == at(first).path


@pytest.mark.parametrize("name", [REMOVE, "response-header-control-remove"])
def test_headers_of_envoy_may_be_removed(name: str) -> None:
    """To others they only tell what Envoy is."""
    assert read({name: "x-envoy-upstream-service-time"})[0].headers is not None
