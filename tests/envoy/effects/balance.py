"""How a pod of a Service is chosen."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from compiler.drill.children import wait_until
from compiler.drill.load import Ask, Plan, exchange
from compiler.drill.stub.spec import Behaviour
from tests.envoy.effects.case import Case, Effects, Group
from tests.small_fleet import policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.envoy.effects.case import Side
    from tests.small_fleet import Document

FOUR = (Group(count=4),)


def _goes_round(side: Side) -> bool:
    """Whether pods answer one after the other, in the same order again and again."""
    places = [each.place for each in side.ask(*[Ask()] * 40)]
    return places == places[:4] * 10 and len(set(places[:4])) == 4


def _spares_slow_pods(side: Side) -> bool:
    """Whether a slow pod gets clearly less than its quarter, while 8 requests at a time are under way."""
    slow = side.pods()[0]
    side.behave(Behaviour(delay_ms=150), [slow])
    host, port = side.gateway.envoy.address("http")
    samples = exchange(Plan(targets=(f"{host}:{port}",), asks=(Ask(host=side.host),), count=80, workers=8))
    assert {each.status for each in samples} == {200}
    return sum(each.place == slow.place for each in samples) < 14


def _checked(side: Side) -> list[Document]:
    """A Service whose pods are asked often whether they are well."""
    check = {"path": "/", "interval": "200ms", "timeout": "1s", "unhealthyThreshold": 1, "healthyThreshold": 1}
    return [side.ingress(), side.here(policy("one", {"type": "ActiveActive"}, healthCheck=check))]


def _spares_pod_that_is_back(side: Side) -> bool:
    """Whether a pod that is well again gets clearly less than its quarter at first."""
    ill = side.pods()[0]
    side.behave(Behaviour(status=503), [ill])
    wait_until(lambda: ill.place not in _places(side, 20), 10, "the pod to be left out")
    time.sleep(6)  # the other pods were new too, and have warmed up by then
    side.behave(Behaviour(), [ill])
    wait_until(lambda: ill.place in _places(side, 20), 10, "the pod to be back")
    return _places(side, 200).count(ill.place) < 30


def _places(side: Side, count: int) -> list[str]:
    return [each.place for each in side.ask(*[Ask()] * count)]


def _equal_keys_meet_one_pod(vary: Callable[[Side, int], Ask]) -> Callable[[Side], tuple[bool, bool]]:
    """Whether requests of one key meet one pod, and those of many keys several."""

    def see(side: Side) -> tuple[bool, bool]:
        same = {each.place for number in (1, 2) for each in side.ask(*[vary(side, number)] * 10)}
        many = {each.place for each in side.ask(*(vary(side, number) for number in range(30)))}
        one = {each.place for each in side.ask(*[vary(side, 1)] * 10)}
        return len(one) == 1 and len(same) <= 2, len(many) > 2

    return see


def _hashed(name: str, key: str, vary: Callable[[Side, int], Ask], **beside: str) -> Case:
    written = {each.replace("_", "-"): value for each, value in beside.items()}
    see = _equal_keys_meet_one_pod(vary)
    return Case(name, {"upstream-hash-by": key}, see, (True, True), (False, True), beside=written, groups=FOUR)


EFFECTS = Effects(
    "load balancing",
    (
        Case("least-conn", {"load-balance": "least_conn"}, _spares_slow_pods, seen=True, otherwise=False, groups=FOUR),
        *(
            Case(
                f"warmup-{algorithm.replace('_', '-')}",
                {"warmup": "5"},
                _spares_pod_that_is_back,
                seen=True,
                otherwise=False,
                beside={"load-balance": algorithm},
                documents=_checked,
                groups=FOUR,
            )
            for algorithm in ("round_robin", "least_conn")
        ),
        Case("random", {"load-balance": "random"}, _goes_round, seen=False, otherwise=True, groups=FOUR),
        Case("round-robin", {"load-balance": "round_robin"}, _goes_round, seen=True, otherwise=True, groups=FOUR),
        Case(
            "ewma",
            {"load-balance": "ewma"},
            _goes_round,
            seen=True,
            otherwise=True,
            groups=FOUR,
            findings=("load-balance-ewma",),
        ),
        _hashed("hash-uri", "$request_uri", lambda _, number: Ask(path=f"/a?b={number}")),
        _hashed("hash-host", "$host", lambda side, number: Ask(host=f"n{number}.{side.host}"), server_alias="*.HOST"),
        _hashed(
            "hash-address", "$remote_addr", lambda _, number: Ask(headers=(("x-forwarded-for", f"203.0.113.{number}"),))
        ),
        _hashed("hash-header", "$http_x-user", lambda _, number: Ask(headers=(("x-user", f"{number}"),))),
        _hashed(
            "hash-query", "$arg_user", lambda _, number: Ask(path=f"/?user={number}", headers=(("x-user", "same"),))
        ),
    ),
    gateway={"envoy": {"xffNumTrustedHops": 1}},
)
