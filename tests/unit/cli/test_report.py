"""Laws of the report that all printers read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.cli.report import Place, Written, findings_of, prefix_of
from compiler.diagnostics import CONCEALED, Diagnostic, Origin
from compiler.pipeline.options import NO_SUMMARY, Compilation
from tests.unit.cli.reports import report, shadow, weight

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_prefix_is_the_way_from_the_top_of_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the command runs: CI systems know files from the repository's top."""
    root = tmp_path / "repo" / "fleets" / "prod"
    root.mkdir(parents=True)
    (tmp_path / "repo" / ".git").write_text("gitdir: elsewhere\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    assert prefix_of("repo/fleets/prod") == "fleets/prod"
    monkeypatch.chdir(root)
    assert prefix_of(".") == "fleets/prod"
    assert prefix_of(str(tmp_path / "repo")) == ""


def test_without_a_repository_the_prefix_starts_at_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here" / "fleet").mkdir(parents=True)
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert prefix_of("fleet") == "fleet"
    assert prefix_of("../there") == (tmp_path / "there").as_posix()


def test_places_show_what_is_known() -> None:
    assert [str(Place(*p)) for p in [("a", 1, 2), ("a", 1, 0), ("a", 0, 0), ("", 0, 0)]] == ["a:1:2", "a:1", "a", ""]


def test_files_of_the_output_folder_are_named_from_the_top_too() -> None:
    """Findings of `--verify` name them behind the folder as it was given, wherever the root is."""
    written = Written("../out", "build/out", 0, 0, 0, up_to_date=False, verified=True)
    told = report(prefix="fleet", written=written)
    assert told.in_repository("../out/clusters/a.yaml") == "build/out/clusters/a.yaml"
    assert told.in_repository("../out") == "build/out"
    assert told.in_repository("../outer.yaml") == "fleet/../outer.yaml"
    assert told.in_repository("apps/a.yaml") == "fleet/apps/a.yaml"


def compilation(files: dict[str, str], *places: Origin) -> Compilation:
    """Findings at these places."""
    found = tuple(Diagnostic(weight().code, origin, "", f"finding {i}", "") for i, origin in enumerate(places))
    return Compilation(found, (), NO_SUMMARY, files.get)


def test_findings_of_a_file_come_in_the_order_of_their_lines() -> None:
    found = compilation({"a.yaml": "x: 1\nb: 2\n"}, Origin("a.yaml", 0, ("b",)), Origin("a.yaml", 0, ("x",)))
    placed = findings_of(found, found.findings, strict=False)
    assert [(f.why, str(f.place), f.excerpt) for f in placed] == [
        ("finding 1", "a.yaml:1:4", "x: 1"),
        ("finding 0", "a.yaml:2:4", "b: 2"),
    ]


def test_what_has_no_text_has_no_line() -> None:
    """A folder, a file that is gone, a finding about no file at all; a line that the finder knew stays."""
    found = compilation({}, Origin(""), Origin("gone.yaml"), Origin("out/x.yaml", line=7))
    assert [str(f.place) for f in findings_of(found, found.findings, strict=False)] == [
        "",
        "gone.yaml",
        "out/x.yaml:7:1",
    ]


def test_with_strict_every_finding_is_an_error() -> None:
    found = Compilation((Diagnostic(shadow().code, Origin(""), "", "", ""),), (), NO_SUMMARY, lambda _: None)
    assert [findings_of(found, found.findings, strict=s)[0].severity.value for s in (False, True)] == [
        "warning",
        "error",
    ]


def test_counts() -> None:
    counted = report(weight(), weight(), shadow())
    assert (counted.errors, counted.warnings, counted.files) == (2, 1, 2)


def test_a_line_with_a_concealed_value_is_never_shown() -> None:
    """Not for the finding that conceals it, and not for another one of the same line."""
    code = weight().code
    text = "env: [{name: DB_PASSWORD, valeu: 1, value: hunter2}]\nimage: a\n"
    found = (
        Diagnostic(code, Origin("a.yaml", 0, ("env", 0, "value")), f"DB_PASSWORD: {CONCEALED}", "a credential", ""),
        Diagnostic(code, Origin("a.yaml", 0, ("env", 0, "valeu"), "key"), "valeu", "no such field", ""),
        Diagnostic(code, Origin("a.yaml", 0, ("image",)), "a", "no tag", ""),
    )
    placed = findings_of(Compilation(found, (), NO_SUMMARY, {"a.yaml": text}.get), found, strict=False)
    assert [(f.place.line, f.excerpt) for f in placed] == [(1, ""), (1, ""), (2, "image: a")]


def test_a_credential_is_never_shown_in_what_could_not_even_be_read() -> None:
    code = weight().code
    text = "password: hunter2: [\nimage: a: [\n"
    found = tuple(
        Diagnostic(code, Origin("a.yaml", line=number, column=1), line, "a colon cannot follow here", "")
        for number, line in enumerate(text.splitlines(), 1)
    )
    placed = findings_of(Compilation(found, (), NO_SUMMARY, {"a.yaml": text}.get), found, strict=False)
    assert [(f.value, f.excerpt) for f in placed] == [(CONCEALED, ""), ("image: a: [", "image: a: [")]
