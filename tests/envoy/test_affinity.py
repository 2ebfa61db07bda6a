"""Affinity: who sets the cookie names the pod of the next requests; when pods are lost, their sessions move, and hardly
any other.

Envoy has no hashing by which no other moves. With its ring 21 % did; with the table that is compiled fewer than 0.5 %.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from compiler.drill.children import wait_until
from compiler.drill.load import Ask
from compiler.drill.stub.spec import Behaviour
from tests.envoy.compiled import ENVOY, Gateway, Pods, header
from tests.small_fleet import NGINX, fleet, ingress, path, policy, rule, service, weights

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from compiler.drill.load import Sample

CLUSTERS = ("a", "b", "c")
SESSIONS = 400
OTHERS_MOVE = 0.02
"""Of the sessions of other pods, at most; 0.004 are expected."""


def running(pods: Pods, folder: Path, *, spread: Mapping[str, Any] | None = None, **annotations: str) -> Gateway:
    """A gateway before a Service with four pods in each of three clusters."""
    for each in CLUSTERS:
        pods.add("cart", each, 4)
    keyed = {NGINX + name.replace("_", "-"): value for name, value in annotations.items()}
    documents = [
        *fleet(*CLUSTERS, gateway={**ENVOY, "envoy": {"xffNumTrustedHops": 1}}),
        service("cart", *CLUSTERS),
        ingress("cart", rule(path("cart")), annotations=keyed),
    ]
    if spread is not None:
        documents.append(policy("cart", spread))
    return Gateway(documents, pods, folder)


def answers(gateway: Gateway, keys: Sequence[Ask]) -> list[Sample]:
    """The answer to a request of each session."""
    found = gateway.ask(*keys)
    assert {each.status for each in found} == {200}
    return found


def places(gateway: Gateway, keys: Sequence[Ask]) -> list[str]:
    return [each.place for each in answers(gateway, keys)]


def session(sample: Sample) -> Ask:
    """A request of the session that an answer has begun."""
    (cookie,) = header(sample, "set-cookie")
    return Ask(path="/cart", headers=(("cookie", f"a=b; {cookie.partition(';')[0]}"),))


KEYS = {
    "$http_x-user": [Ask(path="/cart", headers=(("x-user", f"user-{n}"),)) for n in range(SESSIONS)],
    "$request_uri": [Ask(path=f"/cart/{n}") for n in range(SESSIONS)],
    "$arg_user": [Ask(path=f"/cart?user={n}") for n in range(SESSIONS)],
    "$remote_addr": [
        Ask(path="/cart", headers=(("x-forwarded-for", f"198.18.{n // 250}.{n % 250}"),)) for n in range(SESSIONS)
    ],
}


def moved(before: Sequence[str], after: Sequence[str], lost: Collection[str]) -> float:
    """Share of the sessions of other pods than the lost ones that are with another pod now."""
    others = [(was, now) for was, now in zip(before, after, strict=True) if was not in lost]
    assert 0 < len(others) < len(before)
    return sum(was != now for was, now in others) / len(others)


def check_losses(gateway: Gateway, keys: Sequence[Ask]) -> None:
    """Sessions of a dead cluster move, and hardly others; each keeps its new pod, and all get their old ones back."""
    before = places(gateway, keys)
    lost = {each.place for each in gateway.backends.endpoints("a")}
    gateway.backends.kill("a")
    # the first requests find out that its pods are dead, and the others go by it
    for _ in range(2):
        after = places(gateway, keys)
        assert lost.isdisjoint(after)
        assert moved(before, after, lost) <= OTHERS_MOVE
    wait_until(lambda: places(gateway, keys) == places(gateway, keys), 10, "sessions to rest")
    gateway.backends.start("a")
    wait_until(lambda: places(gateway, keys) == before, 20, "sessions to come back", pause=0.5)


@pytest.mark.parametrize("spread", [None, weights(a=60, b=30, c=10)], ids=["by pods", "by weights"])
def test_the_answer_that_sets_a_cookie_names_the_pod_of_the_next_twenty(
    spread: Mapping[str, Any] | None, loopback: str, tmp_path: Path
) -> None:
    """For each of 60 sessions; and when a cluster dies, its sessions move."""
    with running(Pods(loopback), tmp_path, affinity="cookie", spread=spread) as gateway:
        # a new cookie comes from the address of its client
        firsts = answers(gateway, KEYS["$remote_addr"])
        assert len({each.cluster for each in firsts}) == len(CLUSTERS)
        keys = [session(each) for each in firsts]
        for first, key in zip(firsts[:60], keys, strict=False):
            again = answers(gateway, [key] * 20)
            assert {each.place for each in again} == {first.place}
            assert not any(header(each, "set-cookie") for each in again)
        check_losses(gateway, keys)


@pytest.mark.parametrize("key", KEYS)
def test_equal_keys_meet_one_pod_and_a_lost_cluster_moves_its_own(key: str, loopback: str, tmp_path: Path) -> None:
    with running(Pods(loopback), tmp_path, upstream_hash_by=key) as gateway:
        before = places(gateway, KEYS[key])
        assert len(set(before)) > 8
        assert all(places(gateway, KEYS[key]) == before for _ in range(5))
        check_losses(gateway, KEYS[key])


def test_one_lost_pod_moves_its_own_sessions(loopback: str, tmp_path: Path) -> None:
    with running(Pods(loopback), tmp_path, affinity="cookie") as gateway:
        keys = [session(each) for each in answers(gateway, KEYS["$remote_addr"])]
        before = places(gateway, keys)
        (victim, *_) = gateway.backends.endpoints("b")
        gateway.backends.behave(Behaviour(state="down"), [victim])
        after = places(gateway, keys)
        assert victim.place not in after
        assert moved(before, after, {victim.place}) <= OTHERS_MOVE
