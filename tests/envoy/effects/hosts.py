"""What gives hosts further names; and annotations of our own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.drill.load import Ask
from tests.envoy.effects.case import Case, Effects, Group
from tests.small_fleet import path, service

if TYPE_CHECKING:
    from tests.envoy.effects.case import Side
    from tests.small_fleet import Document


def _names(side: Side) -> list[int]:
    names = ("", f"www.{side.host}", f"a.wide.{side.host}", f"other.{side.host}")
    return [each.status for each in side.ask(*[Ask(host=name) for name in names])]


def _two_claims(side: Side) -> list[Document]:
    """Two Ingresses with the same route; the second has the annotations of the case."""
    return [side.ingress("a", annotations={}), side.ingress("b", paths=[path("two", "/")])]


def _plain_service(side: Side) -> list[Document]:
    """A plain Service that says where it is."""
    found = service("one", "a", "b", namespace=side.namespace)
    found["metadata"]["annotations"] |= side.annotations
    return [side.ingress(annotations={}), found]


EFFECTS = Effects(
    "hosts, and our own",
    (
        Case(
            "server-alias",
            {"server-alias": "www.HOST,*.wide.HOST"},
            _names,
            seen=[200, 200, 200, 404],
            otherwise=[200, 404, 404, 404],
        ),
        Case("priority", {"priority": "1"}, lambda side: side.service(), "two", "one", documents=_two_claims),
        Case(
            "clusters",
            {"clusters": "b"},
            lambda side: sorted({each.cluster for each in side.ask(*[Ask()] * 20)}),
            seen=["b"],
            otherwise=["a", "b"],
            documents=_plain_service,
            # pods where a Service says that it is not are refused
            groups=lambda side: (Group(cluster="b"),) if side.is_with else (Group(), Group(cluster="b")),
            findings=("single-cluster",),
        ),
    ),
)
