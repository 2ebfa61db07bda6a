"""Builds into an output folder, as the pipeline does them, without a compiler in front."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from compiler.diagnostics import Diagnostics
from compiler.output.cache import CacheStore
from compiler.output.plan import Plan
from compiler.output.tree import OutputTree
from tests.trees import read_tree

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from compiler.diagnostics import Diagnostic
    from compiler.output.survey import FolderRecord
    from compiler.output.tree import Drift, Written

Records = dict[str, "FolderRecord"]


class Build:
    """The outcome of one build."""

    def __init__(self) -> None:
        self.drift: Drift | None = None
        self.written: Written | None = None
        self.records: Records = {}
        self.found: tuple[Diagnostic, ...] = ()

    @property
    def codes(self) -> list[str]:
        """Names of what was found, in order."""
        return [finding.code.name for finding in self.found]


def _root_of(folder: Path) -> str:
    """Some folder that is there, on the same file system."""
    return str(next(above for above in folder.parents if above.is_dir()))


def build(
    folder: Path,
    files: Mapping[str, str],
    known: Records | None = None,
    *,
    removed: Collection[str] | None = None,
    only: str = "",
    input_digest: str = "input",
    fleet: str = "",
) -> Build:
    """Scan and write once, with the clock of the file system."""
    done, found = Build(), Diagnostics()
    with OutputTree(str(folder), only, CacheStore(_root_of(folder)).tick) as tree:
        done.drift = tree.scan(known or {}, found)
        if done.drift is not None:
            done.written = tree.write(Plan(files, input_digest, removed, fleet), found)
            done.records = tree.records()
    done.found = found.sorted()
    return done


def scan(folder: Path, known: Records) -> Build:
    """Look only, as a build does whose input did not change."""
    done, found = Build(), Diagnostics()
    with OutputTree(str(folder), "", CacheStore(_root_of(folder)).tick) as tree:
        done.drift = tree.scan(known, found)
        done.records = tree.records()
    done.found = found.sorted()
    return done


def contents(folder: Path) -> dict[str, str]:
    """Texts of the visible files of the tree, without its index."""
    return {
        path: content.decode()
        for path, content in read_tree(folder).items()
        if path != "index.json" and not any(step.startswith(".") for step in path.split("/"))
    }


def folders(folder: Path) -> set[str]:
    """All folders below the top."""
    return {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_dir() and not path.is_symlink()
    }


def identity(path: Path) -> tuple[int, int, int]:
    """What tells whether a file was written again: inode, mtime, ctime."""
    stat = path.stat()
    return stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns


def let_the_clock_tick(folder: Path) -> None:
    """Wait until the file system stamps changes with a later time than those made so far."""
    probe = folder / ".probe"
    probe.touch()
    first = probe.stat().st_ctime_ns
    while probe.stat().st_ctime_ns <= first + 8_000_000:
        os.utime(probe)
    probe.unlink()
