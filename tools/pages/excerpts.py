"""Excerpts of real files, for pages that show them: cut out anew each time, so that they never go stale."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ROOT = Path(__file__).resolve().parent.parent.parent

CUT = "# ..."

Part = tuple[str, str]
"""Lines of a file: from the first that is the one to the next that is the other; indentation does not count."""


def excerpt(path: str, *parts: Part) -> Callable[[], str]:
    """A renderer of parts of a YAML file below the root: a link to it, and the parts as code."""

    def render() -> str:
        text = (ROOT / path).read_text("utf-8")
        return f"[`{path}`]({path})\n\n```yaml\n{cut(path, text, parts)}```"

    return render


def excerpts(*renderers: Callable[[], str]) -> Callable[[], str]:
    """A renderer of several, one below the other."""
    return lambda: "\n\n".join(render() for render in renderers)


def cut(path: str, text: str, parts: Iterable[Part]) -> str:
    """The parts of a text, in order, without the indentation that they share; `CUT` stands for what lies between them.

    Raises ValueError where the text no longer has such lines.
    """
    lines = text.split("\n")
    bare = [line.strip() for line in lines]
    shown: list[str] = []
    at = 0
    for first, last in parts:
        try:
            start = bare.index(first, at)
            end = bare.index(last, start) + 1
        except ValueError:
            raise ValueError(f"{path} has no lines {first!r} … {last!r} below line {at}") from None
        if shown and start > at:
            shown.append(f"{_indentation(lines[start])}{CUT}")
        shown += lines[start:end]
        at = end
    common = min((_indentation(line) for line in shown if line.strip()), key=len)
    return "".join(f"{line.removeprefix(common)}\n" for line in shown)


def _indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" "))]
