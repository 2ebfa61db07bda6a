"""What sets up a fresh machine says the truth: the interpreter, the pinned versions, the commands, CI."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.real_tools import ROOT, real_tool

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PINNED = {
    canonicalize_name(name): version
    for name, version in re.findall(
        r"^([\w.-]+)==(\S+)$", (ROOT / "tools/constraints.txt").read_text("utf-8"), re.MULTILINE
    )
}


def requirements() -> list[Requirement]:
    texts = {*PROJECT["dependencies"], *(text for extra in PROJECT["optional-dependencies"].values() for text in extra)}
    # an extra may name another one of ours
    return [each for each in map(Requirement, sorted(texts)) if each.name != PROJECT["name"]]


@pytest.mark.parametrize("requirement", requirements(), ids=str)
def test_every_dependency_is_pinned_to_an_allowed_version(requirement: Requirement) -> None:
    assert PINNED[canonicalize_name(requirement.name)] in requirement.specifier


def test_dependencies_of_dependencies_are_pinned() -> None:
    for name in PINNED:
        for text in importlib.metadata.requires(name) or ():
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                assert canonicalize_name(needed.name) in PINNED, f"{name} needs {needed}"


def find_python(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(shutil.which("sh")), str(ROOT / "tools/python.sh"), *arguments]
    return subprocess.run(command, env={"PATH": str(path)}, check=False, capture_output=True, text=True)


def program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_interpreter_is_the_first_on_path_that_runs_and_is_new_enough(tmp_path: Path) -> None:
    program(tmp_path / "python3", "exit 1")  # too old
    program(tmp_path / "python3.14", "echo 'command not found' >&2; exit 127")  # a version manager's empty name
    program(tmp_path / "python3.11", f'exec {sys.executable} "$@"')
    assert find_python(tmp_path).stdout == "python3.11\n"


def test_given_interpreter_is_used_as_it_is() -> None:
    assert find_python(ROOT, sys.executable).stdout == f"{sys.executable}\n"


@pytest.mark.parametrize("given", [(), ("python9",)])
def test_missing_interpreter_is_an_error_that_says_what_is_needed(given: tuple[str, ...], tmp_path: Path) -> None:
    found = find_python(tmp_path, *given)
    assert found.returncode == 1
    assert found.stdout == ""
    assert "Python 3.11 or newer" in found.stderr


def test_help_lists_every_command() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    (commands,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    phony = set(commands.split())
    shown = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert set(re.findall(r"^  make (\w+) +\S", shown, re.MULTILINE)) == phony
    assert set(re.findall(r"^(\w+):", makefile, re.MULTILINE)) == phony


def test_ci_runs_the_test_command() -> None:
    lines = (ROOT / ".ci/run").read_text("utf-8").splitlines()
    assert lines[-2:] == ["export CI=true", "exec make test"]
    assert os.access(ROOT / ".ci/run", os.X_OK)


def test_workflows_pass_actionlint() -> None:
    workflows = sorted((ROOT / ".github/workflows").glob("*.yml"))
    assert {path.name for path in workflows} >= {"check.yml", "release.yml"}
    done = subprocess.run(
        [real_tool("bin/actionlint"), *workflows], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_actionlint_can_fail(tmp_path: Path) -> None:
    text = (ROOT / ".github/workflows/check.yml").read_text("utf-8")
    assert text.count("runs-on:") == 1
    (tmp_path / "bad.yml").write_text(text.replace("runs-on:", "run-on:"))
    done = subprocess.run(
        [real_tool("bin/actionlint"), tmp_path / "bad.yml"], check=False, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "run-on" in done.stdout


def test_workflows_pin_every_action_to_a_full_version_and_ask_for_few_rights() -> None:
    for path in sorted((ROOT / ".github/workflows").glob("*.yml")):
        text = path.read_text("utf-8")
        for action in re.findall(r"uses: (\S+)", text):
            assert re.fullmatch(r"[\w.-]+/[\w./-]+@v\d+\.\d+\.\d+", action), f"{path.name}: {action}"
        assert re.search(r"^permissions:\n  contents: read$", text, re.MULTILINE), path.name
        assert "write" not in re.sub(r"id-token: write", "", text), path.name


def test_missing_tool_skips_the_test_except_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "false")
    with pytest.raises(pytest.skip.Exception, match="make tools"):
        real_tool("bin/no-such-tool")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="make tools"):
        real_tool("bin/no-such-tool")


def test_license_is_the_whole_apache_license() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert "The fleetgate authors" in text
    for landmark in ("Version 2.0, January 2004", "END OF TERMS AND CONDITIONS", "limitations under the License."):
        assert landmark in text
    assert [int(n) for n in re.findall(r"^   (\d)\. ", text, re.MULTILINE)] == list(range(1, 10))
