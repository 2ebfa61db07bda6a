"""Laws of the command as a whole: exit status, streams, and how it ends when something goes wrong."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from compiler import __version__, cli
from compiler.cli import arguments as cli_arguments
from compiler.cli import run as cli_run
from compiler.cli.outcome import Outcome

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from compiler.cli.terminal import Terminal

    Command = Callable[[Namespace, Terminal], Outcome]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Callable[[Command], None]:
    """Put a function in the place of every command."""

    def put(function: Command) -> None:
        monkeypatch.setattr(cli_run, "command", lambda _: function)

    return put


def test_the_outcome_of_a_command_is_printed_and_its_status_returned(
    serve: Callable[[Command], None], capsys: pytest.CaptureFixture[str]
) -> None:
    serve(lambda *_: Outcome(1, "findings\n", "aside\n"))
    assert cli.main(["check"]) == 1
    assert capsys.readouterr() == ("findings\n", "aside\n")


def test_the_root_may_stand_before_or_behind_the_command(serve: Callable[[Command], None]) -> None:
    roots: list[str] = []

    def note(arguments: Namespace, _: Terminal) -> Outcome:
        roots.append(arguments.root)
        return Outcome(0)

    serve(note)
    for call in (["check"], ["-C", "a", "check"], ["check", "-C", "b"], ["-C", "a", "check", "-C", "b"]):
        cli.main(call)
    assert roots == [".", "a", "b", "b"]


def test_a_bug_of_ours_is_status_3_and_a_traceback_only_on_request(
    serve: Callable[[Command], None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> Outcome:
        raise KeyError("x\x1b[31m")

    serve(crash)
    monkeypatch.delenv("FLEETGATE_DEBUG", raising=False)
    assert cli.main(["check"]) == 3
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "\x1b" not in said
    assert "KeyError" in said
    assert "unit/cli/test_run.py:" in said, "where it happened, without a path of this machine"
    assert "report it" in said
    assert __version__ in said

    monkeypatch.setenv("FLEETGATE_DEBUG", "1")
    assert cli.main(["check"]) == 3
    assert "Traceback" in capsys.readouterr().err


def test_a_machine_that_says_no_is_an_error_in_words(
    serve: Callable[[Command], None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FLEETGATE_DEBUG", raising=False)

    def full(*_: object) -> Outcome:
        raise OSError(28, "No space left on device", "out/index.json")

    serve(full)
    assert cli.main(["build"]) == 1
    assert capsys.readouterr().err == "fleetgate: out/index.json: No space left on device\n"

    monkeypatch.setenv("FLEETGATE_DEBUG", "1")
    assert cli.main(["build"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_interruption_is_status_130_without_a_traceback(
    serve: Callable[[Command], None], capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> Outcome:
        raise KeyboardInterrupt

    serve(interrupted)
    assert cli.main(["build"]) == 130
    assert capsys.readouterr() == ("", "fleetgate: interrupted\n")


def test_a_reader_that_goes_away_changes_nothing_about_the_status(
    serve: Callable[[Command], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(lambda *_: Outcome(1, "x" * 1_000_000))
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert cli.main(["check"]) == 1


def test_what_cannot_be_printed_is_an_error_in_words(
    serve: Callable[[Command], None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    serve(lambda *_: Outcome(0, "x"))
    with open("/dev/full", "w") as stream:  # noqa: PTH123 - a stream like that of the process
        monkeypatch.setattr(sys, "stdout", stream)
        assert cli.main(["check"]) == 1
    assert capsys.readouterr().err == "fleetgate: standard output: No space left on device\n"


@pytest.mark.parametrize("call", [["targets"], ["--version"]])
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_change_nothing_about_the_status(call: list[str], closed: str) -> None:
    code = f"import sys; from compiler.cli import main; sys.exit(main({call!r}))"
    done = subprocess.run(["sh", "-c", f'exec "$0" -c "$1" {closed}', sys.executable, code], check=False)
    assert done.returncode == 0


def test_a_character_that_the_stream_lacks_is_shown_as_an_escape(
    serve: Callable[[Command], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(lambda *_: Outcome(0, "漢\n"))
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, "ascii"))
    assert cli.main(["check"]) == 0
    assert raw.getvalue() == b"\\u6f22\n"


@pytest.mark.parametrize(
    "call",
    [
        *([], ["biuld"], ["check", "--format", "xml"], ["check", "extra"], ["explain"], ["check", "--ver"]),
        *(["build", "-o", ""], ["build", "-o", "x", "--cluster", ""], ["-C", "", "check"], ["check", "--state="]),
    ],
)
def test_wrong_usage_is_status_2(call: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(call)
    assert ended.value.code == 2
    assert "usage: fleetgate" in capsys.readouterr().err


def test_every_command_of_the_list_exists_and_help_names_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    for name, says, _ in cli_arguments.COMMANDS:
        assert callable(cli_run.command(name))
        assert says.split(",")[0] in shown


def test_version_loads_nothing_else() -> None:
    """It is asked for in scripts and hooks all day: no argparse, no msgspec."""
    code = (
        "import sys; from compiler.cli import main; status = main(['--version'])\n"
        "print(status, sorted({'argparse', 'msgspec', 'compiler.diagnostics'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == f"fleetgate {__version__}\n0 []\n"


def test_version_is_also_known_among_other_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["-C", "x", "--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"fleetgate {__version__}\n"
