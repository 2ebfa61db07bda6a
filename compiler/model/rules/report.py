"""What the rules have in common: their codes, and how they report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compiler.diagnostics import Code, Note, error
from compiler.model.problems import MISSING_FIELD
from compiler.model.words import joined

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from compiler.diagnostics import Diagnostics, Origin, PathStep

EXACTLY_ONE = error(
    "exactly-one",
    "none or several of some fields of which exactly one is needed",
    "Some things can be said in one of several ways, each a field of its own: an environment variable has a `value` or "
    "a `valueFrom`, a probe asks by `httpGet`, `tcpSocket`, `grpc` or `exec`. Without any of them there is nothing to "
    "do, and with several it would be anybody's guess which one counts.",
)
DUPLICATE_NAME = error(
    "duplicate-name",
    "two entries of a list have the same name",
    "The entries of this list are told apart by their names (or ports, or clusters), so no two of them may share one. "
    "Both places are named.",
)
CONFLICTING_FIELDS = error(
    "conflicting-fields",
    "two fields that contradict each other",
    "One field makes the other wrong or takes its effect away: TLS settings for a cluster that is reached without its "
    "entry, a privileged container that may not gain rights. What has no effect is never dropped in silence.",
)
CODES: tuple[Code, ...] = (EXACTLY_ONE, DUPLICATE_NAME, CONFLICTING_FIELDS)

Path = tuple["PathStep", ...]


class Report:
    """Where the rules of one document report; origins are made for findings only."""

    __slots__ = ("_findings", "_origin", "is_complete")

    def __init__(self, origin: Origin, findings: Diagnostics) -> None:
        self._origin = origin
        self._findings = findings
        self.is_complete = True
        """Whether nothing is missing without which everything that is done with the document would go wrong too."""

    @property
    def count(self) -> int:
        """Number of findings so far."""
        return len(self._findings)

    def add(self, code: Code, path: Path, value: str, why: str, fix: str, *notes: tuple[Path, str]) -> None:
        """Report the value at `path`; `notes` are further places with what they are."""
        places = tuple(Note(self._origin.at(*place), text) for place, text in notes)
        self._findings.add(code, self._origin.at(*path), value, why, fix, places)

    def missing(self, path: Path, name: str, why: str, fix: str) -> None:
        """Report that a field without which the document is of no use is not there."""
        self.is_complete = False
        self.add(MISSING_FIELD, path, name, why, fix)

    def exactly_one(self, path: Path, value: str, given: Mapping[str, Any], what: str, *, vital: bool = False) -> None:
        """Report unless exactly one of the fields below `path` is there; `value` names what stands at `path`.

        `vital`: without any of them the document is of no use.
        """
        there = [name for name, content in given.items() if content is not None]
        if len(there) == 1:
            return
        names = joined(f"`{name}`" for name in given)
        if not there:
            self.is_complete = self.is_complete and not vital
            self.add(EXACTLY_ONE, path, value, f"{what} needs one of {names}", f"add {names}")
            return
        first, *others = there
        self.add(
            EXACTLY_ONE,
            (*path, others[0]),
            joined(there, "and"),
            f"{what} has one of {names}, not several",
            "keep one of them",
            ((*path, first), f"{first} is here"),
        )

    def unique(self, path: Path, keys: Sequence[Hashable], last: Path, what: str) -> bool:
        """Whether no two `keys` are equal, after a report of each that is; they stand at `path`, index, `last`."""
        if len(keys) < 2 or len(set(keys)) == len(keys):
            return True
        first: dict[Hashable, int] = {}
        for index, key in enumerate(keys):
            other = first.setdefault(key, index)
            if other != index:
                self.add(
                    DUPLICATE_NAME,
                    (*path, index, *last),
                    str(key) or '""',
                    f"the {what} {key or 'without a name'} is here already",
                    "rename or delete one of them",
                    ((*path, other, *last), "the first one"),
                )
        return False


def climbs(path: str) -> bool:
    """Whether a relative path leaves its folder."""
    return path.startswith("/") or ".." in path.split("/")
