"""What a plain (unquoted) scalar means: to kubectl, to YAML 1.1 readers, to YAML 1.2 readers.

kubectl reads YAML with sigs.k8s.io/yaml: the resolver of go-yaml v2, then JSON, then integers that fit 64 bits and
floats. That reading decides; the other two are the yaml.org type repository (YAML 1.1, as PyYAML has it) and the
core schema (YAML 1.2.2, chapter 10.3), and serve to warn where people and tools could disagree.
"""

from __future__ import annotations

import math
import re
from typing import Final, Literal

import msgspec

Scalar = None | bool | int | float | str

TYPES: Final[dict[str, type]] = {"bool": bool, "float": float, "int": int, "null": type(None), "str": str}
"""Short names of the tags that kubectl resolves (`!!bool` …), and what they ask for."""

MAX_DIGITS: Final = 400
"""Longer numbers are beyond every float; Python refuses to convert integers of more than 4,300 digits."""

_TRUE = ("true", "True", "TRUE")
_FALSE = ("false", "False", "FALSE")
_NULL = ("", "~", "null", "Null", "NULL")
_CORE_WORDS: dict[str, Scalar] = dict.fromkeys(_TRUE, True) | dict.fromkeys(_FALSE, False) | dict.fromkeys(_NULL)
_CORE_WORDS |= {f"{sign}.{word}": math.inf for sign in ("", "+") for word in ("inf", "Inf", "INF")}
_CORE_WORDS |= {f"-.{word}": -math.inf for word in ("inf", "Inf", "INF")}
_CORE_WORDS |= dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan)
_WORDS = _CORE_WORDS | dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"), True)
_WORDS |= dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF"), False)

_INT64_MAX = 2**63 - 1
_INT64_MIN = -(2**63)
_UINT64_MAX = 2**64 - 1

_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
"""go-yaml v2 and YAML 1.2 alike."""
_DOT_FLOAT = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?")
"""What begins with a dot goes to Go's ParseFloat as it is, which wants digits on both sides of an underscore."""
_GO_INT = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
"""Go's ParseInt with base 0, after go-yaml took all underscores out."""
_GO_BINARY = re.compile(r"0b([-+]?[01]+)")
"""go-yaml tries the rest of 0b… once more as a number to base 2, which allows a sign there."""

_YAML11_INT = re.compile(
    r"([-+]?)(?:0b([01_]+)|0x([0-9a-fA-F_]+)|(0[0-7_]+)|(0|[1-9][0-9_]*)|([1-9][0-9_]*(?::[0-5]?[0-9])+))"
)
_YAML11_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+][0-9]+)?")
_YAML11_SEXAGESIMAL_FLOAT = re.compile(r"([-+]?)([0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)")
_YAML11_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
    r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?"
)
_YAML12_INT = re.compile(r"([-+]?[0-9]+)|0o([0-7]+)|0x([0-9a-fA-F]+)")


class Reading(msgspec.Struct, frozen=True, gc=False):
    """What one kind of reader makes of a scalar."""

    type: Literal["null", "boolean", "number", "timestamp", "special value", "text"]
    value: Scalar
    """Numbers compare by value, so 1 and 1.0 are one reading."""

    def __str__(self) -> str:
        if self.type == "null":
            return "null"
        if self.type == "text":
            return f'the text "{self.value}"'
        value = json_number(self.value) if isinstance(self.value, float) else self.value
        return f"the {self.type} {json_text(value)}"


