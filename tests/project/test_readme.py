"""The README does what it says: every command in it is run, in order, and prints what is shown.

Commands stand in two kinds of blocks. ```sh is a script. In ```console lines that begin with `$ ` are commands, and
what stands below them is their output; where nothing stands there, the output is not compared. A command that is
meant to fail is followed by `echo $?`. Times are not compared, nor are shares that chance decides. `pytest --update-
golden` rewrites the outputs that are shown.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.real_tools import ROOT

if TYPE_CHECKING:
    from pathlib import Path

README = ROOT / "README.md"

NOT_RUN = {
    "git clone <URL of this repo> fleetgate": "the test begins in a copy of the clone",
    "cd fleetgate": "the same",
    "make test": "is what runs this test",
}
"""Lines that are left out, and why."""

ASKS = "echo $?"
"""The command that shows the exit status of the one before it."""

ON_PATH = 'export PATH="$PWD/.venv/bin:$PATH"'
"""What the page says once, for all commands below it; here each command has a shell of its own."""

FAILED = ": exit status "

_BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)
_DRILLED = re.compile(
    r"^  GATEWAY +FAULT .*$|^  \S+ +cluster \S+ (?:killed|frozen) .*$|^\d+ faults? survived.*$", re.MULTILINE
)
"""Lines of a drill: times and counts differ from run to run."""
_SECONDS = re.compile(r"\(\d+\.\d+ s\)")
_TRIED = re.compile(r"^  (?:REQUEST|GET|HEAD|POST|PUT| {20}) .*$", re.MULTILINE)
"""Lines of what `preview --try` prints: which backend answers is chance, within the bounds that it checks itself."""
_PERCENT = re.compile(r"[0-9.]+ %")


class Block(NamedTuple):
    """A fenced block."""

    language: str
    body: str
    line: int
    """Where its body begins in the page, from 1."""
    start: int
    end: int
    """The body's place in the text."""


class Command(NamedTuple):
    """A command of a console block."""

    text: str
    shown: str
    """What stands below it; "" = nothing."""


def blocks(page: str) -> list[Block]:
    """All fenced blocks of a page, in order."""
    return [
        Block(found["language"], found["body"], page.count("\n", 0, found.start("body")) + 1, *found.span("body"))
        for found in _BLOCK.finditer(page)
    ]


def commands(body: str) -> list[Command]:
    """The commands of a console block."""
    first, *rest = re.split(r"^\$ ", body, flags=re.MULTILINE)
    assert first == "", "a console block begins with a command"
    return [Command(*part.partition("\n")[::2]) for part in rest]


