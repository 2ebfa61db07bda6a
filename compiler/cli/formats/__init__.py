"""How findings are printed: for people, for scripts, for code scanning, for the log of a CI run."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from compiler.cli.report import Report
    from compiler.cli.terminal import Style

FORMATS: tuple[str, ...] = ("text", "json", "sarif", "github")
"""Each is a module of this package with a function `render(report, style) -> str`; only the chosen one is loaded."""


def render(name: str, report: Report, style: Style) -> str:
    """The report in one of `FORMATS`; whole lines."""
    renderer: Callable[[Report, Style], str] = import_module(f"{__name__}.{name}").render
    return renderer(report, style)
