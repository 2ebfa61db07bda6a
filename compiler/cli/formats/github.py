"""Findings as workflow commands of GitHub Actions: each becomes an annotation of the pull request.

Source: GitHub documentation, "Workflow commands for GitHub Actions", and the escaping of its toolkit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.cli.terminal import escape

if TYPE_CHECKING:
    from compiler.cli.report import Finding, Place, Report
    from compiler.cli.terminal import Style


def render(report: Report, style: Style) -> str:  # noqa: ARG001 - the form of every printer; the log has no colour here
    """One command per finding."""
    return "".join(_command(finding, report) for finding in report.findings)


def _command(finding: Finding, report: Report) -> str:
    properties = {"file": report.in_repository(finding.place.file)} if finding.place.file else {}
    if finding.place.line:
        properties["line"] = str(finding.place.line)
    if finding.place.column:
        properties["col"] = str(finding.place.column)
    properties["title"] = finding.code.name
    settings = ",".join(f"{name}={_property(escape(value))}" for name, value in properties.items())
    return f"::{finding.severity} {settings}::{_message(finding, report)}\n"


def _message(finding: Finding, report: Report) -> str:
    value = f"{finding.value}: " if finding.value else ""
    lines = [f"{value}{finding.why}"]
    if finding.fix:
        lines.append(f"fix: {finding.fix}")
    lines += [f"also: {_where(note.place, report)}{note.text}" for note in finding.notes]
    return "%0A".join(_data(escape(line)) for line in lines)


def _where(place: Place, report: Report) -> str:
    if not place.file:
        return ""
    inside = str(place)[len(place.file) :]
    return f"{report.in_repository(place.file)}{inside}: "


def _data(text: str) -> str:
    """Escape the text after `::`; line breaks are gone already."""
    return text.replace("%", "%25")


def _property(text: str) -> str:
    """Escape the value of a property."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
