"""Laws of `fleetgate explain`: every word that a user can meet has an answer."""

from __future__ import annotations

import pytest

from compiler import cli
from compiler.annotations.catalog import catalog
from compiler.cli.explain.annotations import explain_annotation
from compiler.cli.explain.codes import explain_code
from compiler.cli.explain.kinds import _bare, _find, explain_kind
from compiler.cli.terminal import Style
from compiler.model.kinds import KINDS
from compiler.model.reference import reference
from compiler.pipeline.codes import CODES

PLAIN = Style()


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_every_code_says_what_it_means(code: object) -> None:
    shown = explain_code(code.name, PLAIN)  # type: ignore[attr-defined] # a Code, as parametrize sees it
    assert shown.startswith(f"{code.name} ({code.severity}): {code.summary}\n")  # type: ignore[attr-defined] # as above
    assert len(shown.splitlines()) > 2


def test_warnings_say_how_to_accept_them_and_errors_do_not() -> None:
    for code in CODES:
        assert ("spec.accept" in explain_code(code.name, PLAIN).splitlines()[-1]) is (code.severity == "warning")


@pytest.mark.parametrize("known", catalog().values(), ids=lambda known: known.name)
def test_every_annotation_says_where_it_is_written_under_any_of_its_names(known: object) -> None:
    name, keys = known.name, known.keys  # type: ignore[attr-defined] # a Known, as parametrize sees it
    shown = explain_annotation(name, PLAIN)
    assert all(key in shown for key in keys)
    assert {explain_annotation(key, PLAIN) for key in keys} == {shown}


def test_an_annotation_under_a_prefix_that_it_does_not_have_is_unknown() -> None:
    assert explain_annotation("nginx.ingress.kubernetes.io/canary-by-query", PLAIN) == ""


def test_an_annotation_tells_what_it_needs_hides_and_excludes() -> None:
    shown = " ".join(explain_annotation("canary-by-header-value", PLAIN).split())
    assert "needs canary, canary-by-header " in shown
    assert "hides canary-by-header-pattern, canary-by-cookie, canary-weight " in shown
    assert "not with canary-by-query-value" in " ".join(explain_annotation("canary-by-query-pattern", PLAIN).split())
    assert "since version 1.2.25 of the MSE gateway" in " ".join(explain_annotation("service-subset", PLAIN).split())


def test_an_annotation_tells_what_hides_it_and_what_excludes_it() -> None:
    """Both are declared by the other annotation."""
    shown = " ".join(explain_annotation("canary-weight", PLAIN).split())
    assert "hidden by canary-by-header, canary-by-header-value, canary-by-header-pattern, canary-by-query, " in shown
    assert "not with ignore-path-case, full-path-regex" in " ".join(explain_annotation("use-regex", PLAIN).split())


@pytest.mark.parametrize(("name", "told"), [("timeout", "at least 0"), ("mirror-percentage", "0 to 100")])
def test_a_number_tells_its_bounds(name: str, told: str) -> None:
    assert f"type {catalog()[name].annotation.type}, {told} " in " ".join(  # type: ignore[union-attr] # it has one
        explain_annotation(name, PLAIN).split()
    )


@pytest.mark.parametrize("known", catalog().values(), ids=lambda known: known.name)
def test_an_annotation_tells_how_far_each_target_gets_with_it(known: object) -> None:
    """Those of ours decide before there is a program; what is refused or needless reaches no target."""
    name, support, annotation = known.name, known.support, known.annotation  # type: ignore[attr-defined] # a Known
    shown = explain_annotation(name, PLAIN)
    for target in ("mse", "envoy"):
        assert (f"\n  {target:<9} " in shown) == (annotation is not None and support != "own")


def test_an_annotation_whose_end_its_author_chooses_is_known_by_any_end() -> None:
    shown = explain_annotation("higress.io/exact-match-header-x-stage", PLAIN)
    assert shown.startswith("exact-match-header-*, ")
    assert explain_annotation("exact-match-header-x-stage", PLAIN) == shown
    assert explain_annotation("nginx.ingress.kubernetes.io/exact-match-header-x-stage", PLAIN) == ""


@pytest.mark.parametrize("kind", [kind for _, kind, _ in KINDS])
def test_every_kind_lists_its_fields_with_an_example(kind: str) -> None:
    shown = explain_kind(kind.lower(), PLAIN)
    assert shown.startswith(f"{kind} (")
    assert "  metadata +" in shown
    assert f"\n  kind: {kind}\n" in shown


@pytest.mark.parametrize("kind", [kind for _, kind, _ in KINDS])
def test_every_field_is_found_where_it_is_listed(kind: str) -> None:
    whole = reference(kind)
    for field in whole.fields:
        bare = _bare(field.path)
        assert _find(whole, bare.lower()) == (bare, field)


@pytest.mark.parametrize(
    "word",
    ["App.spec.ports.port", "app.spec.ports[].port", "APP.SPEC.PORTS[0].PORT", "App.spec.versions[1].ports.port"],
)
def test_steps_into_lists_case_and_shared_fields_are_understood(word: str) -> None:
    shown = explain_kind(word, PLAIN)
    assert "Port of the Service." in shown
    assert "required" in shown


def test_a_field_that_shares_some_fields_of_another_lists_those_only() -> None:
    """A version has what a pod has, and no versions or manifests of its own."""
    shown = explain_kind("App.spec.versions", PLAIN)
    assert "\n  image " in shown
    assert "\n  manifests " not in shown
    assert explain_kind("App.spec.versions.manifests", PLAIN) == ""


@pytest.mark.parametrize("kind", [kind for _, kind, _ in KINDS])
def test_a_field_has_one_line_in_a_table_and_all_its_paragraphs_by_itself(kind: str) -> None:
    assert all("\\n" not in explain_kind(word, PLAIN) for word in (kind, f"{kind}.spec", f"{kind}.spec.overrides"))
    assert "a JSON merge patch." in " ".join(explain_kind("App.spec.overrides.patch", PLAIN).split())


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("canary-wieght", "canary-weight"),
        ("mse.ingress.kubernetes.io/canary-wieght", "mse.ingress.kubernetes.io/canary-weight"),
        ("Ingres", "Ingress"),
        ("app.spec.replica", "App.spec.replicas"),
        ("mising-backend", "missing-backend"),
        ("tenants", "Fleet.spec.tenants"),
        ("Templates", "App.spec.templates"),
    ],
)
def test_an_unknown_word_names_the_nearest_and_is_status_2(
    word: str, near: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["explain", word]) == 2
    assert f"did you mean {near}" in capsys.readouterr().err


def test_a_word_like_none_is_told_what_can_be_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explain", "\x1bqqq"]) == 2
    assert capsys.readouterr().err == (
        "fleetgate: nothing is known about \\x1bqqq; give a code, an annotation, a kind or a field of a kind\n"
    )


def test_a_word_may_stand_in_the_brackets_in_which_it_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explain", "[missing-backend]"]) == 0
    assert capsys.readouterr().out.startswith("missing-backend (error): ")
