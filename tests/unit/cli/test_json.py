"""Laws of the JSON format: scripts rely on its fields."""

from __future__ import annotations

import json

from compiler.cli.formats.json import render
from compiler.cli.report import Place, Written
from compiler.cli.terminal import Style
from tests.unit.cli.reports import report, shadow, weight

PLAIN = Style()


def test_every_field_of_a_finding_is_there() -> None:
    (found,) = json.loads(render(report(weight()), PLAIN))["findings"]
    assert found == {
        "code": "annotation-value",
        "severity": "error",
        "file": "apps/shop/ingress.yaml",
        "line": 14,
        "column": 48,
        "document": 0,
        "path": ["metadata", "annotations", "nginx.ingress.kubernetes.io/canary-weight"],
        "value": "nginx.ingress.kubernetes.io/canary-weight: '120'",
        "why": "it is above 100",
        "fix": "write a number from 0 to 100",
        "notes": [{"file": "apps/shop/base.yaml", "line": 9, "column": 5, "text": "the base is here"}],
    }


def test_a_clean_check_has_the_same_fields_and_no_output() -> None:
    data = json.loads(render(report(accepted=2), PLAIN))
    assert list(data) == ["version", "errors", "warnings", "findings", "accepted", "summary"]
    assert (data["version"], data["errors"], data["warnings"], data["findings"]) == (1, 0, 0, [])
    assert len(data["accepted"]) == 2
    assert data["summary"]["clusters"][0]["zones"] == ["cn-hangzhou-h"]


def test_a_build_adds_what_became_of_the_output_folder() -> None:
    written = Written("out", "out", 3, 2, 1, up_to_date=False, verified=False)
    data = json.loads(render(report(shadow(), written=written), PLAIN))
    assert data["output"] == {
        "folder": "out",
        "written": 3,
        "removed": 2,
        "gone": [],
        "unchanged": 1,
        "upToDate": False,
    }


def test_only_printable_ascii_is_printed_and_text_comes_back_as_it_was() -> None:
    """A log that shows it cannot be steered by what stands in a repo; a script still gets the exact text."""
    evil = "\x1b[31m\x7f\x9b\u202e漢\udc80"
    text = render(report(weight(value=evil, place=Place(evil, 1, 1))), PLAIN)
    assert all(" " <= c <= "~" or c == "\n" for c in text)
    assert json.loads(text)["findings"][0]["value"] == evil
