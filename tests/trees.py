"""Folders as plain data: path below the folder -> content. Golden tests, laws and the museum compare these."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Tree = dict[str, bytes]
"""Content by path below some folder, with forward slashes, sorted; the target of a symbolic link after `-> `."""


def read_tree(folder: Path) -> Tree:
    """Every file and link below `folder`; nothing where there is no such folder."""
    found: Tree = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = b"-> " + os.fsencode(path.readlink())
        elif path.is_file():
            found[name] = path.read_bytes()
    return dict(sorted(found.items()))


def write_tree(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files below `folder`, which is made if need be; others stay."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def replace_tree(folder: Path, files: Mapping[str, bytes]) -> None:
    """Make `folder` hold these files and nothing else."""
    shutil.rmtree(folder, ignore_errors=True)
    write_tree(folder, files)


def without_cache(tree: Tree) -> Tree:
    """A root without what fleetgate remembers between two runs."""
    return {path: content for path, content in tree.items() if not path.startswith(".fleetgate/")}
