"""The marker of an update under way."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from compiler.output.marker import MARKER, Marker, is_marked, read_marker, render_marker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def top(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def test_a_tree_without_marker_is_complete(top: int) -> None:
    assert read_marker(top) is None
    assert not is_marked(top)


def test_a_marker_reads_back_and_tells_a_person_what_to_do(tmp_path: Path, top: int) -> None:
    marker = Marker("clusters/hz-a", ["clusters/hz-a/shop/cart.yaml"])
    (tmp_path / MARKER).write_bytes(render_marker(marker))
    assert read_marker(top) == marker
    assert is_marked(top)
    assert "run the build again" in (tmp_path / MARKER).read_text()


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"scope": "", "adds": ["/etc/passwd"]}', b'{"adds": []}'])
def test_a_damaged_marker_still_says_that_the_tree_is_incomplete(tmp_path: Path, top: int, text: bytes) -> None:
    (tmp_path / MARKER).write_bytes(text)
    assert read_marker(top) == Marker("", [])


def test_a_link_in_place_of_the_marker_is_not_read(tmp_path: Path, top: int) -> None:
    (tmp_path / "elsewhere").write_bytes(render_marker(Marker("", ["a"])))
    (tmp_path / MARKER).symlink_to("elsewhere")
    assert read_marker(top) == Marker("", [])
