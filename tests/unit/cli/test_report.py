"""Laws of the report that all printers read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.cli.report import Place, path_text, prefix_of
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


def test_paths_read_as_people_write_them() -> None:
    assert path_text(("spec", "rules", 0, "http")) == "spec.rules[0].http"
    assert path_text(("metadata", "annotations", "a.b/c")) == 'metadata.annotations["a.b/c"]'
    assert path_text(()) == ""


def test_counts() -> None:
    counted = report(weight(), weight(), shadow())
    assert (counted.errors, counted.warnings, counted.files) == (2, 1, 2)
