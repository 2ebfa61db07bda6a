"""A bar on standard error for work that takes more than a second, where somebody can see it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from rich.progress import Progress, TaskID

PATIENCE_S = 1.0
"""Work that is done sooner shows no bar, and never loads the package that draws it."""


class ProgressBar:
    """Call it with (stage, done, total); use it as a context, so that the bar is gone whatever happens."""

    def __init__(self, *, shown: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._shown = shown
        self._clock = clock
        self._started = clock()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Tell how far `stage` is."""
        if not self._shown or self._clock() - self._started < PATIENCE_S:
            return
        if self._bar is None or self._task is None:
            self._bar, self._task = _start(stage)
        self._bar.update(self._task, description=stage, completed=done, total=total)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()


def _start(stage: str) -> tuple[Progress, TaskID]:
    from rich.console import Console  # noqa: PLC0415 - 50 ms, for long work only
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415 - as above

    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    bar.start()
    return bar, bar.add_task(stage, total=None)
