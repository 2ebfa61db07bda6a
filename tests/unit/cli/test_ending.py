"""A command that was asked to end (SIGTERM) leaves nothing behind, and says so by its exit status."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from typing import TYPE_CHECKING

import pytest

from compiler import cli
from compiler.cli.ending import TERMINATED, TerminatedError, ends_in_order

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def _wait_for_sigterm() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(10)


def test_what_is_within_is_cleaned_up_and_the_second_signal_ends_at_once(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)

    def ended() -> None:
        with ends_in_order(), tempfile.TemporaryDirectory(dir=tmp_path):
            try:
                _wait_for_sigterm()
            finally:
                seen.append(signal.getsignal(signal.SIGTERM))

    seen: list[object] = []
    with pytest.raises(TerminatedError):
        ended()
    assert seen == [signal.SIG_DFL]
    assert not [*tmp_path.iterdir()]
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_exit_status_is_that_of_a_process_that_the_signal_ended(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def waiting(_: Sequence[str]) -> int:
        with ends_in_order():
            _wait_for_sigterm()
        raise AssertionError

    monkeypatch.setattr("compiler.cli.run.run", waiting)
    assert cli.main(["drill"]) == TERMINATED == 143
    assert capsys.readouterr().err == "fleetgate: interrupted\n"
