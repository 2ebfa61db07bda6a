"""What a command hands back: its exit status and its texts. Nothing is printed before the command is done.

So a reader that goes away (`fleetgate check | head`) changes neither what was written to disk nor the exit status.
"""

from __future__ import annotations

from msgspec import Struct

CLEAN = 0
ERRORS = 1
USAGE = 2
BUG = 3


class Outcome(Struct, frozen=True, gc=False):
    """The end of a command."""

    status: int
    """Exit status of the process."""
    out: str = ""
    """For standard output; whole lines."""
    err: str = ""
    """For standard error; whole lines."""


def usage(message: str) -> Outcome:
    """The call itself is wrong."""
    return Outcome(USAGE, err=f"fleetgate: {message}\n")
