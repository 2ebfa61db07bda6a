"""Stat blobs: equal for what was not touched, different for whatever was."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from compiler.output.statblob import (
    UNTRUSTED,
    Tick,
    from_records,
    is_fresh,
    names_in,
    pack,
    record_of,
    records_in,
    settled,
    stat_folder,
)
from tests.output_builds import let_the_clock_tick
from tests.trees import write_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SECOND = 1_000_000_000


@contextmanager
def opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def blob_of(folder: Path) -> bytes:
    with opened(folder) as descriptor:
        return stat_folder(descriptor)[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_tree(
        tmp_path, {"b.yaml": b"bb", "a.yaml": b"aa", "sub/z": b"", "another/z": b"", ".git/HEAD": b"", ".x": b""}
    )
    let_the_clock_tick(tmp_path)
    return tmp_path


def test_a_blob_names_the_visible_files_and_subfolders_in_order(folder: Path) -> None:
    with opened(folder) as descriptor:
        blob, subfolders = stat_folder(descriptor)
    assert names_in(blob) == ["a.yaml", "b.yaml"]
    assert subfolders == ["another", "sub"]


def test_the_blob_of_an_untouched_folder_is_the_same_whatever_happens_to_hidden_files(folder: Path) -> None:
    before = blob_of(folder)
    (folder / ".hidden").write_text("x")
    (folder / "a.yaml").read_text()
    assert blob_of(folder) == before


def _edit_and_restore_mtime(path: Path) -> None:
    stat = path.stat()
    path.write_bytes(b"xx")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def _replace(path: Path) -> None:
    new = path.with_name("new")
    new.write_bytes(b"aa")
    new.rename(path)


@pytest.mark.parametrize(
    "touch",
    [
        lambda path: path.write_bytes(b"xx"),
        _edit_and_restore_mtime,
        _replace,
        lambda path: path.unlink(),
        lambda path: path.rename(path.with_name("c.yaml")),
        lambda path: path.with_name("c.yaml").write_bytes(b""),
        lambda path: path.chmod(0o600),
        lambda path: (path.unlink(), path.symlink_to("b.yaml")),
    ],
    ids=["edit", "edit, same size, mtime restored", "replace", "remove", "rename", "add", "chmod", "link"],
)
def test_whatever_happens_to_a_visible_file_changes_the_blob(folder: Path, touch: Callable[[Path], object]) -> None:
    before = blob_of(folder)
    touch(folder / "a.yaml")
    assert blob_of(folder) != before


def test_records_by_name_and_blobs_are_two_forms_of_the_same(folder: Path) -> None:
    blob = blob_of(folder)
    records = records_in(blob)
    assert records == {name: record_of((folder / name).stat()) for name in ("a.yaml", "b.yaml")}
    assert from_records(dict(reversed(records.items()))) == blob
    assert (names_in(from_records({})), records_in(from_records({}))) == ([], {})


def test_names_that_are_no_unicode_have_their_place(tmp_path: Path) -> None:
    odd = os.fsdecode(b"\xff.yaml")
    write_tree(tmp_path, {odd: b"x", "a.yaml": b""})
    assert sorted(names_in(blob_of(tmp_path))) == ["a.yaml", odd]


def test_inodes_above_the_range_of_signed_numbers_still_tell_files_apart() -> None:
    one, other = pack(["a"], [1, 2, 3, 2**64 - 1]), pack(["a"], [1, 2, 3, 2**64 - 2])
    assert one != other
    assert names_in(one) == ["a"]


def test_only_what_changed_before_the_clock_tick_is_trusted() -> None:
    """A file that was edited within the tick could be edited again and look the same."""
    blob = pack(["new", "old", "same"], [1, 0, 5 * SECOND + 9, 11, 2, 0, 5 * SECOND + 7, 12, 3, 0, 5 * SECOND + 8, 13])
    records = records_in(blob)
    assert records_in(settled(blob, 5 * SECOND + 8)) == {"new": UNTRUSTED, "old": records["old"], "same": UNTRUSTED}
    assert settled(blob, 5 * SECOND + 10) == blob
    assert settled(blob, 500 * SECOND) is blob
    assert set(records_in(settled(blob, 0)).values()) == {UNTRUSTED}
    assert settled(pack([], []), 0) == pack([], [])


def test_stamps_in_whole_seconds_are_trusted_two_seconds_later() -> None:
    """Some file systems know no finer ones."""
    assert is_fresh(5 * SECOND, 6 * SECOND)
    assert is_fresh(5 * SECOND, 7 * SECOND)
    assert not is_fresh(5 * SECOND, 7 * SECOND + 1)
    assert not is_fresh(5 * SECOND + 1, 5 * SECOND + 2)


def test_the_clock_of_another_file_system_may_be_seconds_behind() -> None:
    tick = Tick(10 * SECOND, 1)
    assert tick.on(1) == 10 * SECOND
    assert tick.on(2) == 7 * SECOND
