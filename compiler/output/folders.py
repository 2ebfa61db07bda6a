"""Files and folders by descriptor: entered by name from an open folder, never through a symbolic link.

What lies in an output folder may have been put there by others (it is a Git tree). A path that is walked by name can
be led out of the tree by a link; a name below an open folder can't.
"""

# ruff: noqa: PTH208 - pathlib knows no open folders, and loading it costs 10 ms
from __future__ import annotations

import errno
import os
import stat
from typing import Self

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Descent:
    """The open folders between the top of a tree and the folder in hand.

    Entering folders in sorted order opens each once, and keeps no more open than the tree is deep.
    """

    __slots__ = ("_open", "_top")

    def __init__(self, top: int) -> None:
        self._top = top
        self._open: list[tuple[str, int]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        while self._open:
            os.close(self._open.pop()[1])

    def enter(self, path: str, *, create: bool = False) -> int:
        """The descriptor of the folder `path` ("" = the top), valid until the next call.

        With `create`, folders that are missing are made. Raises OSError, for a link too.
        """
        while self._open and path != self._open[-1][0] and not path.startswith(self._open[-1][0] + "/"):
            os.close(self._open.pop()[1])
        reached, folder = self._open[-1] if self._open else ("", self._top)
        for name in filter(None, path[len(reached) :].split("/")):
            folder = _open_folder(name, folder, create=create)
            reached = f"{reached}/{name}" if reached else name
            self._open.append((reached, folder))
        return folder


def _open_folder(name: str, parent: int, *, create: bool) -> int:
    try:
        return os.open(name, FOLDER, dir_fd=parent)
    except FileNotFoundError:
        if not create:
            raise
    os.mkdir(name, dir_fd=parent)
    return os.open(name, FOLDER, dir_fd=parent)


def read_file(name: str, folder: int) -> bytes | None:
    """The content of a regular file; None for what is not one (a link, a folder, a pipe). Raises OSError."""
    try:
        file = os.open(name, _READ, dir_fd=folder)
    except OSError as failed:
        if failed.errno in (errno.ELOOP, errno.ENXIO):  # a link; a socket
            return None
        raise
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            return None
        content = os.read(file, status.st_size + 1)
        if len(content) == status.st_size:
            return content
        parts = [content]  # it grew or shrank meanwhile: whatever it is now
        while part := os.read(file, 1 << 20):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(file)


def write_file(name: str, content: bytes, folder: int) -> os.stat_result:
    """Create a file that does not exist yet; its status once it is written. Raises OSError."""
    file = os.open(name, _CREATE, 0o666, dir_fd=folder)
    try:
        written = os.write(file, content)
        while written < len(content):
            written += os.write(file, content[written:])
        return os.fstat(file)
    finally:
        os.close(file)


def remove_tree(name: str, parent: int) -> None:
    """Remove what is called `name`, whatever it is, with all that is in it; links are removed, not followed."""
    try:
        folder = os.open(name, FOLDER, dir_fd=parent)
    except FileNotFoundError:
        return
    except OSError as failed:
        if failed.errno not in (errno.ENOTDIR, errno.ELOOP):
            raise
        os.unlink(name, dir_fd=parent)
        return
    try:
        for entry in os.listdir(folder):
            remove_tree(entry, folder)
    finally:
        os.close(folder)
    os.rmdir(name, dir_fd=parent)


def remove_if_empty(path: str, top: int) -> None:
    """Remove the folder `path` below an open folder, unless it is gone or something is in it."""
    parent, _, name = path.rpartition("/")
    with Descent(top) as descent:
        try:
            os.rmdir(name, dir_fd=descent.enter(parent))
        except OSError as failed:
            if failed.errno not in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST):
                raise


def try_lock(folder: int, *, shared: bool = False) -> bool:
    """Take the lock of an open folder until it is closed; False while another process holds it.

    The lock is on the folder itself, so that no lock file is left in a tree that goes into Git. Some network file
    systems can't lock folders; there we go on without, and keeping two builds apart is the user's care.
    """
    import fcntl  # noqa: PLC0415 - only builds lock

    try:
        fcntl.flock(folder, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as failed:
        if failed.errno not in (errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.EOPNOTSUPP):
            raise
    return True
