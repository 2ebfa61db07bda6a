"""What lies in the tree: looked at by name and time stamp, read only where these are news."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from compiler.output.folders import Descent, read_file
from compiler.output.index import digest
from compiler.output.looks import FolderLook, look_at_tree
from compiler.output.plan import join
from compiler.output.statblob import from_records, names_in, records_in, settled

if TYPE_CHECKING:
    from collections.abc import Mapping

_DIGEST = 32
NOT_A_FILE = bytes(_DIGEST)
"""Stands for the digest of what is no regular file: a link, a pipe, a socket. Nothing planned has it."""


class FolderRecord(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What is remembered of one folder between two builds."""

    stats: bytes
    """`compiler.output.statblob`, with the records that can't be trusted yet blanked."""
    digests: bytes
    """The digests of its files, 32 bytes each, in order of their names."""
    look: FolderLook | None = None
    """Spares reading the folder again."""

    def files(self) -> dict[str, tuple[bytes, bytes]]:
        """Each file's stat record and digest."""
        digests = self.by_name()
        return {name: (stats, digests[name]) for name, stats in records_in(self.stats).items()}

    def by_name(self) -> dict[str, bytes]:
        """Each file's digest."""
        offsets = range(0, len(self.digests), _DIGEST)
        return {name: self.digests[at : at + _DIGEST] for name, at in zip(names_in(self.stats), offsets, strict=True)}


NOTHING = FolderRecord(from_records({}), b"")
"""The record of a folder without visible files."""


def make_record(files: Mapping[str, tuple[bytes, bytes]]) -> FolderRecord:
    """The record of a folder with these files: name -> (stat record, digest)."""
    stats = from_records({name: stats for name, (stats, _) in files.items()})
    return FolderRecord(stats, b"".join(files[name][1] for name in sorted(files)))


class Survey:
    """The visible files of a tree, or of one folder of it and the top, and their digests."""

    __slots__ = ("_clock_ns", "_digests", "_known", "_top", "blobs", "looks")

    def __init__(self, top: int, blobs: dict[str, bytes], known: Mapping[str, FolderRecord], clock_ns: int) -> None:
        """`blobs` were taken of the open folder `top` after its file system's clock showed `clock_ns`."""
        self._top = top
        self._clock_ns = clock_ns
        self._known = known
        self._digests: dict[str, dict[str, bytes]] = {}
        self.blobs = blobs
        """Stat blob of every folder that is there."""
        self.looks: dict[str, FolderLook] = {}

    def look_below(self, folder: str) -> None:
        """Look at a folder and all that is below it. Raises OSError."""
        blobs, looks = look_at_tree(self._top, folder, self._known, self._clock_ns)
        self.blobs.update(blobs)
        self.looks.update(looks)

    def is_known(self, folder: str) -> bool:
        """Whether the folder is, to the byte, as it was recorded (or, not there, was not recorded)."""
        known = self._known.get(folder)
        return self.blobs.get(folder) == (known.stats if known else None)

    def is_file_known(self, name: str) -> bool:
        """Whether a file at the top is there with the content that was recorded. Raises OSError."""
        known = self._known.get("")
        recorded = known.by_name().get(name) if known else None
        return recorded is not None and self.digests("").get(name) == recorded

    def is_empty(self, folder: str) -> bool:
        """Whether a folder that is there holds no visible file."""
        return not names_in(self.blobs[folder])

    def digests(self, folder: str) -> dict[str, bytes]:
        """Digest of every file in a folder by name, `NOT_A_FILE` for other things; nothing for a folder that is not
        there. Reads the files that are not as they were recorded. Raises OSError.
        """
        if folder not in self._digests:
            known = self._known.get(folder)
            if known and self.is_known(folder):
                self._digests[folder] = known.by_name()
            else:
                self._digests[folder] = self._read(folder, known)
        return self._digests[folder]

    def record(self, folder: str) -> FolderRecord:
        """What is to be remembered of a folder that is there. Raises OSError."""
        known = self._known.get(folder)
        look = self.looks.get(folder)
        if known and self.is_known(folder):
            return known if known.look == look else FolderRecord(known.stats, known.digests, look)
        digests = b"".join(self.digests(folder)[name] for name in names_in(self.blobs[folder]))
        return FolderRecord(settled(self.blobs[folder], self._clock_ns), digests, look)

    def drift(self) -> list[str]:
        """Paths whose content is not as recorded: edited, missing, added. Sorted. Raises OSError."""
        drifted: list[str] = []
        for folder in sorted(self.blobs.keys() | self._known.keys()):
            if self.is_known(folder):
                continue
            now, before = self.digests(folder), self._known[folder].by_name() if folder in self._known else {}
            drifted += [join(folder, name) for name in sorted(now.keys() | before) if now.get(name) != before.get(name)]
        return drifted

    def _read(self, folder: str, known: FolderRecord | None) -> dict[str, bytes]:
        if folder not in self.blobs:
            return {}
        old_stats = records_in(known.stats) if known else {}
        old_digests = known.by_name() if known else {}
        digests: dict[str, bytes] = {}
        with Descent(self._top) as descent:
            opened = descent.enter(folder)
            for name, stats in records_in(self.blobs[folder]).items():
                if old_stats.get(name) == stats:
                    digests[name] = old_digests[name]
                else:
                    content = read_file(name, opened)
                    digests[name] = NOT_A_FILE if content is None else digest(content)
        return digests
