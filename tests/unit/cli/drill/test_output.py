"""How drills are told: the same numbers to people, scripts and CI servers."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

from compiler.cli.drill.output import render_json, render_junit, render_text
from compiler.cli.terminal import Style
from compiler.drill.measure import Numbers
from compiler.drill.run import Outcome, Untried

PLAIN = Style(coloured=False)


def outcome(
    name: str = "cluster a frozen", tried: int = 6, *, hung: int = 0, problems: tuple[str, ...] = ()
) -> Outcome:
    """A fault under 100 GETs and 40 POSTs, on `tried` of six routes."""
    numbers = Numbers(
        requests=100,
        failed=0,
        failed_routes={},
        control_p999=5.0,
        p999=315.0,
        slowest=316.0,
        slowest_route="GET h/0",
        shift=600.0,
        came_back=0.0,
        posts=40,
        posts_failed=3,
        posts_hung=hung,
        posts_slowest=1984.0,
        posts_twice=0,
        shares=(),
        intruders={},
    )
    skipped = tuple(f"GET h/{number}: no hedge is declared" for number in range(tried, 6))
    return Outcome(name, "edge", numbers, problems, skipped, (), tried, 6, 7.25)


def test_posts_that_hung_are_told_in_every_format() -> None:
    found = [outcome(hung=17)]
    header, row, *_ = render_text(found, PLAIN).splitlines()
    end = header.index("HUNG") + len("HUNG")
    assert row[:end].endswith("  17")
    assert json.loads(render_json(found, PLAIN))["drills"][0]["numbers"]["posts_hung"] == 17
    case = ET.fromstring(render_junit(found, PLAIN))[0]
    assert "40 POSTs: 3 failed, 17 hung (the slowest took 1,984 ms), 0 executed twice" in (
        case.findtext("system-out") or ""
    )


def test_each_case_of_a_test_report_tells_how_long_it_took() -> None:
    suite = ET.fromstring(render_junit([outcome(), outcome("cluster b frozen", problems=("slow",))], PLAIN))
    assert [case.get("time") for case in suite] == ["7.250", "7.250"]
    assert (suite.get("time"), suite.get("failures")) == ("14.500", "1")


@pytest.mark.parametrize(
    ("tried", "told"),
    [
        ((6, 6), "2 faults survived, on all routes, within budgets"),
        ((5, 5), "2 faults survived, on 5 of 6 routes, within budgets"),
        ((6, 2), "2 faults survived, 1 of them not on all routes (at least on 2 of 6), within budgets"),
    ],
)
def test_the_verdict_says_on_how_many_routes(tried: tuple[int, int], told: str) -> None:
    found = [outcome("one", tried[0]), outcome("other", tried[1])]
    assert render_text(found, PLAIN).splitlines()[-1].startswith(told)


def test_routes_that_were_left_out_are_named_with_the_faults_that_were_not_tried_on_them() -> None:
    lines = render_text([outcome("one", 6), outcome("other", 4)], PLAIN).splitlines()
    first = lines.index("  2 routes left out:")
    assert lines[first + 1 : first + 3] == [
        "    GET h/4: no hedge is declared (left out of 1 of 2 faults)",
        "    GET h/5: no hedge is declared (left out of 1 of 2 faults)",
    ]


def test_of_many_routes_that_were_left_out_the_first_are_named() -> None:
    text = render_text([outcome(tried=0)], PLAIN)
    assert "  6 routes left out:\n" in text
    assert "    and 1 more: --format json names all\n" in text


def test_a_fault_to_which_no_route_is_held_is_told_in_every_format() -> None:
    """It is not survived, and not lost either."""
    untried = Untried("cluster b frozen", "edge", "no route declares a hedge")
    found: list[Outcome | Untried] = [outcome("cluster b killed"), untried]
    text = render_text(found, PLAIN)
    assert "  not drilled at edge: cluster b frozen, as no route declares a hedge\n" in text
    assert text.splitlines()[-1].startswith("1 fault survived")
    assert json.loads(render_json(found, PLAIN))["notDrilled"] == [
        {"fault": "cluster b frozen", "gateway": "edge", "why": "no route declares a hedge"}
    ]
    suite = ET.fromstring(render_junit(found, PLAIN))
    assert (suite.get("tests"), suite.get("skipped")) == ("2", "1")
    assert [case.find("skipped") is not None for case in suite] == [False, True]
    assert render_text([untried], PLAIN).splitlines()[-1] == "nothing was drilled"
