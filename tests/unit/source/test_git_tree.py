"""Laws of reading a revision: which one, from where, and that nothing in the repository gets to run."""

from __future__ import annotations

import os
import shutil
import stat
from typing import TYPE_CHECKING

import pytest

from compiler.diagnostics import Diagnostics
from compiler.source import git_tree
from compiler.source.documents import read_documents
from compiler.source.git_tree import GitTree
from compiler.source.repository import Repository, WorkTree
from tests.unit.source.trees import commit, contents, git, write

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTS: dict[str, str | bytes] = {
    "fleet.yaml": "kind: Fleet\nspec: {a: yes}\n",
    "apps/ü/app.yaml": "kind: App\n---\n- a\n---\na: 1\na: 2\n",
    "apps/b.json": '{"a": 1.0}',
    "apps/link.yaml": "-> b.json",
    "apps/broken.yaml": b"a: \xff\n",
    "out/index.json": '{"generator": "fleetgate"}',
    "out/c.yaml": "a: 1\n",
    "charts/d.yaml": "{{ a }}",
    ".fleetgateignore": "charts\n",
}


def compiled(repository: Repository) -> tuple[list[object], list[object]]:
    """Everything that the next stage gets to see."""
    found = Diagnostics()
    documents: list[object] = []
    with repository:
        for entry in repository.entries(found):
            raw = repository.read(entry.path, found)
            if raw is not None:
                documents += [(d.file, d.index, repr(d.data)) for d in read_documents(entry.path, raw, found)]
    return documents, [(f.code.name, f.origin.sort_key, f.value, f.why, f.fix) for f in found.sorted()]


def test_a_commit_gives_the_documents_and_findings_of_its_work_tree(tmp_path: Path) -> None:
    commit(write(tmp_path, DOCUMENTS))
    on_disk = compiled(WorkTree(tmp_path))
    assert compiled(GitTree(tmp_path, "HEAD")) == on_disk
    assert len(on_disk[0]) == 4
    assert len(on_disk[1]) == 5


def test_a_revision_is_read_whatever_lies_on_disk(tmp_path: Path) -> None:
    first = commit(write(tmp_path, {"a.yaml": "a: 1\n"}))
    write(tmp_path, {"a.yaml": "a: 2\n", "b.yaml": "b: 1\n"})
    git(tmp_path, "tag", "--annotate", "--message=x", "v1", first)
    second = commit(tmp_path)
    write(tmp_path, {"a.yaml": "never: committed\n"})
    for revision in (first, first[:10], "v1", "HEAD~1", "main^", f"{first}^{{tree}}"):
        assert contents(GitTree(tmp_path, revision)) == ({"a.yaml": b"a: 1\n"}, []), revision
    for revision in (second, "main", "HEAD", "refs/heads/main"):
        assert contents(GitTree(tmp_path, revision)) == ({"a.yaml": b"a: 2\n", "b.yaml": b"b: 1\n"}, []), revision


def test_a_bare_repository_is_read(tmp_path: Path) -> None:
    commit(write(tmp_path / "work", {"a.yaml": "a: 1\n"}))
    git(tmp_path, "clone", "--quiet", "--bare", "work", "bare.git")
    assert contents(GitTree(tmp_path / "bare.git", "main")) == ({"a.yaml": b"a: 1\n"}, [])


def test_the_id_of_the_tree_stands_for_its_content(tmp_path: Path) -> None:
    commit(write(tmp_path, {"root/a.yaml": "a: 1\n", "other": "1"}))
    before = GitTree(tmp_path, "HEAD", "root")
    assert before.tree_id is None
    contents(before)
    assert before.tree_id == git(tmp_path, "rev-parse", "HEAD:root")
    commit(write(tmp_path, {"other": "2"}))
    after = GitTree(tmp_path, "HEAD", "root")
    contents(after)
    assert after.tree_id == before.tree_id


@pytest.mark.parametrize(
    "revision",
    [
        *("gone", "", "-h", "--help", "--git-dir", "HEAD~9", "a b", "HEAD\n", "\0", "\x1b[0m", "..", "HEAD..HEAD"),
        *("HEAD:a.yaml", "HEAD^{blob}", "@{upstream}", "'; touch x; '", "\udcff"),
    ],
)
def test_a_revision_that_is_none_is_told(tmp_path: Path, revision: str) -> None:
    commit(write(tmp_path, {"a.yaml": "a: 1\n"}))
    found = Diagnostics()
    with GitTree(tmp_path, revision) as repository:
        assert repository.entries(found) == []
        assert repository.text("a.yaml") is None
    (finding,) = found
    assert (finding.code.name, finding.value, finding.origin.file) == ("unknown-revision", revision, "")


