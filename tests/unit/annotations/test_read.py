"""The way in: prefixes, empty texts, versions, sizes, and what is reported once."""

from __future__ import annotations

import pytest

from compiler.annotations.family import ServiceRef
from compiler.annotations.ingress import IngressAnnotations
from compiler.annotations.read import NOTHING, SIZE_LIMIT
from compiler.ir.traffic import Timeout
from tests.unit.annotations.reading import METADATA, at, bad, read

NGINX = "nginx.ingress.kubernetes.io/"
MSE = "mse.ingress.kubernetes.io/"


def test_nothing_written_is_nothing_said() -> None:
    """And costs nothing."""
    said, findings = read({})
    assert said is NOTHING
    assert not findings


def test_either_prefix_is_read() -> None:
    """Shared annotations have two."""
    for prefix in (NGINX, MSE):
        said, findings = read({f"{prefix}default-backend": "sorry"})
        assert not findings
        assert said.fallback == ServiceRef("shop", "sorry")


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_prefixes_nginx_is_read_first(order: int) -> None:
    """Whatever the order in the file; the other value is named with both places."""
    both = [(f"{NGINX}default-backend", "a"), (f"{MSE}default-backend", "b")][::order]
    said, (finding,) = read(dict(both))
    assert said.fallback == ServiceRef("shop", "a")
    assert not said.is_broken
    assert finding.code.name == "annotation-both-prefixes"
    assert finding.origin.path[-1] == f"{MSE}default-backend"
    assert finding.notes[0].origin.path[-1] == f"{NGINX}default-backend"


def test_two_prefixes_with_one_value_are_fine() -> None:
    """Whoever moves from one gateway to another writes both."""
    said, findings = read({f"{NGINX}default-backend": "a", f"{MSE}default-backend": " a "})
    assert not findings
    assert said.fallback == ServiceRef("shop", "a")


def test_an_empty_annotation_is_not_set_and_says_so() -> None:
    """The other prefix is read then."""
    said, (finding,) = read({f"{NGINX}default-backend": " ", f"{MSE}default-backend": "b"})
    assert finding.code.name == "annotation-empty"
    assert finding.origin.path[-1] == f"{NGINX}default-backend"
    assert said.fallback == ServiceRef("shop", "b")
    assert not said.is_broken


def test_an_empty_annotation_satisfies_nothing() -> None:
    """What needs it is reported too: two mistakes."""
    assert [code for code, _, _ in bad({"canary": "", "canary-weight": "5"})] == [
        "annotation-empty",
        "annotation-requires",
    ]


def test_an_annotation_that_is_newer_than_the_gateway_is_an_error() -> None:
    """Only where the gateway states its version."""
    annotations = {"mirror-target-service": "a", "mirror-percentage": "5"}
    assert read(annotations, (1, 2, 32))[1] == ()
    assert read(annotations, None)[1] == ()
    why = "it came with MSE gateway 1.2.32, and this gateway states 1.2.31"
    assert bad(annotations, (1, 2, 31)) == [("annotation-too-new", "mirror-percentage", why)]


def test_what_needs_a_newer_annotation_is_not_reported_twice() -> None:
    """Both are newer here, so both are named for that alone."""
    annotations = {"service-subset": "a", "subset-labels": "a b"}
    assert {code for code, _, _ in bad(annotations, (1, 2, 24))} == {"annotation-too-new"}


def test_a_control_character_is_one_mistake() -> None:
    """What needs the broken annotation is not reported beside it."""
    assert len(bad({"canary": "tr\x00ue", "canary-weight": "20"})) == 1


@pytest.mark.parametrize("letter", ["a", "ä", "中", "😀"])
def test_kubernetes_limits_the_size_of_all_annotations(letter: str) -> None:
    """Bytes in UTF-8, keys and values together."""
    size = len(letter.encode())
    fits = {"a/b": letter * ((SIZE_LIMIT - 3) // size)}
    assert read(fits)[1] == ()
    said, (finding,) = read({**fits, "c/d": "x" * 4})
    assert finding.code.name == "annotations-too-large"
    assert finding.origin.path == METADATA.at("annotations").path
    assert said.is_broken


def test_a_broken_family_does_not_break_the_others() -> None:
    """What could be read is there, and that something is missing as well."""
    said, findings = read({"timeout": "5", "app-root": "x"})
    assert len(findings) == 1
    assert said == IngressAnnotations(timeout=Timeout(5), is_broken=True)


def test_a_warning_breaks_nothing() -> None:
    """Only errors do."""
    said, findings = read({f"{NGINX}proxy-buffering": "on", "timeout": "5"})
    assert len(findings) == 1
    assert not said.is_broken


def test_a_policy_knows_where_it_was_written() -> None:
    """Findings of later stages point there."""
    said, _ = read({"timeout": "5"})
    assert said.timeout is not None
    assert said.timeout.origin.path == at("timeout").path
    assert said.timeout.origin.file == METADATA.file
