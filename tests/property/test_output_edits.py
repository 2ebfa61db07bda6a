"""Whatever is done to the tree by hand, a build that compares time stamps sees as much as one that reads every byte."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.output_builds import build, contents, scan

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = {f"clusters/c-{c}/shop/{name}.yaml": f"{name}: {c}\n" for c in "ab" for name in ("cart", "search", "pay")}
ANY_FILE = st.sampled_from([*sorted(FILES), "index.json"])


def _rewrite(path: Path, *, keeps_mtime: bool) -> None:
    """Another content of the same size, in place."""
    stat = path.stat()
    text = path.read_text()
    path.write_text(text[:-2] + ("0" if text[-2] != "0" else "1") + "\n")
    assert path.stat().st_size == stat.st_size
    if keeps_mtime:
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def _replace(path: Path) -> None:
    new = path.with_name(".new")
    shutil.copy2(path, new)
    _rewrite(new, keeps_mtime=True)
    os.utime(new, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    new.rename(path)


def _swap(path: Path) -> None:
    other = path.with_name("search.yaml") if path.name != "search.yaml" else path.with_name("cart.yaml")
    if not other.exists():
        return
    third = path.with_name(".third")
    path.rename(third)
    other.rename(path)
    third.rename(other)


def _turn_into_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


EDITS: list[Callable[[Path], object]] = [
    lambda path: _rewrite(path, keeps_mtime=False),
    lambda path: _rewrite(path, keeps_mtime=True),
    _replace,
    _swap,
    lambda path: path.unlink(),
    lambda path: path.write_text(""),
    lambda path: path.with_name("extra.yaml").write_text("x"),
    _turn_into_link,
    lambda path: shutil.rmtree(path.parent),
]


@given(ANY_FILE, st.sampled_from(EDITS), st.integers(0, 2))
@settings(deadline=None, max_examples=200)
def test_no_edit_by_hand_is_missed_however_soon_it_comes(name: str, edit: Callable[[Path], object], looks: int) -> None:
    """Even within the tick of the clock in which the build wrote the file, with size and mtime as they were.

    And also after some builds that had nothing to do, but renewed what is remembered.
    """
    with tempfile.TemporaryDirectory() as base:
        out = Path(base, "out")
        known = build(out, FILES).records
        for _ in range(looks):
            done = scan(out, known)
            assert done.drift is not None
            assert done.drift.is_clean
            known = done.records
        before = (contents(out), (out / "index.json").read_bytes())
        edit(out / name)
        if out.exists() and (out / "index.json").exists():
            changed = (contents(out), (out / "index.json").read_bytes()) != before
        else:
            changed = True
        done = scan(out, known)
        if done.drift is None:
            assert done.codes == ["output-not-ours"]
        else:
            assert done.drift.is_clean == (not changed)


@given(st.lists(st.tuples(ANY_FILE, st.sampled_from(["touch", "copy", "chmod"])), max_size=4))
@settings(deadline=None)
def test_what_was_only_touched_is_clean_and_soon_trusted_again(touches: list[tuple[str, str]]) -> None:
    """As `git stash` and `git checkout` do it: other inodes and times, the same bytes."""
    with tempfile.TemporaryDirectory() as base:
        out = Path(base, "out")
        known = build(out, FILES).records
        for name, how in touches:
            path = out / name
            if how == "touch":
                path.touch()
            elif how == "chmod":
                path.chmod(0o600)
            else:
                shutil.copy(path, path.with_name(".copy"))
                path.with_name(".copy").rename(path)
        done = scan(out, known)
        assert done.drift is not None
        assert done.drift.is_clean
        for _ in range(1000):
            done = scan(out, done.records)
            assert done.drift is not None
            assert done.drift.is_clean
            if not done.drift.is_restamped:
                break
        else:
            raise AssertionError("the records never settle")
        for name, _ in touches:
            before = (out / name).read_bytes()
            _rewrite(out / name, keeps_mtime=True)
            assert (out / name).read_bytes() != before
            drift = scan(out, done.records).drift
            assert drift is None or name in drift.paths
