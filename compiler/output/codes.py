"""Everything that this room can find."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.output.ownership import OUTPUT_FOREIGN_FILE, OUTPUT_NOT_OURS, OUTPUT_OF_ANOTHER_FLEET
from compiler.output.plan import OUTPUT_NAME_TOO_LONG
from compiler.output.refusal import OUTPUT_BUSY, OUTPUT_INCOMPLETE, OUTPUT_UNWRITABLE
from compiler.output.verify import VERIFY_CHANGED, VERIFY_EXTRA, VERIFY_MISSING

if TYPE_CHECKING:
    from compiler.diagnostics import Code

CODES: tuple[Code, ...] = (
    OUTPUT_NOT_OURS,
    OUTPUT_OF_ANOTHER_FLEET,
    OUTPUT_FOREIGN_FILE,
    OUTPUT_INCOMPLETE,
    OUTPUT_BUSY,
    OUTPUT_UNWRITABLE,
    OUTPUT_NAME_TOO_LONG,
    VERIFY_CHANGED,
    VERIFY_MISSING,
    VERIFY_EXTRA,
)
