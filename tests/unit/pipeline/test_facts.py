"""Sums of cells are exact: what is added and taken away again has never been there."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec import msgpack

from compiler.pipeline.facts import Facts, facts_of, no_facts
from compiler.targets.target import Emission, ObjectId

COUNTS = st.dictionaries(st.sampled_from("abc"), st.integers(1, 10**6))
FACTS = st.builds(Facts, *[COUNTS] * len(Facts.__struct_fields__))


def summed(*parts: Facts) -> Facts:
    total = no_facts()
    for part in parts:
        total.add(part)
    return total


def copied(facts: Facts) -> Facts:
    return msgpack.decode(msgpack.encode(facts), type=Facts)


@given(st.lists(FACTS, max_size=4), FACTS)
def test_taking_a_cell_away_undoes_adding_it(others: list[Facts], cell: Facts) -> None:
    total = summed(*others, cell)
    total.add(cell, -1)
    assert total == summed(*others)


@given(st.lists(FACTS, max_size=4))
def test_the_order_of_cells_does_not_matter(cells: list[Facts]) -> None:
    assert summed(*cells) == summed(*reversed(cells))


@given(FACTS, FACTS)
def test_adding_changes_one_sum_alone(one: Facts, other: Facts) -> None:
    before = copied(other)
    one.add(other)
    assert other == before


CLUSTER_ROLE = ObjectId("rbac.authorization.k8s.io/v1", "ClusterRole", "", "reader")
CONFIG = ObjectId("v1", "ConfigMap", "shop", "cart")
GUEST = ObjectId("v1", "ConfigMap", "metrics", "cart")
FILE = Emission("clusters/hz-a/shop/cart.yaml", ("ü",), ("cluster", "hz-a", "shop"), (CONFIG, CLUSTER_ROLE, GUEST))


def test_files_are_counted_by_what_a_delivery_groups_them_by() -> None:
    facts = facts_of([FILE, FILE], by_app=False)
    assert facts.objects == {"cluster|hz-a|shop|": 6}
    assert facts.sizes == {"cluster|hz-a|shop|": 2 * len("ü".encode())}
    assert facts.files == {"cluster|hz-a|shop|": 2}
    assert facts.cluster_kinds == {"rbac.authorization.k8s.io|ClusterRole": 2}
    assert facts.guests == {"hz-a|metrics": 2}
    assert facts_of([FILE], by_app=True).objects == {"cluster|hz-a|shop|cart": 3}
