"""Where a configuration comes from in Kubernetes: the parts that ConfigMaps carry, mounted as files.

Each ConfigMap comes on its own and in its own time, so the files of a folder may be of several revisions, and one may
be missing. They are used only when all parts of one revision are there and whole.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from compiler.gateway.source import Configuration, NotUsableError, read_regular
from compiler.targets.envoy.parts import NotAPartError, read_part

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from compiler.targets.envoy.parts import Part

PATIENCE_S = 180.0
"""How long the parts of a revision may take to come before it is told; a kubelet looks about once a minute."""
_DATA = "..data"
"""The link that a kubelet moves when it has written a new state of a volume."""


class PartsSource:
    """A folder of parts."""

    def __init__(self, folder: Path, gateway: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._gateway = gateway
        self._clock = clock
        self._seen: object = None
        self._incomplete_since: float | None = None
        self._why = ""
        self._told = ""

    def poll(self) -> Configuration | None:
        """See `Source.poll`."""
        try:
            stamp = self._stamp()
        except OSError as failed:
            self._tell(f"{failed.filename}: {failed.strerror}")
            return None
        if stamp == self._seen:
            if self._incomplete_since is not None and self._clock() > self._incomplete_since + PATIENCE_S:
                self._tell(self._why)
            return None
        try:
            parts = self._read()
            found = self._assembled(parts)
        except OSError:
            return None  # it changed while it was read
        except NotAPartError as why:
            self._seen = stamp
            self._tell(str(why))
            return None
        self._seen = stamp
        if found is None:
            self._incomplete_since = self._incomplete_since or self._clock()
            self._why = _missing(parts)
            return None
        self._incomplete_since, self._told = None, ""
        return found

    def _tell(self, why: str) -> None:
        if why != self._told:
            self._told = why
            raise NotUsableError(f"{self._folder}: {why}")

    def _stamp(self) -> object:
        """What tells one state of the folder from the next; raises OSError where there is none."""
        link = self._folder / _DATA
        if link.is_symlink():
            return link.readlink()
        stats = [(each.name, each.stat()) for each in sorted(self._folder.iterdir()) if each.is_file()]
        return [(name, found.st_ino, found.st_mtime_ns, found.st_size) for name, found in stats]

    def _read(self) -> list[Part]:
        files = [each for each in sorted(self._folder.iterdir()) if each.is_file() and not each.name.startswith(".")]
        parts = [read_part(each.name, read_regular(each)) for each in files]
        return [each for each in parts if each.head.gateway == self._gateway]

    def _assembled(self, parts: list[Part]) -> Configuration | None:
        """The configuration of the revision that is complete; None where none is."""
        for revision in sorted({each.head.revision for each in parts}):
            mine = {each.head.part: each for each in parts if each.head.revision == revision}
            head = next(iter(mine.values())).head
            if mine.keys() < set(range(1, head.parts + 1)):
                continue
            content = b"".join(mine[number].content for number in range(1, head.parts + 1))
            lines = content.split(b"\n")[:-1]
            secrets = tuple(line + b"\n" for line in lines[len(lines) - head.secrets :])
            found = Configuration(content[: len(content) - sum(map(len, secrets))], secrets)
            if found.revision != revision:
                raise NotAPartError(f"the parts of revision {revision} are whole, and together they are another one")
            return found
        return None


def _missing(parts: list[Part]) -> str:
    counts = sorted({(each.head.revision, each.head.parts) for each in parts})
    there = [
        f"{sum(each.head.revision == revision for each in parts)} of {count} parts of revision {revision}"
        for revision, count in counts
    ]
    return f"no revision is complete: {', '.join(there)}" if there else "it holds no parts"
