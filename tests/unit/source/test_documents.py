"""Laws of documents: what each file gives, and what is told about it where."""

from __future__ import annotations

import time
from typing import Any

import pytest
import yaml

from compiler.diagnostics import Diagnostics
from compiler.source import fast
from compiler.source.documents import MAX_FILE_BYTES, read_documents
from tests.unit.source.findings import Told, only, read


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("", []),
        ("# only a comment\n", []),
        ("---\n# c\n---\n---\na: 1\n", [{"a": 1}]),
        ("a: 1\n---\nb: 2\n--- # c\nc: 3\n...\n", [{"a": 1}, {"b": 2}, {"c": 3}]),
        ("null\n---\n~\n", []),
        ("a: 1\r\nb: |\r\n  x\r\n  y\r\n", [{"a": 1, "b": "x\ny\n"}]),
        ("a: |\n  x", [{"a": "x\n"}]),  # kubectl ends the last line
        ("a: >-\n  x\n  y\n\n  z\n", [{"a": "x y\nz"}]),
        ("a: &x {b: 1}\nc: *x\n", [{"a": {"b": 1}, "c": {"b": 1}}]),
        ("a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n", [{"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 3}}]),
        ("d:\n  <<: [{a: 1, b: 1}, {b: 2, c: 2}]\n", [{"d": {"a": 1, "b": 1, "c": 2}}]),
        ("&k a: 1\nb: *k\n", [{"a": 1, "b": "a"}]),
        ("a: &x b\n*x : c\n", [{"a": "b", "b": "c"}]),
        ("a: !!str 1\nb: !!int '1'\nc: !!float 1\nd: !!bool no\n", [{"a": "1", "b": 1, "c": 1, "d": False}]),
        ("a: !!map {b: !!seq [!!null '']}\n", [{"a": {"b": [None]}}]),
        ('"<<": a\n', [{"<<": "a"}]),
        ("80: a\ntrue: b\n", [{"80": "a", "true": "b"}]),
        ('{"a": [1, 1.0, "\\ud83d\\ude00"]}', [{"a": [1, 1.0, "😀"]}]),
        ("{a: b}\n", [{"a": "b"}]),
        ("kind: NetworkList\nspec: {}\n", [{"kind": "NetworkList", "spec": {}}]),
    ],
)
def test_a_file_gives_its_documents(text: str, data: list[Any]) -> None:
    found, findings = read(text)
    assert found == data
    assert [told for told in findings if told[0] != "yaml-ambiguous"] == []


def test_empty_documents_count_in_the_index() -> None:
    raw = b"---\n---\na: 1\n---\n# c\n---\nb: |\n  c\n"
    documents = read_documents("a.yaml", raw, Diagnostics())
    assert [(document.index, document.data) for document in documents] == [(1, {"a": 1}), (3, {"b": "c\n"})]
    assert documents[1].origin.document == 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        # duplicate keys: both places, whatever the spelling of the key
        ("a: 1\nb: 2\na: 3\n", ("yaml-duplicate-key", 3, 1, "a")),
        ("x:\n  'a': 1\n  \"a\": 2\n", ("yaml-duplicate-key", 3, 3, "a")),
        ("x: {a: 1, a: 2}\n", ("yaml-duplicate-key", 1, 11, "a")),
        ("a: &a {b: 1}\nc:\n  <<: *a\n  <<: *a\n", ("yaml-duplicate-key", 4, 3, "<<")),
        # keys that are no text
        ("on: 1\n", ("yaml-key", 1, 1, "on")),
        ("a:\n  1.10: b\n", ("yaml-key", 2, 3, "1.10")),
        ("017: b\n", ("yaml-key", 1, 1, "017")),
        ("~: b\n", ("yaml-key", 1, 1, "~")),
        ("? [a]\n: b\n", ("yaml-key", 1, 3, "")),
        (".inf: b\n", ("yaml-key", 1, 1, ".inf")),
        # merges
        ("a: &a {b: 1}\nc:\n  b: 2\n  <<: *a\n", ("yaml-merge", 4, 3, "<<")),
        ("a: &a 1\nc:\n  <<: *a\n", ("yaml-merge", 3, 3, "<<")),
        ("a: &a [{b: 1}]\nc:\n  <<: *a\n", ("yaml-merge", 3, 3, "<<")),
        ("c:\n  <<: [{a: 1}, b]\n", ("yaml-merge", 2, 3, "<<")),
        # tags
        ("a: !vault b\n", ("yaml-tag", 1, 4, "!vault")),
        ("a: !!binary aGk=\n", ("yaml-tag", 1, 4, "!!binary")),
        ("a: !!set {b}\n", ("yaml-tag", 1, 4, "!!set")),
        ("a: !!str [b]\n", ("yaml-tag", 1, 4, "!!str")),
        ("a: !!int b\n", ("yaml-tag", 1, 4, "b")),
        ("a: !!float .nan\n", ("yaml-tag", 1, 4, ".nan")),
        ("!x a: b\n", ("yaml-tag", 1, 1, "!x")),
        ("a: ! b\n", ("yaml-tag", 1, 4, "!")),
        # numbers that JSON does not know
        ("a: [.inf]\n", ("yaml-number", 1, 5, ".inf")),
        ("a: .NaN\n", ("yaml-number", 1, 4, ".NaN")),
        # aliases
        ("a: *x\n", ("yaml-aliases", 1, 4, "*x")),
        ("a: &x 1\n---\nb: *x\n", ("yaml-aliases", 3, 4, "*x")),
        ("a: &x [b, *x]\n", ("yaml-aliases", 1, 11, "*x")),
        # ambiguous scalars, keys included
        ("a:\n- yes\n", ("yaml-ambiguous", 2, 3, "yes")),
        ("2001-01-01: b\n", ("yaml-ambiguous", 1, 1, "2001-01-01")),
        # other tops than mappings
        ("a: 1\n---\n- a\n", ("yaml-not-a-mapping", 3, 1, "")),
        ("text\n", ("yaml-not-a-mapping", 1, 1, "")),
        ("kind: List\nitems: []\n", ("list-object", 1, 7, "List")),
        ("kind: ServiceList\nitems: [{a: b}]\n", ("list-object", 1, 7, "ServiceList")),
        # syntax
        ("a:\n\t- b\n", ("yaml-syntax", 2, 1, "- b")),
        ("a: b: c\n", ("yaml-syntax", 1, 5, "a: b: c")),
        ("a: 1\nb\nc: 2\n", ("yaml-syntax", 2, 1, "b")),
        ("a:\n- b\nc\n- d\n", ("yaml-syntax", 3, 1, "c")),
        ("a: - b\n", ("yaml-syntax", 1, 4, "a: - b")),
        ("a: ? b\n", ("yaml-syntax", 1, 4, "a: ? b")),
        ("a: 'b' c\n", ("yaml-syntax", 1, 8, "a: 'b' c")),
        ("- a\nb: c\n", ("yaml-syntax", 2, 1, "b: c")),
        ("x:\n  a: [b\nc: d\n", ("yaml-syntax", 2, 6, "a: [b")),
        ("a: [,]\n", ("yaml-syntax", 1, 5, "a: [,]")),
        ("a: [b:]\n", ("yaml-syntax", 1, 6, "a: [b:]")),
        ("a: 'b\nc: d\n", ("yaml-syntax", 1, 4, "a: 'b")),
        ("a: 'b\n---\nc: d\n", ("yaml-syntax", 1, 4, "a: 'b")),
        ('a: "\\q"\n', ("yaml-syntax", 1, 5, 'a: "\\q"')),
        ('a: "\\/"\n', ("yaml-syntax", 1, 4, '"\\/"')),
        ('a: "\\ud800"\n', ("yaml-syntax", 1, 7, 'a: "\\ud800"')),
        ("a: @b\n", ("yaml-syntax", 1, 4, "a: @b")),
        ("a: {b: c?d}\n", ("yaml-syntax", 1, 8, "c?d")),
        ("a: |x\n  b\n", ("yaml-syntax", 1, 5, "a: |x")),
        ("%YAML 1.2\n---\na: b\n", ("yaml-syntax", 1, 1, "%YAML 1.2")),
        ("%FOO\n---\na: b\n", ("yaml-syntax", 1, 5, "%FOO")),
        ("a: b\n...\nc: d\n", ("yaml-syntax", 3, 1, "c: d")),
        ("a: b\n---\n# c\n...\n", ("yaml-syntax", 4, 1, "...")),
        ("--- a: b\n", ("yaml-syntax", 1, 1, "--- a: b")),
        ("a: b\n---c: d\n", ("yaml-syntax", 2, 1, "---c: d")),
    ],
)
def test_a_mistake_is_told_once_and_at_its_place(text: str, told: Told) -> None:
    _, findings = read(text)
    assert findings == [told]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ("json-syntax", 1, 1, "")),
        ("{", ("json-syntax", 1, 2, "{")),
        ('{"a": 1,\n}', ("json-syntax", 2, 1, "}")),
        ('{"a": 1} {"b": 2}', ("json-syntax", 1, 10, '{"a": 1} {"b": 2}')),
        ('{\n  // no\n  "a": 1}', ("json-syntax", 2, 3, "// no")),
        ("{'a': 1}", ("json-syntax", 1, 2, "{'a': 1}")),
        ('{"a": NaN}', ("json-syntax", 1, 7, '{"a": NaN}')),
        ('{"a": "Infinity", "b": -Infinity}', ("json-syntax", 1, 24, '{"a": "Infinity", "b": -Infinity}')),
        ('{"a": 017}', ("json-syntax", 1, 8, '{"a": 017}')),
        ("a: 1\n", ("json-syntax", 1, 1, "a: 1")),
        ('{"a": ["\\ud800"]}', ("json-syntax", 1, 8, "")),
        ('{"\\ud800": 1}', ("json-syntax", 1, 2, "")),
        ('{\n\t"a": 1,\n\t"a": 2\n}', ("yaml-duplicate-key", 3, 2, "a")),
        ('{"a": 1, "\\u0061": 2}', ("yaml-duplicate-key", 1, 10, "a")),
        ('{"a": 1e400}', ("yaml-number", 1, 7, "1e400")),
        ('{"a": [9223372036854775809]}', ("yaml-ambiguous", 1, 8, "9223372036854775809")),
        ("[1]", ("yaml-not-a-mapping", 1, 1, "")),
        ('"a"', ("yaml-not-a-mapping", 1, 1, "")),
        ('{"a":' * 101 + "1" + "}" * 101, ("yaml-too-deep", 1, 1, "")),
    ],
)
def test_a_mistake_in_json_is_told_once_and_at_its_place(text: str, told: Told) -> None:
    _, findings = read(text, "a.json")
    assert findings == [told]


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ('\t{"a": 1.0, "b": -0, "c": 1e2}\r\n', {"a": 1.0, "b": 0, "c": 100.0}),
        ('{"a": {"b": [true, null, "\\/\\u00e9"]}}', {"a": {"b": [True, None, "/é"]}}),
        ('{"a": 9223372036854775808}', {"a": 9223372036854775808.0}),
        ('{"a": "[[{{", "b": "' + "[" * 200 + '"}', {"a": "[[{{", "b": "[" * 200}),
    ],
)
def test_json_is_typed_as_json(text: str, data: dict[str, Any]) -> None:
    found, findings = read(text, "a.json")
    assert [repr(document) for document in found] == [repr(data)]
    assert findings == []


