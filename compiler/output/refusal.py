"""Why the output folder can't be worked on just now: in use, half updated, or refused by the operating system."""

from __future__ import annotations

import os

from compiler.diagnostics import Diagnostics, Origin, error

OUTPUT_BUSY = error(
    "output-busy",
    "another build is using the same output folder",
    """Two builds into one folder at the same time would leave a mixture of both. The second one stops before it has
touched anything.

Wait for the other build, or give each its own folder with -o.""",
)
OUTPUT_UNWRITABLE = error(
    "output-unwritable",
    "the output folder can't be read or written",
    """The operating system refused: no permission, no space left, a read-only or broken file system. A build writes
everything beside the tree first and moves it into place at the end, so what was there is still there, unless the
finding says that the tree is incomplete; then run the build again once the cause is mended: it repairs the tree.""",
)
OUTPUT_INCOMPLETE = error(
    "output-incomplete",
    "the output tree was left half updated",
    """A build was killed while it moved files into place; the marker .fleetgate-incomplete in the output folder says
so. Nothing should be published from such a tree.

Run the build again: it reads everything anew, repairs the tree and removes the marker. A build limited to one cluster
repairs only what a build limited to the same cluster began.""",
)


def report_busy(shown: str, found: Diagnostics) -> None:
    """Report that another process holds the lock of the folder `shown`."""
    why = "another build is using this folder right now"
    fix = "wait for it to end, or give each build a folder of its own with -o"
    found.add(OUTPUT_BUSY, Origin(shown), shown, why, fix)


def report_incomplete(shown: str, scope: str, only: str, found: Diagnostics) -> None:
    """Report that an update of the folder `scope` of the tree was killed, and that this run can't repair it."""
    why = f"a build of {scope or 'the whole tree'} was killed before it ended"
    if only:
        why += f", and this one is limited to {only}"
    found.add(
        OUTPUT_INCOMPLETE, Origin(shown), shown, why, "run `fleetgate build` without --cluster: it repairs the tree"
    )


def report_failure(failed: OSError, shown: str, found: Diagnostics, *, is_incomplete: bool = False) -> None:
    """Report what the operating system refused, and what state the tree is in."""
    # the folder itself is named already, and its absolute path would differ from machine to machine
    is_named = failed.filename is None or failed.filename == os.path.realpath(shown)
    place = "" if is_named else f" ({failed.filename})"
    if is_incomplete:
        state, fix = "the tree is incomplete now", "mend the cause and run the build again: it repairs the tree"
    else:
        state, fix = "nothing was changed", "mend the cause, or name another folder with -o"
    why = f"the system says: {failed.strerror or failed}{place}; {state}"
    found.add(OUTPUT_UNWRITABLE, Origin(shown), shown, why, fix)
