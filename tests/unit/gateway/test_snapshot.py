"""Snapshots that follow each other: the short way gives what the long way gives."""

from __future__ import annotations

import pytest

from compiler.drill.backends import Endpoint
from compiler.gateway.snapshot import CLUSTER, ENDPOINTS, KINDS, Builder
from compiler.gateway.source import Configuration, NotUsableError
from tests.envoy.small_tree import Pool, files, fragments

PODS = tuple(Endpoint(address=f"127.1.1.{number}", port=8080, cluster=name) for number, name in enumerate("ab", 1))


def configuration(*weights: int, extra: str = "1s", names: str = "xyz") -> Configuration:
    pools = [
        Pool(name=name, weights={"a": weight, "b": 1}, endpoints=PODS, extra={"connect_timeout": extra})
        for name, weight in zip(names, weights, strict=False)
    ]
    (text,) = files(fragments(pools)).values()
    return Configuration(text.encode())


@pytest.mark.parametrize(
    "after",
    [
        configuration(1, 2, 3),
        configuration(1, 2, 4),
        configuration(7, 8, 9, extra="2s"),
        configuration(1, 2),
        configuration(1, 2, 3, names="xyw"),
        Configuration(configuration(1, 2, 3).bootstrap, (b'{"resources":[{"name":"s"}]}\n',)),
        Configuration(configuration(1, 2, 3).bootstrap.replace(b"y.example.com", b"q.example.com")),
    ],
    ids=["same", "weight", "clusters", "fewer", "renamed", "secret", "host"],
)
def test_a_snapshot_is_the_same_whatever_was_built_before(after: Configuration) -> None:
    builder = Builder()
    builder.build(configuration(1, 2, 3))
    found, fresh = builder.build(after), Builder().build(after)
    assert found.revision == fresh.revision == after.revision
    for kind in KINDS:
        assert {name: each.version for name, each in found.resources[kind].items()} == {
            name: each.version for name, each in fresh.resources[kind].items()
        }


def test_a_new_weight_changes_one_resource_and_makes_no_other() -> None:
    builder = Builder()
    before = builder.build(configuration(1, 2, 3)).resources
    after = builder.build(configuration(1, 5, 3)).resources
    changed = [
        (kind, name)
        for kind in KINDS
        for name in after[kind]
        if after[kind][name].version != before[kind][name].version
    ]
    assert changed == [(ENDPOINTS, "y/pool")]
    assert after[CLUSTER]["x/pool"] is before[CLUSTER]["x/pool"]


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b'{"static_resources": {"clusters": [{"name": "x", "q": 1}]}}'])
def test_what_is_no_configuration_is_not_usable(text: bytes) -> None:
    with pytest.raises(NotUsableError):
        Builder().build(Configuration(text))
