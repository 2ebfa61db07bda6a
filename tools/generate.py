"""Rewrite everything that is generated from a fact written elsewhere; with `--check`, show what differs and fail.

usage: python -m tools.generate [--check]

To generate one thing more, add a line to `GENERATED`: a whole `File`, a whole `Folder` (what it does not
name in there is deleted), or a `Block` of a Markdown page between `<!-- generated: NAME -->` and
`<!-- end generated -->`.
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from compiler.cli import schemas
from tools.pages import findings, kinds, known_annotations, readme, targets, traps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent

Files = dict[str, str | None]
"""Wanted text by path below the root; None = there must be no such file."""


class Generated(Protocol):
    """One generated thing."""

    def add_to(self, files: Files, root: Path) -> None:
        """Add what this wants to `files`, on top of what is wanted already."""


class File(NamedTuple):
    """A file that is generated from first to last byte."""

    path: str
    render: Callable[[], str]

    def add_to(self, files: Files, root: Path) -> None:  # noqa: ARG002 - the protocol's form; a file needs no look at the root
        """The rendered text, whatever is there now."""
        files[self.path] = self.render()


class Folder(NamedTuple):
    """A folder in which every file is generated; the renderer returns text by path below the folder."""

    path: str
    render: Callable[[], Mapping[str, str]]

    def add_to(self, files: Files, root: Path) -> None:
        """Every rendered file, and the end of every other file in the folder."""
        for found in sorted((root / self.path).rglob("*")):
            if found.is_file():
                files[found.relative_to(root).as_posix()] = None
        for name, text in self.render().items():
            files[f"{self.path}/{name}"] = text


class Block(NamedTuple):
    """The part of a Markdown page between its markers; a page may hold several."""

    path: str
    name: str
    render: Callable[[], str]

    def add_to(self, files: Files, root: Path) -> None:
        """The page with this block rewritten."""
        page = files.get(self.path) or (root / self.path).read_text("utf-8")
        files[self.path] = replace_block(page, self.name, self.render())


GENERATED: tuple[Generated, ...] = (
    Folder("schemas", schemas.generate),
    File(findings.PAGE, findings.page),
    File(known_annotations.PAGE, known_annotations.page),
    File(kinds.PAGE, kinds.page),
    File(targets.PAGE, targets.page),
    File(traps.PAGE, traps.page),
    *(Block(readme.PAGE, name, render) for name, render in readme.BLOCKS),
)
"""In this order, so that a block may stand in a file that is generated itself."""

_BLOCK = re.compile(
    r"^<!-- generated: (?P<name>[a-z0-9-]+) -->\n(?P<body>.*?)^<!-- end generated -->$", re.DOTALL | re.MULTILINE
)


def replace_block(page: str, name: str, body: str) -> str:
    """`page` with the text between the markers of `name` replaced, exactly once.

    Raises ValueError when the page has no such block, or more than one.
    """
    blocks = [found for found in _BLOCK.finditer(page) if found["name"] == name]
    if len(blocks) != 1:
        raise ValueError(f"expected one block <!-- generated: {name} --> … <!-- end generated -->, found {len(blocks)}")
    start, end = blocks[0].span("body")
    return f"{page[:start]}{body.strip()}\n{page[end:]}"


def wanted(generated: Iterable[Generated], root: Path) -> Files:
    """What every generated file should hold."""
    files: Files = {}
    for each in generated:
        each.add_to(files, root)
    return files


def differing(files: Files, root: Path) -> Files:
    """Those of `files` that are not so on disk."""
    return {path: text for path, text in sorted(files.items()) if text != _read(root / path)}


def show(files: Files, root: Path) -> str:
    """Unified diffs from what is on disk to what is wanted."""
    diffs = (
        difflib.unified_diff(
            (_read(root / path) or "").splitlines(keepends=True),
            (text or "").splitlines(keepends=True),
            f"{path} (on disk)",
            f"{path} (generated)" if text is not None else "no such file",
        )
        for path, text in files.items()
    )
    return "".join(line if line.endswith("\n") else f"{line}\n" for diff in diffs for line in diff)


def write(files: Files, root: Path) -> None:
    """Make it so on disk."""
    for path, text in files.items():
        if text is None:
            (root / path).unlink()
            continue
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8", newline="\n")


def main(arguments: Sequence[str] | None = None, generated: Iterable[Generated] = GENERATED, root: Path = ROOT) -> int:
    """Exit status: 0 all written or up to date, 1 something differs (`--check`)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; show what differs, and fail if anything does"
    )
    check = parser.parse_args(arguments).check

    stale = differing(wanted(generated, root), root)
    if check:
        print(show(stale, root), end="")
        if stale:
            print(f"{len(stale)} generated files are not up to date: run `make generate`")
        return 1 if stale else 0
    write(stale, root)
    for path, text in stale.items():
        print(f"{'deleted' if text is None else 'wrote'} {path}")
    return 0


def _read(path: Path) -> str | None:
    """The text of a file, with the line ends that it has; None where there is none."""
    return path.read_bytes().decode("utf-8") if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main())
