"""`.fleetgateignore`: which files below the root are not meant for fleetgate.

One pattern per line, a subset of .gitignore: `#` begins a comment line; `*`, `?` and `**` as in
`compiler.source.globs`; a trailing `/` limits the pattern to folders; a pattern with a `/` before its end is relative
to the root, any other matches names at every depth; `!` takes files back in, unless a folder above them is left out.
The last pattern that matches decides. Only the file at the root is read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from compiler.diagnostics import Origin, error
from compiler.source.globs import to_regex

if TYPE_CHECKING:
    from compiler.diagnostics import Diagnostics

FILE_NAME: Final = ".fleetgateignore"
MAX_PATTERNS: Final = 1000
"""Every path is matched against every pattern."""

IGNORE_PATTERN = error(
    "ignore-pattern",
    "a line of .fleetgateignore is not a supported pattern",
    """
`.fleetgateignore` knows a part of what .gitignore knows: comments (`#` at the beginning of a line), `*`, `?`, `**` as
a whole name, a trailing `/` for folders, a leading `/` for the root, and `!` to take files back in. Character classes
(`[abc]`), escapes (`\\`), `..`, and stars beside other characters where `**` is meant are refused rather than taken
for ordinary characters.
""",
)
CODES = (IGNORE_PATTERN,)

_UNSUPPORTED: Final = (
    (r"\\", "backslashes are not supported", "name the path without one, with * or ? if need be"),
    (r"\[", "character classes are not supported", "write one pattern per name, or use * or ?"),
    (r"(?:^|/)\.\.(?:/|$)", "a pattern cannot leave the root", "write the path below the root"),
    (r"[^/!]\*\*|\*\*[^/]", "** must stand alone between slashes", "write * inside of a name"),
)


class Rule(msgspec.Struct, frozen=True):
    """One line."""

    matches: re.Pattern[str]
    folders_only: bool
    takes_back: bool


class Ignore(msgspec.Struct, frozen=True):
    """The whole file."""

    rules: tuple[Rule, ...] = ()

    def leaves_out(self, path: str, *, is_folder: bool) -> bool:
        """Whether a path is left out by itself; that of the folders above it is the caller's to ask first."""
        for rule in reversed(self.rules):
            if (is_folder or not rule.folders_only) and rule.matches.fullmatch(path):
                return not rule.takes_back
        return False


def parse(raw: bytes, found: Diagnostics) -> Ignore:
    """The rules of the file; lines that are not understood are findings and match nothing."""
    rules: list[Rule] = []
    lines = raw.decode("utf-8", "replace").splitlines()
    for number, line in enumerate(lines, 1):
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        origin = Origin(FILE_NAME, line=number, column=1)
        if len(rules) == MAX_PATTERNS:
            why = f"there are more than {MAX_PATTERNS:,} patterns"
            found.add(IGNORE_PATTERN, origin, pattern, why, "leave out whole folders")
            break
        problem = next(((why, fix) for wrong, why, fix in _UNSUPPORTED if re.search(wrong, pattern)), None)
        if problem is not None:
            found.add(IGNORE_PATTERN, origin, pattern, *problem)
        elif pattern.strip("!/"):
            rules.append(_rule(pattern))
    return Ignore(tuple(rules))


def _rule(pattern: str) -> Rule:
    takes_back = pattern.startswith("!")
    body = pattern.removeprefix("!")
    folders_only = body.endswith("/")
    body = body.rstrip("/")
    is_anchored = "/" in body
    body = body.lstrip("/")
    return Rule(re.compile(to_regex(body if is_anchored else f"**/{body}")), folders_only, takes_back)
