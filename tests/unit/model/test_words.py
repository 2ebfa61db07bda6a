"""Values, places and schemas in words."""

from __future__ import annotations

from typing import Any

import pytest

from compiler.model.words import dotted, joined, nearest, shown, type_of, wanted


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("spec", "rules", 0, "host"), "spec.rules[0].host"),
        ((0, "a"), "[0].a"),
        (("metadata", "annotations", "a.b/c"), 'metadata.annotations["a.b/c"]'),
    ],
)
def test_a_path_is_written_as_people_write_it(path: tuple[str | int, ...], text: str) -> None:
    assert dotted(path) == text


@pytest.mark.parametrize(
    ("value", "type_", "text"),
    [
        (None, "null", "null"),
        (True, "boolean", "true"),
        (1, "integer", "1"),
        (1.5, "number", "1.5"),
        ("a", "string", '"a"'),
        ('a"\r\nb', "string", '"a\\"\\r\\nb"'),
        ([], "array", "an empty list"),
        ([1, 2], "array", "a list of 2"),
        ({}, "object", "an empty mapping"),
        ({"a": 1}, "object", "a mapping of 1"),
    ],
)
def test_a_value_is_shown_as_it_could_be_written(value: Any, type_: str, text: str) -> None:
    assert type_of(value) == type_
    assert shown(value) == text


def test_words_are_joined_like_a_sentence() -> None:
    assert joined(["a"]) == "a"
    assert joined(["a", "b"]) == "a or b"
    assert joined(["a", "b", "c"], "and") == "a, b and c"


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        ("target_port", ["port", "targetPort"], "targetPort"),
        ("IMAGE", ["image"], "image"),
        ("imag", ["name", "image"], "image"),
        ("colour", ["name", "image"], None),
        ("", ["name"], None),
        ("x", [], None),
    ],
)
def test_the_nearest_word_is_the_one_that_was_probably_meant(word: str, known: list[str], expected: str | None) -> None:
    assert nearest(word, known) == expected


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string"}, "a text"),
        ({"type": "string", "minLength": 1}, "a text that is not empty"),
        ({"type": "string", "pattern": "^a$", "errorMessage": "must be an a"}, "an a"),
        ({"enum": ["", "Memory"]}, '"" or Memory'),
        ({"type": "boolean"}, "true or false"),
        ({"type": "integer", "minimum": 1, "maximum": 3}, "a whole number from 1 to 3"),
        ({"type": "integer", "minimum": 1}, "a whole number of at least 1"),
        ({"type": "number", "exclusiveMinimum": 0.0, "maximum": 1e9}, "a number above 0, at most 1000000000"),
        ({"type": "number", "exclusiveMinimum": 0.5}, "a number above 0.5"),
        ({"type": "array", "items": {"type": "string"}}, "a list of texts"),
        ({"type": "array", "items": {"type": "integer"}}, "a list of numbers"),
        ({"type": "array", "items": {}}, "a list of values"),
        ({"type": "object"}, "a mapping"),
        ({"type": "object", "properties": {"a": {}}, "required": []}, "a mapping with `a`"),
        ({"type": "object", "properties": {"a": {}, "b": {}}, "required": ["b"]}, "a mapping with `b`"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "a whole number"),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "a whole number or a text"),
    ],
)
def test_what_a_schema_lets_through_is_told_in_words(schema: dict[str, Any], words: str) -> None:
    assert wanted(schema) == words
