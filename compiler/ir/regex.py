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


def quoted(text: str) -> str:
    """A pattern that matches this text alone."""
    return "".join("\\" + char if char in _META else char for char in text)


def program_steps(pattern: str) -> int:
    """Size of the RE2 program of a pattern that RE2 is known to accept, in steps; of short ones an upper bound.

    A character takes a handful of steps at most, unless it is counted or stands for a class of Unicode.
    """
    if len(pattern) < _SHORT and not any(mark in pattern for mark in ("{", "\\p", "\\P", "(?")):
        return (len(pattern) + 1) * _MOST_STEPS
    import re2  # noqa: PLC0415 - an extension module that most fleets never need

    options = re2.Options()
    options.log_errors = False
    return int(re2.compile(pattern, options=options).programsize)


_SHORT = 64
_MOST_STEPS = 30
