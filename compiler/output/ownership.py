"""Whose folder is it, and whose file: what fleetgate may overwrite and prune, and what it refuses to touch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.diagnostics import Diagnostics, Origin, error
from compiler.output.folders import read_file
from compiler.output.index import GENERATOR, INDEX, Index, read_generator, read_index

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Sequence

OUTPUT_NOT_OURS = error(
    "output-not-ours",
    "the output folder holds something that fleetgate did not write",
    """fleetgate removes files that a build no longer writes. So it only ever builds into a folder that does not exist,
is empty (hidden files such as .git apart), or carries an index.json that a fleetgate build wrote.

Name another folder with -o, or empty this one if nothing in it is needed. If it is an output folder whose index.json
was damaged, for example by a merge, restore that file from Git.""",
)
OUTPUT_FOREIGN_FILE = error(
    "output-foreign-file",
    "something in the output folder was never written by fleetgate",
    """Whatever lies in the output folder is deployed by Argo CD, so a file that no build wrote is either a mistake or
somebody's work: fleetgate neither deploys it in silence nor deletes it. index.json lists the files that are ours.
Symbolic links, pipes and sockets count as foreign even where one of our files should be; links are never followed.

Move the file out of the output folder (plain manifests belong into an App's `manifests:`), or delete it. Hidden files
and folders, such as .git and .gitattributes, are left alone.""",
)

OUTPUT_OF_ANOTHER_FLEET = error(
    "output-of-another-fleet",
    "the output folder holds the tree of another fleet",
    """A build prunes what its fleet does not compile to. In the tree of another fleet (a wrong -o or -C in a CI job is
enough) it would replace everything, and Argo CD with `prune: true` would then remove all that runs. So index.json
names the fleet whose tree it is, and a build or `--verify` of another fleet stops there.

Give each fleet an output folder of its own with -o. If the fleet was renamed (`metadata.name` of its Fleet document),
delete the old tree first, and see what Argo CD makes of the new names before you publish.

Fleets are told apart by name alone: two roots whose Fleets have the same name look like one fleet in two places, so
give them different names. A tree without a name, of an older version of fleetgate, is taken over by the next build.""",
)


def identify(folder: int, shown: str, names: Iterable[str], found: Diagnostics) -> Index | None:
    """The index of an open folder that holds `names`; None, with a finding, where the folder is not ours.

    Raises OSError.
    """
    text = read_file(INDEX, folder) if INDEX in names else None
    if text is None:
        example = min(names, key=lambda name: (name == INDEX, name))
        why = f'the folder holds "{example}", and no {INDEX} of fleetgate: building here could delete what others wrote'
    elif index := read_index(text):
        return index
    else:
        author = read_generator(text)
        if author is not None and author.generator == GENERATOR:
            why = f"its {INDEX} was written by fleetgate {author.version} in a form that this version can't read"
        else:
            why = f'its {INDEX} is damaged, or was written by something else ("generator" is not "{GENERATOR}")'
    found.add(
        OUTPUT_NOT_OURS,
        Origin(shown),
        shown,
        why,
        f"name another folder with -o, or empty this one; if it is an output folder, restore its {INDEX} from Git",
    )
    return None


def is_of_fleet(index: Index | None, fleet: str, shown: str, found: Diagnostics) -> bool:
    """Whether a tree with this index may be that of the fleet; a finding where it is another's."""
    if index is None or not index.fleet or not fleet or index.fleet == fleet:
        return True
    found.add(
        OUTPUT_OF_ANOTHER_FLEET,
        Origin(shown),
        shown,
        f"its {INDEX} says that it is the tree of the fleet {index.fleet}, and this is a build of the fleet {fleet}",
        f"name another folder with -o, or, if {index.fleet} was renamed to {fleet}, delete the old tree first",
    )
    return False


def report_not_a_folder(shown: str, found: Diagnostics) -> None:
    """Report an output folder that is a file."""
    found.add(OUTPUT_NOT_OURS, Origin(shown), shown, "this is a file, not a folder", "name a folder with -o")


def gathered(paths: Iterable[str], folders: Container[str]) -> Iterator[tuple[str, list[str]]]:
    """The paths, sorted, each with nothing; those outside of `folders` as their topmost folder that is not among them,
    with all that is in it, so that a folder of a thousand files is told once.
    """
    outside: dict[str, list[str]] = {}
    for path in sorted(paths):
        topmost = ""
        folder = path
        while (folder := folder.rpartition("/")[0]) and folder not in folders:
            topmost = folder
        if topmost:
            outside.setdefault(topmost, []).append(path)
        else:
            yield path, []
    yield from outside.items()


def report_strangers(
    strangers: Iterable[str], folders: Container[str], origin_of: Callable[[str], Origin], found: Diagnostics
) -> None:
    """Report paths that we never wrote: each by itself, or at once where a whole folder is not among our `folders`."""
    for path, inside in gathered(strangers, folders):
        if inside:
            why = f"the folder holds {count(inside)} that fleetgate never wrote, and Argo CD would deploy them"
        else:
            why = "fleetgate never wrote this, or it took the place of a file of ours, and Argo CD would deploy it"
        found.add(
            OUTPUT_FOREIGN_FILE,
            origin_of(path),
            path,
            why,
            "move it out of the output folder (plain manifests belong into an App's `manifests:`), or delete it",
        )


def count(paths: Sequence[str]) -> str:
    """How many files, in words."""
    return "1 file" if len(paths) == 1 else f"{len(paths)} files"
