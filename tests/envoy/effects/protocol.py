"""What is spoken to the pods of a Service: HTTP/2, TLS, and gRPC with a real gRPC server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.drill.stub.spec import Behaviour, Certificates
from tests.envoy.certificates import certify
from tests.envoy.effects.case import Case, Effects, Group
from tests.envoy.grpc_echo import Called, call, serving

if TYPE_CHECKING:
    from tests.envoy.effects.case import Side


def certified(side: Side) -> None:
    """Make the certificate of the side's pods."""
    certify(side.all_secrets, "pod", host="pod.internal", namespace=side.namespace)


def with_tls(side: Side) -> tuple[Group, ...]:
    """One pod that speaks TLS alone."""
    return (
        Group(count=1, tls=Certificates(certificate=f"{side.secrets}/pod/tls.crt", key=f"{side.secrets}/pod/tls.key")),
    )


def _protocol(side: Side) -> str:
    answer = side.get()
    return side.said().protocol if answer.status == 200 else str(answer.status)


def _calls(side: Side) -> dict[str, object]:
    """What becomes of gRPC calls: a real server stands in for the pods of the Service."""
    side.behave(Behaviour(state="down"))
    secret = side.secrets / "pod" if side.endpoints[0].tls else None
    target = side.gateway.envoy.address("http")
    with serving(*(each.place for each in side.pods()), secret=secret):
        calls = {method: call(target, side.host, method, b"a", b"b") for method in ("Unary", "Stream", "Both", "Fail")}
    return {method: _boiled(called) for method, called in calls.items()}


def _boiled(called: Called) -> tuple[str, tuple[bytes, ...], str]:
    return called.status, called.messages, called.trailer


SERVED = {
    "Unary": ("OK", (b"a",), "unary"),
    "Stream": ("OK", tuple(b"a %d" % number for number in range(5)), "stream"),
    "Both": ("OK", (b"a", b"b"), "both"),
    "Fail": ("FAILED_PRECONDITION", (), "fail"),
}
NOT_SERVED = dict.fromkeys(SERVED, ("UNAVAILABLE", (), ""))

EFFECTS = Effects(
    "protocol",
    (
        Case("http2", {"backend-protocol": "HTTP2"}, _protocol, seen="HTTP/2", otherwise="HTTP/1.1"),
        Case("http", {"backend-protocol": "HTTP"}, _protocol, seen="HTTP/1.1", otherwise="HTTP/1.1"),
        Case(
            "https",
            {"backend-protocol": "HTTPS"},
            _protocol,
            seen="HTTP/1.1",
            otherwise="503",
            groups=with_tls,
            prepare=certified,
        ),
        Case("grpc", {"backend-protocol": "GRPC"}, _calls, seen=SERVED, otherwise=NOT_SERVED),
        Case(
            "grpcs",
            {"backend-protocol": "GRPCS"},
            _calls,
            seen=SERVED,
            otherwise=NOT_SERVED,
            groups=with_tls,
            prepare=certified,
        ),
    ),
)
