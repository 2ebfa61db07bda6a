"""`fleetgate explain WORD`: what a code, an annotation, a kind or a field means.

A word that is several of these gets all of its explanations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.cli.explain.annotations import annotation_words, explain_annotation
from compiler.cli.explain.codes import code_words, explain_code
from compiler.cli.explain.kinds import explain_kind, kind_words
from compiler.cli.outcome import CLEAN, USAGE, Outcome
from compiler.cli.terminal import escape

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterable

    from compiler.cli.terminal import Style, Terminal

SOURCES: tuple[tuple[Callable[[str, Style], str], Callable[[], Iterable[str]]], ...] = (
    (explain_code, code_words),
    (explain_annotation, annotation_words),
    (explain_kind, kind_words),
)
"""(explanation of a word, or "" where it is not one of mine; the words that I know) in the order of printing."""


def run(arguments: Namespace, terminal: Terminal) -> Outcome:
    """Explain, or tell which known words come near."""
    found = [text for explain, _ in SOURCES if (text := explain(arguments.word, terminal.out))]
    return Outcome(CLEAN, "\n".join(found)) if found else _unknown(arguments.word)


def _unknown(word: str) -> Outcome:
    from difflib import get_close_matches  # noqa: PLC0415 - only for a word that nobody knows

    known = {each.lower(): each for _, words in SOURCES for each in words()}
    fields = sorted((each for each in known if each.endswith(f".{word.lower()}")), key=len)
    near = [known[close] for close in fields[:3]] or [
        known[close] for close in get_close_matches(word[:256].lower(), sorted(known), n=3, cutoff=0.6)
    ]
    advice = f"did you mean {' or '.join(near)}?" if near else "give a code, an annotation, a kind or a field of a kind"
    return Outcome(USAGE, err=f"fleetgate: nothing is known about {escape(word)}; {advice}\n")
