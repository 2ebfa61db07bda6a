"""`fleetgate targets`: what can be compiled for, and what each target can express."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.cli.outcome import CLEAN, Outcome
from compiler.cli.table import fill, table
from compiler.targets.catalog import TARGETS

if TYPE_CHECKING:
    from argparse import Namespace

    from compiler.cli.terminal import Style, Terminal
    from compiler.targets.catalog import Target

_SUPPORT = {"full": "yes", "partial": "partly", "none": "no"}


def run(arguments: Namespace, terminal: Terminal) -> Outcome:
    """The list, then a section for each target that is built."""
    del arguments
    style = terminal.out
    overview = table(
        ("TARGET", "FOR", "BUILT", "WHAT IT IS"),
        [(t.name, t.serves, "yes" if t.is_built else "not yet", t.summary) for t in TARGETS],
        style,
    )
    sections = [_section(target, style) for target in TARGETS if target.is_built]
    return Outcome(CLEAN, "\n".join((overview, *sections)))


def _section(target: Target, style: Style) -> str:
    """Kinds that are emitted; for a gateway also how far each feature gets."""
    emits = fill(f"{style('strong', target.name)} emits {', '.join(target.emits)}")
    if not target.expresses:
        return emits
    rows = [(c.feature, _SUPPORT[c.support], c.note) for c in target.expresses]
    codes = dict.fromkeys(code for c in target.expresses for code in c.codes)
    reported = fill(f"What it can't express is reported at the line that asks for it: {', '.join(codes)}.")
    return f"{emits}\n{table(('FEATURE', 'EXPRESSED', 'WHAT IS THERE'), rows, style)}\n{reported}"
