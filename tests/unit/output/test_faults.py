"""Whatever call of the operating system fails, or is the last one before the process dies, the tree is the old one, or
the new one, or marked as incomplete, and then the next build repairs it.

Every call that changes anything is made to fail in turn, so these are all moments, not some.
"""

from __future__ import annotations

import errno
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from compiler.diagnostics import Diagnostics
from compiler.output.marker import MARKER
from compiler.output.plan import Plan
from compiler.output.tree import OutputTree
from compiler.source.repository import WorkTree
from tests.output_builds import build, contents
from tests.trees import read_tree, write_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OLD = {"a/x.yaml": "x: 1\n", "a/y.yaml": "y: 1\n", "b/c/z.yaml": "z: 1\n", "top.yaml": "t: 1\n", "turn": "1\n"}
NEW = {"a/x.yaml": "x: 2\n", "d/e/f.yaml": "f: 1\n", "b/g.yaml": "g: 1\n", "top.yaml": "t: 2\n", "turn/round": "2\n"}
CHANGING = ("write", "mkdir", "rename", "unlink", "rmdir")
FALLIBLE = (*CHANGING, "open", "scandir")


class Killed(BaseException):
    """The process is gone: from here on it changes nothing any more."""


class Faults:
    """Lets the first calls through; then one call fails with an error, or all do, as if the process were gone."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, passing: int, *, kills: bool) -> None:
        self._left = passing
        self._kills = kills
        self.happened = False
        for name in CHANGING if kills else FALLIBLE:
            monkeypatch.setattr(os, name, self._guard(getattr(os, name)))

    def _guard(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*arguments: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left >= 0 or (self.happened and not self._kills):
                return call(*arguments, **named)
            self.happened = True
            if self._kills:
                raise Killed
            raise OSError(errno.ENOSPC, "No space left on device")

        return guarded


def _prepare(base: Path, start: str) -> Path:
    out = base / "rendered"
    if start == "empty":
        out.mkdir(parents=True)
    elif start == "clone":
        write_tree(out, {".git/HEAD": b"ref"})
    elif start == "built":
        assert build(out, OLD).found == ()
    return out


def _state(out: Path) -> dict[str, bytes]:
    """The tree as Git or Argo CD see it."""
    return {p: c for p, c in read_tree(out).items() if not any(step.startswith(".") for step in p.split("/"))}


def _expected(base: Path, files: dict[str, str]) -> dict[str, bytes]:
    build(base / "expected", files)
    return _state(base / "expected")


STARTS = ["missing", "empty", "clone", "built"]


@pytest.mark.parametrize("start", STARTS)
def test_a_call_that_fails_leaves_the_old_tree_or_a_marked_one_and_is_told(tmp_path: Path, start: str) -> None:
    new = _expected(tmp_path, NEW)
    seen = set()
    for number in range(1000):
        base = tmp_path / str(number)
        out = _prepare(base, start)
        old = _state(out)
        with pytest.MonkeyPatch.context() as monkeypatch:
            faults = Faults(monkeypatch, number, kills=False)
            done = build(out, NEW)
        if not faults.happened:
            assert done.found == ()
            assert _state(out) == new
            break
        assert done.written is None or done.found == ()
        if done.found:
            (finding,) = done.found
            assert finding.code.name == "output-unwritable"
            assert "No space left on device" in finding.why
            is_marked = (out / MARKER).exists()
            seen.add(is_marked)
            assert ("incomplete" in finding.why) == is_marked
            if not is_marked:
                assert _state(out) == old
                assert [path.name for path in base.glob(".*")] == []
                assert not (out / ".fleetgate-stage").exists()
        assert build(out, NEW).found == ()
        assert _state(out) == new
        assert not (out / MARKER).exists()
    else:
        pytest.fail("the faults never ended")
    assert seen == ({False} if start == "missing" else {False, True})


@pytest.mark.parametrize("start", STARTS)
def test_a_build_that_dies_leaves_the_old_tree_the_new_one_or_a_marked_one(tmp_path: Path, start: str) -> None:
    new, back = _expected(tmp_path, NEW), _expected(tmp_path / "back", OLD)
    seen = set()
    for number in range(1000):
        base = tmp_path / str(number)
        out = _prepare(base, start)
        old = _state(out)
        with pytest.MonkeyPatch.context() as monkeypatch:
            faults = Faults(monkeypatch, number, kills=True)
            if _dies(out, NEW):
                assert faults.happened
        state = _state(out)
        is_marked = (out / MARKER).exists()
        seen.add("marked" if is_marked else "old" if state == old else "new" if state == new else "foreign")
        if not faults.happened:
            break
        # the next build may be of the same input, or of another
        files, expected = (NEW, new) if number % 2 else (OLD, back)
        assert build(out, files).found == ()
        assert _state(out) == expected
        assert [path.name for path in [*base.glob(".*"), *out.glob(".fleetgate*")]] == []
    else:
        pytest.fail("the process never lived long enough")
    assert seen == ({"old", "new"} if start == "missing" else {"old", "new", "marked"})


def _dies(out: Path, files: dict[str, str]) -> bool:
    with OutputTree(str(out)) as tree:
        assert tree.scan({}, Diagnostics()) is not None
        try:
            tree.write(Plan(files, "input"), Diagnostics())
        except Killed:
            return True
    return False


def test_a_build_that_dies_again_and_again_still_knows_its_own_files(tmp_path: Path) -> None:
    """What the first one added is in no index yet: the second must not forget it, nor the third take it for foreign."""
    out = _prepare(tmp_path, "built")
    for number, files in enumerate([NEW, {"h/i.yaml": "1\n"}, {"j.yaml": "1\n", "k/l.yaml": "2\n"}]):
        with pytest.MonkeyPatch.context() as monkeypatch:
            Faults(monkeypatch, 9 + number, kills=True)
            assert _dies(out, files)
        assert (out / MARKER).exists()
    assert build(out, OLD).found == ()
    assert contents(out) == OLD


def test_an_incomplete_tree_trusts_no_records(tmp_path: Path) -> None:
    out = _prepare(tmp_path, "built")
    known = build(out, OLD).records
    write_tree(out, {MARKER: b'{"scope": "", "adds": []}'})
    done = build(out, OLD, known)
    assert done.drift is not None
    assert not done.drift.is_clean
    assert not (out / MARKER).exists()


def test_a_build_of_one_cluster_repairs_what_one_of_the_same_cluster_left(tmp_path: Path) -> None:
    out = _prepare(tmp_path, "built")
    write_tree(out, {MARKER: b'{"scope": "a", "adds": ["a/new.yaml"]}', "a/new.yaml": b"half"})
    assert build(out, {"a/x.yaml": "x: 1\n"}, only="b").codes == ["output-incomplete"]
    assert build(out, {"a/x.yaml": "x: 3\n"}, only="a").found == ()
    assert contents(out)["a/x.yaml"] == "x: 3\n"
    assert not (out / MARKER).exists()


def test_a_folder_that_may_not_be_written_is_met_before_anything_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = _prepare(tmp_path, "built")
    before = read_tree(out)
    monkeypatch.setattr(os, "access", lambda *_arguments, **_named: False)
    (finding,) = build(out, NEW).found
    assert finding.code.name == "output-unwritable"
    assert "Permission denied" in finding.why
    assert read_tree(out) == before


def test_a_half_written_tree_inside_the_root_is_not_read_as_input(tmp_path: Path) -> None:
    """Otherwise the next build would meet every object twice, and never get to repairing the tree."""
    out = _prepare(tmp_path, "empty")
    write_tree(tmp_path, {"fleet.yaml": b"kind: Fleet\n"})
    for number in range(1000):
        with pytest.MonkeyPatch.context() as monkeypatch:
            faults = Faults(monkeypatch, number, kills=True)
            _dies(out, NEW)
        found = Diagnostics()
        assert [entry.path for entry in WorkTree(tmp_path).entries(found)] == ["fleet.yaml"]
        assert list(found) == []
        if not faults.happened:
            break
        shutil.rmtree(out)
        out.mkdir()
    else:
        pytest.fail("the process never lived long enough")


@pytest.mark.parametrize("start", ["missing", "built"])
def test_an_interrupt_from_the_keyboard_leaves_nothing_behind(tmp_path: Path, start: str) -> None:
    out = _prepare(tmp_path, start)
    before = read_tree(tmp_path)

    def interrupt(_number: int) -> None:
        raise KeyboardInterrupt

    with OutputTree(str(out)) as tree:
        tree.scan({}, Diagnostics())
        with pytest.raises(KeyboardInterrupt):
            tree.write(Plan(NEW, "input"), Diagnostics(), progress=interrupt)
    assert read_tree(tmp_path) == before


def test_an_output_folder_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = _prepare(tmp_path, "built")

    def denied(*_arguments: Any, **_named: Any) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", "rendered")

    monkeypatch.setattr(os, "open", denied)
    (finding,) = build(out, NEW).found
    assert finding.code.name == "output-unwritable"
    assert "Permission denied (rendered)" in finding.why