def test_all_mistakes_of_a_file_are_told_at_once() -> None:
    text = "a: 1\na: yes\non: !x 2\nb: .inf\n---\n- 1\n---\nc: 'd\n"
    documents, findings = read(text)
    assert [told[:3] for told in findings] == [
        ("yaml-ambiguous", 2, 4),
        ("yaml-number", 4, 4),
        ("yaml-duplicate-key", 2, 1),
        ("yaml-key", 3, 1),
        ("yaml-tag", 3, 5),
        ("yaml-not-a-mapping", 6, 1),
        ("yaml-syntax", 8, 4),
    ]
    assert len(documents) == 1, "the document with the duplicate key is still there for those that refer to it"


def test_a_duplicate_key_names_both_places() -> None:
    finding = only("x:\n- a: 1\n  b: 2\n  a: 3\n")
    assert finding.origin.path == ("x", 0, "a")
    assert [(note.origin.line, note.origin.column, note.text) for note in finding.notes] == [
        (2, 3, "first written here")
    ]


def test_a_syntax_error_names_where_its_mapping_began() -> None:
    finding = only("x:\n  a: 1\n b: 2\n")
    assert [(note.origin.line, note.origin.column, note.text) for note in finding.notes] == [
        (1, 1, "the mapping began here")
    ]


