"""What can be said of regular expressions (RE2) by looking at their text alone."""

from __future__ import annotations

_META = frozenset(r".^$*+?{}[]\|()")


def literal_prefix(pattern: str) -> str:
    """The text with which everything that the pattern matches begins."""
    if "|" in pattern:
        return ""
    for index, char in enumerate(pattern):
        if char in _META:
            # a quantifier makes the character before it optional
            return pattern[: index - 1] if char in "*?{" and index else pattern[:index]
    return pattern
