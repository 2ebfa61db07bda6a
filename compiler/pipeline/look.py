"""One quick look at a root on disk tells whether it is as an earlier build remembered it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from compiler.output.folders import FOLDER
from compiler.output.looks import FolderLook, is_as_seen, settled_look
from compiler.output.statblob import NOTHING, stat_folder
from compiler.source.repository import INCOMPLETE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from compiler.output.cache import Cache
    from compiler.output.statblob import Tick

_STRANGE = frozenset((".git", INCOMPLETE))
"""Hidden names that tell what their folder is."""


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
            seen_before = last.folders.get(path) if before else None
            seen: tuple[bytes, Sequence[str]] | None
            if seen_before and is_as_seen(opened, path, before, seen_before):
                seen = (before, seen_before.subfolders)
            else:
                seen = _read(opened, path)
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

    `tick` was taken before they were listed. A folder that may have changed since is left out.
    """
    looks: dict[str, FolderLook] = {}
    for path, subfolders in folders.items():
        try:
            own = os.lstat(f"{top}/{path}")
        except OSError:  # it went meanwhile
            continue
        if found := settled_look(own, subfolders, tick.ns):
            looks[path] = found
    return looks


def _read(top: int, path: str) -> tuple[bytes, Sequence[str]] | None:
    hidden: list[str] = []
    folder = os.open(path or ".", FOLDER, dir_fd=top)
    try:
        seen = stat_folder(folder, hidden)
    finally:
        os.close(folder)
    return None if path and not _STRANGE.isdisjoint(hidden) else seen
