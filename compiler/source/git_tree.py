"""The files of a root as they are in any Git revision, without a checkout: plain plumbing, read only.

The repository is semi-trusted: whatever its configuration says, no hook, file-system monitor, remote or credential
helper runs, and nothing is fetched. Git's own files are the only thing read; the index and the work tree are not.
"""

from __future__ import annotations

import os
import select
import threading
from posixpath import normpath
from typing import TYPE_CHECKING, Final

from compiler.diagnostics import Origin, error
from compiler.source import ignore
from compiler.source.repository import (
    INCOMPLETE,
    INDEX,
    MAX_FILES,
    ROOT_TOO_LARGE,
    UNREADABLE_FILE,
    Listing,
    Repository,
    is_document,
    is_ours,
    link_aim,
    shown,
)

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from compiler.diagnostics import Code, Diagnostics
    from compiler.source.repository import Entry

TIMEOUT: Final = 120.0
"""Seconds until a Git command that does not answer is ended."""

NOT_A_REPOSITORY = error(
    "not-a-repository",
    "there is no Git repository to read the revision from",
    """
`--revision` reads a commit, branch or tag from the Git repository that the root is in. Git found none there, refuses
to use it because it belongs to another user (`git config --global --add safe.directory PATH` allows it), or is not
installed. Without `--revision` the files are read from disk.
""",
)
UNKNOWN_REVISION = error(
    "unknown-revision",
    "the revision, or the root in it, does not exist",
    """
A revision is whatever `git rev-parse` understands: a commit id, a branch, a tag, `HEAD~2`. A shallow clone has only
its newest commits (`git fetch --unshallow` gets the others), and CI systems often have no local branches
(`origin/main` instead of `main`). The root has to exist as a folder in that revision.
""",
)
CODES = (NOT_A_REPOSITORY, UNKNOWN_REVISION)

_LINK: Final = "120000"
_SUBMODULE: Final = "160000"
_MAX_RECORDS: Final = 5 * MAX_FILES
"""Hidden and ignored files included. A tree of a few objects can name billions of paths."""
_MAX_INDEX_BYTES: Final = 64 << 20
_MAX_LINK_BYTES: Final = 4096

_SETTINGS: Final = (
    f"core.hooksPath={os.devnull}",
    "core.fsmonitor=false",
    "core.askPass=",
    "credential.helper=",
    "protocol.allow=never",
    "protocol.ext.allow=never",
)
_VARIABLES: Final = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_PASSED_ON: Final = (
    # Where Git is, and the user's settings: safe.directory counts only there.
    *("PATH", "HOME", "XDG_CONFIG_HOME"),
    # In a pre-receive hook the pushed objects are in quarantine, and only these say where that is.
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH"),
)


