"""Laws of plain scalars. What kubectl reads is proven against kubectl's own decoder in tests/property."""

from __future__ import annotations

import math

import pytest

from compiler.source.scalars import Scalar, json_number, kubectl, readings, resolve, yaml11, yaml12


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("Null", None),
        ("nULL", "nULL"),
        ("y", True),
        ("Off", False),
        ("tRue", "tRue"),
        ("017", 15),
        ("0o17", 15),
        ("0O17", 15),
        ("08", 8),
        ("0x1F", 31),
        ("-0b11", -3),
        ("0b-11", -3),
        ("0x", "0x"),
        ("1_000", 1000),
        ("_1", "_1"),
        ("1:30", "1:30"),
        ("1.0", 1),
        ("1.5", 1.5),
        ("12e03", 12000),
        ("1e400", "1e400"),
        (".5_0", 0.5),
        (".5_", ".5_"),
        (".", "."),
        ("+", "+"),
        ("-0", 0),
        ("2001-01-01", "2001-01-01"),
        ("9223372036854775807", 9223372036854775807),
        ("9223372036854775808", 9.223372036854775808e18),
        ("-9223372036854775808", -9223372036854775808),
        ("=", "="),
        ("<<", "<<"),
    ],
)
def test_kubectl_types_a_scalar(text: str, value: Scalar) -> None:
    read = kubectl(text)
    assert (type(read), read) == (type(value), value)


def test_a_whole_float_is_a_float_until_it_went_through_json() -> None:
    assert isinstance(resolve("1.0"), float)
    assert isinstance(kubectl("1.0"), int)


def test_json_writes_the_shortest_digits_of_a_large_float() -> None:
    assert json_number(1.2345678901234568e18) == 1234567890123456800
    assert json_number(-4.0) == -4
    assert json_number(2.0**63) == 2.0**63
    assert isinstance(json_number(2.0**63), float)
    assert json_number(-(2.0**63)) == -(2**63)
    assert json_number(math.inf) == math.inf


@pytest.mark.parametrize(
    ("text", "kubectl_reads", "yaml11_reads", "yaml12_reads"),
    [
        ("yes", "the boolean true", "the boolean true", 'the text "yes"'),
        ("n", "the boolean false", "the boolean false", 'the text "n"'),
        ("017", "the number 15", "the number 15", "the number 17"),
        ("0o17", "the number 15", 'the text "0o17"', "the number 15"),
        ("0b11", "the number 3", "the number 3", 'the text "0b11"'),
        ("1_000", "the number 1000", "the number 1000", 'the text "1_000"'),
        ("1:30", 'the text "1:30"', "the number 90", 'the text "1:30"'),
        ("-1:30.5", 'the text "-1:30.5"', "the number -90.5", 'the text "-1:30.5"'),
        ("12e03", "the number 12000", 'the text "12e03"', "the number 12000"),
        ("08", "the number 8", 'the text "08"', "the number 8"),
        ("2001-01-01", 'the text "2001-01-01"', "the timestamp 2001-01-01", 'the text "2001-01-01"'),
        ("1e400", 'the text "1e400"', 'the text "1e400"', "the number inf"),
        ("=", 'the text "="', "the special value =", 'the text "="'),
        ("9223372036854775809", "the number 9.223372036854776e+18", "the number 9223372036854775809", None),
    ],
)
def test_readers_disagree(text: str, kubectl_reads: str, yaml11_reads: str, yaml12_reads: str | None) -> None:
    three = readings(text)
    assert three is not None
    assert tuple(map(str, three)) == (kubectl_reads, yaml11_reads, yaml12_reads or yaml11_reads)


@pytest.mark.parametrize(
    "text",
    [
        *("", "~", "True", "0", "-1", "+1", "0x1F", "1.0", "5.", ".5", "1.5e+3", ".inf", ".NaN", "9223372036854775808"),
        *("hello", "1.2.3", "10.0.0.1", "100m", "8080/tcp", "-x", "none", "0x", "no way", "v1", "12:99", "."),
    ],
)
def test_readers_agree(text: str) -> None:
    assert readings(text) is None


@pytest.mark.parametrize("text", ["1" * 5000, "0x" + "f" * 5000, "1:" * 5000 + "1", "0b" + "1" * 5000, "1_" * 5000])
def test_no_number_is_too_long_to_be_read(text: str) -> None:
    """Python refuses to convert more than 4,300 digits; a file may hold a million."""
    assert kubectl(text) == text
    assert yaml11(text).type in {"number", "text"}
    assert yaml12(text).type in {"number", "text"}
