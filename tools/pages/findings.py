"""Findings: `docs/findings.md` and their number in the README, from the registry of all codes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from compiler.diagnostics import Severity
from compiler.pipeline.codes import CODES
from tools.pages.excerpts import ROOT
from tools.pages.markdown import HEAD, cell, code, paragraphs, prose, table

if TYPE_CHECKING:
    from compiler.diagnostics import Code

PAGE = "docs/findings.md"

_MUSEUM = "tests/bad"

_INTRO = """\
# Findings

Everything that `fleetgate check` and `fleetgate build` report. A finding names file, line and column, the value, why it
is wrong, and what to write instead. Its code, in brackets, never changes its meaning: scripts and `spec.accept` of the
Fleet rely on it. `fleetgate explain CODE` prints the same text as this page.

An **error** stops the build: nothing is written, and what was there stays. A **warning** stops nothing, unless
`--strict` is given. To accept a warning on purpose, name it in the Fleet, with a reason:

```yaml
spec:
  accept:
    - code: single-cluster
      where: apps/reports/*.yaml
      reason: an internal tool that may be down for a day
```

The exhibit of a code is a small input with that one mistake, and the exact text that is printed about it.
"""


def page() -> str:
    """The whole page: an index, then one section per code."""
    found = sorted(CODES, key=lambda each: each.name)
    index = table(
        ("code", "severity", "what was found"),
        ((f"[`{each.name}`](#{each.name})", each.severity.value, cell(each.summary)) for each in found),
    )
    return HEAD + "\n".join([_INTRO, f"{_counted()}\n\n{index}", *map(_section, found)])


def block() -> str:
    """How many there are."""
    return _counted()


def _section(each: Code) -> str:
    # a code that no input of today's targets leads to has no exhibit
    exhibit = f" ([exhibit](../{_MUSEUM}/{each.name}))" if (ROOT / _MUSEUM / each.name).is_dir() else ""
    head = f"## {each.name}\n\n**{each.severity.value}**: {prose(each.summary)}{exhibit}"
    return f"{head}\n\n{paragraphs(each.explanation)}\n"


def _counted() -> str:
    by = Counter(each.severity for each in CODES)
    return f"{len(CODES)} codes: {by[Severity.ERROR]} errors, {by[Severity.WARNING]} warnings."


def links(names: tuple[str, ...], page: str) -> str:
    """Codes, each with a link to its section."""
    return ", ".join(f"[{code(name)}]({page}#{name})" for name in names)
