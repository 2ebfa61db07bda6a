"""The last configuration that an Envoy has taken, on disk: what is served when nothing better can be read.

One file, written beside and renamed: a configuration and its revision, and what was refused after it, so that a
restart does not try that again.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from compiler.gateway.source import Configuration, read_regular

if TYPE_CHECKING:
    from pathlib import Path

LAST_GOOD = "last-good"


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """What survives a restart."""

    revision: str = ""
    """Of the configuration; tells whether the file is whole."""
    configuration: Configuration | None = None
    parts: tuple[tuple[str, str, str], ...] = ()
    """What an Envoy refused after it, as `compiler.gateway.quarantine` knows it: so that it is not tried again."""


def recall(folder: Path) -> Remembered:
    """What was remembered; nothing where there is no file, or a damaged one."""
    try:
        found = msgspec.msgpack.decode(read_regular(folder / LAST_GOOD), type=Remembered)
    except (FileNotFoundError, msgspec.DecodeError):
        return Remembered()
    if found.configuration is not None and found.configuration.revision != found.revision:
        return Remembered()
    return found


def remember(folder: Path, remembered: Remembered) -> None:
    """Replace what is remembered. Raises OSError where it can't be written."""
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / f"{LAST_GOOD}.new"
    with beside.open("wb") as file:
        file.write(msgspec.msgpack.encode(remembered))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(folder / LAST_GOOD)
