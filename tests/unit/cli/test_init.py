"""Laws of `fleetgate init`: a fleet that works, and nobody's files are ever touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from compiler import cli
from compiler.cli.init import FILES

if TYPE_CHECKING:
    from pathlib import Path


def tree(root: Path) -> set[str]:
    """Files below a folder."""
    return {found.relative_to(root).as_posix() for found in root.rglob("*") if found.is_file()}


def test_it_writes_its_files_and_says_which(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["init", "-C", str(tmp_path / "new")]) == 0
    assert tree(tmp_path / "new") == {name for _, name in FILES}
    said = capsys.readouterr().out
    assert all(name in said for _, name in FILES)
    assert f"fleetgate build -C {tmp_path / 'new'} -o {tmp_path / 'new' / 'rendered'}" in said


def test_in_the_working_directory_the_commands_that_follow_are_short(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    assert cli.main(["init"]) == 0
    assert "\n      fleetgate build -o rendered\n" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["README.md", ".gitignore", "x"])
def test_a_folder_that_holds_anything_is_refused_and_stays_as_it_is(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text("mine", "utf-8")
    assert cli.main(["init", "-C", str(tmp_path)]) == 2
    assert tree(tmp_path) == {name}
    assert f"it holds {name}" in capsys.readouterr().err


def test_a_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert cli.main(["init", "-C", str(tmp_path / "file")]) == 2
    assert "is not a folder" in capsys.readouterr().err


def test_a_folder_that_may_not_be_written_is_an_error_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert cli.main(["init", "-C", str(tmp_path / "file" / "below")]) == 1
    assert "Not a directory" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("folder", "name"),
    [("shop-fleet", "shop-fleet"), ("on", "my-fleet"), ("My Fleet", "my-fleet"), ("f" * 41, "my-fleet")],
)
def test_the_fleet_is_called_as_its_folder_where_that_name_is_simple(folder: str, name: str, tmp_path: Path) -> None:
    root = tmp_path / folder
    assert cli.main(["init", "-C", str(root)]) == 0
    fleet = yaml.safe_load((root / "fleet.yaml").read_text("utf-8"))
    assert fleet["metadata"]["name"] == fleet["spec"]["argocd"]["project"] == name
    assert fleet["spec"]["argocd"]["repoURL"].endswith(f"/{name}.git")
    assert (root / "README.md").read_text("utf-8").startswith(f"# {name}\n")
    assert cli.main(["check", "-C", str(root), "--strict"]) == 0


def test_its_clusters_say_where_the_ack_id_belongs(tmp_path: Path) -> None:
    assert cli.main(["init", "-C", str(tmp_path)]) == 0
    texts = [path.read_text("utf-8") for path in sorted((tmp_path / "clusters").iterdir())]
    assert len({yaml.safe_load(text)["spec"]["id"] for text in texts}) == len(texts)
    assert all("# the ACK cluster id" in text for text in texts)


def test_its_workflow_asks_for_no_rights_and_pins_its_actions(tmp_path: Path) -> None:
    assert cli.main(["init", "-C", str(tmp_path)]) == 0
    workflow = yaml.safe_load((tmp_path / ".github/workflows/fleetgate.yaml").read_text("utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    assert all("@v" in step["uses"] for step in workflow["jobs"]["check"]["steps"] if "uses" in step)
