"""The folder beside the target where a first build writes: who may have it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from compiler.output import apply
from compiler.output.apply import claim_stage, place, require_writable
from compiler.output.folders import try_lock, write_file
from compiler.output.statblob import UNTRUSTED, record_of
from tests.trees import read_tree, write_tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def test_a_stage_is_new_empty_and_locked(tmp_path: Path, parent: int) -> None:
    stage = claim_stage(parent, ".stage")
    assert stage is not None
    assert claim_stage(parent, ".stage") is None
    os.close(stage)
    write_tree(tmp_path, {".stage/left/by": b"a killed build"})
    stage = claim_stage(parent, ".stage")
    assert stage is not None
    os.close(stage)
    assert read_tree(tmp_path) == {}


def test_a_stage_that_another_build_has_just_made_its_output_folder_is_left_alone(
    tmp_path: Path, parent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends, and gives up its lock, between our opening the stage and our locking it."""
    write_tree(tmp_path, {".stage/clusters/a.yaml": b"a"})

    def end_of_the_other(stage: int) -> bool:
        (tmp_path / ".stage").rename(tmp_path / "rendered")
        return try_lock(stage)

    monkeypatch.setattr(apply, "try_lock", end_of_the_other)
    assert claim_stage(parent, ".stage") is None
    assert read_tree(tmp_path) == {"rendered/clusters/a.yaml": b"a"}


def test_a_stage_that_is_a_link_is_not_written_into(tmp_path: Path, parent: int) -> None:
    write_tree(tmp_path, {"precious/x": b"1"})
    (tmp_path / ".stage").symlink_to("precious")
    with pytest.raises(OSError, match=r"Not a directory|symbolic links"):
        claim_stage(parent, ".stage")
    assert read_tree(tmp_path / "precious") == {"x": b"1"}


def test_a_stage_that_cannot_be_emptied_is_given_up(
    tmp_path: Path, parent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(tmp_path, {".stage/left": b""})

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(os, "unlink", denied)
        with pytest.raises(PermissionError):
            claim_stage(parent, ".stage")
    stage = claim_stage(parent, ".stage")  # its lock was given up, too
    assert stage is not None
    os.close(stage)


def test_a_placed_file_is_trusted_only_as_it_was_written(tmp_path: Path, parent: int) -> None:
    staged = write_file("0", b"one", parent)
    assert place("0", parent, "a.yaml", parent, staged) == record_of((tmp_path / "a.yaml").stat())
    staged = write_file("1", b"two", parent)
    (tmp_path / "1").write_bytes(b"edited")
    assert place("1", parent, "b.yaml", parent, staged) == UNTRUSTED


def test_a_folder_without_permission_is_named(tmp_path: Path, parent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    require_writable(parent, ["", "a", "a/b"])
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    with pytest.raises(PermissionError, match="a/b"):
        require_writable(parent, ["a/b"])
