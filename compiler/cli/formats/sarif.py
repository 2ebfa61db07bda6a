"""Findings as SARIF 2.1.0 (OASIS), which code scanning services and editors read."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from compiler import __version__
from compiler.diagnostics import Severity
from compiler.model.words import dotted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from compiler.cli.report import Finding, Place, Report
    from compiler.cli.terminal import Style
    from compiler.diagnostics import Code

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render(report: Report, style: Style) -> str:  # noqa: ARG001 - the form of every printer; colour has no place here
    """One log with one run."""
    codes = sorted({finding.code.name: finding.code for finding in report.findings}.items())
    index = {name: i for i, (name, _) in enumerate(codes)}
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "fleetgate",
                        "semanticVersion": __version__,
                        "rules": [_rule(code) for _, code in codes],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": _results(report, index),
            }
        ],
    }
    return json.dumps(log, indent=2).replace("\x7f", "\\u007f") + "\n"


def _rule(code: Code) -> dict[str, Any]:
    return {
        "id": code.name,
        "shortDescription": {"text": code.summary},
        "fullDescription": {"text": code.explanation},
        "help": {"text": f"{code.explanation.strip()}\n\nMore: fleetgate explain {code.name}"},
        "defaultConfiguration": {"level": _level(code.severity)},
    }


def _results(report: Report, index: dict[str, int]) -> list[dict[str, Any]]:
    results = []
    for finding, fingerprint in zip(report.findings, fingerprints(report.findings), strict=True):
        value = f"{finding.value}: " if finding.value else ""
        fix = f"\nFix: {finding.fix}" if finding.fix else ""
        result: dict[str, Any] = {
            "ruleId": finding.code.name,
            "ruleIndex": index[finding.code.name],
            "level": _level(finding.severity),
            "message": {"text": f"{value}{finding.why}{fix}"},
            "locations": [_location(finding.place, report, dotted(finding.path))] if finding.place.file else [],
            "partialFingerprints": {"fleetgate/v1": fingerprint},
        }
        related = [
            {"id": i, **_location(note.place, report), "message": {"text": note.text}}
            for i, note in enumerate(finding.notes)
            if note.place.file
        ]
        if related:
            result["relatedLocations"] = related
        results.append(result)
    return results


def fingerprints(findings: Iterable[Finding]) -> list[str]:
    """An identity for each finding that survives moved lines: code, file, path and value, and a count of equals."""
    seen: Counter[str] = Counter()
    names = []
    for finding in findings:
        identity = "\0".join((finding.code.name, finding.place.file, dotted(finding.path), finding.value))
        digest = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        seen[digest] += 1
        names.append(f"{digest}:{seen[digest]}")
    return names


def _location(place: Place, report: Report, path: str = "") -> dict[str, Any]:
    artifact = {"uri": quote(report.in_repository(place.file).encode("utf-8", "surrogateescape"))}
    if not artifact["uri"].startswith("/"):
        artifact["uriBaseId"] = "%SRCROOT%"
    physical: dict[str, Any] = {"artifactLocation": artifact}
    if place.line:
        physical["region"] = {"startLine": place.line, **({"startColumn": place.column} if place.column else {})}
    location: dict[str, Any] = {"physicalLocation": physical}
    if path:
        location["logicalLocations"] = [{"fullyQualifiedName": path}]
    return location


def _level(severity: Severity) -> str:
    return "error" if severity is Severity.ERROR else "warning"
