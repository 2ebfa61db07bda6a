"""`fleetgate schema [KIND]`: the JSON Schema of what people write, for editors and CI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.cli.outcome import CLEAN, Outcome, usage
from compiler.cli.schemas import schema, text
from compiler.cli.terminal import escape
from compiler.model.kinds import KINDS

if TYPE_CHECKING:
    from argparse import Namespace

    from compiler.cli.terminal import Terminal


def run(arguments: Namespace, terminal: Terminal) -> Outcome:
    """The schema of one kind, or one schema that serves documents of every kind."""
    del terminal
    names = {kind.lower(): kind for _, kind, _ in KINDS}
    if arguments.kind is not None and arguments.kind.lower() not in names:
        return usage(f"{escape(arguments.kind)} is no kind; the kinds are {', '.join(names.values())}")
    found = schema(names[arguments.kind.lower()] if arguments.kind else None)
    return Outcome(CLEAN, text(found))
