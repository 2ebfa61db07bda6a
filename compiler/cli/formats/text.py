"""Findings for people.

    apps/shop/ingress.yaml:14:48: error[annotation-value]: …/canary-weight: '120': it is above 100
      14 |     nginx.ingress.kubernetes.io/canary-weight: "120"
         |                                                ^
      fix: write a number from 0 to 100
      also: apps/shop/base.yaml:9:5: the base is here

    1 error in 1 file

The layout does not depend on the terminal's width, so that it can be compared and searched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.cli.terminal import escape, width

if TYPE_CHECKING:
    from compiler.cli.report import Finding, Report
    from compiler.cli.terminal import Style

LONGEST = 160
"""Characters of a source line that are shown; of a longer one, those around the finding."""


def render(report: Report, style: Style) -> str:
    """All findings; an empty line between two of them."""
    return "\n".join(finding_text(finding, style) for finding in report.findings)


def closing(report: Report, style: Style) -> str:
    """The last line: how much was found; "" where nothing was."""
    counts = (("error", report.errors), ("warning", report.warnings))
    told = [style("error" if name == "error" else "warning", plural(n, name)) for name, n in counts if n]
    if not told:
        return ""
    where = f" in {plural(report.files, 'file')}" if report.files else ""
    return f"{', '.join(told)}{where}\n"


def plural(number: int, noun: str, ending: str = "s") -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun}{'' if number == 1 else ending}"


def finding_text(finding: Finding, style: Style) -> str:
    """One finding, as whole lines."""
    place = style("place", escape(str(finding.place)) + ":") + " " if finding.place.file else ""
    kind = style(finding.severity.value, f"{finding.severity}[{finding.code.name}]:")
    value = f"{escape(finding.value)}: " if finding.value else ""
    lines = [f"{place}{kind} {value}{escape(finding.why)}"]
    if finding.excerpt.strip():
        lines += _excerpt(finding.place.line, finding.place.column, finding.excerpt, style)
    if finding.fix:
        lines.append(f"  {style('strong', 'fix:')} {escape(finding.fix)}")
    lines += [
        f"  {style('strong', 'also:')} {escape(f'{note.place}: {note.text}' if note.place.file else note.text)}"
        for note in finding.notes
    ]
    return "\n".join(lines) + "\n"


def _excerpt(line: int, column: int, text: str, style: Style) -> list[str]:
    """The source line with its number, and a caret below the column."""
    at = max(column - 1, 0)
    start = max(0, min(at - LONGEST // 2, len(text) - LONGEST))
    shown = text[start : start + LONGEST]
    before = "..." if start else ""
    after = "..." if start + LONGEST < len(text) else ""
    gutter = " " * len(str(line))
    lines = [f"  {style('faint', f'{line} |')} {before}{escape(shown)}{after}"]
    if column:
        pad = " " * (len(before) + width(escape(shown[: at - start])))
        lines.append(f"  {style('faint', f'{gutter} |')} {pad}{style('mark', '^')}")
    return lines
