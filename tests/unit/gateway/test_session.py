"""What an Envoy is told, and in which order. Pure: requests in, messages out."""

from __future__ import annotations

from google.protobuf.any_pb2 import Any as AnyMessage

from compiler.gateway.session import Heard, Message, Refusal, Session
from compiler.gateway.snapshot import CLUSTER, ENDPOINTS, EXTENSION, KINDS, LISTENER, ROUTES, SECRET, Resource, Snapshot
from compiler.gateway.source import Configuration

NAMES = {
    CLUSTER: "web",
    ENDPOINTS: "web/endpoints",
    LISTENER: "http",
    ROUTES: "table",
    SECRET: "certificate",
    EXTENSION: "users",
}


def snapshot(revision: str = "1", **changes: tuple[str, ...]) -> Snapshot:
    """One resource of each kind in version 1; `clusters=("web:2", "new:1")` says what there is instead."""
    words = {"clusters": CLUSTER, "endpoints": ENDPOINTS, "listeners": LISTENER, "routes": ROUTES, "secrets": SECRET}
    wanted: dict[str, tuple[str, ...]] = {kind: (f"{name}:1",) for kind, name in NAMES.items()}
    wanted |= {words[word]: each for word, each in changes.items()}
    resources = {kind: {each.split(":")[0]: _resource(kind, each) for each in texts} for kind, texts in wanted.items()}
    return Snapshot(revision, resources, Configuration(b""))


def _resource(kind: str, text: str) -> Resource:
    name, _, version = text.partition(":")
    return Resource(name, version, AnyMessage(), f"{name}/endpoints" if kind == CLUSTER else "")


def told(messages: list[Message]) -> list[tuple[str, list[str], tuple[str, ...]]]:
    return [(each.kind, [f"{r.name}:{r.version}" for r in each.resources], each.removed) for each in messages]


def take(session: Session, messages: list[Message]) -> None:
    """Envoy takes what it was told."""
    for each in messages:
        assert session.hear(Heard(kind=each.kind, nonce=each.nonce)) is None


def settled(wanted: Snapshot) -> Session:
    """An Envoy that has everything."""
    session = Session(wanted)
    for kind in KINDS:
        names = () if kind in (CLUSTER, LISTENER) else tuple(wanted.resources[kind])
        versions = {name: each.version for name, each in wanted.resources[kind].items()}
        session.hear(Heard(kind=kind, subscribe=names, has=versions))
    assert session.speak() == []
    assert session.is_settled
    return session


def test_a_new_envoy_learns_of_clusters_first_and_of_the_rest_as_it_asks() -> None:
    session = Session(snapshot())
    session.hear(Heard(kind=CLUSTER))
    clusters = session.speak()
    assert told(clusters) == [(CLUSTER, ["web:1"], ())]
    assert session.speak() == [], "nothing is said twice"
    take(session, clusters)
    session.hear(Heard(kind=ENDPOINTS, subscribe=("web/endpoints",)))
    session.hear(Heard(kind=SECRET, subscribe=("certificate",)))
    session.hear(Heard(kind=EXTENSION, subscribe=("users",)))
    endpoints = session.speak()
    assert told(endpoints) == [
        (ENDPOINTS, ["web/endpoints:1"], ()),
        (SECRET, ["certificate:1"], ()),
        (EXTENSION, ["users:1"], ()),
    ]
    session.hear(Heard(kind=LISTENER))
    assert session.speak() == [], "listeners wait until clusters are warm"
    take(session, endpoints)
    assert session.is_gated
    assert not session.is_warming
    session.open_gate()
    listeners = session.speak()
    assert told(listeners) == [(LISTENER, ["http:1"], ())]
    take(session, listeners)
    session.hear(Heard(kind=ROUTES, subscribe=("table",)))
    routes = session.speak()
    assert told(routes) == [(ROUTES, ["table:1"], ())]
    assert not session.is_settled
    take(session, routes)
    assert session.is_settled


def test_an_envoy_that_has_everything_is_told_nothing() -> None:
    settled(snapshot())


def test_new_endpoints_touch_nothing_else_and_wait_for_nothing() -> None:
    session = settled(snapshot())
    session.wanted = snapshot("2", clusters=("web:2",))
    session.speak()
    assert session.is_gated
    session.wanted = snapshot("3", clusters=("web:2",), endpoints=("web/endpoints:3",))
    session.hear(Heard(kind=ENDPOINTS, nonce="2"))  # the endpoints that the new cluster waited for
    assert told(session.speak()) == [(ENDPOINTS, ["web/endpoints:3"], ())]


