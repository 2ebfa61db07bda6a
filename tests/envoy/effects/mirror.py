"""What copies requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.drill.children import wait_until
from tests.envoy.effects.case import Case, Effects

if TYPE_CHECKING:
    from tests.envoy.effects.case import Side

ASKED = 400


def _copied(side: Side) -> str:
    """How many of the requests are copied, roughly."""
    assert side.services(count=ASKED) == {"one": ASKED}
    if side.is_with and "0" not in side.case.proves.values():
        wait_until(lambda: side.requests("two") > 0, 5, "a copy")
    copies = side.requests("two")
    return "all" if copies == ASKED else "none" if not copies else "some"


EFFECTS = Effects(
    "mirror",
    (
        Case("mirror-target-service", {"mirror-target-service": "two:80"}, _copied, seen="all", otherwise="none"),
        Case(
            "mirror-percentage",
            {"mirror-percentage": "50"},
            _copied,
            seen="some",
            otherwise="all",
            beside={"mirror-target-service": "NAMESPACE/two"},
        ),
        Case(
            "mirror-nothing",
            {"mirror-percentage": "0"},
            _copied,
            seen="none",
            otherwise="all",
            beside={"mirror-target-service": "two"},
        ),
    ),
)
