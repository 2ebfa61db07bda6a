"""docs/formats.md shows what is really printed."""

from __future__ import annotations

import re
from pathlib import Path

from compiler.cli.formats import FORMATS, text
from compiler.cli.formats.json import render
from compiler.cli.terminal import Style
from tests.unit.cli.reports import report, weight

PAGE = (Path(__file__).parents[3] / "docs" / "formats.md").read_text("utf-8")
BLOCKS = dict(re.findall(r"```(\w+)\n(.*?)```\n", PAGE, re.DOTALL))


def test_every_format_has_its_section() -> None:
    assert re.findall(r"^## (\w+)$", PAGE, re.MULTILINE) == list(FORMATS)


def test_the_text_is_the_text() -> None:
    shown = report(weight(notes=()))
    assert BLOCKS["text"] == f"{text.render(shown, Style())}\n{text.closing(shown, Style())}"


def test_the_object_is_the_object() -> None:
    assert BLOCKS["json"] == render(report(weight(notes=())), Style())
