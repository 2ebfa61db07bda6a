"""What a code of a finding means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.cli.table import fill
from compiler.diagnostics import Severity
from compiler.pipeline.codes import CODES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from compiler.cli.terminal import Style


def code_words() -> Iterable[str]:
    """Names of all codes."""
    return (code.name for code in CODES)


def explain_code(word: str, style: Style) -> str:
    """Its severity, what was found, why it matters and how to mend it; for a warning also how to accept it."""
    for code in CODES:
        if code.name == word.lower().strip("[]"):
            head = f"{style('strong', code.name)} ({style(code.severity.value, code.severity)}): {code.summary}"
            return f"{head}\n\n{fill(code.explanation, '  ')}{_acceptance(code.name, code.severity)}"
    return ""


def _acceptance(name: str, severity: Severity) -> str:
    if severity is Severity.ERROR:
        return ""
    entry = f"{{code: {name}, where: PATH, reason: WHY}}"
    return f"\n  To accept it on purpose, add to `spec.accept` of the Fleet: {entry}\n"
