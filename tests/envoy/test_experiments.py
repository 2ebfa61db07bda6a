"""Why target `envoy` refuses what it refuses: what would happen was seen in Envoy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from compiler.drill.envoy import validate
from compiler.drill.load import Ask
from compiler.ir.regex import program_steps
from compiler.targets.envoy.findings import PATTERN_STEPS
from tests.envoy.compiled import ENVOY, Gateway, Pods
from tests.small_fleet import NGINX, fleet, ingress, path, rule, service

if TYPE_CHECKING:
    from pathlib import Path

SMALL = "/[a-z]{1,900}[0-9]{1,900}"
LARGE = "/[a-z]{1,900}[0-9]{1,900}[a-f]{1,900}"


def test_a_header_with_an_underscore_never_reaches_a_route(loopback: str, tmp_path: Path) -> None:
    """So a condition on it is refused (`envoy-header`)."""
    pods = Pods(loopback)
    pods.add("cart", "a")
    with Gateway(
        [*fleet("a", gateway=ENVOY), service("cart", "a"), ingress("cart", rule(path("cart")))], pods, tmp_path
    ) as gateway:
        assert gateway.get("/cart", x_stage="b").status == 200
        answers = gateway.ask(Ask(path="/cart", headers=(("x_stage", "b"),)))
        assert [(each.status, each.answered_by) for each in answers] == [(400, "")]


def test_one_pattern_that_is_too_large_costs_the_whole_route_table(loopback: str, tmp_path: Path) -> None:
    """So it is refused before (`envoy-pattern`)."""
    pods = Pods(loopback)
    pods.add("cart", "a")
    regex = {NGINX + "use-regex": "true"}
    documents = [
        *fleet("a", gateway=ENVOY),
        service("cart", "a"),
        ingress("cart", rule(path("cart"))),
        ingress("large", rule(path("cart", SMALL, "ImplementationSpecific")), annotations=regex),
    ]
    gateway = Gateway(documents, pods, tmp_path)
    text = json.dumps(gateway.bootstrap)
    assert program_steps(SMALL) < PATTERN_STEPS < program_steps(LARGE)
    assert SMALL in text
    taken, refused = tmp_path / "small.json", tmp_path / "large.json"
    taken.write_text(text)
    refused.write_text(text.replace(SMALL, LARGE))
    assert validate(taken) == []
    assert "regex" in validate(refused)[0]