def test_a_syntax_error_says_how_to_leave_a_file_out() -> None:
    assert ".fleetgateignore" in only("a: [b\n").fix
    assert ".fleetgateignore" in only("{", "a.json").fix


def test_an_ambiguous_scalar_names_both_readings_and_what_to_write() -> None:
    finding = only("a: 017\n")
    assert finding.why == "kubectl and YAML 1.1 readers read the number 15, YAML 1.2 readers the number 17"
    assert finding.fix == 'quote it as "017" if text is meant, or write 15 if a number is meant'
    finding = only("a: 1:30\n")
    assert finding.why == 'kubectl and YAML 1.2 readers read the text "1:30", YAML 1.1 readers the number 90'
    assert finding.fix == 'quote it: "1:30"'
    finding = only("a: 0b-11\n")
    assert finding.why == 'kubectl reads the number -3, other readers the text "0b-11"'
    finding = only("a: 0_9\n")
    assert finding.why == 'kubectl reads the number 9, other readers the text "0_9"'
    finding = only("a: 1_8446744073709551617\n")
    assert finding.why == (
        "kubectl reads the number 1.8446744073709552e+19, YAML 1.1 readers the number 18446744073709551617, "
        'YAML 1.2 readers the text "1_8446744073709551617"'
    )


BOMBS = {
    "brackets": "[" * 1_000_000,
    "braces": "{" * 1_000_000,
    "open in a mapping": "a: [" * 250_000,
    "dashes": "- " * 500_000,
    "question marks": "? " * 500_000,
    "indentation": "".join(" " * n + "a:\n" for n in range(1400)),
    "quotes": '"' * 1_000_000,
    "escapes": '"' + '\\"' * 500_000,
    "colons": ":" * 1_000_000,
    "keys": "".join(f"k{n}: 1\n" for n in range(100_000)),
    "items": "a: [" + "b," * 500_000 + "]",
    "lines": "\n" * 1_000_000,
    "documents": "---\n" * 250_000,
    "ends": "---\n...\n" * 120_000,
    "ends of comments": "---\n" + "# c\n" * 240_000 + "...\n",
    "digits": "a: " + "1" * 1_000_000,
    "sexagesimal": "a: 1" + ":1" * 500_000,
    "aliases of aliases": "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1},' * 10}]\n" for n in range(1, 30)),
    "merges": "a: &a {b: 1}\nc:\n" + "- {<<: *a}\n" * 90_000,
    "json": '{"a":' + "[" * 1_000_000,
    "json strings": '{"' + '\\"' * 500_000,
    "json digits": '{"a": ' + "1" * 1_000_000 + "}",
}


