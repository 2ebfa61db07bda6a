"""A compilation in the form that every printer reads: findings with line and column, and the facts of the summary.

Lines and columns are worked out here, once per finding, so that a run without findings pays nothing for them.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from compiler.diagnostics import CONCEALED, Code, Diagnostic, Origin, PathStep, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from compiler.pipeline import Compilation
    from compiler.pipeline.options import Summary


class Place(Struct, frozen=True, gc=False):
    """A place in a file."""

    file: str
    """Path below the root; "" where a finding is about no file."""
    line: int
    """From 1; 0 = not known, or the file as a whole."""
    column: int
    """From 1, in code points; 0 = not known."""

    def __str__(self) -> str:
        parts = [self.file] if self.file else []
        if self.line:
            parts += [str(self.line), str(self.column)] if self.column else [str(self.line)]
        return ":".join(parts)


class PlacedNote(Struct, frozen=True, gc=False):
    """A second place that a finding is about."""

    place: Place
    text: str


class Finding(Struct, frozen=True, gc=False):
    """A finding, ready to print."""

    code: Code
    severity: Severity
    """As counted in this run: with `--strict` a warning is an error."""
    place: Place
    document: int
    """Index of the YAML document in its file."""
    path: tuple[PathStep, ...]
    """Keys and indices from the document's top."""
    value: str
    why: str
    fix: str
    excerpt: str
    """The source line; "" where there is none to show."""
    notes: tuple[PlacedNote, ...]


class Written(Struct, frozen=True, gc=False):
    """What a build did to the output folder."""

    output: str
    """The folder, as given."""
    prefix: str
    """The folder as a path in its repository (`prefix_of`)."""
    written: int
    removed: int
    unchanged: int
    up_to_date: bool
    verified: bool
    """Whether the folder was only compared (`--verify`)."""
    gone: tuple[str, ...] = ()
    """What disappeared with the removed files: `cluster hz-c`, `app shop/cart in hz-a`."""


class Report(Struct, frozen=True):
    """Everything that a printer needs."""

    prefix: str
    """The root as a path in its repository (`prefix_of`)."""
    findings: tuple[Finding, ...]
    accepted: tuple[Finding, ...]
    """Findings that the Fleet accepts; they count for nothing."""
    summary: Summary
    written: Written | None = None
    """Set where an output folder was written or compared."""
    seconds: float = 0.0
    """Wall clock of the run; only people read it."""
    cluster: str = ""
    """The one cluster that the run was limited to (`--cluster`)."""

    @property
    def errors(self) -> int:
        """Number of findings that stop the build."""
        return sum(f.severity is Severity.ERROR for f in self.findings)

    @property
    def warnings(self) -> int:
        """Number of findings that are only told."""
        return len(self.findings) - self.errors

    @property
    def files(self) -> int:
        """Number of files that findings are in."""
        return len({f.place.file for f in self.findings if f.place.file})

    def in_repository(self, file: str) -> str:
        """The path from the repository's top: of a file of the root, or of the output folder (named as given)."""
        prefix, below = self.prefix, file
        if self.written is not None and f"{file}/".startswith(f"{self.written.output}/"):
            prefix, below = self.written.prefix, file[len(self.written.output) :].lstrip("/")
        return "/".join(part for part in (prefix, below) if part)


def findings_of(
    compilation: Compilation, found: Iterable[Diagnostic], *, strict: bool, has_places: bool = True
) -> tuple[Finding, ...]:
    """Give each finding its line, column and source line; those of a file in the order of their lines.

    Without `has_places` only its file: reading the documents once more for places that nobody prints costs 15 ms.
    """
    every = list(found)
    if not every:
        return ()
    import functools  # noqa: PLC0415 - only where there are findings

    from compiler.model.credentials import may_show_any  # noqa: PLC0415 - the same

    # a file may have thousands of findings, and each asks for its text
    compilation = structs.replace(compilation, read=functools.lru_cache(maxsize=8)(compilation.read))

    def placed(origin: Origin) -> Place:
        # Where there is nothing to read (a folder, a file that is missing) no line is meant.
        if not has_places or not origin.file or (not origin.line and compilation.read(origin.file) is None):
            return Place(origin.file, 0, 0)
        return Place(origin.file, *compilation.place(origin))

    def finding(of: Diagnostic) -> Finding:
        place = placed(of.origin)
        excerpt = compilation.excerpt(of.origin) if place.line else ""
        return Finding(
            of.code,
            Severity.ERROR if strict else of.code.severity,
            place,
            of.origin.document,
            of.origin.path,
            CONCEALED if may_show_any(of.value) else of.value,
            of.why,
            of.fix,
            "" if may_show_any(excerpt) else excerpt,
            tuple(PlacedNote(placed(note.origin), note.text) for note in of.notes),
        )

    placed_findings = [finding(of) for of in every]
    secret = {(f.place.file, f.place.line) for f in placed_findings if CONCEALED in f.value}
    shown = (structs.replace(f, excerpt="") if (f.place.file, f.place.line) in secret else f for f in placed_findings)
    return tuple(sorted(shown, key=lambda f: (f.place.file, f.place.line, f.place.column)))


def prefix_of(folder: str) -> str:
    """Where a folder is in its repository, with forward slashes: CI systems name files from the repository's top.

    The top is the nearest folder above it (or it itself: "") that holds `.git`; without one, the working directory. A
    folder that is not below it keeps its absolute path.
    """
    absolute = os.path.abspath(folder)  # noqa: PTH100 - pathlib would cost more than this whole module
    top = absolute
    while not os.path.lexists(os.path.join(top, ".git")):  # noqa: PTH118 - as above
        parent = os.path.dirname(top)  # noqa: PTH120 - as above
        if parent == top:
            top = os.getcwd()  # noqa: PTH109 - as above
            break
        top = parent
    relative = os.path.relpath(absolute, top)
    if relative == os.curdir:
        return ""
    chosen = absolute if (relative + os.sep).startswith(os.pardir + os.sep) else relative
    return chosen.replace(os.sep, "/")
