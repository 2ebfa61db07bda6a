"""A repo with 30 different mistakes in 10 files: all of them are told, at once, each once, in a stable order.

Each mistake in `tests/thirty/input/` is marked by a comment with its number on its line (JSON has no comments: the one
in `pin.json` is the 30th). `pytest --update-golden tests/test_thirty_mistakes.py` rewrites `expected.txt`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.trees import read_tree

HERE = Path(__file__).parent / "thirty"
MARK = re.compile(r"# (\d+): ")


def marks() -> dict[tuple[str, int], int]:
    """(file, line) -> number of the mistake."""
    return {
        (path, line): int(found[1])
        for path, content in read_tree(HERE / "input").items()
        for line, text in enumerate(content.decode().splitlines(), 1)
        if (found := MARK.search(text))
    } | {("apps/pin.json", 4): 30}


def build(folder: Path, *arguments: str, seed: str = "0") -> subprocess.CompletedProcess[str]:
    """Build a copy of the repo in `folder`, in a process of its own."""
    program = "import sys; from compiler.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "build", "-C", "input", "-o", "output", *arguments]
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(HERE.parent.parent)}
    return subprocess.run(command, check=False, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a copy of the repo as `input`."""
    shutil.copytree(HERE / "input", tmp_path / "input")
    return tmp_path


def test_there_are_thirty_mistakes_in_ten_files() -> None:
    assert sorted(marks().values()) == list(range(1, 31))
    assert len({file for file, _ in marks()}) == len(read_tree(HERE / "input")) == 10


def test_exactly_the_thirty_are_reported_each_at_its_line_and_with_a_code_of_its_own(folder: Path) -> None:
    report: dict[str, Any] = json.loads(build(folder, "--format", "json").stdout)
    places = [(finding["file"], finding["line"]) for finding in report["findings"]]
    assert sorted(places) == sorted(marks())
    assert len({finding["code"] for finding in report["findings"]}) == 30


@pytest.mark.parametrize("seed", ["1", "random"])
def test_the_text_is_the_same_whatever_the_hash_seed(folder: Path, seed: str, *, updates_golden: bool) -> None:
    built = build(folder, seed=seed)
    if updates_golden:
        (HERE / "expected.txt").write_text(built.stdout)
    assert built.stdout == (HERE / "expected.txt").read_text()
    assert built.stderr == ""


def test_nothing_is_written_and_what_was_there_stays(folder: Path) -> None:
    before = read_tree(folder)
    assert build(folder).returncode == 1
    assert read_tree(folder) == before
