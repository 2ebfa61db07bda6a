"""What changes headers on the way to the backend and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.envoy.effects.case import Case, Effects
from tests.small_fleet import path

if TYPE_CHECKING:
    from tests.envoy.effects.case import Side
    from tests.small_fleet import Document


def _to_backend(side: Side) -> list[list[str]]:
    """Values of two headers that a pod sees, of which the client sends the first."""
    headers = side.said(x_stage="mine").headers
    return [[value for key, value in headers if key == name] for name in ("x-stage", "x-note")]


def _to_client(side: Side) -> list[list[str]]:
    """Values of two headers that the client sees, of which a pod sends the first."""
    answer = side.get(x_stub_header="x-stage: mine")
    return [[value for key, value in answer.headers if key == name] for name in ("x-stage", "x-note")]


LINES = "x-stage theirs\nX-Note two  words"
NOTE = ["two  words"]


def _base_and_canary(side: Side) -> list[Document]:
    """The annotations of the case on the base."""
    canary = {"canary": "true", "canary-by-header": "x-trial"}
    return [side.ingress("base"), side.ingress("canary", paths=[path("two", "/")], annotations=canary)]


def _of_base_and_canary(side: Side) -> list[list[str]]:
    answers = [side.said(), side.said(x_trial="always")]
    return [[value for key, value in each.headers if key == "x-note"] for each in answers]


EFFECTS = Effects(
    "headers",
    (
        *(
            Case(f"{side}-{act}", {f"{side}-header-control-{act}": text}, see, seen=seen, otherwise=[["mine"], []])
            for side, see in (("request", _to_backend), ("response", _to_client))
            for act, text, seen in (
                ("add", LINES, [["mine", "theirs"], NOTE]),
                ("update", LINES, [["theirs"], NOTE]),
                ("remove", "X-Stage,x-other", [[], []]),
            )
        ),
        # nobody sees what pods say of themselves, unless the Ingress says otherwise
        *(
            Case(
                f"server-{act}",
                {f"response-header-control-{act}": text},
                lambda side: side.header("server", x_stub_header="server: stub"),
                seen=seen,
                otherwise=["envoy"],
            )
            for act, text, seen in (
                ("add", "server mine", ["envoy,mine"]),
                ("update", "Server mine", ["mine"]),
                ("remove", "Server", []),
            )
        ),
        Case(
            "not-of-the-canary",
            {"request-header-control-add": "x-note mine"},
            _of_base_and_canary,
            seen=[["mine"], []],
            otherwise=[[], []],
            documents=_base_and_canary,
        ),
    ),
)
