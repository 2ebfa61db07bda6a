"""`build --verify`: is the tree, byte for byte, what the input compiles to? Nothing is written, nothing is trusted."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import structs

from compiler.diagnostics import Diagnostics, Origin, error
from compiler.output.folders import FOLDER, Descent, read_file, try_lock
from compiler.output.index import INDEX, digest_listing, folder_entry, make_index, render_index
from compiler.output.marker import read_marker
from compiler.output.ownership import count, gathered, identify, is_of_fleet, report_not_a_folder
from compiler.output.plan import Plan, join, with_parents
from compiler.output.refusal import report_busy, report_failure, report_incomplete
from compiler.output.statblob import names_in, stat_folder
from compiler.output.survey import Survey
from compiler.output.update import difference

if TYPE_CHECKING:
    from compiler.diagnostics import Code
    from compiler.output.index import Index
    from compiler.output.update import Update

VERIFY_CHANGED = error(
    "verify-changed",
    "a file of the output tree is not what the input compiles to",
    """Either somebody edited the file after the build, and the next build would undo that; or the input, or fleetgate
itself, has changed and the tree was not built again. What runs in the clusters is then not what the input says.

Put the change into the input (the App, the Ingress), not into the output, and run `fleetgate build`.""",
)
VERIFY_MISSING = error(
    "verify-missing",
    "the output tree lacks a file that the input compiles to",
    """The file was deleted after the build, or the input has changed and the tree was not built again. Argo CD would
remove the objects in it from the cluster.

Run `fleetgate build`.""",
)
VERIFY_EXTRA = error(
    "verify-extra",
    "the output tree holds a file that the input does not compile to",
    """The file was added by hand, or it is left over from an input that has changed since. Argo CD deploys whatever
lies in the tree.

