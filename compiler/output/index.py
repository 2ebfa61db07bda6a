"""`index.json` at the top of the output tree: whose tree this is, from which input, and what is in it.

It lists every file that we wrote, one line a folder, because nothing else can tell a stale file of ours from a
stranger's where the cache is gone (a fresh clone in CI): Git's own index and the package managers keep such lists for
the same reason. 100,000 files in 2,000 folders take 2 MB and 10 ms; a folder's line changes only when the folder does.

The digests can be checked by hand:

    cd clusters/hz-a/shop && LC_ALL=C sha256sum -- * | sha256sum

gives the folder's `digest`, and `outputDigest` is the same over the lines "<digest>  <folder>". No clock, no names of
machines: same tree, same bytes.
"""

from __future__ import annotations

import functools
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec

from compiler import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from hashlib import _Hash

INDEX = "index.json"
GENERATOR = "fleetgate"


class FolderEntry(msgspec.Struct, frozen=True, gc=False):
    """One folder of the tree."""

    digest: str
    files: list[str]
    """Names of our files in it, sorted."""


class Index(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    """The content of `index.json`."""

    generator: str = GENERATOR
    version: str = __version__
    """Of the compiler."""
    fleet: str = ""
    """Name of the Fleet whose tree this is; "" in trees of older versions, which did not say."""
    input_digest: str | None
    """`digest_inputs` of what the whole tree was compiled from; null when parts come from different inputs."""
    output_digest: str
    partial: dict[str, str] = {}
    """Folders that were built alone since the last whole build, and the digest of the input of each."""
    folders: dict[str, FolderEntry]


class _Identity(msgspec.Struct, frozen=True, gc=False):
    """What even an index of another form has."""

    generator: str
    version: str = "unknown"


_encode = msgspec.json.Encoder().encode


def digest(content: bytes) -> bytes:
    """The digest of one file."""
    return hasher()(content).digest()


def digest_listing(digests: Mapping[str, bytes]) -> bytes:
    """The digest of the lines that `sha256sum` prints for these files, in order of their names."""
    lines = [f"{digests[name].hex()}  {name}\n" for name in sorted(digests)]
    return hasher()("".join(lines).encode("utf-8", "surrogateescape")).digest()


def digest_inputs(files: Mapping[str, bytes], options: bytes) -> str:
    """The `input_digest` of a compilation: path -> digest of every file read, and the options that shape the output."""
    return hasher()(digest_listing(files) + options).hexdigest()


@functools.cache
def hasher() -> Callable[[bytes], _Hash]:
    """SHA-256 of OpenSSL, which takes 3 ms to load: a build without changes does without."""
    from hashlib import sha256  # noqa: PLC0415 - see above

    return sha256


def folder_entry(digests: Mapping[str, bytes]) -> FolderEntry:
    """The entry of a folder with these files (name -> digest)."""
    return FolderEntry(digest_listing(digests).hex(), sorted(digests))


def make_index(
    folders: Mapping[str, FolderEntry],
    input_digest: str,
    only: str = "",
    partial: Mapping[str, str] = MappingProxyType({}),
    *,
    fleet: str = "",
) -> Index:
    """The index of a tree of these folders, compiled from `input_digest`; where the build was limited to the folder
    `only`, that holds for this folder, and `partial` says of which others the same is true. `fleet`: whose tree it is.
    """
    listing = {folder: bytes.fromhex(entry.digest) for folder, entry in folders.items()}
    return Index(
        fleet=fleet,
        input_digest=None if only else input_digest,
        output_digest=digest_listing(listing).hex(),
        partial={**partial, only: input_digest} if only else {},
        folders={folder: folders[folder] for folder in sorted(folders)},
    )


def render_index(index: Index) -> bytes:
    """The text of `index.json`: like `json.dumps(…, indent=2)`, but one line a folder."""
    head = {
        "generator": index.generator,
        "version": index.version,
        **({"fleet": index.fleet} if index.fleet else {}),
        "inputDigest": index.input_digest,
        "outputDigest": index.output_digest,
    }
    lines: list[bytes] = [b"  %s: %s" % (_encode(key), _encode(value)) for key, value in head.items()]
    if index.partial:
        lines.append(_block("partial", ((folder, _encode(index.partial[folder])) for folder in sorted(index.partial))))
    lines.append(
        _block(
            "folders",
            (
                (folder, b'{"digest": "%s", "files": %s}' % (entry.digest.encode(), _names(entry.files)))
                for folder, entry in index.folders.items()
            ),
        )
    )
    return b"{\n" + b",\n".join(lines) + b"\n}\n"


def _names(names: list[str]) -> bytes:
    return _encode(names).replace(b'","', b'", "')  # a quote within a name has a backslash before it


def _block(key: str, items: Iterable[tuple[str, bytes]]) -> bytes:
    inner = b",\n".join(b"    %s: %s" % (_encode(name), value) for name, value in items)
    return b'  "%s": {\n%s\n  }' % (key.encode(), inner) if inner else b'  "%s": {}' % key.encode()


def read_generator(text: bytes) -> _Identity | None:
    """Who wrote an `index.json`; None for JSON that says nothing of the kind, or is broken."""
    try:
        return msgspec.json.decode(text, type=_Identity)
    except msgspec.DecodeError:
        return None


def read_index(text: bytes) -> Index | None:
    """The index in `text`; None where it is not one of ours, or of a form that this version can't read."""
    try:
        index = msgspec.json.decode(text, type=Index)
        for entry in index.folders.values():
            bytes.fromhex(entry.digest)
    except (msgspec.DecodeError, ValueError):
        return None
    return index if index.generator == GENERATOR else None