@pytest.mark.parametrize("name", BOMBS)
def test_no_file_takes_long(name: str) -> None:
    """What would take an unbounded reader minutes, gigabytes or its stack ends here in about a second at most."""
    begun = time.process_time()
    read(BOMBS[name], "a.json" if name.startswith("json") else "a.yaml")
    assert time.process_time() - begun < 10


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (BOMBS["dashes"], "yaml-too-deep"),
        ("a: " + "[" * 100 + "]" * 100, "yaml-too-deep"),
        (BOMBS["items"], "yaml-too-large"),
        (BOMBS["aliases of aliases"], "yaml-aliases"),
        (BOMBS["merges"], "yaml-aliases"),
        ("a: " + "b" * MAX_FILE_BYTES, "file-too-large"),
    ],
)
def test_bounds_have_a_finding_of_their_own(text: str, code: str) -> None:
    assert only(text).code.name == code


def test_what_is_just_within_the_bounds_is_read() -> None:
    assert read("a: " + "[" * 99 + "]" * 99)[1] == []
    assert read("a: " + "b" * (MAX_FILE_BYTES - 3))[1] == []


@pytest.fixture
def _without_libyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine for which PyYAML was built without its C library."""
    monkeypatch.delattr(yaml, "CSafeLoader")
    monkeypatch.setattr(fast, "_engine", lambda: None)


@pytest.mark.usefixtures("_without_libyaml")
@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("a: &x {b: [1, 'c', \"\\x41\"]}\nd: *x\n", [{"a": {"b": [1, "c", "A"]}, "d": {"b": [1, "c", "A"]}}]),
        ("a: |\n  b\n---\nc: yes", [{"a": "b\n"}, {"c": True}]),
        ("a: b: c\n", "yaml-syntax"),
        ("a:\n\t- b\n", "yaml-syntax"),
        ("a: [b\n", "yaml-syntax"),
        ("a: 'b\n", "yaml-syntax"),
        ('a: "\\ud800"\n', "yaml-syntax"),
        ("a: 1\nb\n", "yaml-syntax"),
        ("- a\nb: c\n", "yaml-syntax"),
        ("[" * 10_000, "yaml-too-deep"),
    ],
)
def test_all_goes_on_without_libyaml(text: str, outcome: str | list[Any]) -> None:
    """More slowly."""
    documents, findings = read(text)
    if isinstance(outcome, str):
        assert [told[0] for told in findings] == [outcome]
    else:
        assert documents == outcome
