"""Laws of the output tree that hold for any sequence of builds."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.output_builds import Records, build, contents, folders, identity, scan
from tests.trees import read_tree, write_tree

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMES = st.sampled_from(["a", "b", "c.yaml"])
_PATHS = st.lists(_NAMES, min_size=1, max_size=3).map("/".join)
_TEXTS = st.sampled_from(["", "one\n", "two\n", "größer\n"])


def _fits(files: Mapping[str, str]) -> bool:
    """Whether no path is a folder of another."""
    return not any(other.startswith(path + "/") for path in files for other in files)


_TREES = st.dictionaries(_PATHS, _TEXTS, max_size=8).filter(_fits)


def _needed_folders(files: Mapping[str, str]) -> set[str]:
    return {str(above) for path in files for above in Path(path).parents} - {"."}


@given(st.lists(_TREES, min_size=1, max_size=5), st.booleans())
@settings(deadline=None)
def test_after_any_builds_the_tree_is_what_the_last_plan_says(plans: list[dict[str, str]], remembers: bool) -> None:  # noqa: FBT001 - hypothesis passes it by position
    """Whatever was there before, with a memory of the last build and without one.

    No file that stays the same is written again, and what goes is exactly what is stale.
    """
    with tempfile.TemporaryDirectory() as base:
        out = Path(base, "out")
        known: Records = {}
        before: dict[str, str] = {}
        for number, files in enumerate(plans):
            same = {path: identity(out / path) for path in before if files.get(path) == before[path]}
            done = build(out, files, known if remembers else None)
            assert done.found == ()
            assert done.written is not None
            assert contents(out) == files
            assert folders(out) == _needed_folders(files)
            assert {path: identity(out / path) for path in same} == same
            assert set(done.written.removed) == before.keys() - files.keys()
            assert set(done.written.written) == {p for p in files if before.get(p) != files[p]}
            assert done.written.total == len(files)
            known, before = done.records, files
            build(Path(base, f"fresh{number}"), files)
            assert read_tree(out) == read_tree(Path(base, f"fresh{number}"))


@given(_TREES, _TREES, st.data())
@settings(deadline=None)
def test_a_change_leads_to_the_same_bytes_as_the_whole(
    first: dict[str, str], second: dict[str, str], data: st.DataObject
) -> None:
    """A change may also name files that stay the same: a cell is compiled whole."""
    with tempfile.TemporaryDirectory() as base:
        out, whole = Path(base, "out"), Path(base, "whole")
        known = build(out, first).records
        repeated = data.draw(st.sets(st.sampled_from(sorted(second)))) if second else set()
        changed = {path for path in second if first.get(path) != second[path]} | repeated
        done = build(out, {p: second[p] for p in changed}, known, removed=first.keys() - second.keys())
        assert done.found == ()
        build(whole, second)
        assert read_tree(out) == read_tree(whole)
        after = scan(out, done.records).drift
        assert after is not None
        assert after.is_clean


@given(_TREES, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_the_plan_does_not_matter(files: dict[str, str], random: object) -> None:
    with tempfile.TemporaryDirectory() as base:
        shuffled = list(files.items())
        random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis types it as `object`
        build(Path(base, "one"), files)
        build(Path(base, "other"), dict(shuffled))
        assert read_tree(Path(base, "one")) == read_tree(Path(base, "other"))


@given(_TREES, _TREES, st.dictionaries(_PATHS, st.just("mine"), min_size=1, max_size=3).filter(_fits), st.booleans())
@settings(deadline=None)
def test_nothing_of_a_stranger_is_ever_changed_or_removed(
    ours: dict[str, str],
    plan: dict[str, str],
    theirs: dict[str, str],
    remembers: bool,  # noqa: FBT001 - by position
) -> None:
    """Either the build is refused and nothing changes, or there was no stranger's file."""
    with tempfile.TemporaryDirectory() as base:
        out = Path(base, "out")
        known = build(out, ours).records
        stranger = {p: text for p, text in theirs.items() if _fits({**ours, p: text}) and p not in ours}
        write_tree(out, {path: text.encode() for path, text in stranger.items()})
        before = read_tree(out)
        done = build(out, plan, known if remembers else None)
        if stranger:
            assert set(done.codes) == {"output-foreign-file"}
            assert read_tree(out) == before
        else:
            assert done.found == ()
            assert contents(out) == plan


@given(_TREES, st.lists(_TREES, max_size=3))
@settings(deadline=None)
def test_hidden_files_stay_whatever_is_built(files: dict[str, str], plans: list[dict[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as base:
        out = Path(base, "out")
        build(out, files)
        hidden = {".git/HEAD": b"ref", **{f"{folder}/.keep": b"" for folder in _needed_folders(files)}}
        write_tree(out, hidden)
        for plan in plans:
            if any(path in _needed_folders(files) for path in plan):
                continue  # the hidden file keeps a folder where the plan wants a file
            assert build(out, plan).found == ()
            assert contents(out) == plan
        assert {path: content for path, content in read_tree(out).items() if path in hidden} == hidden
