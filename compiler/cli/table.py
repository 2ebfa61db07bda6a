"""Plain tables, with columns by their widest cell and numbers to the right, and filled paragraphs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.cli.terminal import Style, escape, width

if TYPE_CHECKING:
    from collections.abc import Sequence

Cell = str | int

READABLE = 100
"""Columns of running text."""


def table(header: Sequence[str], rows: Sequence[Sequence[Cell]], style: Style, most: int = 40) -> str:
    """Whole lines, indented by two; of more than `most` rows the first ones and how many there are besides."""
    shown = [[escape(str(cell)) for cell in row] for row in rows[:most]]
    widths = [max(width(line[i]) for line in (list(header), *shown)) for i in range(len(header))]
    right = [all(isinstance(row[i], int) for row in rows) for i in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        padded = (
            " " * (widths[i] - width(cell)) + cell if right[i] else cell + " " * (widths[i] - width(cell))
            for i, cell in enumerate(cells)
        )
        return "  ".join(padded).rstrip()

    lines = [style("faint", line(header)), *(line(cells) for cells in shown)]
    if len(rows) > most:
        lines.append(style("faint", f"... and {len(rows) - most} more"))
    return "".join(f"  {each}\n" for each in lines)


def listed(names: Sequence[str], most: int = 6) -> str:
    """`a, b, c`; of more than `most` the first ones and how many there are besides."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def fill(text: str, indent: str = "") -> str:
    """Paragraphs (separated by empty lines) broken at `READABLE` columns; code, lists and tables stay as they are."""
    import textwrap  # noqa: PLC0415 - not on the way of `build`

    paragraphs = (
        textwrap.indent(each, indent)
        if any(line.startswith((" ", "- ", "|")) for line in each.split("\n"))
        else textwrap.fill(
            each,
            READABLE,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for each in text.strip("\n").split("\n\n")
    )
    return "\n\n".join(paragraphs) + "\n"
