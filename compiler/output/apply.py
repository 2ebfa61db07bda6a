"""Writing: a whole new tree, or the difference to the one that is there.

Everything is written into a hidden stage on the same file system first, so that a full disk or a missing permission is
met before anything of the old tree has changed. Then files move into place by rename, which readers see at once or not
at all.

Killed at any moment (SIGKILL, out of memory), the tree is the old one, or the new one, or carries the marker
(`compiler.output.marker`) and is repaired by the next build. Against loss of power we promise less on purpose: nothing
is flushed to the disk (10,000 flushes take minutes), the tree can always be compiled again, a file that lost its
content has another size or time stamp than was recorded and is written anew, and what is published goes through Git,
which flushes for itself.
"""

# ruff: noqa: PTH208 - pathlib knows no open folders, and loading it costs 10 ms
from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING

from compiler.output.folders import FOLDER, Descent, remove_if_empty, remove_tree, try_lock, write_file
from compiler.output.index import hasher
from compiler.output.marker import MARKER, Marker, render_marker
from compiler.output.plan import join
from compiler.output.statblob import UNTRUSTED, pack, record_of
from compiler.output.survey import FolderRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

STAGE = ".fleetgate-stage"
"""Folder in the output folder where an update is written before it is moved into place."""


@contextlib.contextmanager
def staging(top: int) -> Iterator[int]:
    """A new, empty stage in the open output folder; it goes when the block ends, however it ends."""
    remove_tree(STAGE, top)  # of a build that was killed
    os.mkdir(STAGE, dir_fd=top)
    try:
        stage = os.open(STAGE, FOLDER, dir_fd=top)
        try:
            yield stage
        finally:
            os.close(stage)
    finally:
        remove_tree(STAGE, top)


def claim_stage(parent: int, name: str) -> int | None:
    """Make the folder `name`, where a first build writes beside its target; locked and empty.

    Its name is always the same: whoever comes second finds it locked (None), or left by a build that was killed, and
    then takes it over. Raises OSError.
    """
    try:
        os.mkdir(name, dir_fd=parent)
        is_new = True
    except FileExistsError:
        is_new = False
    try:
        stage = os.open(name, FOLDER, dir_fd=parent)
    except OSError:
        if is_new:
            os.rmdir(name, dir_fd=parent)
        raise
    try:
        is_ours = try_lock(stage) and os.path.samestat(os.fstat(stage), os.stat(name, dir_fd=parent))
        for entry in os.listdir(stage) if is_ours else ():
            remove_tree(entry, stage)
    except FileNotFoundError:  # the other build has just ended and made it the output folder
        is_ours = False
    except BaseException:
        os.close(stage)
        raise
    if not is_ours:
        os.close(stage)
        return None
    return stage


def create_files(
    top: int, planned: Mapping[str, list[str]], texts: Mapping[str, str], progress: Callable[[int], object]
) -> dict[str, FolderRecord]:
    """Write all files of a plan (`planned`: folder -> names, both sorted) into the empty open folder `top`.

    Tells `progress` the number of files written so far. Returns the record of each folder. Raises OSError.
    """
    records: dict[str, FolderRecord] = {}
    done = 0
    sha256 = hasher()  # for each of thousands of files every call counts
    with Descent(top) as descent:
        for folder, names in planned.items():
            opened = descent.enter(folder, create=True)
            numbers: list[int] = []
            digests: list[bytes] = []
            above = join(folder, "")
            for name in names:
                content = texts[above + name].encode()
                digests.append(sha256(content).digest())
                stat = write_file(name, content, opened)
                numbers += (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
            records[folder] = FolderRecord(pack(names, numbers), b"".join(digests))
            done += len(names)
            progress(done)
    return records


def stage_files(
    stage: int, paths: Sequence[str], texts: Mapping[str, str], progress: Callable[[int], object]
) -> list[os.stat_result]:
    """Write the texts of these paths into the open stage, called by their number; the status of each."""
    stats = []
    for number, path in enumerate(paths):
        stats.append(write_file(str(number), texts[path].encode(), stage))
        progress(number + 1)
    return stats


def place_files(stage: int, top: int, paths: Sequence[str], stats: Sequence[os.stat_result]) -> dict[str, bytes]:
    """Move staged files to their paths; the record of each as it lies there. Raises OSError."""
    records: dict[str, bytes] = {}
    with Descent(top) as descent:
        for number, (path, staged) in enumerate(zip(paths, stats, strict=True)):
            folder, _, name = path.rpartition("/")
            records[path] = place(str(number), stage, name, descent.enter(folder, create=True), staged)
    return records


def place(staged_name: str, stage: int, name: str, folder: int, staged: os.stat_result) -> bytes:
    """Move one staged file into a folder; its record, untrusted when someone else wrote to it in that moment."""
    os.rename(staged_name, name, src_dir_fd=stage, dst_dir_fd=folder)
    stat = os.stat(name, dir_fd=folder, follow_symlinks=False)  # the rename set a new ctime
    is_ours = os.path.samestat(stat, staged) and (stat.st_size, stat.st_mtime_ns) == (
        staged.st_size,
        staged.st_mtime_ns,
    )
    return record_of(stat) if is_ours else UNTRUSTED


def prune(top: int, files: Iterable[str], folders: Iterable[str]) -> None:
    """Remove these files, then these folders where nothing else is in them. What is gone is gone. Raises OSError."""
    with Descent(top) as descent:
        for path in files:
            folder, _, name = path.rpartition("/")
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=descent.enter(folder))
    for path in folders:
        remove_if_empty(path, top)


def require_writable(top: int, folders: Iterable[str]) -> None:
    """Raise PermissionError unless files can be made and removed in these folders, which are there."""
    with Descent(top) as descent:
        for folder in folders:
            if not os.access(".", os.W_OK | os.X_OK, dir_fd=descent.enter(folder), effective_ids=True):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), folder)


def mark(stage: int, top: int, marker: Marker) -> None:
    """Put the marker into the output folder, whole."""
    write_file(MARKER, render_marker(marker), stage)
    os.rename(MARKER, MARKER, src_dir_fd=stage, dst_dir_fd=top)


def unmark(top: int) -> None:
    """Remove the marker: the tree is what `index.json` says."""
    os.unlink(MARKER, dir_fd=top)
