"""Laws of what is known of objects: by identity, and bounded."""

from __future__ import annotations

from compiler.model import known
from compiler.model.known import Known


def test_equal_objects_are_not_the_same() -> None:
    first, second = [1], [1]
    memory = Known[str]()
    assert memory.put(first, "one") == "one"
    assert (memory.get(first), memory.get(second)) == ("one", None)


def test_it_is_bounded_and_keeps_what_it_knows_alive() -> None:
    memory = Known[int]()
    last = [0]
    for number in range(2 * known._ENTRIES + 1):
        last = [number]
        memory.put(last, number)
        assert len(memory._found) <= known._ENTRIES
    assert memory.get(last) == 2 * known._ENTRIES
    assert all(node == [number] for node, number in memory._found.values())
