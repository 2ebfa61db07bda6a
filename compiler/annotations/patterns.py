"""Patterns: RE2 only, because they run in Envoy, which refuses a whole route table for a bad one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from compiler.diagnostics import error, warning

if TYPE_CHECKING:
    from compiler.annotations.family import Reader, Value
    from compiler.diagnostics import Diagnostics, Origin

ANNOTATION_REGEX = error(
    "annotation-regex",
    "a pattern is not RE2",
    """\
Patterns in paths, headers and query parameters run in Envoy, which knows RE2 only. RE2 has no lookahead, no
lookbehind and no backreferences, because it promises time linear in the text. Envoy refuses a whole route table for
one pattern that it cannot compile, so a bad pattern stops the build here.

Rewrite the pattern without those constructs. The syntax: https://github.com/google/re2/wiki/Syntax""",
)

ANNOTATION_REGEX_SIZE = warning(
    "annotation-regex-size",
    "a pattern compiles to a program that Envoy refuses by default",
    """\
RE2 compiles a pattern to a small program. Envoy refuses every pattern whose program is larger than 100 steps, unless
its runtime key `re2.max_program_size.error_level` says otherwise, and with that pattern the whole route table.
Counted repetitions are the usual reason: `[a-z]{1,40}` alone takes 83 steps. A gateway whose only target is envoy is
told to accept more, and is not reported here: see `envoy-pattern`.

Use `+` or `*` in place of a counted repetition, or split the pattern over several rules.""",
)

RE2_PROGRAM_LIMIT = 100
"""Largest RE2 program that Envoy accepts by default (runtime key `re2.max_program_size.error_level`)."""

_ANCHORED = re.compile(r"\^(?:[^|\\*+?{]|\\[^Q])(?:[^|\\]|\\[^Q])*\$")
"""A pattern that plainly covers the whole text: no alternative can escape its anchors, no `\\Q` quotes them."""
_COVERING = re.compile(r"\.\*\(\?:(.*)\)\.\*", re.DOTALL)


class Program(Struct, frozen=True, gc=False):
    """What RE2 made of a pattern."""

    size: int
    groups: int


def compile_pattern(pattern: str) -> Program | str:
    """The RE2 program of `pattern`, or why there is none."""
    import re2  # noqa: PLC0415 - an extension module that most fleets never need

    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options=options)
    except re2.error as problem:
        reason = problem.args[0]
        return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    except UnicodeEncodeError:
        return "half of a surrogate pair is no character"
    return Program(compiled.programsize, compiled.groups)


def check_pattern(
    pattern: str, origin: Origin, shown: str, findings: Diagnostics, *, has_default_limit: bool
) -> Program | None:
    """Report a pattern that RE2 refuses (None), or that is too large for Envoy's default (a warning).

    `has_default_limit`: whether the gateway has that default. Where it does not, its target knows the limit.
    """
    program = compile_pattern(pattern)
    if isinstance(program, str):
        findings.add(
            ANNOTATION_REGEX,
            origin,
            shown,
            f"RE2 cannot compile it: {program}",
            "write the pattern in RE2 syntax: no lookaround, no backreferences",
        )
        return None
    if has_default_limit and program.size > RE2_PROGRAM_LIMIT:
        findings.add(
            ANNOTATION_REGEX_SIZE,
            origin,
            shown,
            f"its program has {program.size} steps, and Envoy refuses more than {RE2_PROGRAM_LIMIT} by default",
            "use + or * in place of counted repetitions, or split the pattern",
        )
    return program


def check_within(
    written: str, whole: str, origin: Origin, shown: str, findings: Diagnostics, *, has_default_limit: bool
) -> Program | None:
    """Check `whole`, which is made of the author's `written`: what stands around it could mend it by chance."""
    reported = written if isinstance(compile_pattern(written), str) else whole
    return check_pattern(reported, origin, shown, findings, has_default_limit=has_default_limit)


def closed(pattern: str) -> str:
    """A good pattern to which something can be appended: a quote that its author left open is ended."""
    if "\\Q" in pattern and isinstance(compile_pattern(pattern + "\\E"), Program):
        return pattern + "\\E"  # RE2 refuses an \E that ends nothing, so there was an open \Q
    return pattern


def _is_covering(pattern: str) -> bool:
    """Whether a pattern plainly means the same searched and fully matched: anchored, or in the form made below."""
    if _ANCHORED.fullmatch(pattern):
        return True
    inner = _COVERING.fullmatch(pattern)
    return inner is not None and isinstance(compile_pattern(inner[1]), Program)


def value_pattern(reader: Reader, value: Value) -> str | None:
    """A pattern that may match anywhere in a value (Higress, ingress-nginx), as one that covers the whole value.

    The MSE-lineage code of 2022 wanted a full match; the returned form means the same under both readings.
    """
    written = value.text.strip()
    covering = written if _is_covering(written) else f".*(?:{closed(written)}).*"
    shown = f"{value.key}: {value.text!r}"
    program = check_within(
        written, covering, value.origin, shown, reader.findings, has_default_limit=reader.has_default_limit
    )
    return covering if program is not None else None
