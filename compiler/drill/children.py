"""Child processes that never outlive this one."""

from __future__ import annotations

import contextlib
import ctypes
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_PR_SET_PDEATHSIG = 1
_PRIO_PROCESS = 0
_NICENESS = -10
"""Of children, where the machine grants it: what else it does would be measured as slowness of a gateway."""
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
"""Loaded here, because between fork and exec nothing may be loaded."""


def _die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent is gone, by whatever means (prctl(2); Linux), and to let it
    go first (setpriority(2)); who may not ask for that goes on without.
    """
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        _libc.setpriority(_PRIO_PROCESS, 0, _NICENESS)


class Child:
    """A process of ours, whose output goes to a file. Start it from a thread that lives on: the kernel goes by that."""

    def __init__(self, command: Sequence[str], log: Path, *, talks: bool = False) -> None:
        """Start `command`, with standard error (and standard output, unless it `talks` to us by it) in `log`."""
        self.log = log
        with log.open("ab") as output:
            self._process: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603 - commands are ours, no shell
                command,
                stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
                stdout=subprocess.PIPE if talks else output,
                stderr=output,
                start_new_session=True,  # Linux shares processors out by session first
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - it only makes system calls
            )
        with contextlib.suppress(OSError):  # not every kernel has it, and not everybody may
            Path(f"/proc/{self.pid}/autogroup").write_text(str(_NICENESS))

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended; a frozen one has not."""
        return self._process.poll() is None

    @property
    def status(self) -> int | None:
        """How it ended: exit status, or minus the signal; None = it has not."""
        return self._process.poll()

    @property
    def input(self) -> IO[bytes]:
        """Its standard input, where it talks to us."""
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def output(self) -> IO[bytes]:
        """Its standard output, where it talks to us."""
        assert self._process.stdout is not None
        return self._process.stdout

    def freeze(self) -> None:
        """Stop it where it stands (SIGSTOP): its connections stay open, and nothing answers."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen one go on (SIGCONT)."""
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once (SIGKILL), frozen or not."""
        self._process.kill()
        self._process.wait()
        self._close()

    def stop(self, seconds: float = 5.0) -> None:
        """Ask it to end (SIGTERM), and kill it if it has not after `seconds`."""
        if self.is_running:
            self._process.terminate()
            self._process.send_signal(signal.SIGCONT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
        self.kill()

    def _close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # what was not sent has nobody to read it
                    pipe.close()

    def memory(self) -> int:
        """Resident memory in bytes (Linux)."""
        lines = Path(f"/proc/{self.pid}/status").read_text("utf-8").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))

    def tail(self, lines: int = 20) -> str:
        """The last lines that it logged."""
        text = self.log.read_text("utf-8", "replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])


def wait_until(holds: object, seconds: float, what: str, *, pause: float = 0.01) -> None:
    """Wait until calling `holds` gives something true; a TimeoutError that says `what` was waited for otherwise."""
    assert callable(holds)
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not after {seconds:g} s")
        time.sleep(pause)
