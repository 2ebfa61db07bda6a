"""Looks: a folder that is as it was is not read again, and no change of it is overlooked."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from compiler.output.looks import is_as_seen, look_after_writing, look_at_tree, settled_look
from compiler.output.statblob import names_in
from compiler.output.survey import FolderRecord
from tests.output_builds import let_the_clock_tick
from tests.trees import write_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LATER = 2**62
MANY = {f"many/{n}.yaml": b"" for n in range(9)}


@contextmanager
def opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_tree(tmp_path, {"few/a": b"a", "few/deep/b": b"b", "few/.hidden/f": b"", **MANY})
    let_the_clock_tick(tmp_path)
    return tmp_path


def test_a_tree_is_all_its_visible_folders_and_nothing_behind_links(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    write_tree(outside, {"secret/x": b""})
    (folder / "few" / "way-out").symlink_to(outside)
    with opened(folder) as top:
        blobs, looks = look_at_tree(top, "", {}, LATER)
        assert sorted(blobs) == sorted(looks) == ["", "few", "few/deep", "many"]
        assert names_in(blobs["few"]) == ["a", "way-out"]
        assert sorted(look_at_tree(top, "few", {}, LATER)[0]) == ["few", "few/deep"]
        assert look_at_tree(top, "not/there", {}, LATER) == ({}, {})


def _put_a_link(path: Path, elsewhere: Path) -> None:
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file is edited": lambda top: (top / "few/a").write_bytes(b"b"),
    "one of many files is edited": lambda top: (top / "many/3.yaml").write_bytes(b"b"),
    "a file is edited deep down": lambda top: (top / "few/deep/b").write_bytes(b"a"),
    "a file comes": lambda top: (top / "many/new").write_bytes(b""),
    "a file goes": lambda top: (top / "few/deep/b").unlink(),
    "a file takes the place of another": lambda top: (top / "many/1.yaml").replace(top / "many/2.yaml"),
    "two files change places": lambda top: [
        (top / one).rename(top / other)
        for one, other in (("few/a", "few/c"), ("few/deep/b", "few/a"), ("few/c", "few/deep/b"))
    ],
    "a file becomes a link": lambda top: _put_a_link(top / "few/a", top / "x"),
    "a folder comes": lambda top: (top / "few/new").mkdir(),
    "a folder goes": lambda top: shutil.rmtree(top / "few/deep"),
    "a folder becomes a link to itself": lambda top: _put_a_link(top / "few", top / "x"),
    "rights are taken": lambda top: (top / "many/1.yaml").chmod(0o400),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_is_seen_with_looks_as_without(change: Callable[[Path], object], folder: Path) -> None:
    with opened(folder) as top:
        blobs, looks = look_at_tree(top, "", {}, LATER)
        known = {path: FolderRecord(blobs[path], b"", looks[path]) for path in blobs}
        assert look_at_tree(top, "", known, LATER) == (blobs, looks)
        change(folder)
        after = look_at_tree(top, "", known, LATER)
        assert after == look_at_tree(top, "", {}, LATER)
        assert after[0] != blobs


def test_a_folder_that_is_as_it_was_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(folder) as top:
        blobs, looks = look_at_tree(top, "", {}, LATER)
        known = {path: FolderRecord(blobs[path], b"", looks[path]) for path in blobs}
        monkeypatch.delattr("os.scandir")
        assert look_at_tree(top, "", known, LATER) == (blobs, looks)


def test_another_folder_in_its_place_is_read_even_with_the_same_names(folder: Path) -> None:
    with opened(folder) as top:
        blobs, looks = look_at_tree(top, "", {}, LATER)
        assert is_as_seen(top, "many", blobs["many"], looks["many"])
        shutil.copytree(folder / "many", folder / "copy", copy_function=os.link)
        (folder / "many").rename(folder / "old")
        (folder / "copy").rename(folder / "many")
        assert not is_as_seen(top, "many", blobs["many"], looks["many"])


def test_what_may_change_without_another_time_stamp_has_no_look(tmp_path: Path) -> None:
    """Within a tick of the clock, and where a file system counts in whole seconds."""
    own = tmp_path.stat()
    assert settled_look(own, [], own.st_ctime_ns + 1) is not None
    assert settled_look(own, [], own.st_ctime_ns) is None
    whole = os.stat_result(own[:10], {"st_ctime_ns": 5_000_000_000})
    assert settled_look(whole, [], LATER) is None


def test_a_folder_just_written_has_a_look_unless_others_put_something_there(folder: Path) -> None:
    names = [path.removeprefix("many/") for path in MANY]
    with opened(folder) as top:
        look = look_after_writing(top, "many", names, [], LATER)
        assert look is not None
        assert look == look_at_tree(top, "many", {}, LATER)[1]["many"]
        assert look_after_writing(top, "many", [*names, "gone"], [], LATER) is None
        (folder / "many/strange").mkdir()
        assert look_after_writing(top, "many", names, [], LATER) is None
        assert look_after_writing(top, "many", names, ["strange"], LATER) is not None
