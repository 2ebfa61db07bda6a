"""Bringing a tree that is there to what the plan says: only what differs is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.output.apply import mark, place, place_files, prune, require_writable, stage_files, staging, unmark
from compiler.output.folders import write_file
from compiler.output.index import INDEX, digest
from compiler.output.plan import with_parents
from compiler.output.survey import FolderRecord, Survey, make_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from compiler.output.first_build import Task
    from compiler.output.marker import Marker
    from compiler.output.update import Update


def update_tree(
    top: int, survey: Survey, update: Update, task: Task, index: bytes, marker: Marker
) -> dict[str, FolderRecord]:
    """Carry out an update of the open folder `top`; the records of its folders afterwards.

    New files come before old ones go: whoever reads meanwhile finds too much rather than too little. Raises OSError:
    before the marker is in place nothing has changed, afterwards it stays there and the tree is incomplete.
    """
    is_new_index = survey.digests("").get(INDEX) != digest(index)
    with staging(top) as stage:
        staged = stage_files(stage, update.writes, task.plan.files, task.progress)
        staged_index = write_file(INDEX, index, stage)
        require_writable(top, _existing_folders([*update.writes, *update.removes, *update.empties], survey))
        mark(stage, top, marker)
        prunes_first = _is_in_the_way(update)
        if prunes_first:
            prune(top, update.removes, update.empties)
        placed = place_files(stage, top, update.writes, staged)
        if not prunes_first:
            prune(top, update.removes, update.empties)
        if is_new_index:
            placed[INDEX] = place(INDEX, stage, INDEX, top, staged_index)
    unmark(top)
    return _records(survey, update, placed, digest(index))


def _existing_folders(paths: Iterable[str], survey: Survey) -> list[str]:
    """The folders, of those that are there, in which entries change when these paths come and go."""
    folders = set()
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder and folder not in survey.blobs:
            folder = folder.rpartition("/")[0]
        folders.add(folder)
    return sorted(folders)


def _is_in_the_way(update: Update) -> bool:
    """Whether a file that goes has the name of a folder that comes, or the other way round."""
    coming = with_parents(update.writes)
    return not (coming.isdisjoint(update.removes) and coming.isdisjoint(update.empties))


def _records(
    survey: Survey, update: Update, placed: Mapping[str, bytes], index_digest: bytes
) -> dict[str, FolderRecord]:
    changed: dict[str, dict[str, tuple[bytes, bytes]]] = {}
    for path in (*update.removes, *placed):
        folder = path.rpartition("/")[0]
        if folder not in changed:
            changed[folder] = survey.record(folder).files() if folder in survey.blobs else {}
    for path in update.removes:
        folder, _, name = path.rpartition("/")
        del changed[folder][name]
    for path, stats in placed.items():
        folder, _, name = path.rpartition("/")
        changed[folder][name] = (stats, index_digest if path == INDEX else update.folders[folder][name])
    records = {folder: survey.record(folder) for folder in survey.blobs if folder not in changed}
    records.update((folder, make_record(files)) for folder, files in changed.items())
    for folder in update.empties:
        records.pop(folder, None)
    return records
