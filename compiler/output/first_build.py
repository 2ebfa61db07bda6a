"""Writing a whole tree where there is none.

A folder that does not exist yet is written beside its place and appears by one rename. One that exists and is empty
(or holds hidden files only: a fresh clone) stays the same folder, since it may be a mount point or have permissions of
its own: the tree is written into the stage inside it, and its few top entries move out under the marker.
"""

# ruff: noqa: PTH103, PTH208 - pathlib knows no open folders, and loading it costs 10 ms
from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from compiler.output.apply import claim_stage, create_files, mark, place, staging, unmark
from compiler.output.folders import remove_tree, write_file
from compiler.output.index import INDEX, digest, folder_entry, make_index, render_index
from compiler.output.marker import Marker
from compiler.output.statblob import record_of
from compiler.output.survey import FolderRecord, make_record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from compiler.output.plan import Plan


class Task(msgspec.Struct, frozen=True, gc=False):
    """What is to be written, the same for both ways."""

    plan: Plan
    planned: Mapping[str, list[str]]
    """The plan's names by folder, both sorted."""
    only: str
    progress: Callable[[int], object]


def create_beside(path: str, task: Task) -> tuple[int, dict[str, FolderRecord]] | None:
    """Make the folder `path`; its descriptor, locked, and its records. None while another build is at it.

    Raises OSError; then nothing is left behind, except folders above `path` that had to be made.
    """
    above, name = os.path.split(path)
    os.makedirs(above, exist_ok=True)
    parent = os.open(above, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    stage_name = f".{name}.fleetgate-stage"
    try:
        stage = claim_stage(parent, stage_name)
        if stage is None:
            return None
        try:
            records = _fill(stage, task)
            os.rename(stage_name, name, src_dir_fd=parent, dst_dir_fd=parent)
        except BaseException:
            os.close(stage)
            remove_tree(stage_name, parent)
            raise
    finally:
        os.close(parent)
    return stage, records


def create_inside(top: int, task: Task) -> dict[str, FolderRecord]:
    """Fill the open folder `top`, which holds nothing visible; the records. Raises OSError."""
    with staging(top) as stage:
        records = _fill(stage, task)
        entries = sorted(os.listdir(stage), key=lambda name: (name == INDEX, name))
        mark(stage, top, Marker(task.only, sorted(task.plan.files)))
        top_files = records[""].files()
        for name in entries:
            staged = os.stat(name, dir_fd=stage, follow_symlinks=False)
            moved = place(name, stage, name, top, staged)
            if name in top_files:
                top_files[name] = (moved, top_files[name][1])
        records[""] = make_record(top_files)
    unmark(top)
    return records


def _fill(stage: int, task: Task) -> dict[str, FolderRecord]:
    records = create_files(stage, task.planned, task.plan.files, task.progress)
    entries = {folder: folder_entry(record.by_name()) for folder, record in records.items()}
    index = render_index(make_index(entries, task.plan.input_digest, task.only, fleet=task.plan.fleet))
    top_files = records[""].files() if "" in records else {}
    top_files[INDEX] = (record_of(write_file(INDEX, index, stage)), digest(index))
    records[""] = make_record(top_files)
    return records
