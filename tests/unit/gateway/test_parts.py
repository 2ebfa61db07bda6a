"""Parts of a configuration: used when one revision is complete and whole, and not before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.gateway.parts import PATIENCE_S, PartsSource
from compiler.gateway.source import Configuration, NotUsableError
from compiler.targets.envoy.parts import NotAPartError, parts_of, read_part

if TYPE_CHECKING:
    from pathlib import Path

LINES = [f'{{"name": "cluster {number}"}},\n' for number in range(50)]
OLD = Configuration("".join(LINES).encode(), (b'{"resources":[1]}\n', b'{"resources":[2]}\n'))
NEW = Configuration("".join([*LINES[:20], "changed\n", *LINES[20:]]).encode(), (b'{"resources":[3]}\n',))


def put(folder: Path, configuration: Configuration, *numbers: int, size: int = 300) -> int:
    """Write these parts (all, where none is named) as the ConfigMaps of a gateway come; how many there are."""
    parts = parts_of("public", configuration.bootstrap, configuration.secrets, size)
    for part in parts:
        if not numbers or part.head.part in numbers:
            (folder / f"part-{part.head.part}").write_text(part.text, "utf-8")
    return len(parts)


def test_parts_are_used_when_all_of_a_revision_are_there(tmp_path: Path) -> None:
    source = PartsSource(tmp_path, "public")
    count = put(tmp_path, OLD)
    assert count > 4
    assert source.poll() == OLD
    assert source.poll() is None
    for number in range(1, count):
        put(tmp_path, NEW, number)
        assert source.poll() is None, "a part is late"
    put(tmp_path, NEW)
    assert source.poll() == NEW


def test_a_revision_with_fewer_parts_is_complete_before_the_others_are_gone(tmp_path: Path) -> None:
    source = PartsSource(tmp_path, "public")
    put(tmp_path, OLD)
    put(tmp_path, NEW, size=1000)
    assert source.poll() == NEW


def test_parts_that_stay_incomplete_are_told_once(tmp_path: Path) -> None:
    now = 0.0
    source = PartsSource(tmp_path, "public", clock=lambda: now)
    put(tmp_path, OLD, 1, 2)
    assert source.poll() is None
    now = PATIENCE_S + 1
    with pytest.raises(NotUsableError, match=f"2 of . parts of revision {OLD.revision}"):
        source.poll()
    assert source.poll() is None
    put(tmp_path, OLD)
    assert source.poll() == OLD


def test_what_a_kubelet_writes_is_read_when_its_link_moves(tmp_path: Path) -> None:
    for name, configuration in (("one", OLD), ("two", NEW)):
        (tmp_path / f"..{name}").mkdir()
        count = put(tmp_path / f"..{name}", configuration)
        for number in range(1, count + 1):
            (tmp_path / f"part-{number}").unlink(missing_ok=True)
            (tmp_path / f"part-{number}").symlink_to(f"..data/part-{number}")
    source = PartsSource(tmp_path, "public")
    (tmp_path / "..data").symlink_to("..one")
    assert source.poll() == OLD
    (tmp_path / "..next").symlink_to("..two")
    (tmp_path / "..next").replace(tmp_path / "..data")
    assert source.poll() == NEW


def test_damaged_parts_strangers_and_other_gateways_are_no_configuration(tmp_path: Path) -> None:
    source = PartsSource(tmp_path, "other")
    put(tmp_path, OLD)
    assert source.poll() is None
    source = PartsSource(tmp_path, "public")
    text = (tmp_path / "part-2").read_text("utf-8")
    (tmp_path / "part-2").write_text(text[:-1], "utf-8")
    with pytest.raises(NotUsableError, match="part-2 is damaged"):
        source.poll()
    (tmp_path / "part-2").write_text("hello", "utf-8")
    with pytest.raises(NotUsableError, match="part-2 is no part"):
        source.poll()
    with pytest.raises(NotUsableError, match="No such file"):
        PartsSource(tmp_path / "nowhere", "public").poll()


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(4, 60))
def test_parts_put_together_are_the_text_and_no_part_is_larger_than_asked(text: str, size: int) -> None:
    parts = parts_of("public", text.encode(), (), size)
    assert b"".join(each.content for each in parts) == text.encode()
    assert all(len(each.content) <= size for each in parts)
    assert [read_part("x", each.text.encode()) for each in parts] == parts


def test_parts_are_cut_between_lines() -> None:
    parts = parts_of("public", OLD.bootstrap, OLD.secrets, 300)
    assert all(each.content.endswith(b"\n") for each in parts)


def test_a_part_without_a_line_is_none() -> None:
    with pytest.raises(NotAPartError):
        read_part("x", b"")
