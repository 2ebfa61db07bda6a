"""What makes the next build cheap, kept in `.fleetgate/` of the root: never in the output, never needed.

One file per output folder and options. A cache only spares work: a build without it, or with one that is damaged,
truncated, copied from elsewhere or left by another fleetgate, gives the same bytes, and where it can't be written
(a read-only checkout) builds are only slower. So nothing about it is ever reported.

The repo is semi-trusted: a pull request may carry a `.fleetgate/` of its own. A cache therefore names the inode and
ctime that `.fleetgate/.gitignore` had when it was written. Nobody can set a ctime, so what comes out of a checkout, an
archive or a copied folder never fits, and is ignored.
"""

# ruff: noqa: PTH102, PTH116, PTH118, PTH120, PTH208 - pathlib knows no open folders, and loading it costs 10 ms
from __future__ import annotations

import os
import sys
import time
import zlib
from typing import TYPE_CHECKING

import msgspec

import compiler
from compiler.output.folders import FOLDER, read_file, remove_tree, write_file
from compiler.output.looks import FolderLook  # noqa: TC001 - msgspec reads the annotations of what it decodes
from compiler.output.statblob import Tick, is_fresh, record_of, stat_folder
from compiler.output.survey import FolderRecord  # noqa: TC001 - the same

if TYPE_CHECKING:
    from collections.abc import Mapping

HOME = ".fleetgate"
"""Folder in the root; hidden, so that it is never read as input."""

_FORM = 3
"""Counted up whenever the layout of the file changes."""
_IGNORE = ".gitignore"
_SUFFIX = ".cache"
_ASIDE = ".new"
_KEPT = 8
"""Caches kept in one root: those written last."""
_LINUX_COARSE_CLOCK = 5
"""CLOCK_REALTIME_COARSE, the very clock that Linux stamps files with; Python gives it no name."""
_STAMP_LAG_NS = 20_000_000
"""How far stamps may lag behind the time elsewhere: two ticks at 100 Hz."""


