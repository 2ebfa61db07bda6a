"""Files of Secrets, read here and sent by value.

Envoy would watch each such file with an inotify instance of its own, and aborts when it gets no more (128 in all is
what Linux grants by default); and it refuses a message as a whole when one file is missing, other Secrets included.
So what can't be read is left out, and only what uses it does without; a file that comes or changes is noticed at the
next poll.
"""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING, Any

from compiler.gateway.source import read_regular

if TYPE_CHECKING:
    from collections.abc import Iterable

Stamp = tuple[int, ...] | None
Files = dict[str, Stamp]
"""Path -> what tells one content from the next; None = there is no such file."""


def filled(resources: dict[str, dict[str, Any]], files: Files) -> dict[str, dict[str, Any]]:
    """The resources with the content of each file that they name, without those of which one can't be read.

    `files` takes what was seen of each.
    """
    found = {name: _filled(resource, files) for name, resource in resources.items()}
    return {name: resource for name, resource in found.items() if resource is not None}


def look(paths: Iterable[str]) -> Files:
    """What the files are like now."""
    return {path: _stamp(path) for path in paths}


def _stamp(path: str) -> Stamp:
    try:
        found = os.stat(path)  # noqa: PTH116 - looked at a few times a second
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _filled(value: Any, files: Files) -> Any:
    """The same data with contents in place of names; None where one is missing."""
    if isinstance(value, dict):
        path = value.get("filename")
        if isinstance(path, str):
            return _content(path, files)
        found = {key: _filled(item, files) for key, item in value.items()}
        return None if None in found.values() else found
    if isinstance(value, list):
        items = [_filled(item, files) for item in value]
        return None if None in items else items
    return value


def _content(path: str, files: Files) -> dict[str, str] | None:
    files[path] = _stamp(path)  # before it is read: what changes meanwhile is seen at the next look
    try:
        return {"inline_bytes": base64.b64encode(read_regular(path)).decode()}
    except OSError:
        return None