def comparable(output: str) -> str:
    """Output without what differs from run to run."""
    output = _DRILLED.sub(lambda line: " ".join(re.sub(r"[+-]?[\d,]+", "N", line[0]).split()), output)
    output = _TRIED.sub(lambda line: " ".join(_PERCENT.sub("N %", line[0]).split()), output)
    return _SECONDS.sub("(N s)", output)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What of a clone the commands need, installed."""
    folder = tmp_path / "fleetgate"
    folder.mkdir()
    shutil.copy(ROOT / "Makefile", folder)
    shutil.copytree(
        ROOT / "fleet-repo-example", folder / "fleet-repo-example", ignore=shutil.ignore_patterns(".fleetgate")
    )
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


def run(script: str, clone: Path) -> tuple[int, str]:
    """Exit status and output of a script in the clone."""
    # An environment of our own: nothing of the user's settings, nor of the `make` that runs the tests.
    settings = {
        "PATH": f"{clone / '.venv/bin'}:{os.environ['PATH']}",
        "HOME": str(clone.parent),
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "reader",
        "GIT_AUTHOR_EMAIL": "reader@example.com",
        "GIT_COMMITTER_NAME": "reader",
        "GIT_COMMITTER_EMAIL": "reader@example.com",
    }
    kept = "\n".join(line for line in script.split("\n") if line not in NOT_RUN)
    # The clone is installed already: make takes the mark of that for old, and runs the command itself.
    kept = re.sub(r"\bmake demo\b", "make -o .venv/installed demo", kept)
    done = subprocess.run(
        ["bash", "-e", "-c", kept],
        cwd=clone,
        env=settings,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.returncode, done.stdout


def follow(page: str, clone: Path) -> tuple[str, list[str]]:
    """Do all that the page says: the page with what was really printed, and what went wrong."""
    made: list[str] = []
    wrong: list[str] = []
    at = 0
    for block in blocks(page):
        made.append(page[at : block.start])
        at = block.end
        if block.language == "console":
            body, problems = follow_session(block, clone)
            made.append(body)
            wrong += problems
            continue
        made.append(block.body)
        if block.language == "sh":
            status, output = run(block.body, clone)
            if status:
                wrong.append(f"line {block.line}{FAILED}{status}\n{output}")
    return "".join(made) + page[at:], wrong


def follow_session(block: Block, clone: Path) -> tuple[str, list[str]]:
    """Run the commands of a console block: its text with what was really printed, and what went wrong."""
    told: list[str] = []
    wrong: list[str] = []
    status = 0
    steps = commands(block.body)
    for step, following in zip_longest(steps, steps[1:]):
        if step.text == ASKS:
            status, output = 0, f"{status}\n"
        else:
            status, output = run(step.text, clone)
        if status and (following is None or following.text != ASKS):
            wrong.append(f"line {block.line}: {step.text}{FAILED}{status}\n{output}")
        shown = step.shown
        if shown and comparable(shown) != comparable(output):
            wrong.append(f"line {block.line}: {step.text}: printed\n{output}instead of\n{shown}")
            shown = output
        told.append(f"$ {step.text}\n{shown}")
    return "".join(told), wrong


def test_every_command_runs_and_prints_what_is_shown(clone: Path, *, updates_golden: bool) -> None:
    """The way of a newcomer through the page, from top to bottom, in one clone."""
    page = README.read_text("utf-8")
    made, wrong = follow(page, clone)
    if updates_golden:
        README.write_text(made, "utf-8", newline="\n")
        wrong = [problem for problem in wrong if FAILED in problem]
    assert not wrong, "\n".join([*wrong, "`pytest --update-golden` rewrites outputs"])


def test_no_command_hides_in_a_block_that_is_not_run() -> None:
    assert {block.language for block in blocks(README.read_text("utf-8"))} == {"console", "sh", "yaml", "text"}


def test_what_is_left_out_is_in_the_page() -> None:
    lines = README.read_text("utf-8").splitlines()
    assert [line for line in NOT_RUN if line not in lines] == []


def test_the_command_is_put_on_the_path_before_it_is_used() -> None:
    lines = [line for block in blocks(README.read_text("utf-8")) for line in block.body.splitlines()]
    assert all("fleetgate " not in line for line in lines[: lines.index(ON_PATH)] if line.startswith("$ "))
    assert any(line.startswith("$ fleetgate ") for line in lines)


def test_findings_on_the_first_screen_are_printed_further_down() -> None:
    """They stand in a block that is not run, so another one has to prove them."""
    everything = blocks(README.read_text("utf-8"))
    (findings,) = (block.body for block in everything if block.language == "text" and "error[" in block.body)
    assert any(findings in block.body for block in everything if block.language == "console")


def test_output_tree_of_the_page_is_that_of_the_example() -> None:
    everything = blocks(README.read_text("utf-8"))
    (tree,) = (block.body for block in everything if "\nindex.json " in block.body)
    patterns = [re.sub(r"<\w+>", "[^/]+", re.escape(line.split("  ")[0])) for line in tree.splitlines()]
    rendered = ROOT / "fleet-repo-example/rendered"
    files = [path.relative_to(rendered).as_posix() for path in rendered.rglob("*") if path.is_file()]
    assert [name for name in files if not any(re.fullmatch(pattern, name) for pattern in patterns)] == []
    assert [pattern for pattern in patterns if not any(re.fullmatch(pattern, name) for name in files)] == []


PAGE = """\
```sh
echo one > file
make test
```
```console
$ cat file
two
$ false
$ echo $?
1
$ ls missing
$ true
```
"""


def test_wrong_output_and_failing_commands_are_told_with_their_line(clone: Path) -> None:
    made, wrong = follow(PAGE, clone)
    assert made == PAGE.replace("two", "one")
    assert [problem.partition("\n")[0] for problem in wrong] == [
        "line 6: cat file: printed",
        "line 6: ls missing: exit status 2",
    ]


def test_script_ends_at_its_first_failing_command(clone: Path) -> None:
    _, wrong = follow("```sh\nfalse\ntouch file\n```\n", clone)
    assert wrong == ["line 2: exit status 1\n"]
    assert not (clone / "file").exists()
