"""Every code that this room reports, in the order in which a document meets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.model import credentials, exported, problems, recognize
from compiler.model.rules import fleet, report

if TYPE_CHECKING:
    from compiler.diagnostics import Code

CODES: tuple[Code, ...] = (
    *recognize.CODES,
    *exported.CODES,
    *problems.CODES,
    *report.CODES,
    *fleet.CODES,
    *credentials.CODES,
)
