"""What the output tree is to hold, and which paths it may hold.

Names come from Kubernetes objects, which earlier stages have checked; a path that could leave the tree, hide from the
scan or name one file twice is a bug of ours and raises ValueError. A legal object name that is too long for a file is
the user's to mend: a finding.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from compiler.diagnostics import Diagnostics, Origin, error
from compiler.output.index import INDEX

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

OUTPUT_NAME_TOO_LONG = error(
    "output-name-too-long",
    "a file of the output would have a name that no file system takes",
    """File names end at 255 bytes on every common file system, and paths at 1,024 on some. Kubernetes allows object
names of up to 253 characters, and the file of an app is called after the app, plus ".yaml".

Shorten the name of the app, the namespace or the cluster.""",
)

_LONGEST_NAME = 255
_LONGEST_PATH = 1024
_part = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?").fullmatch


class Plan(msgspec.Struct, frozen=True, gc=False):
    """What the tree is to hold."""

    files: Mapping[str, str]
    """Path below the output folder, with forward slashes -> text."""
    input_digest: str
    """`compiler.output.index.digest_inputs` of what this was compiled from."""
    removed: Collection[str] | None = None
    """None: `files` is all there is. Otherwise `files` is what may have changed since the last build, `removed` is what
    goes, and every other file stays; only for a tree whose scan was clean."""
    fleet: str = ""
    """Name of the Fleet; a tree of another one is refused. "" fits every tree."""


def by_folder(paths: Iterable[str]) -> dict[str, list[str]]:
    """Names by folder ("" = the top), folders and names sorted. Raises ValueError for absolute paths."""
    grouped: dict[str, list[str]] = {}
    for path in paths:
        folder, slash, name = path.rpartition("/")
        if slash and (not folder or folder[0] == "/"):
            raise ValueError(f"{path} is absolute")
        try:
            grouped[folder].append(name)
        except KeyError:
            grouped[folder] = [name]
    for names in grouped.values():
        names.sort()
    return {folder: grouped[folder] for folder in sorted(grouped)}


def join(folder: str, name: str) -> str:
    """The path of a name in a folder of the tree."""
    return f"{folder}/{name}" if folder else name


def is_below(path: str, folder: str) -> bool:
    """Whether `path` is the folder or in it; everything is below ""."""
    return not folder or path == folder or path.startswith(folder + "/")


def with_parents(folders: Iterable[str]) -> set[str]:
    """The folders and all folders above them; not the top."""
    found: set[str] = set()
    for path in folders:
        folder = path
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return found


def check_paths(folders: Mapping[str, Collection[str]], origin_of: Callable[[str], Origin], found: Diagnostics) -> None:
    """Report names that are too long for file systems, in a tree of these folders (path -> names of files).

    Raises ValueError for paths that no input may lead to.
    """
    _check_folders(folders)
    plain: set[str] = set()  # names met before that nothing is wrong with; the clusters of an app share theirs
    for folder, names in folders.items():
        room = min(_LONGEST_NAME, _LONGEST_PATH - len(folder) - 1)
        if max(map(len, names), default=0) > room:
            for name in (name for name in names if len(name) > room):
                _report_too_long(join(folder, name), origin_of, found)
        odd = [name for name in names if name not in plain]
        for name in odd:
            if _part(name) is None:
                raise ValueError(f"{join(folder, name)!r} is no path that the output may have")
            if name == name.lower():
                plain.add(name)
        if not plain.issuperset(odd) and len({name.lower() for name in names}) != len(names):
            raise ValueError(f"two files in {folder or 'the top'} of the output differ in case only")


def _check_folders(folders: Mapping[str, Collection[str]]) -> None:
    if INDEX in folders.get("", ()):
        raise ValueError(f"{INDEX} is written by the tree itself")
    everything = with_parents(folders)
    if len({folder.lower() for folder in everything}) != len(everything):
        raise ValueError("two folders of the output differ in case only")
    for folder in everything:
        parent, _, name = folder.rpartition("/")
        if _part(name) is None or len(name) > _LONGEST_NAME:
            raise ValueError(f"{folder!r} is no folder that the output may have")
        if name in folders.get(parent, ()):
            raise ValueError(f"{folder} is both a file and a folder of the output")


def _report_too_long(path: str, origin_of: Callable[[str], Origin], found: Diagnostics) -> None:
    name = path.rpartition("/")[2]
    too_long = f"a file name of {len(name)} bytes" if len(name) > _LONGEST_NAME else f"a path of {len(path)} bytes"
    limit = _LONGEST_NAME if len(name) > _LONGEST_NAME else _LONGEST_PATH
    found.add(
        OUTPUT_NAME_TOO_LONG,
        origin_of(path),
        path,
        f"the output would need {too_long}, and file systems end at {limit}",
        "shorten the name of the app, the namespace or the cluster that the path is made of",
    )
