"""The difference between what is to be in the tree and what is: what to write, what to prune, what is a stranger's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from compiler.output.index import INDEX, digest
from compiler.output.plan import Plan, by_folder, is_below, join, with_parents
from compiler.output.survey import NOT_A_FILE, Survey

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class Update(msgspec.Struct, frozen=True, gc=False):
    """How the tree gets from what it is to what it is to be. Paths are sorted by folder, then name."""

    folders: dict[str, dict[str, bytes]]
    """Every folder that is looked at -> digests of the files that it will hold, by name."""
    writes: list[str]
    """Files that are new or will change."""
    adds: list[str]
    """Those of `writes` that were not there."""
    removes: list[str]
    """Files of ours that go."""
    strangers: list[str]
    """What we never wrote, and what took the place of a file of ours and is no file."""
    empties: list[str]
    """Folders that hold nothing of ours afterwards, innermost first."""
    layout: dict[str, Collection[str]]
    """Every folder that will hold files -> their names; () where all of them stay."""

    @property
    def is_needed(self) -> bool:
        """Whether anything but the index is to change."""
        return bool(self.writes or self.removes or self.empties)


def difference(plan: Plan, survey: Survey, ours: Mapping[str, Collection[str]], only: str) -> Update:
    """The update that makes the tree below the folder `only` what the plan says.

    `ours` are the files that we wrote before, by folder; a plan that is a change relies on all that is there being
    ours, and does not ask. Raises OSError, and ValueError where a plan removes what is not there.
    """
    planned, leaving = by_folder(plan.files), by_folder(plan.removed or ())
    is_whole = plan.removed is None
    looked_at = {f for f in survey.blobs if is_below(f, only)} if is_whole else leaving.keys()
    update = Update({}, [], [], [], [], [], {})
    for folder in sorted(planned.keys() | looked_at):
        present = {name: d for name, d in survey.digests(folder).items() if folder or name != INDEX}
        wanted = {name: digest(plan.files[join(folder, name)].encode()) for name in planned.get(folder, ())}
        kept = {} if is_whole else {name: d for name, d in present.items() if name not in wanted}
        for name in leaving.get(folder, ()):
            if kept.pop(name, None) is None:
                raise ValueError(f"{join(folder, name)} is to be removed and is not there, or is to be written")
        our_names = set(ours.get(folder, ())) if is_whole else present
        _compare(folder, wanted, present, our_names, update)
        for name in sorted(present.keys() - wanted.keys() - kept.keys()):
            (update.removes if name in our_names else update.strangers).append(join(folder, name))
        update.folders[folder] = kept | wanted
    update.layout.update((f, ()) for f in survey.blobs if f not in update.folders and not survey.is_empty(f))
    update.layout.update((f, digests.keys()) for f, digests in update.folders.items() if digests)
    update.empties.extend(_empty_folders(update.layout, survey, only))
    return update


def _compare(
    folder: str, wanted: Mapping[str, bytes], present: Mapping[str, bytes], ours: Collection[str], update: Update
) -> None:
    for name, content in wanted.items():
        now = present.get(name)
        if now == content:
            continue
        path = join(folder, name)
        if now is None:
            update.adds.append(path)
        elif now == NOT_A_FILE or name not in ours:
            update.strangers.append(path)
            continue
        update.writes.append(path)


def _empty_folders(layout: Collection[str], survey: Survey, only: str) -> list[str]:
    filled = with_parents(layout)
    return sorted((f for f in survey.blobs if f and f not in filled and is_below(f, only)), reverse=True)
