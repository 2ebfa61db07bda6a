"""The museum of bad input: an exhibit per diagnostic code, `tests/bad/<code>/`, and more of some,
`tests/bad/<code>.<what>/`.

`input/` is a root with one mistake, `expected.txt` exactly what the command prints about it, `exhibit.toml` (where
there is one) how the command is called and what a folder in Git can't hold. Exhibits of errors are built, because a
build must write nothing then; those of warnings are checked.

`pytest --update-golden tests/test_museum.py` rewrites what is expected. Read the difference before you commit it.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import tomllib
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from compiler.cli.run import run
from compiler.diagnostics import Severity
from compiler.pipeline.codes import CODES
from tests.trees import read_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent / "bad"
EXHIBITS = sorted(path.name for path in HERE.iterdir())
SEVERITIES = {code.name: code.severity for code in CODES}

_TOLD = re.compile(r"^(?:\S.*: )?(?:error|warning)\[([a-z0-9-]+)\]: ", re.MULTILINE)
"""The first line of a finding."""


class MadeFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file: `before`, then `text` (or `bytes`) `repeat` times, then `after`; or `size` bytes of nothing."""

    path: str
    text: str = ""
    bytes: str = ""
    """Hexadecimal."""
    repeat: int = 1
    before: str = ""
    after: str = ""
    size: int = 0

    def write(self, folder: Path) -> None:
        """Put it below `folder`."""
        path = folder / self.path
        path.parent.mkdir(parents=True, exist_ok=True)
        content = (self.text.encode() or bytes.fromhex(self.bytes)) * self.repeat
        path.write_bytes(self.before.encode() + content + self.after.encode())
        if self.size:
            os.truncate(path, self.size)


class Edit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change by hand to a file that was built."""

    path: str
    old: str
    new: str


class Link(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A symbolic link."""

    path: str
    target: str


class Exhibit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an exhibit is shown. Everything happens in a folder that holds a copy of its `input/`, in this order."""

    args: tuple[str, ...] = ()
    """Arguments of the command; default: `build` for errors, `check` for warnings."""
    also: tuple[str, ...] = ()
    """Other codes that the same mistake has to show."""
    git: bool = False
    """Whether `input/` is a Git repository with everything committed."""
    before: tuple[tuple[str, ...], ...] = ()
    """Commands to run first; they succeed."""
    removed: tuple[str, ...] = ()
    """Files to delete after that."""
    file: tuple[MadeFile, ...] = ()
    edit: tuple[Edit, ...] = ()
    symlink: tuple[Link, ...] = ()
    pipe: tuple[str, ...] = ()
    """Named pipes to make."""
    locked: str | None = None
    """Folder whose lock somebody else holds."""


def code_of(name: str) -> str:
    """The code that an exhibit shows."""
    return name.partition(".")[0]


def exhibit_of(name: str) -> Exhibit:
    """What `exhibit.toml` says; the defaults where there is none."""
    path = HERE / name / "exhibit.toml"
    data: dict[str, Any] = tomllib.loads(path.read_text()) if path.exists() else {}
    return msgspec.convert(data, Exhibit)


def set_up(name: str, exhibit: Exhibit, folder: Path, stack: ExitStack) -> None:
    """Make `folder` what the exhibit needs, and what it holds until `stack` is closed."""
    shutil.copytree(HERE / name / "input", folder / "input")
    if exhibit.git:
        commit_all(folder / "input")
    for command in exhibit.before:
        assert run(command) == 0
    for path in exhibit.removed:
        (folder / path).unlink()
    for made in exhibit.file:
        made.write(folder)
    for edit in exhibit.edit:
        text = (folder / edit.path).read_text()
        assert edit.old in text
        (folder / edit.path).write_text(text.replace(edit.old, edit.new))
    for link in exhibit.symlink:
        (folder / link.path).symlink_to(link.target)
    for path in exhibit.pipe:
        os.mkfifo(folder / path)
    if exhibit.locked is not None:
        lock = os.open(folder / exhibit.locked, os.O_RDONLY | os.O_DIRECTORY)
        stack.callback(os.close, lock)
        fcntl.flock(lock, fcntl.LOCK_EX)


def commit_all(repository: Path) -> None:
    """Make a folder a Git repository whose one commit holds everything in it, the same on every machine."""
    person = {"NAME": "fleet", "EMAIL": "fleet@example.com", "DATE": "2026-01-01T00:00:00Z"}
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        **{f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in person.items()},
    }
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
        subprocess.run(["git", "-C", str(repository), *command], check=True, env=environment)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What a test holds until it is over."""
    with ExitStack() as held:
        yield held


@pytest.mark.parametrize("name", EXHIBITS)
def test_an_exhibit_prints_exactly_its_text_and_writes_nothing(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    stack: ExitStack,
    *,
    updates_golden: bool,
) -> None:
    exhibit = exhibit_of(name)
    is_error = SEVERITIES[code_of(name)] is Severity.ERROR
    monkeypatch.chdir(tmp_path)
    set_up(name, exhibit, tmp_path, stack)
    capsys.readouterr()
    before = read_tree(tmp_path)
    default = ("build", "-C", "input", "-o", "output") if is_error else ("check", "-C", "input")
    status = run(exhibit.args or default)
    told = capsys.readouterr()
    if updates_golden:
        (HERE / name / "expected.txt").write_text(told.out)
    assert told.err == ""
    assert told.out == (HERE / name / "expected.txt").read_text()
    assert status == (1 if is_error else 0)
    assert read_tree(tmp_path) == before


@pytest.mark.parametrize("name", EXHIBITS)
def test_an_exhibit_shows_its_code_and_no_finding_that_follows_from_it(name: str) -> None:
    told = _TOLD.findall((HERE / name / "expected.txt").read_text())
    assert told.count(code_of(name)) == 1
    assert set(told) == {code_of(name), *exhibit_of(name).also}


@pytest.mark.parametrize("name", EXHIBITS)
def test_an_exhibit_says_how_to_mend_it(name: str) -> None:
    text = (HERE / name / "expected.txt").read_text()
    assert len(re.findall(r"^  fix: \S", text, re.MULTILINE)) == len(_TOLD.findall(text))


def test_every_code_has_an_exhibit_and_every_exhibit_a_code() -> None:
    assert SEVERITIES.keys() <= set(EXHIBITS)
    assert {code_of(name) for name in EXHIBITS} == SEVERITIES.keys()


def test_no_two_codes_share_a_name() -> None:
    assert len(SEVERITIES) == len(CODES)
