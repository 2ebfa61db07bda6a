"""What the machine itself holds up: the time that processes of a test are ready to run and wait for a processor."""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_PAUSE_S = 0.02


class Waits:
    """Samples how long processes have waited for a processor (`schedstat` of their threads, proc(5)), while entered.

    On a quiet machine that is next to nothing, so a bound that is held against it is no looser there.
    """

    def __init__(self, pids: Callable[[], Iterable[int]]) -> None:
        self._pids = pids
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._seen: dict[Path, int] = {}
        self._steps: list[tuple[float, float, float]] = []
        """(moment, the next one, seconds that the most hindered process has waited in between)."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    def _sample(self) -> None:
        before = time.monotonic()
        while not self._ends.wait(_PAUSE_S):
            longest = max((self._waited(pid) for pid in self._pids()), default=0)
            now = time.monotonic()
            self._steps.append((before, now, longest / 1e9))
            before = now

    def _waited(self, pid: int) -> int:
        """Nanoseconds since the last look, of the thread that has waited longest."""
        longest = 0
        for file in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):  # it has ended
                total = int(file.read_text().split()[1])
                longest = max(longest, total - self._seen.get(file, total))
                self._seen[file] = total
        return longest

    def between(self, start: float, end: float) -> float:
        """Milliseconds that were waited in that stretch of `time.monotonic()`, and one step on both sides."""
        return sum(
            1000 * waited for before, now, waited in self._steps if before - _PAUSE_S <= end and start <= now + _PAUSE_S
        )
