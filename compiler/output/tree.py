"""The output tree on disk: look, write what changed, prune what is stale; never touch what is not ours.

    with OutputTree("rendered", clock=store.tick) as tree:
        drift = tree.scan(known, found)       # None: refused, the findings say why
        ...compile...
        written = tree.write(plan, found)     # None: refused, the findings say why
        known = tree.records()                # for the next scan

Everything is checked before the first write. Between `scan` and the end of the block no other build gets in.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Self

import msgspec

from compiler.diagnostics import Diagnostics, Origin
from compiler.output.apply import STAGE
from compiler.output.first_build import Task, create_beside, create_inside
from compiler.output.folders import FOLDER, read_file, remove_tree, try_lock
from compiler.output.index import INDEX, Index, digest, folder_entry, make_index, read_index, render_index
from compiler.output.later_build import update_tree
from compiler.output.looks import look_after_writing
from compiler.output.marker import Marker, is_marked, read_marker
from compiler.output.ownership import identify, is_of_fleet, report_not_a_folder, report_strangers
from compiler.output.plan import Plan, by_folder, check_paths, is_below, join, with_parents
from compiler.output.refusal import report_busy, report_failure, report_incomplete
from compiler.output.statblob import Tick, names_in, settled, stat_folder
from compiler.output.survey import NOTHING, FolderRecord, Survey
from compiler.output.update import difference

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Drift(msgspec.Struct, frozen=True, gc=False):
    """How the tree differs from what was recorded after the last build."""

    is_clean: bool
    """It holds what was recorded: a plan may be a change, and where the input is the same nothing is to do."""
    is_restamped: bool = False
    """Clean, though time stamps are news: saving `OutputTree.records` spares reading these files next time."""
    paths: tuple[str, ...] = ()
    """Files that were edited, added or are missing, sorted; empty where nothing was recorded."""


class Written(msgspec.Struct, frozen=True, gc=False):
    """What a build did to the tree. index.json is not counted."""

    written: tuple[str, ...]
    """Paths of files that are new or changed, sorted by folder."""
    removed: tuple[str, ...]
    """Paths of files that were pruned."""
    total: int
    """Number of files that the tree holds now."""


class _Ground(msgspec.Struct, frozen=True, gc=False):
    """What a scan found."""

    survey: Survey
    marker: Marker | None
    index: Index | None
    """None where there is none yet, and where the file is as recorded and nobody had to read it."""
    is_empty: bool
    drift: Drift


class OutputTree:
    """One output folder, or one folder of it (`only`), during one build.

    `clock` gives a time stamp of the file system (`compiler.output.cache.CacheStore.tick`); without one, nothing that
    `records` returns is trusted later.
    """

    __slots__ = ("_clock", "_ground", "_known", "_only", "_path", "_records", "_shown", "_top")

    def __init__(self, folder: str, only: str = "", clock: Callable[[], Tick] = lambda: Tick(0, 0)) -> None:
        self._shown = folder.rstrip("/") or "/"
        self._path = os.path.realpath(folder)  # a link that the user names on purpose is followed, once
        self._only = only
        self._clock = clock
        self._top: int | None = None
        self._ground: _Ground | None = None
        self._known: Mapping[str, FolderRecord] = {}
        self._records: dict[str, FolderRecord] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._top is not None:
            os.close(self._top)
            self._top = None

    def scan(self, known: Mapping[str, FolderRecord], found: Diagnostics) -> Drift | None:
        """Lock the folder and compare it with the records of the last build ({} = none). Once a build.

        None, with a finding, for a folder that is in use, not ours, or unreadable.
        """
        try:
            self._ground = self._scan(known, found)
        except OSError as failed:
            report_failure(failed, self._shown, found)
        return self._ground.drift if self._ground else None

    def write(
        self,
        plan: Plan,
        found: Diagnostics,
        origin_of: Callable[[str], Origin] = Origin,
        progress: Callable[[int], object] = lambda _: None,
    ) -> Written | None:
        """Make the tree what the plan says, once after a scan; None, with findings, where that is refused or fails.

        `origin_of` tells which line of the input asked for a path; `progress` hears the number of files written.
        Raises ValueError for a plan that no input may lead to.
        """
        ground, self._ground = self._ground, None
        assert ground is not None, "every write needs a scan of its own"
        planned = by_folder(plan.files)
        for folder in (*planned, *by_folder(plan.removed or ())):
            if not is_below(folder, self._only):
                raise ValueError(f"a build of {self._only} must not write or remove anything in {folder!r}")
        if plan.removed is not None and not ground.drift.is_clean:
            raise ValueError("a plan that is a change needs a tree that is clean")
        task = Task(plan, planned, self._only, progress)
        refused = Diagnostics()
        written = None
        try:
            if ground.is_empty:
                written = self._write_first(task, origin_of, refused)
            else:
                written = self._write_later(ground, task, origin_of, refused)
        except OSError as failed:
            is_incomplete = self._top is not None and is_marked(self._top)
            report_failure(failed, self._shown, refused, is_incomplete=is_incomplete)
        found.extend(refused)
        return written

    def records(self) -> dict[str, FolderRecord]:
        """What the next scan is to know, of a tree that was clean or has been written; otherwise nothing."""
        if self._ground is not None and self._ground.drift.is_clean:
            survey = self._ground.survey
            return {folder: survey.record(folder) for folder in survey.blobs}
        return self._records

    def _scan(self, known: Mapping[str, FolderRecord], found: Diagnostics) -> _Ground | None:
        clock = self._clock()
        try:
            self._top = os.open(self._path, FOLDER)
        except FileNotFoundError:
            return _Ground(Survey(-1, {}, {}, 0), None, None, is_empty=True, drift=Drift(is_clean=False))
        except NotADirectoryError:
            report_not_a_folder(self._shown, found)
            return None
        if not try_lock(self._top):
            report_busy(self._shown, found)
            return None
        marker = read_marker(self._top)
        if marker is not None and not is_below(marker.scope, self._only):
            report_incomplete(self._shown, marker.scope, self._only, found)
            return None
        self._known = {} if marker else known
        blob, subfolders = stat_folder(self._top)
        survey = Survey(self._top, {"": blob}, self._known, clock.on(os.fstat(self._top).st_dev))
        names = [*names_in(blob), *subfolders]
        index = None
        if names and not survey.is_file_known(INDEX) and not (marker and INDEX not in names):
            index = identify(self._top, self._shown, names, found)
            if index is None:
                return None
        survey.look_below(self._only)
        return _Ground(survey, marker, index, is_empty=not names and marker is None, drift=self._drift(survey))

    def _drift(self, survey: Survey) -> Drift:
        if not self._known:
            return Drift(is_clean=False)
        if survey.blobs == {folder: record.stats for folder, record in self._known.items()}:
            return Drift(is_clean=True)
        paths = tuple(survey.drift())
        return Drift(is_clean=not paths, is_restamped=not paths, paths=paths)

    def _write_first(self, task: Task, origin_of: Callable[[str], Origin], refused: Diagnostics) -> Written | None:
        check_paths(task.planned, origin_of, refused)
        if refused.has_errors:
            return None
        if self._top is not None:
            records = create_inside(self._top, task)
        elif created := create_beside(self._path, task):
            self._top, records = created
        else:
            report_busy(self._shown, refused)
            return None
        self._remember(records)
        paths = tuple(join(folder, name) for folder, names in task.planned.items() for name in names)
        return Written(paths, (), len(paths))

    def _write_later(
        self, ground: _Ground, task: Task, origin_of: Callable[[str], Origin], refused: Diagnostics
    ) -> Written | None:
        assert self._top is not None
        survey, marker = ground.survey, ground.marker
        before = ground.index or self._read_index()
        if not is_of_fleet(before, task.plan.fleet, self._shown, refused):
            return None
        ours = _names_by_folder(before, marker)
        update = difference(task.plan, survey, ours, self._only)
        check_paths(update.layout, origin_of, refused)
        report_strangers(update.strangers, with_parents(ours), self._origin_of, refused)
        if refused.has_errors:
            return None
        entries = {folder: folder_entry(digests) for folder, digests in update.folders.items() if digests}
        partial: Mapping[str, str] = {}
        if before:
            partial = before.partial
            untouched = before.folders.keys() - update.folders.keys()
            if task.plan.removed is None:
                untouched = {folder for folder in untouched if not is_below(folder, self._only)}
            entries.update((folder, before.folders[folder]) for folder in untouched)
        made = make_index(entries, task.plan.input_digest, self._only, partial, fleet=task.plan.fleet)
        if self._only and before and not (marker or update.is_needed) and made.folders == before.folders:
            made = before  # what it says of the whole tree is as true as it was
        index = render_index(made)
        if marker or update.is_needed or survey.digests("").get(INDEX) != digest(index):
            adds = sorted({*update.adds, *(marker.adds if marker else ())})
            intent = Marker(self._only, adds)
            self._remember(update_tree(self._top, survey, update, task, index, intent))
        else:
            remove_tree(STAGE, self._top)  # of a build that was killed before it changed anything
            self._remember({folder: survey.record(folder) for folder in survey.blobs})
        total = sum(len(entry.files) for entry in entries.values())
        return Written(tuple(update.writes), tuple(update.removes), total)

    def _read_index(self) -> Index | None:
        """The index of a tree that is as recorded; None where an update was killed before the first was written."""
        assert self._top is not None
        try:
            return read_index(read_file(INDEX, self._top) or b"")
        except FileNotFoundError:
            return None

    def _remember(self, records: Mapping[str, FolderRecord]) -> None:
        assert self._top is not None
        clock_ns = self._clock().on(os.fstat(self._top).st_dev)
        self._records = {"": NOTHING}
        subfolders: dict[str, list[str]] = {}
        for folder, record in records.items():
            above = folder
            while (above := above.rpartition("/")[0]) and is_below(above, self._only):
                self._records.setdefault(above, NOTHING)
            self._records[folder] = record
        for folder in self._records.keys() - {""}:
            above, _, name = folder.rpartition("/")
            subfolders.setdefault(above, []).append(name)
        for folder, record in records.items():
            if record is not self._known.get(folder) and record.look is None:
                names = names_in(record.stats)
                look = look_after_writing(self._top, folder, names, subfolders.get(folder, ()), clock_ns)
                self._records[folder] = FolderRecord(settled(record.stats, clock_ns), record.digests, look)

    def _origin_of(self, path: str) -> Origin:
        return Origin(join(self._shown, path))


def _names_by_folder(index: Index | None, marker: Marker | None) -> dict[str, list[str]]:
    ours = {folder: list(entry.files) for folder, entry in index.folders.items()} if index else {}
    for folder, names in by_folder(marker.adds if marker else ()).items():
        ours.setdefault(folder, []).extend(names)
    return ours
