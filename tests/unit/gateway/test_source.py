"""A tree is read only when it is complete, and only when it has changed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from compiler.gateway.source import PATIENCE_S, NotUsableError, TreeSource
from compiler.output.index import INDEX
from compiler.output.marker import MARKER
from tests.envoy.small_tree import write_tree

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "gateways/public/envoy"
FILES = {f"{FOLDER}/bootstrap.json": "{}", f"{FOLDER}/secrets/a/b/tls.json": '{"resources":[]}\n'}


def test_a_tree_is_read_once_with_its_secrets(tmp_path: Path) -> None:
    source = TreeSource(tmp_path, "public")
    write_tree(tmp_path, {**FILES, "gateways/public-two/envoy/bootstrap.json": "other"})
    found = source.poll()
    assert found is not None
    assert (found.bootstrap, found.secrets) == (b"{}", (b'{"resources":[]}\n',))
    assert source.poll() is None
    write_tree(tmp_path, {**FILES, "clusters/a/x.yaml": "x"})
    assert source.poll() is None, "what changed is not of this gateway"
    write_tree(tmp_path, {f"{FOLDER}/bootstrap.json": "{ }"})
    changed = source.poll()
    assert changed is not None
    assert changed.revision != found.revision


def test_a_tree_that_is_being_updated_is_left_alone_and_told_if_that_does_not_end(tmp_path: Path) -> None:
    now = 0.0
    source = TreeSource(tmp_path, "public", clock=lambda: now)
    write_tree(tmp_path, FILES)
    (tmp_path / MARKER).touch()
    assert source.poll() is None
    now = PATIENCE_S + 1
    with pytest.raises(NotUsableError, match="under way"):
        source.poll()
    assert source.poll() is None, "told once"
    (tmp_path / MARKER).unlink()
    assert source.poll() is not None


@pytest.mark.parametrize("path", [f"{FOLDER}/bootstrap.json", f"{FOLDER}/secrets/a/b/tls.json"])
def test_files_that_are_not_those_of_the_index_are_not_used(tmp_path: Path, path: str) -> None:
    source = TreeSource(tmp_path, "public")
    write_tree(tmp_path, FILES)
    (tmp_path / path).write_text("half", "utf-8")
    with pytest.raises(NotUsableError, match="not those that"):
        source.poll()
    (tmp_path / path).unlink()
    with pytest.raises(NotUsableError, match="No such file"):
        source.poll()
    write_tree(tmp_path, FILES)
    assert source.poll() is not None


@pytest.mark.parametrize("path", [INDEX, f"{FOLDER}/bootstrap.json", f"{FOLDER}/secrets/a/b/tls.json"])
def test_a_named_pipe_is_told_and_not_waited_for(tmp_path: Path, path: str) -> None:
    source = TreeSource(tmp_path, "public")
    write_tree(tmp_path, FILES)
    (tmp_path / path).unlink()
    os.mkfifo(tmp_path / path)
    with pytest.raises(NotUsableError, match=f"{path}: this is no regular file"):
        source.poll()


def test_a_tree_behind_links_is_read(tmp_path: Path) -> None:
    write_tree(tmp_path / "one", FILES)
    (tmp_path / "now").symlink_to("one")
    assert TreeSource(tmp_path / "now", "public").poll() is not None


def test_no_tree_another_index_and_another_gateway_are_told_once(tmp_path: Path) -> None:
    source = TreeSource(tmp_path / "tree", "public")
    with pytest.raises(NotUsableError, match="No such file"):
        source.poll()
    assert source.poll() is None
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / INDEX).write_text("{}", "utf-8")
    with pytest.raises(NotUsableError, match="can't read it"):
        source.poll()
    write_tree(tmp_path / "tree", {"gateways/other/envoy/bootstrap.json": "{}"})
    with pytest.raises(NotUsableError, match="no Envoy configuration of a gateway 'public'"):
        source.poll()


def test_a_tree_that_becomes_complete_while_it_is_looked_at_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read in the middle of an update is not used, and so it must not count as seen either."""
    source = TreeSource(tmp_path, "public")
    write_tree(tmp_path, FILES)
    assert source.poll() is not None
    write_tree(tmp_path, {f"{FOLDER}/bootstrap.json": "{ }"})
    ends_after_the_stamp = iter([None])
    stamp = source._stamp
    monkeypatch.setattr(source, "_stamp", lambda: stamp() if next(ends_after_the_stamp, "it has") else None)
    assert source.poll() is None
    found = source.poll()
    assert found is not None
    assert found.bootstrap == b"{ }"
