"""`build --verify`: every difference between the tree and the input is named."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

import pytest

from compiler.diagnostics import Diagnostics
from compiler.output.marker import MARKER
from compiler.output.plan import Plan
from compiler.output.verify import first_difference, verify
from tests.output_builds import build
from tests.trees import read_tree, write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from compiler.diagnostics import Diagnostic

FILES = {
    "argocd/root.yaml": "root: 1\n",
    "clusters/hz-a/shop/cart.yaml": "kind: App\nname: cart\nreplicas: 3\n",
    "clusters/hz-b/shop/cart.yaml": "kind: App\nname: cart\n",
    "clusters/hz-b/shop/search.yaml": "kind: App\nname: search\n",
}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "rendered"
    assert build(folder, FILES).found == ()
    return folder


def check(
    out: Path, files: dict[str, str] = FILES, *, only: str = "", input_digest: str = "input", fleet: str = ""
) -> list[Diagnostic]:
    found = Diagnostics()
    before = read_tree(out)
    verify(Plan(files, input_digest, fleet=fleet), str(out), found, only)
    assert read_tree(out) == before
    return list(found.sorted())


def names(found: list[Diagnostic]) -> list[tuple[str, str]]:
    return [(finding.code.name, finding.value) for finding in found]


def test_a_tree_as_it_was_built_is_right(out: Path) -> None:
    write_tree(out, {".git/HEAD": b"ref", "clusters/.gitkeep": b""})
    (out / "clusters/empty").mkdir()
    assert check(out) == []


def test_an_edit_by_hand_is_named_with_the_line(out: Path) -> None:
    (out / "clusters/hz-a/shop/cart.yaml").write_text("kind: App\nname: cart\nreplicas: 5\n")
    (finding,) = check(out)
    assert finding.code.name == "verify-changed"
    assert (finding.origin.file, finding.origin.line) == (f"{out}/clusters/hz-a/shop/cart.yaml", 3)
    assert "edited after the build" in finding.why
    assert 'line 3 is "replicas: 5" and should be "replicas: 3"' in finding.why


def test_a_tree_that_is_older_than_the_input_is_told_apart_from_an_edit(out: Path) -> None:
    newer = {**FILES, "clusters/hz-a/shop/cart.yaml": "kind: App\nname: cart\nreplicas: 4\n"}
    (finding,) = check(out, newer)
    assert finding.code.name == "verify-changed"
    assert "nobody edited it" in finding.why


def test_an_edit_that_keeps_size_and_time_is_found(out: Path) -> None:
    path = out / "argocd/root.yaml"
    stat = path.stat()
    path.write_text("root: 2\n")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert names(check(out)) == [("verify-changed", "argocd/root.yaml")]


def test_missing_files_are_named_and_missing_folders_once(out: Path) -> None:
    (out / "argocd/root.yaml").unlink()
    for name in ("cart.yaml", "search.yaml"):
        (out / "clusters/hz-b/shop" / name).unlink()
    (out / "clusters/hz-b/shop").rmdir()
    (out / "clusters/hz-b").rmdir()
    found = check(out)
    assert names(found) == [("verify-missing", "argocd/root.yaml"), ("verify-missing", "clusters/hz-b")]
    assert "2 files" in found[1].why


def test_extra_files_are_named_and_extra_folders_once(out: Path) -> None:
    write_tree(
        out, {"clusters/hz-a/shop/mine.yaml": b"x", "clusters/hz-z/a/1.yaml": b"", "clusters/hz-z/b/2.yaml": b""}
    )
    found = check(out)
    assert names(found) == [("verify-extra", "clusters/hz-a/shop/mine.yaml"), ("verify-extra", "clusters/hz-z")]
    assert "no build wrote it" in found[0].why
    assert "2 files" in found[1].why


def test_a_file_left_over_from_an_older_input_is_told_apart_from_a_strangers(out: Path) -> None:
    fewer = {path: text for path, text in FILES.items() if "search" not in path}
    found = check(out, fewer)
    assert names(found) == [("verify-extra", "clusters/hz-b/shop/search.yaml")]
    assert "an earlier build wrote this file" in found[0].why


def test_links_and_pipes_are_no_files(out: Path) -> None:
    path = out / "argocd/root.yaml"
    path.rename(out.parent / "root.yaml")
    path.symlink_to(out.parent / "root.yaml")
    os.mkfifo(out / "argocd/pipe.yaml")
    assert names(check(out)) == [("verify-extra", "argocd/pipe.yaml"), ("verify-changed", "argocd/root.yaml")]


def test_an_index_of_another_input_is_told_where_all_else_is_equal(out: Path) -> None:
    (finding,) = check(out, input_digest="other")
    assert (finding.code.name, finding.value, finding.origin.line) == ("verify-changed", "index.json", 4)
    (out / "argocd/root.yaml").write_text("x")
    assert names(check(out, input_digest="other")) == [("verify-changed", "argocd/root.yaml")]


def test_a_tree_brought_up_to_date_cluster_by_cluster_is_right_when_all_its_files_are(out: Path) -> None:
    newer = {**FILES, "clusters/hz-a/shop/cart.yaml": "cart: 2\n", "clusters/hz-b/shop/cart.yaml": "cart: 2\n"}
    stale = ["clusters/hz-a/shop/cart.yaml", "clusters/hz-b/shop/cart.yaml"]
    for folder in ("clusters/hz-a", "clusters/hz-b"):
        assert names(check(out, newer, input_digest="newer")) == [("verify-changed", path) for path in stale]
        mine = {path: text for path, text in newer.items() if path.startswith(folder)}
        build(out, mine, only=folder, input_digest="newer")
        del stale[0]
    assert check(out, newer, input_digest="newer") == []


def test_an_index_of_parts_that_was_edited_is_told(out: Path) -> None:
    newer = {**FILES, "clusters/hz-a/shop/cart.yaml": "cart: 2\n"}
    build(out, {"clusters/hz-a/shop/cart.yaml": "cart: 2\n"}, only="clusters/hz-a", input_digest="newer")
    text = (out / "index.json").read_text()
    (out / "index.json").write_text(text.replace('"outputDigest": "', '"outputDigest": "0'))
    assert names(check(out, newer, input_digest="newer")) == [("verify-changed", "index.json")]


def test_the_tree_of_another_fleet_is_told_before_all_differences(tmp_path: Path) -> None:
    out = tmp_path / "rendered"
    build(out, FILES, fleet="acme")
    assert check(out, fleet="acme") == []
    (finding,) = check(out, {"argocd/other.yaml": "x"}, fleet="beta")
    assert (finding.code.name, finding.value) == ("output-of-another-fleet", str(out))


def test_only_the_named_cluster_is_looked_at(out: Path) -> None:
    (out / "clusters/hz-b/shop/cart.yaml").write_text("x")
    mine = {path: text for path, text in FILES.items() if path.startswith("clusters/hz-a/")}
    assert check(out, mine, only="clusters/hz-a", input_digest="other") == []
    mine = {path: text for path, text in FILES.items() if path.startswith("clusters/hz-b/")}
    assert names(check(out, mine, only="clusters/hz-b")) == [("verify-changed", "clusters/hz-b/shop/cart.yaml")]


def test_where_nothing_was_built_that_is_all_there_is_to_say(tmp_path: Path) -> None:
    assert names(check(tmp_path / "nothing")) == [("verify-missing", str(tmp_path / "nothing"))]
    (tmp_path / "empty").mkdir()
    assert names(check(tmp_path / "empty")) == [("verify-missing", str(tmp_path / "empty"))]


def test_a_folder_that_is_not_ours_or_no_folder_is_told(tmp_path: Path) -> None:
    write_tree(tmp_path, {"other/x": b"", "file": b""})
    assert [code for code, _ in names(check(tmp_path / "other"))] == ["output-not-ours"]
    found = Diagnostics()
    verify(Plan(FILES, ""), str(tmp_path / "file"), found)
    assert [code for code, _ in names(list(found))] == ["output-not-ours"]


def test_a_tree_that_was_left_half_updated_is_told(out: Path) -> None:
    (out / MARKER).write_bytes(b"")
    assert [code for code, _ in names(check(out))] == ["output-incomplete"]


def test_a_tree_that_is_being_written_is_told_and_two_can_verify_at_once(out: Path) -> None:
    holder = os.open(out, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_SH)
    assert check(out) == []
    fcntl.flock(holder, fcntl.LOCK_EX)
    assert [code for code, _ in names(check(out))] == ["output-busy"]
    os.close(holder)


@pytest.mark.parametrize("call", ["open", "scandir"])
def test_a_tree_that_cannot_be_read_is_told(out: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, call, broken)
    found = Diagnostics()
    verify(Plan(FILES, ""), str(out), found)
    assert [code for code, _ in names(list(found))] == ["output-unwritable"]


@pytest.mark.parametrize(
    ("content", "wanted", "line", "said"),
    [
        (b"a\nb\n", b"a\nc\n", 2, 'line 2 is "b" and should be "c"'),
        (b"", b"a\n", 1, 'line 1 is "" and should be "a"'),
        (b"a\n", b"a\nb\n", 2, 'line 2 is "" and should be "b"'),
        (b"a", b"a\n", 2, 'line 2 is missing and should be ""'),
        (b"a\nb", b"a", 2, 'line 2 is "b" and should be missing'),
        (b"\xff\r", b"\xff", 1, r'line 1 is "\xff\r" and should be "\xff"'),
    ],
)
def test_the_first_line_that_differs(content: bytes, wanted: bytes, line: int, said: str) -> None:
    assert first_difference(content, wanted) == (line, said)


def test_long_lines_are_cut() -> None:
    assert len(first_difference(b"x" * 10_000, b"y" * 10_000)[1]) < 250
