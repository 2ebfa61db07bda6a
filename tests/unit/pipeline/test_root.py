"""A root: findings show lines of a Git revision as those of files on disk; fresh time stamps are not trusted; one quick
look tells whether anything changed.
"""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

import pytest

from compiler import pipeline
from compiler.output.cache import Cache
from compiler.output.statblob import Tick
from compiler.pipeline.root import open_root
from compiler.source.repository import WorkTree
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
    "a folder comes": lambda top: write_tree(top, {"apps/deeper/er.yaml": b"{}"}),
    "a folder goes": lambda top: shutil.rmtree(top / "apps/deep"),
    "a file takes the place of another": lambda top: (top / "fleet.yaml").replace(top / "apps/cart.yaml"),
    "a file deep down is edited": lambda top: (top / "apps/deep/down.yaml").write_bytes(b"[]"),
    "rules of what is ignored change": lambda top: (top / ".fleetgateignore").write_bytes(b"apps/"),
    "such rules go": lambda top: (top / ".fleetgateignore").unlink(),
    "a folder becomes a Git repository": lambda top: (top / "apps/.git").mkdir(),
    "a folder becomes an output folder": lambda top: (top / "apps/.fleetgate-incomplete").write_bytes(b""),
    "a folder above others becomes an output folder": lambda top: shutil.copy(
        top / "rendered/index.json", top / "apps"
    ),
    "an output folder becomes one of somebody else": lambda top: (top / "rendered/index.json").write_bytes(b"{}"),
    "an output folder becomes a Git repository": lambda top: (top / "rendered/.git").write_bytes(b"gitdir: ../x"),
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
    "apps/deep/down.yaml": b"{}",
    "apps/cart.yaml": b"{}",
    "fleet.yaml": b"{}",
    ".fleetgateignore": b"drafts/",
    "drafts/cart.yaml": b"{}",
    "rendered/index.json": b'{"generator": "fleetgate"}',
}


@pytest.fixture(params=[True, False], ids=["folders known", "no folder known"])
def is_as_before(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Callable[[Path], object]], bool]:
    """Whether a quick look after an edit says so; a listing after it is one without it."""

    def judge(edit: Callable[[Path], object]) -> bool:
        write_tree(tmp_path, ROOT)
        options = pipeline.Options(root=str(tmp_path))
        with open_root(options) as root:
            folders = root.settled_folders(Tick(2**62 if request.param else 0, 0))
            last = Cache(root.stamps(), [*root.ignored()], [*root.generated()], folders, {})
        assert (last.ignored, last.generated) == (["drafts"], ["rendered"])
        assert sorted(last.folders) == (["", "apps", "apps/deep"] if request.param else [])
        time.sleep(0.02)  # the clock of the file system has ticked
        edit(tmp_path)
        with open_root(options) as root, open_root(options) as anew:
            is_as_before = root.is_as(last)
            assert root.entries() == anew.entries()
            assert root.stamps() == anew.stamps()
            assert (root.ignored(), root.generated()) == (anew.ignored(), anew.generated())
            assert root.is_listed_whole == anew.is_listed_whole
            assert root.settled_folders(Tick(2**62, 0)) == anew.settled_folders(Tick(2**62, 0))
            return is_as_before

    return judge


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_a_quick_look_sees_every_change_of_what_is_listed(
    edit: Callable[[Path], object], is_as_before: Callable[[Callable[[Path], object]], bool]
) -> None:
    assert not is_as_before(edit)


@pytest.mark.parametrize("edit", UNSEEN.values(), ids=UNSEEN)
def test_a_quick_look_overlooks_what_is_not_listed(
    edit: Callable[[Path], object], is_as_before: Callable[[Callable[[Path], object]], bool]
) -> None:
    assert is_as_before(edit)


def test_what_findings_show_of_an_unchanged_root_is_read_without_listing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(tmp_path, ROOT)
    options = pipeline.Options(root=str(tmp_path))
    with open_root(options) as root:
        last = Cache(root.stamps(), [*root.ignored()], [*root.generated()], {}, {})
    listed: list[object] = []
    with open_root(options) as root:
        assert root.is_as(last)
        monkeypatch.setattr(WorkTree, "_list", lambda *_: listed.append(1))
        paths = ("fleet.yaml", "apps/deep/down.yaml", "apps/none.yaml", "none/at.all", "drafts/cart.yaml")
        assert [root.text(path) for path in paths] == ["{}", "{}", None, None, None]
    assert not listed


def test_a_folder_with_a_link_is_not_known_because_what_it_points_at_may_go(tmp_path: Path) -> None:
    write_tree(tmp_path, {"apps/cart.yaml": b"{}", "fleet.yaml": b"{}"})
    (tmp_path / "apps/cart.link").symlink_to("../fleet.yaml")
    with open_root(pipeline.Options(root=str(tmp_path))) as root:
        assert sorted(root.settled_folders(Tick(2**62, 0))) == [""]


def test_a_folder_that_changed_after_the_clock_was_read_is_not_known(tmp_path: Path) -> None:
    write_tree(tmp_path, {"apps/cart.yaml": b"{}", "fleet.yaml": b"{}"})
    with open_root(pipeline.Options(root=str(tmp_path))) as root:
        changed = (tmp_path / "apps").stat().st_ctime_ns
        assert "apps" in root.settled_folders(Tick(changed + 1, 0))
        assert "apps" not in root.settled_folders(Tick(changed, 0))
