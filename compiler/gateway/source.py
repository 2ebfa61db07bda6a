"""Where a configuration comes from: a compiled tree. It is read only when it is complete."""

from __future__ import annotations

import errno
import functools
import os
import stat
import time
from typing import TYPE_CHECKING, Protocol

import msgspec

from compiler.output.index import INDEX, digest, digest_listing, read_index
from compiler.output.marker import MARKER
from compiler.targets.envoy import folder_of
from compiler.targets.envoy.bootstrap import BOOTSTRAP
from compiler.targets.envoy.parts import revision_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


PATIENCE_S = 30.0
"""How long an update of a tree may take before it is told that it does not end."""


class Configuration(msgspec.Struct, frozen=True, dict=True):
    """The files of a gateway, as they were compiled."""

    bootstrap: bytes
    """`bootstrap.json`."""
    secrets: tuple[bytes, ...] = ()
    """The files below `secrets/`, in the order of their paths."""

    @functools.cached_property
    def revision(self) -> str:
        """What tells this configuration from every other: a digest of its text, made once (it may be megabytes)."""
        return revision_of(self.bootstrap, self.secrets)


class NotUsableError(Exception):
    """There is nothing to read, it is not complete, or not ours; the text says which."""


class Source(Protocol):
    """Something that holds one configuration at a time."""

    def poll(self) -> Configuration | None:
        """The configuration if it is complete and another one than at the last poll; None where nothing is new.

        A NotUsableError where there is something new that can't be used; it is told once.
        """


def read_regular(path: str | Path) -> bytes:
    """The content of a file, be it behind links. Raises OSError, also for what is no regular file: a named pipe would
    be waited for without end.
    """
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "this is no regular file", str(path))
        return file.read()


class TreeSource:
    """A compiled tree, as `fleetgate build` writes it."""

    def __init__(self, tree: Path, gateway: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._tree = tree
        self._clock = clock
        self._marked_since: float | None = None
        self._folder = folder_of(gateway)
        self._gateway = gateway
        self._seen: tuple[int, ...] | None = None
        self._entries: dict[str, str] = {}
        self._told = ""

    def poll(self) -> Configuration | None:
        """See `Source.poll`. Without changes it costs two system calls."""
        # The marker is there from before the first change to after the last, and the index changes within that time.
        stamp = self._stamp()
        if stamp is not None and stamp == self._seen:
            return None
        if stamp is not None:
            self._marked_since = None
        if stamp is None and self._is_being_updated():
            return None
        try:
            found, entries = self._read()
            is_stable = stamp is not None and stamp == self._stamp()
        except NotUsableError as why:
            if str(why) == self._told:
                return None
            self._told = str(why)
            raise
        if not is_stable:
            return None  # it changed while it was read; the next poll reads it anew
        self._seen, self._told, self._entries = stamp, "", entries
        return found

    def _is_being_updated(self) -> bool:
        """Whether an update is under way that may well end soon."""
        if not os.path.lexists(self._tree / MARKER):
            self._marked_since = None
            return False
        if self._marked_since is None:
            self._marked_since = self._clock()
        return self._clock() < self._marked_since + PATIENCE_S

    def _stamp(self) -> tuple[int, ...] | None:
        """What tells one complete state of the tree from the next; None while there is none."""
        try:
            index = (self._tree / INDEX).stat()
        except OSError:
            return None
        if os.path.lexists(self._tree / MARKER):
            return None
        return index.st_ino, index.st_mtime_ns, index.st_ctime_ns, index.st_size

    def _read(self) -> tuple[Configuration | None, dict[str, str]]:
        """The configuration, None where the tree changed and its files did not; and the digests of its folders."""
        try:
            text = read_regular(self._tree / INDEX)
        except OSError as failed:
            raise NotUsableError(f"{self._tree / INDEX}: {failed.strerror}") from failed
        if os.path.lexists(self._tree / MARKER):
            raise NotUsableError(f"{self._tree}: an update of the tree is under way, or was killed ({MARKER})")
        index = read_index(text)
        if index is None:
            raise NotUsableError(f"{self._tree / INDEX}: this version of fleetgate can't read it")
        entries = {
            folder: entry.digest
            for folder, entry in index.folders.items()
            if folder == self._folder or folder.startswith(self._folder + "/")
        }
        if self._folder not in entries or BOOTSTRAP not in index.folders[self._folder].files:
            raise NotUsableError(f"{self._tree}: it holds no Envoy configuration of a gateway {self._gateway!r}")
        if entries == self._entries:
            return None, entries
        files: dict[str, bytes] = {}
        for folder in sorted(entries):
            files |= self._read_folder(folder, index.folders[folder].files, entries[folder])
        bootstrap = files.pop(f"{self._folder}/{BOOTSTRAP}")
        return Configuration(bootstrap, tuple(files[path] for path in sorted(files))), entries

    def _read_folder(self, folder: str, names: list[str], expected: str) -> dict[str, bytes]:
        try:
            found = {name: read_regular(self._tree / folder / name) for name in names}
        except OSError as failed:
            raise NotUsableError(f"{failed.filename}: {failed.strerror}") from failed
        if digest_listing({name: digest(content) for name, content in found.items()}).hex() != expected:
            raise NotUsableError(f"{self._tree / folder}: its files are not those that {INDEX} lists")
        return {f"{folder}/{name}": content for name, content in found.items()}