@pytest.mark.parametrize("subdir", ["gone", "root/a.yaml", "../root", "root/../..", "-x", "ROOT"])
def test_a_root_that_the_revision_does_not_have_is_told(tmp_path: Path, subdir: str) -> None:
    commit(write(tmp_path, {"root/a.yaml": "a: 1\n"}))
    read, found = contents(GitTree(tmp_path, "HEAD", subdir))
    assert (read, [code for code, _, _ in found]) == ({}, ["unknown-revision"])


def test_a_folder_without_a_repository_is_told(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "gone"):
        read, found = contents(GitTree(folder, "HEAD"))
        assert (read, [code for code, _, _ in found]) == ({}, ["not-a-repository"])


def test_a_machine_without_git_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(write(tmp_path, {"a.yaml": "a: 1\n"}))
    monkeypatch.setenv("PATH", str(tmp_path))
    _, found = contents(GitTree(tmp_path, "HEAD"))
    assert [code for code, _, _ in found] == ["not-a-repository"]


def test_a_missing_object_is_told(tmp_path: Path) -> None:
    commit(write(tmp_path, {"a.yaml": "a: 1\n", "b.yaml": "b: 1\n"}))
    found = Diagnostics()
    with GitTree(tmp_path, "HEAD") as repository:
        first, second = repository.entries(found)
        blob = str(first.signature)
        (tmp_path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
        assert repository.read("a.yaml", found) is None
        assert repository.read(second.path, found) == b"b: 1\n"
    assert [(finding.code.name, finding.origin.file) for finding in found] == [("unreadable-file", "a.yaml")]
    read, told = contents(GitTree(tmp_path, "HEAD"))
    assert read == {"a.yaml": None, "b.yaml": b"b: 1\n"}
    assert [(code, file) for code, file, _ in told] == [("unreadable-file", "a.yaml")]


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    commit(write(tmp_path, {"a.yaml": "a: 1\n", "b/c.yaml": "b: 1\n"}))
    tree = git(tmp_path, "rev-parse", "HEAD:b")
    (tmp_path / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    read, found = contents(GitTree(tmp_path, "HEAD"))
    assert (read, [code for code, _, _ in found]) == ({}, ["unreadable-file"])


def test_git_that_does_not_answer_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever command it is that hangs."""
    commit(write(tmp_path / "work", {"a.yaml": "a: 1\n"}))
    real = shutil.which("git")
    monkeypatch.setattr(git_tree, "TIMEOUT", 0.5)
    for command in ("rev-parse", "ls-tree", "cat-file"):
        place = tmp_path / command
        place.mkdir()
        script = place / "git"
        script.write_text(f'#!/bin/sh\ncase "$*" in *{command}*) exec sleep 60;; esac\nexec {real} "$@"\n')
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{place}:{os.defpath}")
        read, found = contents(GitTree(tmp_path / "work", "HEAD"))
        assert set(read.values()) <= {None}
        assert len(found) == 1, command


def test_a_tree_of_a_few_objects_that_names_a_million_paths_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A "Git bomb": each level holds the one below ten times."""
    commit(write(tmp_path, {"a.yaml": "a: 1\n"}))
    tree = git(tmp_path, "rev-parse", "HEAD^{tree}")
    for _ in range(9):
        lines = "".join(f"040000 tree {tree}\td{number}\n" for number in range(10))
        tree = git(tmp_path, "mktree", stdin=lines.encode())
    monkeypatch.setattr(git_tree, "_MAX_RECORDS", 10_000)
    _, found = contents(GitTree(tmp_path, tree))
    assert [code for code, _, _ in found] == ["root-too-large"]


def test_deep_folders_are_listed(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    path = "d/" * 1500 + "a.yaml"
    stream = f"commit refs/heads/deep\ncommitter x <x> 0 +0000\ndata 0\nM 100644 inline {path}\ndata 5\na: 1\n"
    git(tmp_path, "fast-import", "--quiet", stdin=stream.encode())
    assert contents(GitTree(tmp_path, "deep")) == ({path: b"a: 1\n"}, [])


@pytest.mark.parametrize("subdir", ["root", "root/", "./root", "/root", "other/../root"])
def test_a_root_may_be_named_in_several_ways(tmp_path: Path, subdir: str) -> None:
    commit(write(tmp_path, {"root/a.yaml": "a: 1\n", "b.yaml": "b: 1\n"}))
    assert contents(GitTree(tmp_path / "root", "HEAD", subdir)) == ({"a.yaml": b"a: 1\n"}, [])


def test_names_that_no_checkout_could_have_are_never_paths(tmp_path: Path) -> None:
    """`..` and `.git` as names, which Git itself would refuse to write, are hidden files like any other."""
    git(tmp_path, "init", "--quiet")
    blob = git(tmp_path, "hash-object", "-w", "--stdin", stdin=b"a: 1\n")
    inner = git(tmp_path, "mktree", stdin=f"100644 blob {blob}\ta.yaml\n".encode())
    tree = git(tmp_path, "mktree", stdin=f"040000 tree {inner}\t..\n040000 tree {inner}\t.git\n".encode())
    assert contents(GitTree(tmp_path, tree)) == ({}, [])


def test_nothing_of_the_repository_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hooks, monitors, filters, helpers, pagers and transports that leave a trace when they run."""
    commit(write(tmp_path / "work", {"a.yaml": "a: 1\n", ".gitattributes": "* filter=evil diff=evil\n"}))
    trace = tmp_path / "trace"
    script = tmp_path / "evil"
    script.write_text(f"#!/bin/sh\necho $0 $* >> {trace}\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    hooks = tmp_path / "work" / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for hook in ("post-checkout", "post-index-change", "reference-transaction", "fsmonitor-watchman", "pre-auto-gc"):
        shutil.copy(script, hooks / hook)
    for setting in (
        *("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.askPass", "core.gitProxy"),
        *("filter.evil.smudge", "filter.evil.process", "diff.evil.textconv", "diff.external", "credential.helper"),
        *("core.alternateRefsCommand", "gpg.program", "sequence.editor", "uploadpack.packObjectsHook"),
    ):
        git(tmp_path / "work", "config", setting, str(script))
    git(tmp_path / "work", "config", "extensions.partialClone", "evil")
    git(tmp_path / "work", "config", "core.repositoryFormatVersion", "1")
    git(tmp_path / "work", "config", "remote.evil.url", f"ext::{script}")
    git(tmp_path / "work", "config", "remote.evil.promisor", "true")
    git(tmp_path / "work", "config", "protocol.ext.allow", "always")
    for variable in (
        "GIT_EXTERNAL_DIFF",
        "GIT_PAGER",
        "GIT_SSH_COMMAND",
        "GIT_ASKPASS",
        "SSH_ASKPASS",
        "GIT_PROXY_COMMAND",
    ):
        monkeypatch.setenv(variable, str(script))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_TRACE", str(trace))
    found = Diagnostics()
    with GitTree(tmp_path / "work", "HEAD") as repository:
        (entry,) = repository.entries(found)
        assert repository.read("a.yaml", found) == b"a: 1\n"
        blob = str(entry.signature)
        (tmp_path / "work" / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
        assert repository.read("a.yaml", found) is None, "what is missing is not fetched"
    assert len(found) == 1
    assert not trace.exists()


def test_objects_in_quarantine_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pre-receive hook checks what was pushed before it is part of the repository."""
    commit(write(tmp_path / "work", {"a.yaml": "a: 1\n"}))
    git(tmp_path, "init", "--quiet", "--bare", "bare.git")
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(tmp_path / "work" / ".git" / "objects"))
    monkeypatch.setenv("GIT_ALTERNATE_OBJECT_DIRECTORIES", str(tmp_path / "bare.git" / "objects"))
    revision = git(tmp_path / "work", "rev-parse", "HEAD")
    assert contents(GitTree(tmp_path / "bare.git", revision)) == ({"a.yaml": b"a: 1\n"}, [])


def test_no_process_outlives_the_repository(tmp_path: Path) -> None:
    commit(write(tmp_path, {"a.yaml": "a: 1\n"}))
    repository = GitTree(tmp_path, "HEAD")
    repository.entries(Diagnostics())
    assert repository._blobs is not None
    process = repository._blobs._process
    assert process.poll() is None
    repository.close()
    repository.close()
    assert process.poll() is not None
