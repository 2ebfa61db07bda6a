"""Findings for scripts: one JSON object, described in docs/formats.md. ASCII only, so it is safe in any log.

`version` is raised when a field is removed or changes its meaning; fields may be added without.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from compiler.cli.report import Finding, Place, Report
    from compiler.cli.terminal import Style

VERSION = 1


def render(report: Report, style: Style) -> str:  # noqa: ARG001 - the form of every printer; colour has no place here
    """The whole report."""
    return json.dumps(to_builtins(report), indent=2).replace("\x7f", "\\u007f") + "\n"


def to_builtins(report: Report) -> dict[str, Any]:
    """The report as plain data, in the order of the documentation."""
    data: dict[str, Any] = {
        "version": VERSION,
        "errors": report.errors,
        "warnings": report.warnings,
        "findings": [_finding(f) for f in report.findings],
        "accepted": [_finding(f) for f in report.accepted],
        "summary": msgspec.to_builtins(report.summary),
    }
    if report.written is not None:
        data["output"] = {
            "folder": report.written.output,
            "written": report.written.written,
            "removed": report.written.removed,
            "gone": list(report.written.gone),
            "unchanged": report.written.unchanged,
            "upToDate": report.written.up_to_date,
        }
    return data


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code.name,
        "severity": finding.severity.value,
        **_place(finding.place),
        "document": finding.document,
        "path": list(finding.path),
        "value": finding.value,
        "why": finding.why,
        "fix": finding.fix,
        "notes": [{**_place(note.place), "text": note.text} for note in finding.notes],
    }


def _place(place: Place) -> dict[str, Any]:
    return {"file": place.file, "line": place.line, "column": place.column}