def test_routes_follow_clusters_that_are_warm_and_what_goes_goes_last() -> None:
    session = settled(snapshot())
    session.wanted = snapshot("2", clusters=("new:1",), endpoints=("new/endpoints:1",), routes=("table:2",))
    clusters = session.speak()
    assert told(clusters) == [(CLUSTER, ["new:1"], ())], "the old one stays"
    take(session, clusters)
    session.hear(Heard(kind=ENDPOINTS, subscribe=("new/endpoints",)))
    endpoints = session.speak()
    assert told(endpoints) == [(ENDPOINTS, ["new/endpoints:1"], ())]
    take(session, endpoints)
    assert session.speak() == []
    session.open_gate()
    routes = session.speak()
    assert told(routes) == [(ROUTES, ["table:2"], ())]
    take(session, routes)
    assert session.is_settled
    assert session.has_leftovers
    removed = session.clear_away()
    assert told(removed) == [(CLUSTER, [], ("web",))]
    take(session, removed)
    assert not session.has_leftovers


def test_listeners_go_before_clusters() -> None:
    session = settled(snapshot())
    session.wanted = snapshot("2", clusters=(), listeners=())
    assert session.is_settled
    first = session.clear_away()
    assert told(first) == [(LISTENER, [], ("http",))]
    take(session, first)
    assert told(session.clear_away()) == [(CLUSTER, [], ("web",))]


def test_a_cluster_that_changes_gets_its_endpoints_again() -> None:
    session = settled(snapshot())
    session.wanted = snapshot("2", clusters=("web:2",))
    assert told(session.speak()) == [(CLUSTER, ["web:2"], ()), (ENDPOINTS, ["web/endpoints:1"], ())]


def test_an_envoy_that_asks_again_is_told_again() -> None:
    session = settled(snapshot())
    session.hear(Heard(kind=ENDPOINTS, unsubscribe=("web/endpoints",)))
    assert session.speak() == []
    session.hear(Heard(kind=ENDPOINTS, subscribe=("web/endpoints",)))
    assert told(session.speak()) == [(ENDPOINTS, ["web/endpoints:1"], ())]


def test_what_is_refused_is_told_and_what_was_good_comes_back() -> None:
    good, bad = snapshot(), snapshot("2", routes=("table:2",))
    session = settled(good)
    session.wanted = bad
    (message,) = session.speak()
    refusal = session.hear(Heard(kind=ROUTES, nonce=message.nonce, error="no such cluster"))
    assert refusal == Refusal("2", ROUTES, "table", "2", "no such cluster")
    assert session.speak() == [], "what was refused is not sent again"
    assert not session.is_settled
    session.wanted = good
    again = session.speak()
    assert told(again) == [(ROUTES, ["table:1"], ())], "a part of it may have been taken"
    take(session, again)
    assert session.is_settled
    assert session.refusal is None
    session.wanted = snapshot("3", routes=("table:2",))
    assert session.refusal == Refusal("3", ROUTES, "table", "2", "no such cluster")


def test_a_refusal_keeps_nothing_else_from_an_envoy_that_has_nothing_yet() -> None:
    session = Session(snapshot(clusters=("bad:1",)))
    session.hear(Heard(kind=CLUSTER))
    session.hear(Heard(kind=LISTENER))
    (clusters,) = session.speak()
    session.hear(Heard(kind=CLUSTER, nonce=clusters.nonce, error="bad is bad"))
    session.open_gate()
    assert told(session.speak()) == [(LISTENER, ["http:1"], ())]


def test_which_of_many_is_refused_is_found_out_and_all_others_are_taken() -> None:
    clusters = tuple(f"c{number:03}:1" for number in range(200))
    session = Session(snapshot(clusters=clusters))
    session.hear(Heard(kind=CLUSTER))
    bad, taken, refused, messages = {"c017", "c018", "c199"}, set(), [], 0
    while found := session.speak():
        (message,) = found
        messages += 1
        names = {each.name for each in message.resources}
        error = "one is bad" if names & bad else ""
        taken |= set() if error else names
        refusal = session.hear(Heard(kind=CLUSTER, nonce=message.nonce, error=error))
        if refusal is not None:
            refused.append(refusal.name)
    assert (set(refused), len(refused)) == (bad, 3)
    assert len(taken) == 197
    assert messages < 60


def test_an_answer_to_something_older_counts_for_nothing() -> None:
    session = Session(snapshot())
    session.hear(Heard(kind=CLUSTER))
    session.speak()
    assert session.hear(Heard(kind=CLUSTER, nonce="0", error="of another time")) is None
    assert session.is_warming


def test_kinds_that_we_do_not_serve_are_not_heard() -> None:
    session = settled(snapshot())
    assert session.hear(Heard(kind="envoy.service.runtime.v3.Runtime", subscribe=("x",))) is None
    assert session.speak() == []


def test_a_secret_that_is_not_there_is_told_once_and_comes_when_it_is_there() -> None:
    session = Session(snapshot(secrets=()))
    session.hear(Heard(kind=SECRET, subscribe=("certificate", "other")))
    absent = session.speak()
    assert told(absent) == [(SECRET, [], ("certificate", "other"))]
    take(session, absent)
    assert session.speak() == []
    session.wanted = snapshot("2")
    assert told(session.speak()) == [(SECRET, ["certificate:1"], ())]


def test_a_secret_that_an_envoy_has_stays_when_its_file_is_gone() -> None:
    session = settled(snapshot())
    session.wanted = snapshot("2", secrets=())
    assert session.speak() == []
