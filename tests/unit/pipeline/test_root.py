"""A root: findings show lines of a Git revision as those of files on disk; fresh time stamps are not trusted; one quick
look tells whether anything changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from compiler import pipeline
from compiler.output.statblob import Tick
from compiler.pipeline.root import open_root
from tests.test_museum import commit_all
from tests.trees import write_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_finding_in_a_revision_knows_its_line(tmp_path: Path, silent: Callable[[str, int, int], None]) -> None:
    write_tree(tmp_path, {"fleet.yaml": b"apiVersion: fleetgate.dev/v1alpha1\nkind: Flet\n"})
    commit_all(tmp_path)
    (tmp_path / "fleet.yaml").unlink()
    checked = pipeline.check(pipeline.Options(root=str(tmp_path), revision="main"), silent)
    (found,) = checked.findings
    assert checked.place(found.origin) == (2, 7)
    assert checked.excerpt(found.origin) == "kind: Flet"


def test_what_is_fresh_is_kept_as_nothing_so_that_its_end_is_noticed_too(tmp_path: Path) -> None:
    write_tree(tmp_path, {"apps/cart.yaml": b"{}", "fleet.yaml": b"{}", ".fleetgateignore": b"drafts/"})
    with open_root(pipeline.Options(root=str(tmp_path))) as root:
        stamps = root.stamps()
        assert root.settled_stamps(Tick(2**62, 0)) == stamps
        fresh = root.settled_stamps(Tick(0, 0))
        assert dict.fromkeys(stamps, b"") == fresh
        assert all(stamps.values())


def _link(top: Path) -> None:
    (top / "apps/cart.link").symlink_to("cart.yaml")


EDITS: dict[str, Callable[[Path], object]] = {
    "a file is edited": lambda top: (top / "apps/cart.yaml").write_bytes(b"{} "),
    "a file comes": lambda top: (top / "apps/new.md").write_bytes(b""),
    "a file goes": lambda top: (top / "apps/cart.yaml").unlink(),
    "a folder comes": lambda top: write_tree(top, {"apps/deep/er.yaml": b"{}"}),
    "rules of what is ignored change": lambda top: (top / ".fleetgateignore").write_bytes(b"apps/"),
    "such rules go": lambda top: (top / ".fleetgateignore").unlink(),
    "a folder becomes a Git repository": lambda top: (top / "apps/.git").mkdir(),
    "a folder becomes an output folder": lambda top: (top / "apps/.fleetgate-incomplete").write_bytes(b""),
    "an output folder becomes one of somebody else": lambda top: (top / "rendered/index.json").write_bytes(b"{}"),
    "an output folder loses its index": lambda top: (top / "rendered/index.json").unlink(),
    "a link comes": _link,
}
UNSEEN: dict[str, Callable[[Path], object]] = {
    "nothing": lambda _: None,
    "an ignored folder": lambda top: (top / "drafts/cart.yaml").write_bytes(b"{} "),
    "the output": lambda top: write_tree(top, {"rendered/clusters/a/shop/cart.yaml": b"{} "}),
    "hidden files": lambda top: write_tree(top, {".git/config": b"", "apps/.cart.yaml.swp": b""}),
    "an empty folder": lambda top: (top / "apps/empty").mkdir(),
}
ROOT = {
    "apps/cart.yaml": b"{}",
    "fleet.yaml": b"{}",
    ".fleetgateignore": b"drafts/",
    "drafts/cart.yaml": b"{}",
    "rendered/index.json": b'{"generator": "fleetgate"}',
}


def _is_as_before(top: Path, edit: Callable[[Path], object]) -> bool:
    """Whether a quick look after an edit says so; a listing after it is one without it."""
    write_tree(top, ROOT)
    options = pipeline.Options(root=str(top))
    with open_root(options) as root:
        stamps, ignored, generated = root.stamps(), root.ignored(), root.generated()
        assert (ignored, generated) == (["drafts"], ["rendered"])
    edit(top)
    with open_root(options) as root, open_root(options) as anew:
        is_as_before = root.is_as(stamps, ignored, generated)
        assert root.entries() == anew.entries()
        assert root.stamps() == anew.stamps()
        assert (root.ignored(), root.generated()) == (anew.ignored(), anew.generated())
        assert root.is_listed_whole == anew.is_listed_whole
        return is_as_before


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_a_quick_look_sees_every_change_of_what_is_listed(edit: Callable[[Path], object], tmp_path: Path) -> None:
    assert not _is_as_before(tmp_path, edit)


@pytest.mark.parametrize("edit", UNSEEN.values(), ids=UNSEEN)
def test_a_quick_look_overlooks_what_is_not_listed(edit: Callable[[Path], object], tmp_path: Path) -> None:
    assert _is_as_before(tmp_path, edit)
