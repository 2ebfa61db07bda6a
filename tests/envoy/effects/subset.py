"""What limits a route to some pods of a Service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.drill.load import Ask
from compiler.drill.stub.spec import Behaviour
from tests.envoy.effects.case import Case, Effects, Group

if TYPE_CHECKING:
    from tests.envoy.effects.case import Side

VERSIONS = (
    Group(count=1, version="base"),
    Group(count=1, version="next", labels={"opensergo.io/canary-next": "next", "tier": "trial"}),
    Group(cluster="b", count=1, version="other", labels={"opensergo.io/canary-other": "other"}),
)


def _versions(side: Side) -> list[str]:
    answers = side.ask(*[Ask()] * 30)
    assert {each.status for each in answers} == {200}
    return sorted({each.answered_by.split(" ")[2] for each in answers})


def _versions_and_after(side: Side) -> tuple[list[str], list[str]]:
    """Before and after the pods of version next are gone."""
    before = _versions(side)
    side.behave(Behaviour(state="down"), [each for each in side.pods() if each.version == "next"])
    return before, _versions(side)


ALL = ["base", "next", "other"]

EFFECTS = Effects(
    "subset",
    (
        Case(
            "version",
            {"service-subset": "next"},
            _versions_and_after,
            seen=(["next"], ["base", "other"]),
            otherwise=(ALL, ["base", "other"]),
            groups=VERSIONS,
        ),
        # where no pod fits all serve: as without it, and not 503
        Case("nobody", {"service-subset": "nobody"}, _versions, seen=ALL, otherwise=ALL, groups=VERSIONS),
        Case("base", {"service-subset": ""}, _versions, seen=["base"], otherwise=ALL, groups=VERSIONS),
        Case(
            "labels",
            {"subset-labels": "tier trial"},
            _versions,
            seen=["next"],
            otherwise=["other"],
            beside={"service-subset": "other"},
            groups=VERSIONS,
        ),
        Case(
            "cluster",
            {"subset-labels": "topology.istio.io/cluster c-b"},
            _versions,
            seen=["other"],
            otherwise=["next"],
            beside={"service-subset": "next"},
            groups=VERSIONS,
        ),
    ),
)