If it is needed, put it into the input (plain manifests belong into an App's `manifests:`). Run `fleetgate build`: it
prunes what it once wrote. Delete by hand what it did not.""",
)

_BUILD = "run `fleetgate build` with this output folder"
_MOVE = "put it into the input (plain manifests belong into an App's `manifests:`) or delete it"


def verify(plan: Plan, folder: str, found: Diagnostics, only: str = "") -> None:
    """Report how the tree in `folder`, or only the folder `only` of it, differs from a whole plan.

    Every file is read and compared. A tree that another build is writing, that is not ours or can't be read gets the
    findings of a build.
    """
    assert plan.removed is None, "what is to be verified is a whole tree"
    shown = folder.rstrip("/") or "/"
    try:
        top = os.open(os.path.realpath(folder), FOLDER)
    except FileNotFoundError:
        found.add(VERIFY_MISSING, Origin(shown), shown, "there is no such folder: nothing was built here", _BUILD)
        return
    except NotADirectoryError:
        report_not_a_folder(shown, found)
        return
    except OSError as failed:
        report_failure(failed, shown, found)
        return
    try:
        _verify(plan, top, shown, only, found)
    except OSError as failed:
        report_failure(failed, shown, found)
    finally:
        os.close(top)


def _verify(plan: Plan, top: int, shown: str, only: str, found: Diagnostics) -> None:
    if not try_lock(top, shared=True):
        report_busy(shown, found)
        return
    if marker := read_marker(top):
        report_incomplete(shown, marker.scope, "", found)
        return
    blob, subfolders = stat_folder(top)
    names = [*names_in(blob), *subfolders]
    if not names:
        found.add(VERIFY_MISSING, Origin(shown), shown, "the folder is empty: nothing was built here", _BUILD)
        return
    index = identify(top, shown, names, found)
    if index is None or not is_of_fleet(index, plan.fleet, shown, found):
        return
    survey = Survey(top, {"": blob}, {}, 0)
    survey.look_below(only)
    # whoever wrote a file, here it is only looked at; so all that is there may count as ours
    update = difference(plan, survey, {folder: names_in(blob) for folder, blob in survey.blobs.items()}, only)
    report = _Report(shown, found)
    report.changed(plan, update, survey, index, top)
    report.missing(update, survey)
    report.unplanned(update, index)
    if not only and not (update.is_needed or update.strangers):
        report.index(plan, update, index, top)


class _Report:
    """Differences as findings."""

    def __init__(self, shown: str, found: Diagnostics) -> None:
        self._shown = shown
        self._found = found

    def changed(self, plan: Plan, update: Update, survey: Survey, index: Index, top: int) -> None:
        edited: dict[str, bool] = {}
        with Descent(top) as descent:
            for path in sorted({*update.writes, *update.strangers}.difference(update.adds)):
                folder, _, name = path.rpartition("/")
                content = read_file(name, descent.enter(folder))
                if content is None:
                    self._add(VERIFY_CHANGED, path, "this is no regular file", "delete it, and " + _BUILD)
                    continue
                if folder not in edited:
                    edited[folder] = _is_edited(folder, survey, index)
                if edited[folder]:
                    why = "this folder was edited after the build, and the input compiles to something else"
                else:
                    why = "nobody edited it, but the input compiles to something else now"
                line, difference = first_difference(content, plan.files[path].encode())
                self._add(VERIFY_CHANGED, path, f"{why}; {difference}", _BUILD, line)

    def missing(self, update: Update, survey: Survey) -> None:
        for path, inside in gathered(update.adds, survey.blobs):
            if inside:
                self._add(VERIFY_MISSING, path, f"the folder is not there, and {count(inside)} with it", _BUILD)
            else:
                self._add(VERIFY_MISSING, path, "the input compiles to this file, and it is not there", _BUILD)

    def unplanned(self, update: Update, index: Index) -> None:
        ours = {join(folder, name) for folder, entry in index.folders.items() for name in entry.files}
        for path, inside in gathered(update.removes, with_parents(update.layout)):
            what = f"the folder with its {count(inside)}" if inside else "this file"
            if ours.issuperset(inside or (path,)):
                why = f"an earlier build wrote {what}, and the input no longer compiles to it"
                self._add(VERIFY_EXTRA, path, why, _BUILD)
            else:
                self._add(VERIFY_EXTRA, path, f"the input does not compile to {what}, and no build wrote it", _MOVE)

    def index(self, plan: Plan, update: Update, index: Index, top: int) -> None:
        """Only where all else is equal: then the index differs by itself, not because of another finding.

        After builds of parts alone it names no input of the whole, and the files have just shown that they fit it.
        """
        entries = {folder: folder_entry(digests) for folder, digests in update.folders.items() if digests}
        made = make_index(entries, plan.input_digest, fleet=plan.fleet)
        if index.partial:
            made = structs.replace(made, input_digest=None, partial=index.partial)
        wanted = render_index(made)
        content = read_file(INDEX, top)
        if content is not None and content != wanted:
            line, difference = first_difference(content, wanted)
            why = f"all other files are right, but the input (or fleetgate) is not the one of this build; {difference}"
            self._add(VERIFY_CHANGED, INDEX, why, _BUILD, line)

    def _add(self, code: Code, path: str, why: str, fix: str, line: int = 0) -> None:
        self._found.add(code, Origin(join(self._shown, path), line=line), path, why, fix)


def _is_edited(folder: str, survey: Survey, index: Index) -> bool:
    digests = {name: digest for name, digest in survey.digests(folder).items() if folder or name != INDEX}
    entry = index.folders.get(folder)
    return entry is None or entry.digest != digest_listing(digests).hex()


def first_difference(content: bytes, wanted: bytes) -> tuple[int, str]:
    """The first line that differs, from 1, and how, in words."""
    has, should = content.split(b"\n"), wanted.split(b"\n")
    at = next((n for n, (a, b) in enumerate(zip(has, should, strict=False)) if a != b), min(len(has), len(should)))
    return at + 1, f"line {at + 1} is {_quoted(has, at)} and should be {_quoted(should, at)}"


def _quoted(lines: list[bytes], at: int) -> str:
    if at >= len(lines):
        return "missing"
    text = lines[at][:400].decode("utf-8", "backslashreplace")
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return f'"{shown if len(shown) <= 80 else shown[:77] + "..."}"'
