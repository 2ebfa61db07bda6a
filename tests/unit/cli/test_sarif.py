"""Laws of the SARIF format. `sarif-2.1.0.json` holds the structure of the parts of SARIF that we use, and no others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from compiler.cli.formats.sarif import fingerprints, render
from compiler.cli.report import Place
from compiler.cli.terminal import Style
from tests.unit.cli.reports import CANARY_WEIGHT, report, shadow, weight

PLAIN = Style()
STRUCTURE = jsonschema.Draft202012Validator(
    json.loads((Path(__file__).parent / "sarif-2.1.0.json").read_text("utf-8")),
    format_checker=jsonschema.FormatChecker(),
)


def log(text: str) -> Any:
    """The only run of the log, after a look at its structure."""
    data = json.loads(text)
    STRUCTURE.validate(data)
    return data["runs"][0]


def test_a_result_names_its_rule_its_place_and_the_other_place() -> None:
    run = log(render(report(weight(), shadow(), prefix="fleet"), PLAIN))
    first, second = run["results"]
    assert first["ruleId"] == run["tool"]["driver"]["rules"][first["ruleIndex"]]["id"] == "annotation-value"
    assert (first["level"], second["level"]) == ("error", "warning")
    physical = first["locations"][0]["physicalLocation"]
    assert physical == {
        "artifactLocation": {"uri": "fleet/apps/shop/ingress.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 14, "startColumn": 48},
    }
    assert first["relatedLocations"][0]["message"]["text"] == "the base is here"
    assert first["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "fleet/apps/shop/base.yaml"
    assert "relatedLocations" not in second


def test_rules_carry_the_explanation() -> None:
    (rule,) = log(render(report(weight(), weight()), PLAIN))["tool"]["driver"]["rules"]
    assert rule["fullDescription"]["text"] == CANARY_WEIGHT.explanation
    assert CANARY_WEIGHT.explanation in rule["help"]["text"]
    assert rule["defaultConfiguration"]["level"] == "error"


def test_a_clean_run_is_a_log_without_results() -> None:
    assert log(render(report(), PLAIN))["results"] == []


def test_fingerprints_survive_moved_lines_and_tell_equal_findings_apart() -> None:
    here, moved = weight(), weight(place=Place("apps/shop/ingress.yaml", 99, 1))
    assert fingerprints([here]) == fingerprints([moved])
    assert len(set(fingerprints([here, here, shadow(), weight(value="other")]))) == 4


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.text(), st.integers(0, 3))
def test_any_finding_makes_a_valid_log(file: str, value: str, line: int) -> None:
    """Odd file names become URIs, absent lines and columns are left out."""
    run = log(render(report(weight(value=value, place=Place(file, line, line))), PLAIN))
    assert len(run["results"]) == 1


def test_file_names_that_are_not_utf_8_become_their_bytes() -> None:
    run = log(render(report(weight(place=Place("a\udcff b.yaml", 1, 1), notes=())), PLAIN))
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%FF%20b.yaml"