class InputFile(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What is remembered of one file of the input."""

    digest: bytes
    cell: str
    """The cell that it belongs to."""


class Cache(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What one build leaves to the next.

    `files` and `cells` are packed, because a build without changes needs neither; as views, because loading need not
    even copy them.
    """

    inputs: dict[str, bytes]
    """Folder of the root -> stat blob of what is listed there (`Root.stamps`); nothing for a folder with files too
    fresh to be trusted (`Tick`): it then differs from any blob the next time, and its end is noticed too."""
    ignored: list[str]
    """Folders of the root that `.fleetgateignore` names."""
    generated: list[str]
    """Folders of the root that fleetgate wrote."""
    folders: dict[str, FolderLook]
    """Listed folders of the root that have not changed of late."""
    outputs: dict[str, FolderRecord]
    """Folder of the output -> record (`OutputTree.records`)."""
    files: memoryview = memoryview(b"")
    """`pack_files`: path of an input file -> `InputFile`."""
    cells: memoryview = memoryview(b"")
    """`pack_cells`: cell -> what the pipeline remembers of it."""
    shared: memoryview = memoryview(b"")
    """What the pipeline remembers of the whole."""


class _Label(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What must be the same for a cache to be used."""

    form: int
    version: str
    code: int
    """`_code_checksum`: a clone of fleetgate that was updated keeps its version."""
    home: bytes
    """Stat record of `.gitignore` beside the cache."""
    output: bytes
    options: bytes


_encode = msgspec.msgpack.Encoder().encode


def pack_files(files: Mapping[str, InputFile]) -> memoryview:
    """`Cache.files`."""
    return memoryview(_encode(files))


def unpack_files(packed: memoryview) -> dict[str, InputFile]:
    """What `pack_files` packed."""
    return msgspec.msgpack.decode(packed, type=dict[str, InputFile]) if packed else {}


def pack_cells(cells: Mapping[str, bytes]) -> memoryview:
    """`Cache.cells`."""
    return memoryview(_encode(cells))


def unpack_cells(packed: memoryview) -> dict[str, bytes]:
    """What `pack_cells` packed."""
    return msgspec.msgpack.decode(packed, type=dict[str, bytes]) if packed else {}


class CacheStore:
    """The caches of one root.

    A cache is known by the real path of the output folder and `options`: everything that shapes the output and is not
    in the input's files.
    """

    __slots__ = ("_device", "_root", "_tick")

    def __init__(self, root: str) -> None:
        """Raises OSError where `root` is no folder."""
        self._root = os.path.realpath(root)
        self._device = os.stat(self._root).st_dev
        self._tick = self.tick()

    def tick(self) -> Tick:
        """What every change from now on is stamped with, at least: to be taken before files are looked at."""
        if sys.platform == "linux":
            now = time.clock_gettime_ns(_LINUX_COARSE_CLOCK)
        else:
            now = time.time_ns() - _STAMP_LAG_NS
        self._tick = Tick(now, self._device)
        return self._tick

    def load(self, output: str, options: bytes) -> Cache | None:
        """What the last build into the folder `output` left; None where there is nothing that can be trusted."""
        try:
            home = os.open(os.path.join(self._root, HOME), FOLDER)
        except OSError:  # there is no cache, or none that we may read: a full build gives the same
            return None
        try:
            label = self._label(home, output, options)
            content = read_file(_file_name(label), home)
        except OSError:  # the same
            return None
        finally:
            os.close(home)
        return _unpack(content or b"", label)

    def save(self, output: str, options: bytes, cache: Cache) -> bool:
        """Leave a cache to the next build; False where that is not possible, which changes nothing but speed."""
        try:
            home = self._open_home()
        except OSError:  # a read-only root, or `.fleetgate` is something else
            return False
        try:
            return self._write(home, self._label(home, output, options), cache)
        except OSError:  # no space, or another build into the same folder is saving
            return False
        except UnicodeEncodeError:  # an ignored folder has a name that is no text
            return False
        finally:
            os.close(home)

    def _open_home(self) -> int:
        path = os.path.join(self._root, HOME)
        try:
            home = os.open(path, FOLDER)
        except FileNotFoundError:
            os.mkdir(path)
            home = os.open(path, FOLDER)
        try:
            if _IGNORE not in os.listdir(home):
                _write_aside(_IGNORE, b"*\n", home)
                os.rename(_IGNORE + _ASIDE, _IGNORE, src_dir_fd=home, dst_dir_fd=home)
        except BaseException:
            os.close(home)
            raise
        return home

    def _label(self, home: int, output: str, options: bytes) -> _Label:
        ignore = os.stat(_IGNORE, dir_fd=home, follow_symlinks=False)
        path = os.fsencode(os.path.realpath(output))
        return _Label(_FORM, compiler.__version__, _code_checksum(), record_of(ignore), path, options)

    def _write(self, home: int, label: _Label, cache: Cache) -> bool:
        name = _file_name(label)
        stamp = _write_aside(name, _pack(label, cache), home).st_ctime_ns
        if not is_fresh(stamp, self._tick.ns):
            # this file system's clock is behind ours (a network mount): what we took for settled may not be
            os.unlink(name + _ASIDE, dir_fd=home)
            return False
        os.rename(name + _ASIDE, name, src_dir_fd=home, dst_dir_fd=home)
        _forget_old(home)
        return True


def _write_aside(name: str, content: bytes, home: int) -> os.stat_result:
    remove_tree(name + _ASIDE, home)  # of a build that was killed
    return write_file(name + _ASIDE, content, home)


def _pack(label: _Label, cache: Cache) -> bytes:
    head = _encode(label)
    body = b"".join((len(head).to_bytes(4, "little"), head, _encode(cache)))
    return zlib.crc32(body).to_bytes(4, "little") + body


def _unpack(content: bytes, label: _Label) -> Cache | None:
    body = memoryview(content)[4:]
    head_end = 4 + int.from_bytes(body[:4], "little")
    try:
        written = msgspec.msgpack.decode(body[4:head_end], type=_Label)
        if written != label or zlib.crc32(body).to_bytes(4, "little") != content[:4]:
            return None
        return msgspec.msgpack.decode(body[head_end:], type=Cache)
    except msgspec.DecodeError:  # truncated or damaged: as good as none
        return None


def _file_name(label: _Label) -> str:
    # Should two outputs ever share a name, each would find the label of the other and build anew.
    checksum = zlib.crc32(b"\0".join((label.output, label.options)))
    return f"{checksum:08x}{_SUFFIX}"


def _code_checksum() -> int:
    """Over names and time stamps of our own modules, and of the folder where what we depend on is installed."""
    packages = os.path.dirname(os.path.dirname(msgspec.__file__))
    checksum = os.stat(packages).st_mtime_ns
    waiting = [os.path.dirname(compiler.__file__)]
    while waiting:
        path = waiting.pop()
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            blob, subfolders = stat_folder(folder)
        finally:
            os.close(folder)
        checksum = zlib.crc32(blob, checksum & 0xFFFFFFFF)
        waiting += [f"{path}/{name}" for name in subfolders if name != "__pycache__"]
    return checksum


def _forget_old(home: int) -> None:
    names = [name for name in os.listdir(home) if name.endswith(_SUFFIX)]
    caches = [(os.stat(name, dir_fd=home, follow_symlinks=False).st_mtime_ns, name) for name in names]
    for _, name in sorted(caches, reverse=True)[_KEPT:]:
        os.unlink(name, dir_fd=home)
