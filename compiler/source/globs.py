"""Path patterns of an App (`manifests:`, `templates:`) and of `.fleetgateignore`.

`*` stands for any characters of one name, `?` for one of them, `**` as a whole name for any number of folders, none
included. Everything else stands for itself: brackets and braces are no patterns.
"""

from __future__ import annotations

import functools
import re
from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def leaves_root(pattern: str) -> bool:
    """Whether a pattern is absolute or climbs with `..`: such a pattern matches nothing and deserves a finding."""
    return pattern.startswith("/") or ".." in pattern.split("/")


def match_glob(folder: str, pattern: str, paths: Sequence[str]) -> list[str]:
    """The paths that a pattern names, relative to a folder ("" is the root).

    `paths` are sorted, below the root and without leading slash, as a repository lists them. The search looks only
    at those that begin with what stands before the first wildcard, so thousands of Apps can each have patterns.
    """
    if leaves_root(pattern):
        return []
    names = [name for name in pattern.split("/") if name not in {"", "."}]
    whole = "/".join([folder, *names] if folder else names)
    # The folder is a name, even where it contains a wildcard character.
    below = len(folder) + 1 if folder else 0
    wildcard = re.search(r"[*?]", whole[below:])
    prefix = whole if wildcard is None else whole[: below + wildcard.start()]
    matches = _compile("/".join(names)).fullmatch
    found: list[str] = []
    for index in range(bisect_left(paths, prefix), len(paths)):
        path = paths[index]
        if not path.startswith(prefix):
            break
        if matches(path, below):
            found.append(path)
    return found


@functools.lru_cache(maxsize=4096)
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(to_regex(pattern))


def to_regex(pattern: str) -> str:
    """The pattern as a regular expression for the whole of a relative path, which matches in linear time.

    What follows a wildcard is taken where it first occurs, in an atomic group: a later wildcard can stand for the
    rest, so trying further occurrences would only cost time (with many stars, all the time in the world).
    """
    groups: list[list[str]] = [[]]
    for name in pattern.split("/"):
        if name == "**":
            groups.append([])
        else:
            groups[-1].append(_name_regex(name))
    first, *others = ("/".join(group) for group in groups)
    if not others:
        return first
    *middle, last = others
    anchored = f"{first}/" if first else ""
    skipping = "".join(f"(?>(?:[^/]+/)*?{group}/)" for group in middle if group)
    # At the end ** needs something to stand for: `a/**` is what is in `a`.
    return f"{anchored}{skipping}(?:[^/]+/)*{last or '[^/]+'}"


def _name_regex(name: str) -> str:
    first, *others = (re.escape(part).replace(r"\?", "[^/]") for part in re.split(r"\*+", name))
    if not others:
        return first
    *middle, last = others
    return first + "".join(f"(?>[^/]*?{part})" for part in middle) + f"[^/]*{last}"