class _Failed(Exception):  # noqa: N818 - becomes a finding one call further up
    """Git cannot answer."""

    def __init__(self, code: Code, why: str, fix: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why
        self.fix = fix


class GitTree(Repository):
    """The files of a folder as they are in a revision."""

    def __init__(self, repository: str | os.PathLike[str], revision: str, subdir: str = "") -> None:
        """`repository`: a folder in the repository, or a bare one; `subdir`: the root, from the top of the tree."""
        super().__init__()
        self._folder = os.fspath(repository)
        self._revision = revision
        below = normpath(subdir.strip("/"))
        self._subdir = "" if below == "." else below
        self._blobs: _Blobs | None = None
        self._tree: str | None = None

    @property
    def tree_id(self) -> str | None:
        """Git's id of the root's tree: equal only if all content is; None before `entries`, or where it failed."""
        return self._tree

    def close(self) -> None:
        """End the Git process that hands out file contents."""
        if self._blobs is not None:
            self._blobs.close()
            self._blobs = None

    def _list(self, listing: Listing) -> None:
        try:
            self._tree = self._resolve()
            records = _Records(self._folder, self._tree)
            self._blobs = _Blobs(self._folder)
            records.list(listing, self._blobs)
        except _Failed as failed:
            listing.found.add(failed.code, Origin(""), self._revision, failed.why, failed.fix)

    def _resolve(self) -> str:
        """The id of the root's tree."""
        status, _, messages = _run(self._folder, "rev-parse", "--git-dir")
        if status != 0:
            why = f"Git says: {_first_line(messages)}"
            raise _Failed(NOT_A_REPOSITORY, why, "run fleetgate in a clone of the fleet repo, or without --revision")
        revision = self._revision
        # What begins with a dash would be an option.
        is_plain = revision != "" and revision.isprintable() and not revision.startswith("-")
        tree = self._ask("rev-parse", "--verify", "--quiet", f"{revision}^{{tree}}") if is_plain else ""
        if not tree:
            why = "Git knows no commit, branch or tag of this name here"
            raise _Failed(
                UNKNOWN_REVISION, why, "name an existing revision, and fetch it first where the clone is shallow"
            )
        if not self._subdir:
            return tree
        below = self._ask("rev-parse", "--verify", "--quiet", f"{tree}:{self._subdir}")
        if not below or self._ask("cat-file", "-t", below) != "tree":
            why = f"the root {shown(self._subdir)} is no folder in this revision"
            raise _Failed(UNKNOWN_REVISION, why, "name a revision that has it, or another root")
        return below

    def _ask(self, *arguments: str) -> str:
        """The answer of a Git command; "" where it fails."""
        status, output, _ = _run(self._folder, *arguments)
        return output if status == 0 else ""

    def _read(self, entry: Entry, found: Diagnostics) -> bytes | None:
        assert isinstance(entry.signature, str), "Git's entries carry the id of their blob"
        assert self._blobs is not None, "the tree is open as long as it is read"
        try:
            return self._blobs.content(entry.signature)
        except _Failed as failed:
            where = shown(entry.path)
            found.add(failed.code, Origin(where, line=1, column=1), where, failed.why, failed.fix)
            return None


class _Record:
    """A line of ls-tree."""

    __slots__ = ("blob", "mode", "size")

    def __init__(self, mode: str, blob: str, size: int) -> None:
        self.mode = mode
        self.blob = blob
        self.size = size


class _Records:
    """Everything in a tree, and which of it is listed."""

    def __init__(self, folder: str, tree: str) -> None:
        self.records: dict[str, _Record] = {}
        self.is_taken: dict[str, bool] = {}
        """Folders, as far as they were asked for."""
        for line in _lines(folder, "ls-tree", "-r", "-z", "-l", "--full-tree", tree):
            head, _, path = line.partition(b"\t")
            mode, _, blob, size = head.decode().split()
            # Submodules have no size; where the object is missing, reading it will tell.
            length = int(size) if size.isdigit() else 0
            self.records[path.decode("utf-8", "surrogateescape")] = _Record(mode, blob, length)
            if len(self.records) > _MAX_RECORDS:
                why = f"the tree has more than {_MAX_RECORDS:,} files"
                raise _Failed(ROOT_TOO_LARGE, why, "compile a smaller root")

    def list(self, listing: Listing, blobs: _Blobs) -> None:
        """List what belongs to the root, by the same rules as on disk."""
        ignored = self.records.get(ignore.FILE_NAME)
        if ignored is not None and ignored.mode not in {_LINK, _SUBMODULE}:
            listing.ignore(blobs.content(ignored.blob))
        for path, record in self.records.items():
            folder, _, name = path.rpartition("/")
            if listing.is_full:
                return
            if not self._takes_folder(folder, listing, blobs):
                continue
            if not listing.takes(path, name, is_folder=record.mode == _SUBMODULE):
                continue
            if record.mode == _SUBMODULE:
                listing.refuse_nested(path)
            elif record.mode == _LINK:
                self._check_link(path, record, listing, blobs)
            else:
                listing.add(path, record.size, record.blob)

    def _takes_folder(self, folder: str, listing: Listing, blobs: _Blobs) -> bool:
        """Whether the files of a folder are listed: if it and all folders above it are."""
        if folder in self.is_taken:
            return self.is_taken[folder]
        steps = [""]
        for name in folder.split("/") if folder else ():
            steps.append(f"{steps[-1]}/{name}" if steps[-1] else name)
        taken = True
        for step in steps:
            if step not in self.is_taken:
                self.is_taken[step] = taken and self._takes_one_folder(step, listing, blobs)
            taken = self.is_taken[step]
        return taken

    def _takes_one_folder(self, folder: str, listing: Listing, blobs: _Blobs) -> bool:
        if folder and not listing.takes(folder, folder.rpartition("/")[2], is_folder=True):
            return False
        prefix = f"{folder}/" if folder else ""
        if prefix + INCOMPLETE in self.records:
            listing.generated.append(folder)
            return False
        index = self.records.get(prefix + INDEX)
        if index is None or index.mode in {_LINK, _SUBMODULE} or index.size > _MAX_INDEX_BYTES:
            return True
        if not is_ours(blobs.content(index.blob)):
            return True
        listing.generated.append(folder)
        return False

    def _check_link(self, path: str, record: _Record, listing: Listing, blobs: _Blobs) -> None:
        target = "a path that is too long"
        aim = None
        if record.size <= _MAX_LINK_BYTES:
            target = blobs.content(record.blob).decode("utf-8", "surrogateescape")
            aim = link_aim(path, target)
        pointed_at = None if aim is None else self.records.get(aim)
        if pointed_at is None or pointed_at.mode in {_LINK, _SUBMODULE} or is_document(path):
            listing.refuse_link(path, target)


class _Blobs:
    """One `git cat-file --batch` for all contents: a process for each would take longer than everything else."""

    def __init__(self, folder: str) -> None:
        # Nobody reads its messages, and a full pipe would stop it.
        self._process = _start(folder, "cat-file", "--batch", keep_messages=False)
        self._buffer = bytearray()

    def content(self, blob: str) -> bytes:
        """The content of a blob; raises _Failed."""
        requests = self._process.stdin
        assert requests is not None, "the process has pipes"
        if requests.closed:
            raise _Failed(UNREADABLE_FILE, "Git has ended", "repair the repository")
        try:
            requests.write(f"{blob}\n".encode())
            requests.flush()
            head = self._line().split()
            if len(head) != 3 or head[1] != b"blob":
                why = "Git does not have its content (the clone is partial, or the repository damaged)"
                raise _Failed(UNREADABLE_FILE, why, "fetch the missing objects: `git fetch --refetch`")
            content = self._take(int(head[2]) + 1)
        except OSError as failed:
            raise _Failed(UNREADABLE_FILE, f"Git ended early ({failed.strerror})", "repair the repository") from None
        return content[:-1]

    def close(self) -> None:
        """End the process."""
        _end(self._process)

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0:
            self._receive()
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._receive()
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _receive(self) -> None:
        answers = self._process.stdout
        assert answers is not None, "the process has pipes"
        ready, _, _ = select.select([answers], [], [], TIMEOUT)
        part = os.read(answers.fileno(), 1 << 20) if ready else b""
        if not part:
            self.close()
            why = "Git ended early" if ready else f"Git did not answer within {TIMEOUT:.0f} s"
            raise _Failed(UNREADABLE_FILE, why, "repair the repository")
        self._buffer += part


def _run(folder: str, *arguments: str) -> tuple[int, str, str]:
    """Exit status, output and messages of a short Git command."""
    process = _start(folder, *arguments)
    timer = threading.Timer(TIMEOUT, process.kill)
    timer.start()
    try:
        output, messages = process.communicate()
    finally:
        timer.cancel()
        _end(process)
    return process.returncode, output.decode("utf-8", "replace").strip(), messages.decode("utf-8", "replace").strip()


def _lines(folder: str, *arguments: str) -> Iterator[bytes]:
    """What a Git command prints between NUL bytes, as it comes: the output may have no end."""
    process = _start(folder, *arguments)
    timer = threading.Timer(TIMEOUT, process.kill)
    timer.start()
    try:
        assert process.stdout is not None, "the process has pipes"
        rest = b""
        while part := os.read(process.stdout.fileno(), 1 << 20):
            *lines, rest = (rest + part).split(b"\0")
            yield from lines
        if process.wait() != 0:
            assert process.stderr is not None, "the process has pipes"
            why = f"Git cannot list the files: {_first_line(process.stderr.read().decode('utf-8', 'replace'))}"
            raise _Failed(UNREADABLE_FILE, why, "fetch the missing objects, or repair the repository")
    finally:
        timer.cancel()
        _end(process)


def _start(folder: str, *arguments: str, keep_messages: bool = True) -> subprocess.Popen[bytes]:
    """Start Git where the repository is; raises _Failed where there is no Git, or no such folder."""
    import subprocess  # noqa: PLC0415 - `explain` and the list of codes import this module, and start nothing

    settings = [word for setting in _SETTINGS for word in ("-c", setting)]
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | _VARIABLES
    try:
        return subprocess.Popen(  # noqa: S603 - a fixed program, no shell, and arguments that are no options
            ["git", *settings, *arguments],  # noqa: S607 - the user's Git
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if keep_messages else subprocess.DEVNULL,
        )
    except OSError as failed:
        why = f"Git cannot be started in {shown(folder)} ({failed.strerror})"
        raise _Failed(NOT_A_REPOSITORY, why, "install Git, or name an existing folder") from None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and close its pipes, whatever it is doing."""
    process.kill()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None and not pipe.closed:
            try:
                pipe.close()
            except OSError:
                continue  # a request that the dead process did not take
    process.wait()


def _first_line(messages: str) -> str:
    return shown(messages.strip().split("\n")[0])
