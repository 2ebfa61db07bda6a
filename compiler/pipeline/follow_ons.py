"""One mistake, one finding: what only seems to be missing because its document could not be read is not reported."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from compiler.diagnostics import Diagnostic

ABSENCE = frozenset(
    {
        "missing-backend",
        "missing-port",
        "policy-service",
        "endpoint-slice",
        "unknown-cluster",
        "unknown-cluster-id",
        "spread-cluster",
        "canary-without-base",
        "unknown-ingress-class",
        "empty-placement",
    }
)
"""Codes that say that something does not exist; their value is its name."""


def without_follow_ons(findings: Iterable[Diagnostic], broken: Sequence[str]) -> list[Diagnostic]:
    """Findings without those about names that a text which could not be read mentions."""
    return [f for f in findings if not (broken and f.code.name in ABSENCE and _is_mentioned(f.value, broken))]


def _is_mentioned(value: str, broken: Sequence[str]) -> bool:
    name = re.split(r"[/:]", value)[-1] or value
    host = value.split("/", 1)[0]
    return any(_mentions(text, name) or ("." in host and host in text) for text in broken)


def _mentions(text: str, name: str) -> bool:
    """Whether the text names it, or an app and a version that together make the name."""
    if re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", text):
        return True
    parts = name.split("-")
    return any(
        re.search(rf"(?<![\w.-]){re.escape('-'.join(parts[:cut]))}(?![\w.-])", text)
        and re.search(rf"(?<![\w.-]){re.escape('-'.join(parts[cut:]))}(?![\w.-])", text)
        for cut in range(1, len(parts))
    )
