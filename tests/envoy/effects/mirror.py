"""What copies requests."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from compiler.drill.children import wait_until
from compiler.drill.load import Ask
from compiler.drill.stub.spec import Behaviour
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


def _copy(side: Side) -> tuple[list[str], bool]:
    """First line and Host of the copy, as it comes, and whether it has the body; nothing comes = ([], False)."""
    (pod,) = side.pods("two")
    side.behave(Behaviour(state="down"), [pod])
    with socket.create_server((pod.address, pod.port)) as listening:
        listening.settimeout(2 if side.is_with else 0.2)
        (answer,) = side.ask(Ask(path="/cart?x=1", method="PUT", body=b"whole"))
        assert answer.status == 200
        try:
            connection, _ = listening.accept()
        except TimeoutError:
            return [], False
        with connection:
            connection.settimeout(2)
            text = connection.recv(65_536).decode()
    head, _, body = text.replace(side.host, "HOST").partition("\r\n\r\n")
    lines = head.split("\r\n")
    return [lines[0], *(line for line in lines if line.startswith("host:"))], body.endswith("whole")


EFFECTS = Effects(
    "mirror",
    (
        Case("mirror-target-service", {"mirror-target-service": "two:80"}, _copied, seen="all", otherwise="none"),
        Case(
            "the-copy",
            {"mirror-target-service": "two"},
            _copy,
            seen=(["PUT /cart?x=1 HTTP/1.1", "host: HOST-shadow"], True),
            otherwise=([], False),
        ),
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
