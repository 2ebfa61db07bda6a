"""What the file system says of the files in one folder, as bytes that compare at once.

A folder whose blob equals the one recorded earlier holds the same files with the same content: any edit changes
ctime, which no user program can set. One comparison of bytes then stands for fifty of files, and the blob is never
decoded. Hidden entries (`.git`, `.gitattributes`, our own marker) are not ours to judge and are left out.

Layout: count of files (4 bytes), then per file size, mtime_ns, ctime_ns, inode (8 bytes each, signed), then the names,
sorted, joined by NUL. Machine byte order: blobs never leave the machine (`compiler.output.cache`).
"""

from __future__ import annotations

import os
from array import array
from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RECORD = 32
"""Bytes of one file's record."""
UNTRUSTED = bytes(RECORD)
"""A record that no real file has (inode 0): its file is read again the next time."""

NOTHING = bytes(4)
"""The blob of a folder without visible files."""

_COARSE_NS = 2_000_000_000
"""Granularity to assume of a file system that shows whole seconds only."""
_ELSEWHERE_NS = 3_000_000_000
"""How far the clock of another file system (a network mount) may be behind."""
_INT64 = 2**63 - 1
_name = attrgetter("name")


class Tick(msgspec.Struct, frozen=True, gc=False):
    """A time stamp that a file system gave a moment ago. It decides what is read again, never what is compiled."""

    ns: int
    device: int
    """The file system that gave it (`st_dev`)."""

    def on(self, device: int) -> int:
        """What every later change on the file system `device` is stamped with, at least; nanoseconds."""
        return self.ns if device == self.device else self.ns - _ELSEWHERE_NS


def stat_folder(folder: int, hidden: list[str] | None = None) -> tuple[bytes, list[str]]:
    """The blob of an open folder, and the names of its visible subfolders, sorted; those of hidden entries go to
    `hidden`.

    Symbolic links, sockets and the like are in the blob by what they are themselves; whoever meets a blob that
    differs looks at the kinds.
    """
    names: list[str] = []
    numbers: list[int] = []
    subfolders: list[str] = []
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=_name):
            name = entry.name
            if name[0] == ".":
                if hidden is not None:
                    hidden.append(name)
                continue
            if entry.is_dir(follow_symlinks=False):
                subfolders.append(name)
                continue
            stat = entry.stat(follow_symlinks=False)
            names.append(name)
            numbers += (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
    return pack(names, numbers), subfolders


def pack(names: list[str], numbers: list[int]) -> bytes:
    """The blob of files with these sorted names, and four numbers for each."""
    try:
        stats = array("q", numbers)
    except OverflowError:  # some file systems number inodes up to 2**64; what is left of them still tells files apart
        stats = array("q", [number & _INT64 for number in numbers])
    return b"".join(
        (len(names).to_bytes(4, "little"), stats.tobytes(), "\0".join(names).encode("utf-8", "surrogateescape"))
    )


def from_records(records: Mapping[str, bytes]) -> bytes:
    """The blob of files with these records (name -> record)."""
    names = sorted(records)
    return b"".join(
        (
            len(names).to_bytes(4, "little"),
            *(records[name] for name in names),
            "\0".join(names).encode("utf-8", "surrogateescape"),
        )
    )


def record_of(stat: os.stat_result) -> bytes:
    """The record of one file."""
    return pack([""], [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino])[4:]


def names_in(blob: bytes) -> list[str]:
    """Names of the files of a blob, sorted."""
    count = int.from_bytes(blob[:4], "little")
    return blob[4 + count * RECORD :].decode("utf-8", "surrogateescape").split("\0") if count else []


def stats_in(blob: bytes) -> Iterator[tuple[str, tuple[int, int, int, int]]]:
    """Each file's name and (size, mtime_ns, ctime_ns, inode), sorted by name."""
    numbers = iter(array("q", blob[4 : 4 + int.from_bytes(blob[:4], "little") * RECORD]))
    return zip(names_in(blob), zip(numbers, numbers, numbers, numbers, strict=True), strict=True)


def records_in(blob: bytes) -> dict[str, bytes]:
    """Each file's record by its name."""
    return {name: blob[at : at + RECORD] for at, name in zip(_offsets(blob), names_in(blob), strict=True)}


def settled(blob: bytes, clock_ns: int) -> bytes:
    """The blob as it may be trusted later: files that changed within the file system's clock tick are untrusted.

    `clock_ns` is a time stamp that the file system gave just before the files were looked at. A file whose ctime is
    older has another ctime after any later edit; one that is as new could be edited again within the same tick and
    look the same (Git calls such entries racy, and smudges them too).
    """
    count = int.from_bytes(blob[:4], "little")
    numbers = array("q", blob[4 : 4 + count * RECORD])
    ctimes = numbers[2::4]
    if count == 0 or max(ctimes) + _COARSE_NS < clock_ns:
        return blob
    return from_records(
        {
            name: UNTRUSTED if is_fresh(ctime, clock_ns) else record
            for (name, record), ctime in zip(records_in(blob).items(), ctimes, strict=True)
        }
    )


def is_fresh(ctime_ns: int, clock_ns: int) -> bool:
    """Whether a change stamped `ctime_ns` may be one that came after the clock showed `clock_ns`."""
    granularity = _COARSE_NS if ctime_ns % 1_000_000_000 == 0 else 0
    return ctime_ns + granularity >= clock_ns


def _offsets(blob: bytes) -> range:
    return range(4, 4 + int.from_bytes(blob[:4], "little") * RECORD, RECORD)
