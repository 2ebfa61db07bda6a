"""A root in a Git revision: findings show its lines as those of files on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler import pipeline
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
