"""Rows of the results: what was measured, what must hold, what is aimed at."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Row(NamedTuple):
    """One line of the table."""

    what: str
    value: float
    unit: str
    must: float | None
    """Upper bound; None = the row only informs."""
    aim: float | None
    detail: str = ""

    @property
    def holds(self) -> bool:
        """Whether the bound is kept."""
        return self.must is None or self.value <= self.must


def table(lines: Sequence[Row]) -> str:
    """The rows as Markdown."""

    def bound(value: float | None) -> str:
        return "" if value is None else f"{value:g}"

    head = "| CPU time of the whole process tree | measured | must | aim | | detail |\n" + "| --- " * 6 + "|\n"
    return head + "".join(
        f"| {row.what} | {row.value:.3g} {row.unit} | {bound(row.must)} | {bound(row.aim)} "
        f"| {'' if row.must is None else 'ok' if row.holds else '**missed**'} | {row.detail} |\n"
        for row in lines
    )
