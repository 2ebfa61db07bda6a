"""The command line: the tables in the README, from the parser itself."""

from __future__ import annotations

import argparse

from compiler.cli import outcome
from compiler.cli.arguments import COMMANDS, parser
from compiler.cli.formats import FORMATS
from tools.pages.markdown import cell, code, table

STATUSES: tuple[tuple[int, str], ...] = (
    (outcome.CLEAN, "clean, or warnings only"),
    (
        outcome.ERRORS,
        (
            "errors, and nothing was written; or the answer is no: `--verify` found a difference, "
            "a loss is not survived, a budget is missed, an Envoy does not do what the trace says"
        ),
    ),
    (outcome.USAGE, "the command line is wrong"),
    (outcome.BUG, "a bug of fleetgate; please report it"),
    (130, "interrupted (Ctrl-C); `preview` and `gateway` are meant to be ended so, and say 0"),
    (143, "asked to end (SIGTERM)"),
)
"""Exit status, and what it says."""

AUDIENCES: dict[str, str] = {
    "text": "people, in a terminal",
    "json": "scripts",
    "sarif": "code scanning services and editors",
    "github": "the log of GitHub Actions: annotations at the lines of a pull request",
}
"""For whom each format is."""


def commands() -> str:
    """Every command, with its own arguments."""
    rows = ((code(_usage(each)), cell(says)) for (_, says, _), each in zip(COMMANDS, _parsers(), strict=True))
    return table(("command", "does"), rows)


def options() -> str:
    """Every option, and which commands take it."""
    takers: dict[tuple[str, str], list[str]] = {}
    for (name, _, _), each in zip(COMMANDS, _parsers(), strict=True):
        for action in _own(each):
            if action.option_strings:
                takers.setdefault((_written(action), action.help or ""), []).append(name)
    everywhere = len(COMMANDS)
    rows = (
        (cell(code(written)), "every command" if len(names) == everywhere else ", ".join(map(code, names)), cell(says))
        for (written, says), names in takers.items()
    )
    return table(("option", "of", "does"), rows)


def exit_codes() -> str:
    """What the exit status says."""
    return table(("status", "says"), ((str(status), cell(says)) for status, says in STATUSES))


def formats() -> str:
    """Forms of findings, and for whom."""
    return table(
        ("format", "for"), ((f"[`{name}`](docs/formats.md#{name})", cell(AUDIENCES[name])) for name in FORMATS)
    )


def _parsers() -> list[argparse.ArgumentParser]:
    """Those of the commands, in order."""
    (choices,) = (action.choices for action in parser()._actions if isinstance(action, argparse._SubParsersAction))  # noqa: SLF001 - argparse has no other way to ask
    return [choices[name] for name, _, _ in COMMANDS]


def _own(each: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in each._actions if action.dest != "help"]  # noqa: SLF001 - argparse has no other way to ask


def _usage(each: argparse.ArgumentParser) -> str:
    """`explain WORD`: with what it can't do without; what may be left out stands in brackets."""
    words = [f"[{a.metavar}]" if a.nargs == "?" else str(a.metavar) for a in _own(each) if not a.option_strings]
    return " ".join([each.prog.partition(" ")[2].split()[-1], *words])


def _written(action: argparse.Action) -> str:
    name = action.option_strings[-1]
    if action.nargs == 0:
        return name
    return f"{name} {action.metavar or '|'.join(map(str, action.choices or ()))}"
