"""`.fleetgate-incomplete`: an update of the tree is under way, or was killed.

It lies in the output folder from before the first file of an update is renamed into place until after the last.
Whoever reads the tree (a publishing job, a person) must not use it while the marker is there; the next build reads
everything anew, repairs it, and removes the marker.

The marker also lists the files that the update was to add. `index.json` does not know them yet, and the next build
must not take them for a stranger's.
"""

from __future__ import annotations

import os

import msgspec

from compiler.output.folders import read_file
from compiler.output.plan import by_folder

MARKER = ".fleetgate-incomplete"
_NOTE = "an update of this tree has not ended; if none is running now, run the build again: it repairs the tree"


class Marker(msgspec.Struct, frozen=True, gc=False):
    """What an update under way may have done."""

    scope: str
    """The folder that it was limited to; "" = the whole tree."""
    adds: list[str]
    """Paths of the files that were not in the tree before, sorted."""
    note: str = _NOTE


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Marker).decode


def render_marker(marker: Marker) -> bytes:
    """The text of the marker file."""
    return msgspec.json.format(_encode(marker), indent=2) + b"\n"


def read_marker(folder: int) -> Marker | None:
    """The marker in an open output folder, or None.

    One that was damaged still says that the tree is incomplete, only not what was to be added.
    """
    try:
        text = read_file(MARKER, folder)
    except FileNotFoundError:
        return None
    try:
        marker = _decode(text or b"")
        by_folder(marker.adds)
    except (msgspec.DecodeError, ValueError):
        return Marker("", [])
    return marker


def is_marked(folder: int) -> bool:
    """Whether an open output folder carries the marker."""
    try:
        os.stat(MARKER, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False
    return True
