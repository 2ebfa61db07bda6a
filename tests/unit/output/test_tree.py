"""The output tree: what a build writes, prunes, leaves alone and refuses."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from typing import TYPE_CHECKING

import pytest

from compiler.diagnostics import Diagnostics, Origin
from compiler.output.plan import Plan
from compiler.output.tree import OutputTree
from tests.output_builds import build, contents, folders, identity, let_the_clock_tick, scan
from tests.trees import read_tree, write_tree

if TYPE_CHECKING:
    from pathlib import Path

OLD = {
    "argocd/root.yaml": "root: 1\n",
    "clusters/hz-a/shop/cart.yaml": "cart: 1\n",
    "clusters/hz-a/shop/search.yaml": "search: 1\n",
    "clusters/hz-b/shop/cart.yaml": "cart: 1\n",
    "gateways/public/mse/shop.yaml": "shop: 1\n",
}
NEW = {
    "argocd/root.yaml": "root: 1\n",
    "clusters/hz-a/shop/cart.yaml": "cart: 2\n",
    "clusters/hz-c/shop/cart.yaml": "Größe: 1\n",
    "gateways/public/mse/shop.yaml": "shop: 1\n",
}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "rendered"


@pytest.fixture
def built(out: Path) -> Path:
    """A tree of OLD."""
    build(out, OLD)
    return out


def test_a_first_build_makes_the_folder_with_exactly_the_planned_files(out: Path) -> None:
    done = build(out, OLD)
    assert contents(out) == OLD
    assert done.written is not None
    assert (set(done.written.written), done.written.removed, done.written.total) == (set(OLD), (), 5)
    assert sorted(read_tree(out.parent)) == sorted(f"rendered/{path}" for path in (*OLD, "index.json"))


def test_a_first_build_fills_an_empty_folder_and_keeps_the_folder_itself(out: Path) -> None:
    """It may be a mount point, or have permissions that were set on purpose."""
    out.mkdir(parents=True)
    out.chmod(0o750)
    before = out.stat()
    build(out, {**OLD, "top.yaml": "top\n"})
    assert contents(out) == {**OLD, "top.yaml": "top\n"}
    assert (out.stat().st_ino, stat.S_IMODE(out.stat().st_mode)) == (before.st_ino, 0o750)
    assert {path for path in read_tree(out) if path.startswith(".")} == set()


def test_a_fresh_clone_counts_as_empty_and_its_hidden_files_stay(out: Path) -> None:
    write_tree(out, {".git/HEAD": b"ref", ".gitattributes": b"* -text"})
    build(out, OLD)
    assert contents(out) == OLD
    assert {p: c for p, c in read_tree(out).items() if p.startswith(".")} == {
        ".git/HEAD": b"ref",
        ".gitattributes": b"* -text",
    }


def test_an_empty_plan_is_a_tree_too(out: Path) -> None:
    done = build(out, {})
    assert done.found == ()
    assert list(read_tree(out)) == ["index.json"]
    assert build(out, OLD).written is not None
    assert build(out, {}).written is not None
    assert list(read_tree(out)) == ["index.json"]
    assert folders(out) == set()


def test_a_later_build_writes_what_changed_and_prunes_what_is_stale(built: Path) -> None:
    done = build(built, NEW)
    assert done.written is not None
    assert done.written.written == ("clusters/hz-a/shop/cart.yaml", "clusters/hz-c/shop/cart.yaml")
    assert done.written.removed == ("clusters/hz-a/shop/search.yaml", "clusters/hz-b/shop/cart.yaml")
    assert done.written.total == 4
    assert contents(built) == NEW


def test_folders_that_become_empty_go_and_those_with_hidden_files_stay(built: Path) -> None:
    write_tree(built, {"clusters/hz-a/.gitkeep": b""})
    build(built, {"argocd/root.yaml": "root: 1\n"})
    assert folders(built) == {"argocd", "clusters", "clusters/hz-a"}


def test_files_that_stay_the_same_are_not_written_again(built: Path) -> None:
    same = [built / "argocd/root.yaml", built / "gateways/public/mse/shop.yaml"]
    before = [identity(path) for path in same]
    build(built, NEW)
    assert [identity(path) for path in same] == before


def test_a_build_that_changes_nothing_touches_nothing(built: Path) -> None:
    before = {path: identity(built / path) for path in (*OLD, "index.json")}
    folder_times = {path: (built / path).stat().st_mtime_ns for path in folders(built)}
    done = build(built, OLD)
    assert done.written is not None
    assert (done.written.written, done.written.removed, done.written.total) == ((), (), 5)
    assert {path: identity(built / path) for path in (*OLD, "index.json")} == before
    assert {path: (built / path).stat().st_mtime_ns for path in folders(built)} == folder_times


def test_an_edit_by_hand_is_undone(built: Path) -> None:
    (built / "argocd/root.yaml").write_text("root: 9\n")
    (built / "clusters/hz-b/shop/cart.yaml").unlink()
    done = build(built, OLD)
    assert done.written is not None
    assert done.written.written == ("argocd/root.yaml", "clusters/hz-b/shop/cart.yaml")
    assert contents(built) == OLD


def test_a_change_writes_only_what_it_names(built: Path) -> None:
    let_the_clock_tick(built)
    known = scan(built, build(built, OLD).records).records
    done = build(built, {"clusters/hz-a/shop/cart.yaml": "cart: 2\n"}, known, removed=["clusters/hz-b/shop/cart.yaml"])
    assert done.written is not None
    assert (done.written.written, done.written.removed) == (
        ("clusters/hz-a/shop/cart.yaml",),
        ("clusters/hz-b/shop/cart.yaml",),
    )
    expected = {**OLD, "clusters/hz-a/shop/cart.yaml": "cart: 2\n"}
    del expected["clusters/hz-b/shop/cart.yaml"]
    assert contents(built) == expected
    index = (built / "index.json").read_bytes()
    build(built.parent / "whole", expected)
    assert (built.parent / "whole" / "index.json").read_bytes() == index


def test_a_change_of_a_tree_that_is_not_known_is_our_bug(built: Path) -> None:
    with pytest.raises(ValueError, match="needs a tree that is clean"):
        build(built, {}, removed=[])


def test_a_change_that_removes_what_is_not_there_is_our_bug(built: Path) -> None:
    known = build(built, OLD).records
    with pytest.raises(ValueError, match="to be removed and is not there"):
        build(built, {}, known, removed=["clusters/hz-a/shop/nothing.yaml"])
    assert contents(built) == OLD


@pytest.mark.parametrize(
    "strange", [{"notes.txt": b"mine"}, {"index.json": b'{"generator": "other"}'}, {"index.json": b"<<<<<<< ours"}]
)
def test_a_folder_that_fleetgate_did_not_write_is_refused(out: Path, strange: dict[str, bytes]) -> None:
    write_tree(out, strange)
    done = build(out, OLD)
    assert done.codes == ["output-not-ours"]
    assert read_tree(out) == strange


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rendered").write_text("mine")
    assert build(tmp_path / "rendered", OLD).codes == ["output-not-ours"]
    assert (tmp_path / "rendered").read_text() == "mine"


def test_an_index_of_another_form_is_refused_with_the_version_that_wrote_it(built: Path) -> None:
    (built / "index.json").write_text('{"generator": "fleetgate", "version": "7.1.0", "folders": []}')
    (finding,) = build(built, OLD).found
    assert finding.code.name == "output-not-ours"
    assert "fleetgate 7.1.0" in finding.why


def test_a_file_that_no_build_wrote_stops_the_build(built: Path) -> None:
    write_tree(
        built, {"clusters/hz-a/shop/extra.yaml": b"x", "clusters/hz-x/one.yaml": b"1", "clusters/hz-x/n/2": b"2"}
    )
    before = read_tree(built)
    done = build(built, NEW)
    assert [(f.code.name, f.origin.file, f.value) for f in done.found] == [
        ("output-foreign-file", f"{built}/clusters/hz-a/shop/extra.yaml", "clusters/hz-a/shop/extra.yaml"),
        ("output-foreign-file", f"{built}/clusters/hz-x", "clusters/hz-x"),
    ]
    assert "2 files" in done.found[1].why
    assert read_tree(built) == before


def test_a_strangers_file_is_not_overwritten_by_a_new_one_of_ours(built: Path) -> None:
    write_tree(built, {"clusters/hz-c/shop/cart.yaml": b"mine"})
    assert build(built, NEW).codes == ["output-foreign-file"]
    assert (built / "clusters/hz-c/shop/cart.yaml").read_bytes() == b"mine"


def test_a_strangers_file_that_is_just_what_we_would_write_is_taken_over(built: Path) -> None:
    write_tree(built, {"clusters/hz-c/shop/cart.yaml": NEW["clusters/hz-c/shop/cart.yaml"].encode()})
    assert build(built, NEW).found == ()
    assert contents(built) == NEW


@pytest.mark.parametrize(
    "place", ["clusters/hz-a/shop/link.yaml", "clusters/hz-a/shop/cart.yaml", "clusters/hz-b/shop"]
)
def test_a_symbolic_link_stops_the_build_and_is_never_followed(built: Path, place: str) -> None:
    """Neither a link to a file, nor one to a folder that would lead out of the tree."""
    outside = _replace_by_link(built, place)
    for files in (OLD, NEW):
        assert build(built, files).codes == ["output-foreign-file"]
    assert read_tree(outside) == {"cart.yaml": b"precious", "other.yaml": b"precious"}
    assert (built / place).is_symlink()


def test_a_link_in_place_of_a_stale_file_of_ours_goes_and_what_it_points_to_stays(built: Path) -> None:
    outside = _replace_by_link(built, "clusters/hz-a/shop/cart.yaml")
    assert build(built, {"argocd/root.yaml": "root: 1\n"}).found == ()
    assert read_tree(outside) == {"cart.yaml": b"precious", "other.yaml": b"precious"}
    assert folders(built) == {"argocd"}


def _replace_by_link(built: Path, place: str) -> Path:
    outside = built.parent / "outside"
    write_tree(outside, {"cart.yaml": b"precious", "other.yaml": b"precious"})
    path = built / place
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.symlink_to(outside if place.endswith("shop") else outside / "cart.yaml")
    return outside


def test_pipes_in_the_tree_are_refused_and_do_not_hang_the_build(built: Path) -> None:
    os.mkfifo(built / "clusters/hz-a/shop/pipe.yaml")
    assert build(built, OLD).codes == ["output-foreign-file"]


def test_a_link_that_the_user_names_as_the_folder_is_followed(built: Path) -> None:
    link = built.parent / "link"
    link.symlink_to(built)
    assert build(link, NEW).found == ()
    assert contents(built) == NEW
    assert link.is_symlink()


def test_a_build_of_one_cluster_leaves_all_others_alone(built: Path) -> None:
    before = {path: identity(built / path) for path in OLD if "hz-a" not in path}
    done = build(built, {"clusters/hz-a/shop/cart.yaml": "cart: 2\n"}, only="clusters/hz-a", input_digest="other")
    assert done.written is not None
    assert done.written.removed == ("clusters/hz-a/shop/search.yaml",)
    assert {path: identity(built / path) for path in before} == before
    expected = {**OLD, "clusters/hz-a/shop/cart.yaml": "cart: 2\n"}
    del expected["clusters/hz-a/shop/search.yaml"]
    assert contents(built) == expected
    assert build(built, OLD).found == ()
    assert contents(built) == OLD


def test_a_build_of_one_cluster_says_so_in_the_index_until_the_next_whole_build(built: Path) -> None:
    build(built, {"clusters/hz-a/shop/cart.yaml": "cart: 2\n"}, only="clusters/hz-a", input_digest="other")
    text = (built / "index.json").read_text()
    assert '"inputDigest": null' in text
    assert '"partial": {\n    "clusters/hz-a": "other"\n  }' in text
    build(built, OLD)
    assert '"partial"' not in (built / "index.json").read_text()


@pytest.mark.parametrize("parts", [[], ["clusters/hz-b"]], ids=["whole", "with-parts"])
def test_a_build_of_one_cluster_that_changes_nothing_leaves_the_index_as_it_was(built: Path, parts: list[str]) -> None:
    for part in parts:
        build(built, {f"{part}/shop/cart.yaml": "cart: 2\n"}, only=part, input_digest="newer")
    index = built / "index.json"
    before = index.read_bytes(), identity(index)
    mine = {path: text for path, text in OLD.items() if path.startswith("clusters/hz-a/")}
    done = build(built, mine, only="clusters/hz-a", input_digest="other")
    assert done.written is not None
    assert done.written.written == ()
    assert (index.read_bytes(), identity(index)) == before


def test_a_build_of_one_cluster_mends_an_index_that_does_not_list_its_files(built: Path) -> None:
    index = built / "index.json"
    right = index.read_text()
    index.write_text("\n".join(line for line in right.split("\n") if "clusters/hz-a/" not in line))
    mine = {path: text for path, text in OLD.items() if path.startswith("clusters/hz-a/")}
    assert build(built, mine, only="clusters/hz-a").found == ()
    assert next(line for line in right.split("\n") if "clusters/hz-a/" in line) in index.read_text()


@pytest.mark.parametrize("only", ["", "clusters/hz-a"])
def test_the_tree_of_another_fleet_is_refused_and_stays(out: Path, only: str) -> None:
    build(out, OLD, fleet="acme")
    before = read_tree(out)
    done = build(out, {"clusters/hz-a/shop/cart.yaml": "cart: 2\n"}, only=only, fleet="beta")
    (finding,) = done.found
    assert (finding.code.name, finding.value) == ("output-of-another-fleet", str(out))
    assert "acme" in finding.why
    assert "beta" in finding.why
    assert done.written is None
    assert read_tree(out) == before
    assert build(out, NEW, fleet="acme").found == ()


def test_a_tree_that_names_no_fleet_is_taken_over(built: Path) -> None:
    assert '"fleet"' not in (built / "index.json").read_text()
    assert build(built, OLD, fleet="acme").found == ()
    assert '"fleet": "acme"' in (built / "index.json").read_text()
    assert build(built, NEW, fleet="beta").codes == ["output-of-another-fleet"]


def test_a_build_of_one_cluster_can_be_the_first(out: Path) -> None:
    files = {"clusters/hz-a/shop/cart.yaml": "cart: 1\n"}
    assert build(out, files, only="clusters/hz-a").found == ()
    assert contents(out) == files
    assert build(out, OLD).found == ()
    assert contents(out) == OLD


def test_a_build_of_one_cluster_does_not_mind_a_strangers_file_elsewhere(built: Path) -> None:
    write_tree(built, {"clusters/hz-b/shop/mine.yaml": b"x"})
    assert build(built, {"clusters/hz-a/x.yaml": "x\n"}, only="clusters/hz-a").found == ()
    assert (built / "clusters/hz-b/shop/mine.yaml").read_bytes() == b"x"


@pytest.mark.parametrize("path", ["clusters/hz-b/shop/cart.yaml", "clusters/hz-ab/x.yaml", "top.yaml"])
def test_a_plan_for_one_cluster_that_reaches_outside_of_it_is_our_bug(built: Path, path: str) -> None:
    with pytest.raises(ValueError, match="must not write"):
        build(built, {path: "x\n"}, only="clusters/hz-a")


def test_a_folder_may_become_a_file_and_a_file_a_folder(out: Path) -> None:
    first = {"a/b/c.yaml": "1\n", "d": "2\n", "keep/x": "3\n"}
    second = {"a/b": "1\n", "d/e/f.yaml": "2\n", "keep/x": "3\n"}
    for files in (first, second, first, second):
        assert build(out, files).found == ()
        assert contents(out) == files


def test_two_builds_at_once_into_one_folder_do_not_mix(built: Path) -> None:
    before = read_tree(built)
    holder = os.open(built, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    try:
        assert build(built, NEW).codes == ["output-busy"]
        assert read_tree(built) == before
    finally:
        os.close(holder)
    assert build(built, NEW).found == ()


def test_two_first_builds_at_once_do_not_mix(out: Path) -> None:
    out.parent.mkdir()
    stage = out.parent / ".rendered.fleetgate-stage"
    stage.mkdir()
    holder = os.open(stage, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    try:
        assert build(out, NEW).codes == ["output-busy"]
        assert not out.exists()
    finally:
        os.close(holder)
    write_tree(stage, {"left/by/a/killed.build": b"x"})
    assert build(out, NEW).found == ()
    assert contents(out) == NEW
    assert not stage.exists()


def test_the_lock_is_held_from_the_scan_on_and_goes_with_the_block(built: Path) -> None:
    with OutputTree(str(built)) as tree:
        assert tree.scan({}, Diagnostics()) is not None
        assert build(built, NEW).codes == ["output-busy"]
    assert build(built, NEW).found == ()


def test_names_that_are_too_long_are_told_where_the_input_asks_for_them(out: Path) -> None:
    path = f"clusters/hz-a/shop/{'x' * 251}.yaml"
    found = Diagnostics()
    with OutputTree(str(out)) as tree:
        tree.scan({}, found)
        assert tree.write(Plan({path: "x\n"}, ""), found, lambda _: Origin("apps/x/app.yaml")) is None
    assert [(f.code.name, f.origin.file) for f in found] == [("output-name-too-long", "apps/x/app.yaml")]
    assert not out.exists()


def test_text_that_is_no_unicode_is_our_bug_and_nothing_is_written(out: Path, built: Path) -> None:
    before = read_tree(built)
    with pytest.raises(UnicodeEncodeError):
        build(built, {**OLD, "argocd/root.yaml": "\ud800"})
    assert read_tree(built) == before
    with pytest.raises(UnicodeEncodeError):
        build(out.parent / "other", {"a": "fine\n", "b": "\ud800"})
    assert sorted(path.name for path in out.parent.iterdir()) == ["rendered"]


def test_progress_counts_the_files_written(out: Path) -> None:
    heard: list[int] = []
    for files, last in ((OLD, 5), (NEW, 2)):
        with OutputTree(str(out)) as tree:
            tree.scan({}, Diagnostics())
            tree.write(Plan(files, ""), Diagnostics(), progress=heard.append)
        assert heard == sorted(heard)
        assert heard.pop() == last
        heard.clear()


def test_a_write_without_a_scan_of_its_own_is_our_bug(built: Path) -> None:
    with OutputTree(str(built)) as tree:
        tree.scan({}, Diagnostics())
        tree.write(Plan(OLD, ""), Diagnostics())
        with pytest.raises(AssertionError, match="scan of its own"):
            tree.write(Plan(OLD, ""), Diagnostics())
