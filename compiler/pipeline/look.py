"""One quick look at a root on disk tells whether it is as an earlier build remembered it.

Reading a folder costs a dozen calls to the system, and most folders of a root hold a file or two. So a folder is not
read again while its own time stamps are as they were: every entry that comes, goes or is renamed changes them. Its
files are then asked for by name.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from compiler.output.cache import FolderLook
from compiler.output.folders import FOLDER
from compiler.output.statblob import NOTHING, ctime_in, is_fresh, names_in, pack, record_of, stat_folder
from compiler.source.repository import INCOMPLETE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from compiler.output.cache import Cache
    from compiler.output.statblob import Tick

_STRANGE = frozenset((".git", INCOMPLETE))
"""Hidden names that tell what their folder is."""
_SECOND_NS = 1_000_000_000


class Look(msgspec.Struct, frozen=True, gc=False):
    """What was seen."""

    stamps: dict[str, bytes]
    """`Cache.inputs` as it would be now, `.fleetgateignore` left out."""
    known: dict[str, Sequence[str]]
    """Folders whose files are as they were remembered, with the names of their visible subfolders."""


def look(top: str, last: Cache) -> Look | None:
    """Look at the root in folder `top`; None where something is so wrong that only a listing can tell what."""
    unlisted = {*last.ignored, *last.generated}
    stamps: dict[str, bytes] = {}
    known: dict[str, Sequence[str]] = {}
    waiting = [""]
    try:
        opened = os.open(top, FOLDER & ~os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        while waiting:
            path = waiting.pop()
            before = last.inputs.get(path, NOTHING)
            seen = _seen_before(opened, path, before, last.folders.get(path)) or _read(opened, path)
            if seen is None:
                return None
            blob, subfolders = seen
            if blob != NOTHING:
                stamps[path] = blob
            if before == blob:
                known[path] = subfolders
            below = [f"{path}/{name}" for name in subfolders] if path else subfolders
            waiting += [name for name in below if name not in unlisted] if unlisted else below
    except OSError:  # a listing will tell what is wrong
        return None
    finally:
        os.close(opened)
    return Look(stamps, {path: known[path] for path in known if path in last.inputs})


def folder_looks(top: str, folders: Mapping[str, Sequence[str]], tick: Tick) -> dict[str, FolderLook]:
    """What is to be remembered of folders of the root `top`: path -> names of its visible subfolders.

    `tick` was taken before they were listed. A folder that may have changed since is left out, and so is every one on
    a file system that counts in whole seconds: it will be read again.
    """
    looks: dict[str, FolderLook] = {}
    for path, subfolders in folders.items():
        try:
            record = record_of(os.lstat(f"{top}/{path}"))
        except OSError:  # it went meanwhile
            continue
        ctime = ctime_in(record)
        if ctime % _SECOND_NS and not is_fresh(ctime, tick.ns):
            looks[path] = FolderLook(record, sorted(subfolders))
    return looks


def _seen_before(top: int, path: str, before: bytes, last: FolderLook | None) -> tuple[bytes, Sequence[str]] | None:
    """The blob and the subfolders of a folder that is, to its own time stamps and those of its files, as before."""
    if last is None or not before or record_of(os.lstat(path or ".", dir_fd=top)) != last.record:
        return None
    numbers: list[int] = []
    for name in names_in(before):
        found = os.lstat(f"{path}/{name}" if path else name, dir_fd=top)
        numbers += (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
    stats = pack([], numbers)[4:]
    return (before, last.subfolders) if before[4 : 4 + len(stats)] == stats else None


def _read(top: int, path: str) -> tuple[bytes, Sequence[str]] | None:
    hidden: list[str] = []
    folder = os.open(path or ".", FOLDER, dir_fd=top)
    try:
        seen = stat_folder(folder, hidden)
    finally:
        os.close(folder)
    return None if path and not _STRANGE.isdisjoint(hidden) else seen
