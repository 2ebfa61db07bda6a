"""Value types: what each reads, and that it reads no more."""

from __future__ import annotations

import pytest

from compiler.annotations import values
from compiler.annotations.family import Reader, Value
from compiler.diagnostics import Diagnostics, Origin
from tests.unit.annotations.reading import METADATA, bad_value, read


def reader_and(text: str) -> tuple[Reader, Value]:
    """A reader, and a value with that text."""
    return Reader({}, Diagnostics(), "shop", METADATA), Value(text, "a/b", Origin("f"))


@pytest.mark.parametrize("text", ["1", "t", "T", "true", "True", "TRUE"])
def test_go_reads_these_as_true(text: str) -> None:
    """`strconv.ParseBool`."""
    assert values.boolean(*reader_and(text)) is True


@pytest.mark.parametrize("text", ["0", "f", "F", "false", "False", "FALSE"])
def test_go_reads_these_as_false(text: str) -> None:
    """`strconv.ParseBool`."""
    assert values.boolean(*reader_and(text)) is False
    assert values.is_off(reader_and(f" {text} ")[1], "bool")


@pytest.mark.parametrize(("text", "is_on"), [("on", True), (" off ", False), ("true", None), ("On", None), ("0", None)])
def test_on_and_off_are_these_two_words(text: str, *, is_on: bool | None) -> None:
    """MSE takes every other one as off."""
    reader, value = reader_and(text)
    assert values.on_off(reader, value) is is_on
    assert [found.why for found in reader.findings] == (
        [f"{text!r} is not one of on, off, and MSE would take it as off"] if is_on is None else []
    )
    assert values.is_off(value, "on-off") == (is_on is False)


@pytest.mark.parametrize(
    ("text", "secret"),
    [("cert", "shop/cert"), ("team/a.b-c", "team/a.b-c"), ("/cert", None), ("a/b/c", None), ("a/", None), ("A", None)],
)
def test_a_secret_is_named_with_or_without_its_namespace(text: str, secret: str | None) -> None:
    """The namespace defaults to that of the Ingress."""
    reader, value = reader_and(text)
    found = values.secret_ref(reader, value)
    assert (None if found is None else str(found)) == secret
    assert len(reader.findings) == (1 if secret is None else 0)


@pytest.mark.parametrize("text", ["yes", "on", "tRUE", "-1", "tru", "\uff11"])
def test_go_reads_nothing_else_as_a_boolean(text: str) -> None:
    """What YAML 1.1 calls a boolean is none in an annotation."""
    assert values.boolean(*reader_and(text)) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a\x00b", "it holds the control character U+0000"),
        ("a\r\nb", "it holds the control character U+000D"),
        ("\x7f", "it holds the control character U+007F"),
        ("\x85", "it holds the control character U+0085"),
        ("\udc80", "it holds the control character U+DC80"),
        ("a\nb", "it has several lines, and can have one only"),
    ],
)
def test_control_characters_are_refused_everywhere(text: str, problem: str) -> None:
    """They would end a header or a line where nobody expects it."""
    assert bad_value({"timeout": text}) == ("timeout", problem)
    if text != "a\nb":
        assert bad_value({"request-header-control-add": text}) == ("request-header-control-add", problem)


def test_line_feeds_around_a_value_do_not_count() -> None:
    """A block scalar of YAML ends with one."""
    said, findings = read({"timeout": "\n 30 \n"})
    assert not findings
    assert said.timeout is not None


@pytest.mark.parametrize("text", ["a", "a-b", "0"])
def test_dns_labels(text: str) -> None:
    """RFC 1123."""
    assert values.is_dns_label(text)


@pytest.mark.parametrize("text", ["", "-a", "a-", "A", "a.b", "a" * 64, "a\n"])
def test_no_dns_labels(text: str) -> None:
    """Nothing slips through at the ends."""
    assert not values.is_dns_label(text)


@pytest.mark.parametrize("text", ["a", "A.b_c-1", "x.y/z", f"{'a' * 63}"])
def test_qualified_names(text: str) -> None:
    """Kubernetes: an optional DNS name, a slash, a name."""
    assert values.is_qualified_name(text)


@pytest.mark.parametrize("text", ["", "/", "a/", "/a", "a/b/c", "_a", "a" * 64, "A.b/c", f"{'a.' * 130}b/c", "a\n"])
def test_no_qualified_names(text: str) -> None:
    """An API server refuses them."""
    assert not values.is_qualified_name(text)


def test_long_host_names_are_no_host_names() -> None:
    """253 in all, 63 a part."""
    assert values.hostname_problem(".".join(["a" * 63] * 3)) is None
    assert values.hostname_problem("a" * 64) is not None
    assert values.hostname_problem(".".join(["a" * 60] * 5)) is not None
