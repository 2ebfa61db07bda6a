"""Weights of a split: none below zero, and not all zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.diagnostics import Note, error
from compiler.ir.traffic import Forward, Split
from compiler.ir.walk import routes

if TYPE_CHECKING:
    from compiler.diagnostics import Diagnostics
    from compiler.ir.traffic import Route, Traffic

SPLIT_WEIGHTS = error(
    "split-weights",
    "the weights of a split do not add up",
    "The canaries of a base share canary-weight-total (100 by default); the base keeps the rest. When canary weights "
    "add up to more, MSE quietly stretches the total and the base gets nothing. Lower the weights, or raise "
    "canary-weight-total on all canaries of the base.",
)


def check_split_weights(traffic: Traffic, findings: Diagnostics) -> None:
    """Report splits whose base would get less than nothing, and splits that are all zero."""
    seen: set[Split] = set()
    for _, route in routes(traffic):
        if isinstance(route.action, Forward):
            split = route.action.split
            if any(s.weight < 0 for s in split.shares) and split not in seen:
                seen.add(split)
                _too_much(route, split, findings)
            elif not any(s.weight for s in split.shares) and split not in seen:
                seen.add(split)
                findings.add(
                    SPLIT_WEIGHTS,
                    route.origin,
                    "0",
                    "all weights are zero, so that no backend would get a request",
                    "give at least one backend a weight above 0",
                )


def _too_much(route: Route, split: Split, findings: Diagnostics) -> None:
    base, *canaries = split.shares
    taken = sum(c.weight for c in canaries)
    total = taken + base.weight
    last = canaries[-1]
    findings.add(
        SPLIT_WEIGHTS,
        last.origin,
        str(last.weight),
        f"the canaries of this base add up to {taken}, more than the total {total}",
        f"lower the weights to {total} or less together, or raise canary-weight-total on all of them",
        (*(Note(c.origin, f"a canary with weight {c.weight}") for c in canaries[:-1]), Note(route.origin, "the base")),
    )
