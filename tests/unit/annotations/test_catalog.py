"""The catalog is whole, and every declaration keeps its word."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from compiler.annotations import higress, ingress, tls_downstream
from compiler.annotations.catalog import FAMILIES, OTHERS, SERVICE_FAMILIES, all_families, catalog
from compiler.annotations.codes import CODES
from compiler.annotations.relations import alternatives
from compiler.ir.features import FEATURES
from tests.unit.annotations.reading import read
from tests.unit.annotations.specimens import BUILT, COMPANIONS, required, with_requirements

if TYPE_CHECKING:
    from compiler.annotations.family import Annotation, Family

BY_NAME = {annotation.name: annotation for annotation in BUILT}


DECLARATIONS = {
    "priority",
    "proxy-next-upstream-tries",
    "backend-protocol",
    "load-balance",
    "proxy-ssl-server-name",
    "proxy-ssl-verify",
    *(annotation.name for annotation in tls_downstream.ANNOTATIONS),
}
"""Annotations whose default, written out, is a word all the same: it may win over that of another Ingress."""


def test_every_annotation_of_the_reference_is_known() -> None:
    """189 names: MSE's totals of 51, 15, 48, 5 and 38, and names of ingress-nginx that its table does not count."""
    classes = Counter(known.support for known in catalog().values())
    assert classes == {
        "compatible": 42,
        "partial": 9,
        "exclusive": 39,
        "noop": 16,
        "planned": 78,
        "unsupported": 5,
        "own": 2,
        "higress": 18,
    }


def test_no_name_is_declared_twice() -> None:
    """One family, or the list of others."""
    others = [known.name for known in OTHERS] + [refused.name for refused in higress.REFUSED]
    names = [a.name for family in all_families() for a in family.annotations] + others
    assert len(names) == len(set(names)) == len(catalog())


def test_what_mse_reads_under_two_prefixes_is_read_under_nginx_first() -> None:
    """The order of precedence is that of the declaration."""
    shared = {known.prefixes for known in catalog().values() if len(known.prefixes) > 1}
    assert shared == {("nginx", "mse")}


def test_families_fill_the_fields_of_the_result() -> None:
    """Field by field, with the type that the family returns."""
    for families, result in (
        ((*FAMILIES, *higress.FAMILIES), "IngressAnnotations"),
        (SERVICE_FAMILIES, "ServiceAnnotations"),
    ):
        fields = getattr(ingress, result).__annotations__
        others = ("passthrough", "is_broken", "has_default_limit")
        assert [family.name for family in families] == [f for f in fields if f not in others]
        for family in families:
            written = family.parse.__annotations__["return"]
            assert written.rpartition(".")[2] == fields[family.name].rpartition(".")[2]


@pytest.mark.parametrize("family", all_families(), ids=lambda family: family.name)
def test_every_family_says_what_it_becomes(family: Family) -> None:
    """Features of the program; those of ours decide before there is one."""
    is_own = {annotation.support for annotation in family.annotations} == {"own"}
    assert set(family.features) <= set(FEATURES)
    assert bool(family.features) is not is_own


@pytest.mark.parametrize("annotation", BUILT, ids=lambda annotation: annotation.name)
def test_every_example_is_good(annotation: Annotation) -> None:
    """With what it needs it is read without a finding, and says something."""
    said, findings = read(with_requirements(annotation))
    assert annotation.example
    assert findings == ()
    assert said != ingress.IngressAnnotations()


@pytest.mark.parametrize("annotation", [a for a in BUILT if a.default], ids=lambda annotation: annotation.name)
def test_every_default_says_what_leaving_out_says(annotation: Annotation) -> None:
    """So it may be printed as the effect of leaving it out."""
    company = {} if annotation.name == "canary" else COMPANIONS.get(annotation.name, {})
    needed = {**required(annotation), **company}
    needed.pop(annotation.name, None)
    with_default = read({**needed, annotation.name: annotation.default})[0]
    without = read(needed)[0]
    if annotation.name == "canary-weight-total":
        assert with_default.canary is not None
        assert with_default.canary.total == 100
    elif annotation.name == "proxy-next-upstream":
        assert with_default.retry == read({"proxy-next-upstream-tries": "3"})[0].retry
    else:
        assert with_default == without or annotation.name in DECLARATIONS


@pytest.mark.parametrize("annotation", BUILT, ids=lambda annotation: annotation.name)
def test_relations_name_annotations_that_are_there(annotation: Annotation) -> None:
    """Closed (what a requirement requires is required too), contradictions mutual, and nothing overrides back."""
    for other in (*(n for each in annotation.requires for n in alternatives(each)), *annotation.overrides):
        assert other in BY_NAME
    for each in annotation.requires:
        for other in alternatives(each):
            assert set(BY_NAME[other].requires) <= {*annotation.requires, annotation.name}
    for other in annotation.excludes:
        assert annotation.name in BY_NAME[other].excludes
    for other in annotation.overrides:
        assert annotation.name not in BY_NAME[other].overrides
        assert annotation.name not in BY_NAME[other].requires


@pytest.mark.parametrize("annotation", BUILT, ids=lambda annotation: annotation.name)
def test_every_declaration_can_be_printed(annotation: Annotation) -> None:
    """One or two sentences, ended; a type."""
    assert annotation.doc.endswith(".")
    assert annotation.type
    assert annotation.multiline == (annotation.type in ("header-lines", "destination-lines", "label"))


def test_codes_are_unique_and_tell_enough() -> None:
    """Each has a line for tables and paragraphs for `explain`."""
    names = [code.name for code in CODES]
    assert len(names) == len(set(names))
    for code in CODES:
        assert code.summary
        assert len(code.explanation) > 100
