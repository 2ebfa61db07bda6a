"""Laws of the GitHub format: workflow commands, escaped as the toolkit of GitHub Actions reads them."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from compiler.cli.formats.github import render
from compiler.cli.report import Place
from compiler.cli.terminal import Style
from tests.unit.cli.reports import report, shadow, weight

PLAIN = Style()

COMMAND = re.compile(r"::(?P<level>error|warning) (?P<properties>[^:]*)::(?P<message>[^\r\n]*)\n")


def test_a_finding_is_one_command_with_its_place_from_the_top_of_the_repository() -> None:
    assert render(report(weight(), prefix="fleets/prod"), PLAIN) == (
        "::error file=fleets/prod/apps/shop/ingress.yaml,line=14,col=48,title=annotation-value::"
        "nginx.ingress.kubernetes.io/canary-weight: '120': it is above 100%0A"
        "fix: write a number from 0 to 100%0A"
        "also: fleets/prod/apps/shop/base.yaml:9:5: the base is here\n"
    )


def test_what_is_not_known_is_left_out() -> None:
    assert render(report(shadow()), PLAIN) == (
        "::warning file=apps/shop/b.yaml,line=3,title=shadowed-route::no request reaches it\n"
    )
    assert render(report(weight(place=Place("", 0, 0), fix="", notes=())), PLAIN).startswith(
        "::error title=annotation-value::"
    )


@given(st.text(), st.text(min_size=1))
def test_no_text_breaks_out_of_its_command(value: str, file: str) -> None:
    """One line per finding, and the runner's own unescaping gives back the escaped text."""
    text = render(report(weight(value=value, fix="", notes=(), place=Place(file, 1, 1))), PLAIN)
    found = COMMAND.fullmatch(text)
    assert found
    assert [p.split("=")[0] for p in found["properties"].split(",")] == ["file", "line", "col", "title"]
