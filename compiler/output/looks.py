"""Folders that need not be read again, because their own time stamps are as they were.

Every entry that comes, goes or is renamed changes the time stamps of its folder. While these are the same, its names
are known, and its files are asked for by name: that spares reading the folder, a dozen calls to the system for one with
a file or two, and a quarter of the time for one with hundreds.
"""

# ruff: noqa: PTH208 - pathlib knows no open folders, and loading it costs 10 ms
from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from compiler.output.folders import FOLDER
from compiler.output.statblob import RECORD, is_fresh, names_in, pack, record_of, stat_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from compiler.output.survey import FolderRecord

_SECOND_NS = 1_000_000_000
_FEW = 4
"""So many files are asked for by their paths; for more it pays to open their folder."""


class FolderLook(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What is remembered of a folder beside its files."""

    record: bytes
    """Its own stat record."""
    subfolders: tuple[str, ...]
    """Names of its visible subfolders, sorted."""


def settled_look(own: os.stat_result, subfolders: Sequence[str], clock_ns: int) -> FolderLook | None:
    """The look of a folder whose entries were read after `own`, which was taken after its file system's clock showed
    `clock_ns`.

    None where it may change again without another time stamp: within the same tick, or where a file system counts in
    whole seconds.
    """
    if own.st_ctime_ns % _SECOND_NS == 0 or is_fresh(own.st_ctime_ns, clock_ns):
        return None
    return FolderLook(record_of(own), tuple(sorted(subfolders)))


def is_as_seen(top: int, path: str, blob: bytes, look: FolderLook) -> bool:
    """Whether a folder below the open folder `top` holds the same as when it was looked at: `blob`. Raises OSError.

    The folders above it must have been looked at just now, or one of them may be a link by now.
    """
    if record_of(os.lstat(path or ".", dir_fd=top)) != look.record:
        return False
    names = names_in(blob)
    if len(names) <= _FEW:
        return _stats(top, [f"{path}/{name}" for name in names] if path else names) == _stats_of(blob, len(names))
    folder = os.open(path or ".", FOLDER, dir_fd=top)
    try:
        return _stats(folder, names) == _stats_of(blob, len(names))
    finally:
        os.close(folder)


def look_at_tree(
    top: int, below: str, known: Mapping[str, FolderRecord], clock_ns: int
) -> tuple[dict[str, bytes], dict[str, FolderLook]]:
    """The folder `below` the open folder `top` and all its visible subfolders, by path from `top`: their blobs
    (`compiler.output.statblob`), and what is to be remembered of those that may be trusted. Raises OSError.

    `known` is what was remembered of them. Nothing where `below` does not exist.
    """
    blobs: dict[str, bytes] = {}
    looks: dict[str, FolderLook] = {}
    waiting = [below]
    while waiting:
        path = waiting.pop()
        record = known.get(path)
        subfolders: Sequence[str]
        try:
            if record and record.look and is_as_seen(top, path, record.stats, record.look):
                blobs[path], subfolders, looks[path] = record.stats, record.look.subfolders, record.look
            else:
                blobs[path], subfolders, look = _read(top, path, clock_ns)
                if look:
                    looks[path] = look
        except FileNotFoundError:
            if path == below:
                continue
            raise
        waiting += [f"{path}/{name}" for name in subfolders] if path else subfolders
    return blobs, looks


def look_after_writing(
    top: int, path: str, names: Sequence[str], subfolders: Sequence[str], clock_ns: int
) -> FolderLook | None:
    """The look of a folder that was just written, with files of these names; None where it is small, or where somebody
    else has put something there. Raises OSError.
    """
    if len(names) <= _FEW:
        return None
    folder = os.open(path or ".", FOLDER, dir_fd=top)
    try:
        own = os.fstat(folder)
        there = [name for name in os.listdir(folder) if name[0] != "."]
    finally:
        os.close(folder)
    return settled_look(own, subfolders, clock_ns) if sorted(there) == sorted([*names, *subfolders]) else None


def _read(top: int, path: str, clock_ns: int) -> tuple[bytes, list[str], FolderLook | None]:
    folder = os.open(path or ".", FOLDER, dir_fd=top)
    try:
        own = os.fstat(folder)
        blob, subfolders = stat_folder(folder)
    finally:
        os.close(folder)
    return blob, subfolders, settled_look(own, subfolders, clock_ns)


def _stats(folder: int, paths: Sequence[str]) -> bytes:
    numbers: list[int] = []
    for path in paths:
        found = os.lstat(path, dir_fd=folder)
        numbers += (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
    return pack([], numbers)[4:]


def _stats_of(blob: bytes, count: int) -> bytes:
    return blob[4 : 4 + count * RECORD]