def resolve(text: str) -> Scalar:
    """The type that go-yaml v2 gives a plain scalar: `1.0` is a float here (see `kubectl`)."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] == ".":
        return _finite(text, text) if _DOT_FLOAT.fullmatch(text) else text
    return _go_number(text) if text[0] in "+-0123456789" else text


def kubectl(text: str) -> Scalar:
    """The value that kubectl gives a plain scalar. Infinities and NaN, which it refuses, are returned as such."""
    value = resolve(text)
    return json_number(value) if isinstance(value, float) else value


def json_number(number: float) -> int | float:
    """A float once it went through JSON: whole numbers that fit 64 bits come back as integers (`1.0` as 1)."""
    if not number.is_integer() or abs(number) > 2.0**63:
        return number
    # The shortest digits that say the float, padded with zeros: not the same as int(number) above 2**53.
    digits, _, exponent = repr(abs(number)).partition("e")
    whole, _, fraction = digits.partition(".")
    value = int(whole + fraction[: int(exponent)].ljust(int(exponent), "0")) if exponent else int(whole)
    value = -value if number < 0 else value
    return value if _INT64_MIN <= value <= _INT64_MAX else number


def yaml11(text: str) -> Reading:
    """What the type repository of YAML 1.1 makes of a plain scalar."""
    if text in {"<<", "="}:
        return Reading("special value", text)
    if text in _WORDS:
        return _reading(_WORDS[text])
    number = _yaml11_number(text)
    if number is not None:
        return _reading(number)
    return Reading("timestamp" if _YAML11_TIMESTAMP.fullmatch(text) else "text", text)


def yaml12(text: str) -> Reading:
    """What the core schema of YAML 1.2 makes of a plain scalar."""
    if text in _CORE_WORDS:
        return _reading(_CORE_WORDS[text])
    found = _YAML12_INT.fullmatch(text)
    if found is not None:
        decimal, octal, hexadecimal = found.groups()
        return _reading(_integer((decimal, 10), (octal, 8), (hexadecimal, 16)))
    return _reading(float(text) if _FLOAT.fullmatch(text) else text)


def readings(text: str) -> tuple[Reading, Reading, Reading] | None:
    """The readings of kubectl, YAML 1.1 and YAML 1.2, where they are not all the same; None where they are."""
    # Only these can be read as anything but text: most scalars end here.
    if text and text[0] not in "+-.0123456789yYnNoO=<":
        return None
    three = (_reading(kubectl(text)), yaml11(text), yaml12(text))
    # NaN is not equal to itself, and all readers know it by the same names.
    return None if three[0] == three[1] == three[2] or text in _CORE_WORDS else three


def json_text(value: Scalar) -> str:
    """A scalar as YAML and JSON write it, unquoted."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def _go_number(text: str) -> Scalar:
    """What begins with a digit or sign."""
    plain = text.replace("_", "")
    found = _GO_INT.fullmatch(plain)
    if found is not None and len(plain) <= MAX_DIGITS:
        sign, hexadecimal, binary, octal, decimal = found.groups()
        size = _integer((hexadecimal, 16), (binary, 2), (octal, 8), (decimal, 10))
        number = -size if sign == "-" else size
        if _INT64_MIN <= number <= _INT64_MAX:
            return int(number)
        if not sign and number <= _UINT64_MAX:
            return float(number)
    if _FLOAT.fullmatch(plain):
        return _finite(plain, text)
    found = _GO_BINARY.fullmatch(plain)
    if found is not None and len(plain) <= MAX_DIGITS and _INT64_MIN <= int(found[1], 2) <= _INT64_MAX:
        return int(found[1], 2)
    return text


def _yaml11_number(text: str) -> int | float | None:
    found = _YAML11_INT.fullmatch(text)
    if found is not None:
        sign, binary, hexadecimal, octal, decimal, sexagesimal = (part.replace("_", "") for part in found.groups(""))
        factor = -1 if sign == "-" else 1
        if sexagesimal:
            return factor * _base60(sexagesimal)
        if any((binary, hexadecimal, octal, decimal)):
            return factor * _integer((binary, 2), (hexadecimal, 16), (octal, 8), (decimal, 10))
        return None  # 0x_
    if _YAML11_FLOAT.fullmatch(text):
        return float(text.replace("_", ""))
    found = _YAML11_SEXAGESIMAL_FLOAT.fullmatch(text)
    return None if found is None else (-1 if found[1] == "-" else 1) * _base60(found[2].replace("_", ""))


def _finite(digits: str, text: str) -> Scalar:
    """go-yaml leaves what overflows a float as text."""
    number = float(digits)
    return text if math.isinf(number) else number


def _integer(*parts: tuple[str | None, int]) -> int | float:
    """The one part that is there, in its base; infinity where it has too many digits to be worth counting."""
    digits, base = next((digits, base) for digits, base in parts if digits)
    if len(digits) <= MAX_DIGITS:
        return int(digits, base)
    return -math.inf if digits.startswith("-") else math.inf


def _base60(text: str) -> int | float:
    """`1:30` is 90. Nobody writes many groups, so that a very long one needs no exact value."""
    if len(text) > MAX_DIGITS:
        return math.inf
    *groups, last = text.split(":")
    total = 0
    for group in groups:
        total = (total + int(group)) * 60
    return total + (float(last) if "." in last else int(last))


def _reading(value: Scalar) -> Reading:
    if value is None:
        return Reading("null", None)
    if isinstance(value, bool):
        return Reading("boolean", value)
    return Reading("text" if isinstance(value, str) else "number", value)
