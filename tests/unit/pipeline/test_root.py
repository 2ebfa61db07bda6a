"""A root: findings show lines of a Git revision as those of files on disk; fresh time stamps are not trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
