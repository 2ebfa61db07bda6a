"""Findings: what is wrong, where, why, and how to fix it.

A finding is data. A user's mistake never raises past the decoder that met it; it becomes a `Diagnostic`
in a `Diagnostics` collector, and compilation goes on so that one mistake never hides the next. Only
`compiler.cli` prints findings; only it works out lines and columns (`compiler.source.positions`).
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PathStep = str | int
"""One step into a document: a mapping key or a list index."""


CONCEALED = "***"
"""Stands in a finding for a value that nobody may see, such as a credential; its source line is not shown either."""


class Severity(enum.StrEnum):
    """How bad a finding is: an error stops everything, a warning stops nothing (unless `--strict`)."""

    ERROR = "error"
    WARNING = "warning"


class Origin(msgspec.Struct, frozen=True, gc=False, eq=False):
    """Where a value was written: file, document in that file, path into the document.

    All origins compare equal and hash alike, so that two IR nodes which say the same thing are equal
    wherever they were written. Order and identity of origins are asked of `sort_key` alone.
    """

    file: str
    """Path below the root, with forward slashes."""
    document: int = 0
    """Index of the YAML document in the file, from 0."""
    path: tuple[PathStep, ...] = ()
    """Keys and indices from the document's top."""
    part: Literal["value", "key"] = "value"
    """Which half of the mapping entry is meant: `key` for an unknown field or annotation."""
    line: int = 0
    """1-based line, set only where no path can say it (text that is not YAML); 0 = from the path."""
    column: int = 0
    """1-based column in code points, with `line`."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Origin)

    def __hash__(self) -> int:
        return 0

    @property
    def sort_key(self) -> tuple[str, int, int, int, tuple[tuple[int, str], ...]]:
        """A total, stable order: file, document, line, column, path (indices as numbers)."""
        steps = tuple((s, "") if isinstance(s, int) else (-1, s) for s in self.path)
        return (self.file, self.document, self.line, self.column, steps)

    def at(self, *steps: PathStep) -> Origin:
        """The place `steps` further into the same document."""
        return Origin(self.file, self.document, self.path + steps)

    def key(self, *steps: PathStep) -> Origin:
        """The mapping key `steps` further in, rather than its value."""
        return Origin(self.file, self.document, (*self.path, *steps), "key")


class Code(msgspec.Struct, frozen=True, gc=False):
    """A kind of finding. Its name is stable: scripts and `accept` entries rely on it."""

    name: str
    """kebab-case, printed in brackets; the same word as the constant and, for checks, the file."""
    severity: Severity
    summary: str
    """One line for tables: what was found."""
    explanation: str
    """Some paragraphs for `fleetgate explain`: what it means, why it matters, how to mend it."""


def error(name: str, summary: str, explanation: str) -> Code:
    """A code whose findings stop the build."""
    return Code(name, Severity.ERROR, summary, explanation)


def warning(name: str, summary: str, explanation: str) -> Code:
    """A code whose findings are told and do not stop the build."""
    return Code(name, Severity.WARNING, summary, explanation)


class Note(msgspec.Struct, frozen=True, gc=False):
    """A second place that a finding is about ("the older rule is here")."""

    origin: Origin
    text: str


class Diagnostic(msgspec.Struct, frozen=True, gc=False):
    """One finding."""

    code: Code
    origin: Origin
    value: str
    """The offending value as the user wrote it, or the name of the thing; "" where there is none."""
    why: str
    """One sentence, lower-case start, no full stop: why this is wrong."""
    fix: str
    """One imperative sentence, lower-case start, no full stop: what to write instead."""
    notes: tuple[Note, ...] = ()

    @property
    def sort_key(self) -> tuple[object, ...]:
        """Stable order of findings: place, then code, value, text."""
        return (*self.origin.sort_key, self.code.name, self.value, self.why)


class Diagnostics:
    """The collector that every stage adds to."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: list[Diagnostic] = []

    def add(self, code: Code, origin: Origin, value: str, why: str, fix: str, notes: tuple[Note, ...] = ()) -> None:
        """Record one finding. Long values are cut, so that a 10 MB scalar cannot flood a terminal."""
        shown = value if len(value) <= 200 else value[:197] + "..."
        self._found.append(Diagnostic(code, origin, shown, why, fix, notes))

    def extend(self, found: Iterable[Diagnostic]) -> None:
        """Take over findings of another collector."""
        self._found.extend(found)

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    @property
    def has_errors(self) -> bool:
        """Whether anything found so far stops the build."""
        return any(d.code.severity is Severity.ERROR for d in self._found)

    def sorted(self) -> tuple[Diagnostic, ...]:
        """All findings in their stable order, each once."""
        unique: dict[tuple[object, ...], Diagnostic] = {}
        for found in self._found:
            unique.setdefault(found.sort_key, found)
        return tuple(unique[key] for key in sorted(unique))
