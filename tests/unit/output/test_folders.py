"""Files and folders by descriptor."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from typing import TYPE_CHECKING

import pytest

from compiler.output.folders import (
    Descent,
    read_file,
    remove_if_empty,
    remove_tree,
    try_lock,
    write_file,
)
from tests.trees import read_tree, write_tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def _open_descriptors() -> set[int]:
    def is_open(descriptor: int) -> bool:
        try:
            os.fstat(descriptor)
        except OSError:
            return False
        return True

    return {descriptor for descriptor in range(256) if is_open(descriptor)}


@pytest.fixture
def top(tmp_path: Path) -> Iterator[int]:
    """The open folder `tmp_path`; afterwards no other descriptor is left open."""
    before = _open_descriptors()
    descriptor = os.open(tmp_path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)
    assert _open_descriptors() == before


def test_a_descent_reaches_every_folder_in_any_order(tmp_path: Path, top: int) -> None:
    paths = ["a", "a/b/c", "a/b", "", "a-b", "a/b/c/d", "ab", "a"]
    write_tree(tmp_path, {f"{path}/name".lstrip("/"): path.encode() for path in paths})
    with Descent(top) as descent:
        for path in paths:
            assert read_file("name", descent.enter(path)) == path.encode()


def test_a_descent_makes_missing_folders_only_when_told(tmp_path: Path, top: int) -> None:
    with Descent(top) as descent:
        with pytest.raises(FileNotFoundError):
            descent.enter("a/b")
        write_file("x", b"1", descent.enter("a/b", create=True))
    assert read_tree(tmp_path) == {"a/b/x": b"1"}


def test_a_descent_never_goes_through_a_link(tmp_path: Path, top: int) -> None:
    write_tree(tmp_path, {"real/x": b""})
    (tmp_path / "link").symlink_to("real")
    for path in ("link", "link/deeper"):
        with Descent(top) as descent, pytest.raises(OSError, match=r"Not a directory|symbolic links"):
            descent.enter(path, create=True)


@pytest.mark.parametrize("size", [0, 1, 70_000])
def test_a_file_is_read_as_it_was_written(top: int, size: int) -> None:
    content = b"x" * size
    assert write_file("name", content, top).st_size == size
    assert read_file("name", top) == content


def test_a_file_is_written_whole_even_where_the_system_takes_it_in_pieces(
    top: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = os.write
    monkeypatch.setattr(os, "write", lambda file, content: whole(file, content[:3]))
    write_file("name", b"0123456789", top)
    assert read_file("name", top) == b"0123456789"


def test_a_file_that_grows_or_shrinks_while_it_is_read_is_read_to_its_end(
    top: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_file("name", b"0123456789", top)
    real = os.read
    pieces = iter([4, 5, 1 << 20, 1 << 20])
    monkeypatch.setattr(os, "read", lambda file, _: real(file, next(pieces)))
    assert read_file("name", top) == b"0123456789"


def test_an_existing_file_is_never_written_through(tmp_path: Path, top: int) -> None:
    write_tree(tmp_path, {"precious": b"1"})
    (tmp_path / "link").symlink_to("precious")
    for name in ("precious", "link"):
        with pytest.raises(FileExistsError):
            write_file(name, b"2", top)
    assert (tmp_path / "precious").read_bytes() == b"1"


def test_what_is_no_regular_file_has_no_content(tmp_path: Path, top: int) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
    for name in ("folder", "link", "pipe", "socket"):
        assert read_file(name, top) is None
    with pytest.raises(FileNotFoundError):
        read_file("nothing", top)


def test_a_tree_is_removed_with_its_links_but_not_what_they_point_to(tmp_path: Path, top: int) -> None:
    write_tree(tmp_path, {"keep/x": b"1", "goes/a/b": b"", "goes/.hidden": b"", "file": b""})
    (tmp_path / "goes/link").symlink_to(tmp_path / "keep")
    (tmp_path / "link").symlink_to("keep")
    for name in ("goes", "file", "link", "nothing"):
        remove_tree(name, top)
    assert read_tree(tmp_path) == {"keep/x": b"1"}


def test_only_an_empty_folder_is_removed(tmp_path: Path, top: int) -> None:
    write_tree(tmp_path, {"full/.hidden": b""})
    (tmp_path / "a/b").mkdir(parents=True)
    for path in ("a/b", "a", "full", "nothing", "no/thing"):
        remove_if_empty(path, top)
    assert [path.name for path in tmp_path.iterdir()] == ["full"]


def test_a_lock_excludes_others_until_it_is_closed(tmp_path: Path, top: int) -> None:
    other = os.open(tmp_path, os.O_RDONLY)
    assert try_lock(top, shared=True)
    assert try_lock(other, shared=True)
    assert not try_lock(top)
    os.close(other)
    assert try_lock(top)


def test_a_file_system_without_locks_is_built_on_all_the_same(top: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(_folder: int, _how: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    assert try_lock(top)


def test_any_other_trouble_with_a_lock_is_told(top: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(_folder: int, _how: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(OSError, match="Input/output error"):
        try_lock(top)
