"""A configuration in parts that fit into ConfigMaps (1 MiB each), and how each part says what it belongs to.

A part is a line of JSON (`Head`) and a piece of the text behind it. The text is `bootstrap.json`, then each file below
`secrets/`, which are one line each. It is cut between lines where that is possible, so that what did not change stays
where it was.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PART_BYTES = 900_000
"""Size of a part at most, its head left out."""


class NotAPartError(Exception):
    """A text is no part, or a damaged one."""


class Head(msgspec.Struct, frozen=True, gc=False):
    """What a part says of itself."""

    gateway: str
    revision: str
    """Of the whole configuration."""
    part: int
    """Which one this is, from 1."""
    parts: int
    secrets: int
    """How many of the last lines of the whole text are files below `secrets/`."""
    digest: str
    """SHA-256 of the content behind this line."""


class Part(msgspec.Struct, frozen=True, gc=False):
    """One part."""

    head: Head
    content: bytes

    @property
    def text(self) -> str:
        """What stands in the ConfigMap."""
        return f"{msgspec.json.encode(self.head).decode()}\n{self.content.decode()}"


def revision_of(bootstrap: bytes, secrets: Sequence[bytes]) -> str:
    """What tells a configuration from every other: a digest of its text."""
    found = hashlib.sha256(bootstrap)
    for secret in secrets:
        found.update(b"\0" + secret)
    return found.hexdigest()[:16]


def parts_of(gateway: str, bootstrap: bytes, secrets: Sequence[bytes], size: int = PART_BYTES) -> list[Part]:
    """A configuration in parts; each of `secrets` is one line."""
    contents = list(_cut(bootstrap + b"".join(secrets), size))
    revision = revision_of(bootstrap, secrets)
    return [
        Part(Head(gateway, revision, number, len(contents), len(secrets), hashlib.sha256(content).hexdigest()), content)
        for number, content in enumerate(contents, 1)
    ]


def _cut(text: bytes, size: int) -> Iterator[bytes]:
    start = 0
    while start < len(text):
        end = start + size
        if end < len(text):
            end = text.rfind(b"\n", start, end) + 1 or end
            while text[end] & 0xC0 == 0x80:  # within a character
                end -= 1
        yield text[start:end]
        start = end


def read_part(name: str, text: bytes) -> Part:
    """The part in a file; a NotAPartError that names the file where it is none, or damaged."""
    line, newline, content = text.partition(b"\n")
    try:
        head = msgspec.json.decode(line, type=Head)
    except msgspec.DecodeError:
        raise NotAPartError(f"{name} is no part of a configuration") from None
    if not newline or hashlib.sha256(content).hexdigest() != head.digest:
        raise NotAPartError(f"{name} is damaged: its content is not what its first line says")
    return Part(head, content)
