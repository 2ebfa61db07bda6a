"""The end of a command that was asked to end (SIGTERM): in order, as by Ctrl-C, so that nothing of it is left."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

TERMINATED = 128 + signal.SIGTERM
"""Exit status, as shells tell of a process that the signal ended."""


class TerminatedError(KeyboardInterrupt):
    """SIGTERM came; holds the exit status. A KeyboardInterrupt, because it ends what Ctrl-C ends, and the same has to
    clean up after it.
    """


@contextlib.contextmanager
def ends_in_order() -> Iterator[None]:
    """Let SIGTERM unwind what is done within, so that temporary folders and child processes go; a second one ends this
    process at once. Only the main thread may enter it.
    """

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the form of a signal handler
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise TerminatedError(TERMINATED)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
