"""Laws of the files of a root: the same on disk as in a commit, unless a test says otherwise."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from compiler.diagnostics import Diagnostics
from compiler.source import repository as module
from compiler.source.documents import MAX_FILE_BYTES
from compiler.source.git_tree import GitTree
from compiler.source.repository import WorkTree
from tests.unit.source.trees import commit, contents, git, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from compiler.source.repository import Repository

    Open = Callable[[dict[str, str | bytes]], Repository]

OURS = '{\n  "generator": "fleetgate",\n  "version": "1"\n}\n'


@pytest.fixture(params=["on disk", "in a commit", "in a folder of a commit"])
def open_files(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """A function that makes a repository of files."""

    def opened(files: dict[str, str | bytes]) -> Repository:
        if request.param == "on disk":
            return WorkTree(write(tmp_path, files))
        if request.param == "in a commit":
            commit(write(tmp_path, files))
            return GitTree(tmp_path, "HEAD")
        write(tmp_path / "fleets" / "prod", files)
        write(tmp_path, {"other.yaml": "a: 1", ".fleetgateignore": "*"})
        commit(tmp_path)
        return GitTree(tmp_path / "fleets", "main", "fleets/prod/")

    return opened


def test_documents_are_told_apart_by_name(open_files: Open) -> None:
    files: dict[str, str | bytes] = dict.fromkeys(
        ["a.yaml", "b/c.yml", "b.json", "d.YAML", "e.yaml.j2", "README", "yaml"], "x"
    )
    found = Diagnostics()
    with open_files(files) as repository:
        entries = repository.entries(found)
        assert [entry.path for entry in entries] == ["a.yaml", "b.json", "b/c.yml", "d.YAML"]
        assert [entry.path for entry in repository.files()] == sorted(files)
        assert {entry.size for entry in repository.files()} == {1}
    assert len(found) == 0


def test_content_is_what_was_written(open_files: Open) -> None:
    written: dict[str, str | bytes] = {
        "empty.yaml": b"",
        "binary.bin": bytes(range(256)) * 300,
        "crlf.yaml": b"a: 1\r\n",
        "ü ö/x y.yaml": "ü: 1\n".encode(),
        "large.yaml": b"a" * MAX_FILE_BYTES,
    }
    assert contents(open_files(written)) == (written, [])


def test_hidden_files_and_folders_are_left_out(open_files: Open) -> None:
    files: dict[str, str | bytes] = {".a.yaml": "x", ".b/c.yaml": "x", "d/.e/f.yaml": "x", "d/g.yaml": "x"}
    assert contents(open_files(files)) == ({"d/g.yaml": b"x"}, [])


@pytest.mark.parametrize(
    ("index", "is_ours"),
    [
        (OURS, True),
        ('{"generator":"fleetgate"}', True),
        ('{"version": 1, "generator": "fleetgate"}', True),
        ('{"a": "' + "b" * 10_000 + '", "generator": "fleetgate"}', True),
        (OURS.rstrip("}\n") + ', "files": [' + "1, " * 2_000_000 + "1]}", True),
        ('{"generator": "hugo"}', False),
        ('{"generator": ["fleetgate"]}', False),
        ('{"a": {"generator": "fleetgate"}}', False),
        ('["generator", "fleetgate"]', False),
        ('{"generator": "fleetgate"', False),
        ("generator: fleetgate", False),
        ("", False),
    ],
    ids=range(12),
)
def test_what_fleetgate_wrote_is_left_out(open_files: Open, index: str, is_ours: bool) -> None:  # noqa: FBT001 - a parameter
    files: dict[str, str | bytes] = {"out/index.json": index, "out/b/c.yaml": "x", "out/d.yaml": "x", "a.yaml": "x"}
    found = Diagnostics()
    with open_files(files) as repository:
        repository.entries(found)
        listed = [entry.path for entry in repository.files()]
        assert repository.generated() == (["out"] if is_ours else [])
    assert listed == (["a.yaml"] if is_ours else sorted(files))
    assert len(found) == 0


def test_what_fleetgate_was_writing_is_left_out(open_files: Open) -> None:
    with open_files({"out/.fleetgate-incomplete": "", "out/a/b.yaml": "x", "c.yaml": "x"}) as repository:
        assert [entry.path for entry in repository.entries(Diagnostics())] == ["c.yaml"]
        assert repository.generated() == ["out"]


def test_a_root_that_fleetgate_wrote_says_so(open_files: Open) -> None:
    with open_files({"index.json": OURS, "a.yaml": "x"}) as repository:
        assert repository.entries(Diagnostics()) == []
        assert repository.generated() == [""]


def test_the_ignore_file_leaves_out_and_takes_back(open_files: Open) -> None:
    files: dict[str, str | bytes] = {
        ".fleetgateignore": "charts/\n*.tmpl.yaml\n!keep.tmpl.yaml\n/top.yaml\n[a]\n",
        "charts/a/b.yaml": "x",
        "charts/keep.tmpl.yaml": "x",
        "a/x.tmpl.yaml": "x",
        "a/keep.tmpl.yaml": "x",
        "a/top.yaml": "x",
        "top.yaml": "x",
    }
    read, found = contents(open_files(files))
    assert sorted(read) == ["a/keep.tmpl.yaml", "a/top.yaml"]
    assert found == [("ignore-pattern", ".fleetgateignore", "character classes are not supported")]


def test_links_that_could_matter_are_refused_and_never_followed(open_files: Open) -> None:
    files: dict[str, str | bytes] = {
        "real/a.yaml": "x",
        "link.yaml": "-> real/a.yaml",
        "real/b.yml": "-> gone",
        "folder": "-> real",
        "deep/up": "-> ../real",
        "outside": "-> /etc/hostname",
        "above": "-> ../../x",
        "dangling": "-> nowhere",
        "chain": "-> dangling",
        "LICENSE": "text",
        "COPYING": "-> LICENSE",
        "deep/COPYING": "-> ../LICENSE",
        "deep/around": "-> ../deep/../LICENSE",
        "note": "-> .hidden/note",
        ".hidden/note": "text",
        ".hidden/link.yaml": "-> note",
        "ignored/link.yaml": "-> gone",
        ".fleetgateignore": "ignored/\n",
    }
    read, found = contents(open_files(files))
    assert sorted(read) == ["LICENSE", "real/a.yaml"]
    refused = ["above", "chain", "dangling", "deep/up", "folder", "link.yaml", "outside", "real/b.yml"]
    assert [(code, file) for code, file, _ in found] == [("symbolic-link", file) for file in refused]
    assert found[0][2] == "this is a symbolic link to ../../x, and links are never followed"


def test_names_that_are_no_text_are_refused(open_files: Open) -> None:
    files = {
        os.fsdecode(name): "x"
        for name in (b"a\xff.yaml", b"b\n.yaml", b"c\x1b/d.yaml", b"e\xe2\x80\xa8.yaml", b"ok.yaml")
    }
    read, found = contents(open_files({**files}))
    assert list(read) == ["ok.yaml"]
    assert [(code, file) for code, file, _ in found] == [
        ("path-encoding", "a\\xff.yaml"),
        ("path-encoding", "b\\x0a.yaml"),
        ("path-encoding", "c\\x1b"),
        ("path-encoding", "e\\u2028.yaml"),
    ]


def test_names_that_differ_only_in_case_are_two_files(open_files: Open) -> None:
    assert contents(open_files({"a.yaml": "1", "A.yaml": "2"}))[0] == {"A.yaml": b"2", "a.yaml": b"1"}


def test_a_repository_inside_of_the_root_is_refused(tmp_path: Path) -> None:
    commit(write(tmp_path / "other", {"a.yaml": "x"}))
    root = write(tmp_path / "root", {"b.yaml": "x", ".fleetgateignore": "left-out/\n"})
    git(root, "init", "--quiet", "--initial-branch=main")
    for name in ("sub", "left-out"):
        git(root, "submodule", "--quiet", "add", str(tmp_path / "other"), name)
    commit(root)
    for repository in (WorkTree(root), GitTree(root, "HEAD")):
        read, found = contents(repository)
        assert list(read) == ["b.yaml"]
        assert [(code, file) for code, file, _ in found] == [("nested-repository", "sub")]


def test_a_file_that_is_too_large_is_not_read(open_files: Open) -> None:
    read, found = contents(open_files({"a.yaml": b"x" * (MAX_FILE_BYTES + 1)}))
    assert read == {"a.yaml": None}
    assert [(code, file) for code, file, _ in found] == [("file-too-large", "a.yaml")]


def test_the_number_of_files_is_bounded(open_files: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FILES", 3)
    read, found = contents(open_files({f"{name}.txt": "x" for name in "abcdef"}))
    assert len(read) == 3
    assert [code for code, _, _ in found] == ["root-too-large"]


def test_the_size_of_all_documents_is_bounded(open_files: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TOTAL_BYTES", 10)
    read, found = contents(open_files({"a.yaml": "x" * 8, "b.yaml": "x" * 8, "c.txt": "x" * 100}))
    assert len([path for path in read if path.endswith(".yaml")]) == 1
    assert [code for code, _, _ in found] == ["root-too-large"]


def test_globs_find_listed_files(open_files: Open) -> None:
    files: dict[str, str | bytes] = {"a/app.yaml": "x", "a/k8s/b.yaml": "x", "a/t/c.yaml.j2": "x", "a/k8s/.d.yaml": "x"}
    with open_files(files) as repository:
        repository.entries(Diagnostics())
        assert repository.glob("a", "k8s/*.yaml") == ["a/k8s/b.yaml"]
        assert repository.glob("a", "t/*") == ["a/t/c.yaml.j2"]
        assert repository.glob("a", "../a/*") == []


def test_text_is_for_people(open_files: Open) -> None:
    with open_files({"a.yaml": b"\xc3\xbc \xff"}) as repository:
        repository.entries(Diagnostics())
        assert repository.text("a.yaml") == "ü \ufffd"
        assert repository.text("b.yaml") is None


def test_files_that_are_not_listed_are_not_read(open_files: Open) -> None:
    with open_files({"a.yaml": "x", ".b.yaml": "x"}) as repository:
        repository.entries(Diagnostics())
        for path in (".b.yaml", "../a.yaml", "/etc/hostname", "a.yaml/", ""):
            with pytest.raises(KeyError):
                repository.read(path, Diagnostics())


def test_the_second_question_gets_the_same_answer_and_no_finding(open_files: Open) -> None:
    with open_files({"a.yaml": "x", "b.yaml": "-> a.yaml"}) as repository:
        first = Diagnostics()
        entries = repository.entries(first)
        again = Diagnostics()
        assert repository.entries(again) is entries
        assert (len(first), len(again)) == (1, 0)


def test_a_signature_changes_with_the_content(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": "1", "b.yaml": "1"})

    def signatures() -> list[object]:
        return [entry.signature for entry in WorkTree(tmp_path).entries(Diagnostics())]

    before = signatures()
    assert signatures() == before
    (tmp_path / "c").write_text("2")
    (tmp_path / "c").rename(tmp_path / "a.yaml")
    stat = (tmp_path / "a.yaml").stat()
    os.utime(tmp_path / "b.yaml", ns=(stat.st_atime_ns, 1))
    after = signatures()
    assert after[0] != before[0]
    assert after[1] != before[1]
    assert after[0] == (1, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)


def test_a_root_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for root, why in (("gone", "no such file or directory"), ("file", "not a directory")):
        assert contents(WorkTree(tmp_path / root)) == ({}, [("unreadable-file", ".", f"the system says: {why}")])


def test_special_files_are_never_opened(tmp_path: Path) -> None:
    """A pipe would wait for somebody to write."""
    write(tmp_path, {"a.yaml": "x"})
    os.mkfifo(tmp_path / "pipe.yaml")
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / ".fleetgateignore")
    os.mkfifo(tmp_path / "index.json")
    with socket.socket(socket.AF_UNIX) as server:
        # The path of a socket is short; that of a test's folder need not be.
        here = os.open(tmp_path, os.O_RDONLY)
        server.bind(f"/proc/self/fd/{here}/s.json")
        os.close(here)
        read, found = contents(WorkTree(tmp_path))
    assert list(read) == ["a.yaml"]
    assert [(code, file) for code, file, _ in found] == [
        ("special-file", "index.json"),
        ("special-file", "pipe.yaml"),
        ("special-file", "s.json"),
    ]


def test_a_file_that_vanishes_or_becomes_a_link_is_told(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": "x", "b.yaml": "x", "c.yaml": "x"})
    repository = WorkTree(tmp_path)
    repository.entries(Diagnostics())
    (tmp_path / "a.yaml").unlink()
    (tmp_path / "b.yaml").unlink()
    (tmp_path / "b.yaml").symlink_to("c.yaml")
    found = Diagnostics()
    assert [repository.read(path, found) for path in ("a.yaml", "b.yaml", "c.yaml")] == [None, None, b"x"]
    assert [(finding.code.name, finding.origin.file) for finding in found] == [
        ("unreadable-file", "a.yaml"),
        ("unreadable-file", "b.yaml"),
    ]


def test_a_file_that_grows_while_it_is_read_is_read_whole_and_bounded(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": "x", "b.yaml": "x", "c.yaml": "xyz"})
    repository = WorkTree(tmp_path)
    repository.entries(Diagnostics())
    (tmp_path / "a.yaml").write_bytes(b"a" * 100_000)
    (tmp_path / "b.yaml").write_bytes(b"b" * (2 * MAX_FILE_BYTES))
    (tmp_path / "c.yaml").write_bytes(b"c")
    found = Diagnostics()
    assert repository.read("a.yaml", found) == b"a" * 100_000
    assert repository.read("b.yaml", found) == b"b" * (MAX_FILE_BYTES + 1)
    assert repository.read("c.yaml", found) == b"c"
    assert len(found) == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable for root")
def test_what_may_not_be_read_is_told(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": "x", "b/c.yaml": "x"})
    (tmp_path / "a.yaml").chmod(0)
    (tmp_path / "b").chmod(0)
    try:
        read, found = contents(WorkTree(tmp_path))
    finally:
        (tmp_path / "b").chmod(0o700)
    assert read == {"a.yaml": None}
    assert [(code, file) for code, file, _ in found] == [("unreadable-file", "a.yaml"), ("unreadable-file", "b")]
