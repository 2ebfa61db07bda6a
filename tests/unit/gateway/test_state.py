"""What survives a restart is whole, or not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.gateway.source import Configuration
from compiler.gateway.state import LAST_GOOD, Remembered, recall, remember

if TYPE_CHECKING:
    from pathlib import Path

CONFIGURATION = Configuration(b"{}", (b"{}\n",))
GOOD = Remembered(revision=CONFIGURATION.revision, configuration=CONFIGURATION, parts=(("host", "http/x", "1"),))


def test_what_is_remembered_is_recalled(tmp_path: Path) -> None:
    assert recall(tmp_path / "new") == Remembered()
    remember(tmp_path / "new", GOOD)
    assert recall(tmp_path / "new") == GOOD


def test_a_damaged_file_is_none(tmp_path: Path) -> None:
    remember(tmp_path, GOOD)
    whole = (tmp_path / LAST_GOOD).read_bytes()
    for length in range(len(whole)):
        (tmp_path / LAST_GOOD).write_bytes(whole[:length])
        assert recall(tmp_path) == Remembered()
    (tmp_path / LAST_GOOD).write_bytes(whole.replace(b"{}\n", b"[]\n"))
    assert recall(tmp_path) == Remembered()
